import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { WritableStore } from '@wardrobe/store-connector';
import { type ContractContent, storeContract, writableContract } from '@wardrobe/store-connector/contract';
import { removeFolder, temporaryFolder } from '@wardrobe/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStore, writeContent } from './open-store.js';
import { assertOpenssh, homeWith, opensshAvailable, type OpensshServer, opensshServer } from './openssh.js';
import { type Extension, madeHostKey, type OwnServer, ownServer } from './own-server.js';

/** A place on a server for one test. */
type Place = { open(): WritableStore; readonly folder: string; remove(): Promise<void> };

function bothContracts(name: string, place: () => Promise<Place>): void {
  storeContract(name, async (content: ContractContent | null) => {
    const { open, folder, remove } = await place();
    if (content !== null) await writeContent(folder, content);
    const store = open();
    return {
      store,
      async close() {
        await store.close();
        await remove();
      },
    };
  });
  writableContract(name, async () => {
    const { open, remove } = await place();
    const store = open();
    return {
      store,
      again: async () => open(),
      async close() {
        await store.close();
        await remove();
      },
    };
  });
}

const HOST_KEY = madeHostKey();
const ALL: readonly Extension[] = ['posix-rename@openssh.com', 'fsync@openssh.com', 'statvfs@openssh.com'];

/** OpenSSH offers the extensions: where it is there, the library's server shows the other side only. */
const SERVERS = [
  { name: 'a server without any extension, whose listings hold names only', extensions: [], bareListings: true },
  ...(opensshAvailable() ? [] : [{ name: 'a server with extensions', extensions: ALL, bareListings: false }]),
];

for (const { name, extensions, bareListings } of SERVERS) {
  let [server, root] = [null as OwnServer | null, ''];
  beforeAll(async () => {
    root = await temporaryFolder('sftp');
    server = await ownServer({ folder: root, hostKey: HOST_KEY, extensions, bareListings });
  });
  afterAll(() => server?.close());
  let made = 0;
  bothContracts(name, async () => {
    const home = await temporaryFolder('home');
    made += 1;
    const path = `srv${made}/store`;
    const location = `sftp://nobody@127.0.0.1:${server?.port}/${path}`;
    const options = { insecure_ignore_host_key: 'true' };
    return { open: () => openStore({ location, home, options }), folder: join(root, path), remove: () => removeFolder(join(root, path)) };
  });
}

it('OpenSSH is there where it has to be', assertOpenssh);

if (opensshAvailable()) {
  let [server, home] = [null as OpensshServer | null, ''];
  beforeAll(async () => {
    server = await opensshServer();
    home = await homeWith([server.knownHost]);
  });
  afterAll(() => server?.stop());
  let made = 0;
  bothContracts('OpenSSH', async () => {
    made += 1;
    const folder = join(server?.folder ?? '', `srv${made}`, 'store');
    const location = `sftp://${server?.username}@127.0.0.1:${server?.port}${folder}`;
    const options = { identity: server?.key.file ?? '' };
    return { open: () => openStore({ location, home, options }), folder, remove: () => removeFolder(folder) };
  });

  it('modes are those that plakar makes', async () => {
    const { stat } = await import('node:fs/promises');
    const folder = join(server?.folder ?? '', 'modes');
    await mkdir(folder, { mode: 0o750 });
    const store = openStore({
      location: `sftp://${server?.username}@127.0.0.1:${server?.port}${folder}/new/store`,
      home,
      options: { identity: server?.key.file ?? '' },
    });
    await store.create(Uint8Array.of(1));
    const mode = async (path: string) => ((await stat(join(folder, 'new', 'store', path))).mode & 0o777).toString(8);
    expect([await mode('.'), await mode('packfiles/00'), await mode('states/ff')]).toEqual(['700', '755', '755']);
    await store.close();
  });
}
