import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fsStore } from '@wardrobe/connector-fs';
import { backup, createStore, deriveSecret, isDamaged, listSnapshots, readConfig, openRepository, openSnapshot, type Repository } from '@wardrobe/kloset';
import type { Store } from '@wardrobe/store-connector';
import { availableFixtures, lineProxy, seededRandom, temporaryFolder, unpackFixture } from '@wardrobe/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collect, openStore } from './open-store.js';
import { homeWith, type OpensshServer, opensshAvailable, opensshServer } from './openssh.js';
import { madeHostKey, type OwnServer, ownServer } from './own-server.js';

/** Stores that plakar wrote, in a folder behind SFTP: OpenSSH where it is there, else the server of the library. */
let openssh: OpensshServer | null = null;
let own: OwnServer | null = null;
let home = '';

beforeAll(async () => {
  if (opensshAvailable()) {
    openssh = await opensshServer();
    home = await homeWith([openssh.knownHost.replace(/^\S+/, '*')]);
  } else {
    home = await homeWith([]);
    own = await ownServer({ folder: '/', hostKey: madeHostKey() });
  }
});
afterAll(() => Promise.all([openssh?.stop(), own?.close()]));

function served(folder: string, port = openssh?.port ?? own?.port) {
  if (openssh !== null) return openStore({ location: `sftp://${openssh.username}@127.0.0.1:${port}${folder}`, home, options: { identity: openssh.key.file } });
  return openStore({ location: `sftp://me@127.0.0.1:${port}${folder}`, home, options: { insecure_ignore_host_key: 'true' } });
}

const bigints = (_: string, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value);

async function filesOf(store: Store): Promise<readonly string[]> {
  const kinds = ['state', 'packfile', 'lock'] as const;
  const all = await Promise.all(kinds.map(async (kind) => (await collect(store.list(kind))).map(({ id, sizeBytes }) => `${kind} ${id} ${sizeBytes}`)));
  return all.flat().sort();
}

async function headersOf(repository: Repository): Promise<readonly string[]> {
  return (await collect(listSnapshots(repository)))
    .map((item) => JSON.stringify('header' in item ? item.header : { id: item.id, error: item.error.code }, bigints))
    .sort();
}

/** Every entry of the first snapshot that can be read, with the bytes of its files. */
async function contentOf(repository: Repository): Promise<readonly string[]> {
  const headers = (await collect(listSnapshots(repository))).flatMap((item) => ('header' in item ? [item.header.id] : []));
  const [id] = headers.sort();
  if (id === undefined) return [];
  const snapshot = await openSnapshot(repository, id);
  const found: string[] = [];
  for await (const entry of snapshot.walk(Buffer.from('/'))) {
    const path = Buffer.from(entry.path.bytes).toString('latin1');
    if (isDamaged(entry) || entry.object === null) found.push(path);
    else found.push(`${path} ${Buffer.concat(await collect(snapshot.content(await snapshot.object(entry.object)))).toString('base64')}`);
  }
  return found;
}

describe.each(availableFixtures())('%s over SFTP', (name) => {
  it('lists the same files and snapshots, and gives the same contents, as on the disk', async () => {
    const { storeDir, passphrase } = await unpackFixture(name);
    const folder = join(home, name);
    await cp(storeDir, folder, { recursive: true });
    const [local, remote] = [fsStore(folder), served(folder)];
    try {
      expect(await filesOf(remote)).toEqual(await filesOf(local));
      expect((await collect(remote.listForeign())).length).toBe((await collect(local.listForeign())).length);
      const secret = passphrase === undefined ? {} : { secret: await deriveSecret(await readConfig(remote), passphrase) };
      const [here, there] = await Promise.all([openRepository(local, secret), openRepository(remote, secret)]);
      const headers = await headersOf(here);
      expect(headers.length).toBeGreaterThan(0);
      expect(await headersOf(there)).toEqual(headers);
      const content = await contentOf(here);
      expect(content.length).toBeGreaterThan(0);
      expect(await contentOf(there)).toEqual(content);
    } finally {
      await remote.close();
    }
  });
});

it('a backup over SFTP, through a line that breaks in its middle, is read from the disk as it was', async () => {
  const [folder, source] = [join(home, 'written'), await temporaryFolder('source')];
  const bytes = seededRandom(5).bytes(3_000_000);
  await writeFile(join(source, 'large'), bytes);
  await writeFile(join(source, 'small'), 'small');
  const proxy = await lineProxy({ port: openssh?.port ?? own?.port ?? 0 });
  const remote = served(folder, proxy.port);
  try {
    await createStore(remote, { line: '1.0', passphrase: null });
    const repository = await openRepository(remote);
    await proxy.fault({ kind: 'reset', afterBytes: 300, times: 1 });
    const summary = await backup(repository, { paths: [Buffer.from(source)], origin: 'here' }, { threads: 1 });
    expect(summary).toMatchObject({ errors: 0 });
    expect(remote.line?.().retries).toBeGreaterThan(0);
    const here = await openRepository(fsStore(folder));
    const content = await contentOf(here);
    expect(content).toContain(`${source}/large ${Buffer.from(bytes).toString('base64')}`);
    expect(await contentOf(await openRepository(remote))).toEqual(content);
    expect(await collect(remote.list('lock'))).toEqual([]);
    expect(await collect(remote.listForeign())).toEqual([]);
  } finally {
    await remote.close();
    await proxy.close();
  }
});
