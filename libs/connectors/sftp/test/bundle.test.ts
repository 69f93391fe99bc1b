import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseStoreLocation } from '@wardrobe/store-connector';
import { contractId } from '@wardrobe/store-connector/contract';
import { removeFolder, temporaryFolder } from '@wardrobe/testing';
import { build } from 'esbuild';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lightSsh } from '../bundle.mjs';
import type { sftpConnector } from '../src/index.js';
import { whole } from './open-store.js';
import { madeHostKey, ownServer } from './own-server.js';

const ID = contractId('ab');
const PASSPHRASE = 'open sesame';

describe('the connector as it is bundled', () => {
  let folder: string;
  let connector: typeof sftpConnector;
  let text: string;
  beforeAll(async () => {
    folder = await temporaryFolder('sftp-bundle');
    await mkdir(join(folder, 'srv'));
    const file = join(folder, 'connector.mjs');
    const banner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
    const made = await build({
      entryPoints: [fileURLToPath(new URL('../src/index.ts', import.meta.url))],
      outfile: file,
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'node',
      external: ['cpu-features', '*.node'],
      banner: { js: banner },
      plugins: [lightSsh],
    });
    text = made.outputFiles[0]?.text ?? '';
    await writeFile(file, text);
    ({ sftpConnector: connector } = (await import(pathToFileURL(file).href)) as { sftpConnector: typeof sftpConnector });
  });
  afterAll(() => removeFolder(folder));

  const open = (port: number, options: Readonly<Record<string, string>> = {}) =>
    connector.open({
      location: parseStoreLocation(`sftp://me@127.0.0.1:${port}/srv/store`),
      options: { insecure_ignore_host_key: 'true', ssh_config: 'none', ...options },
      host: { environment: {}, home: folder, temporaryFolder: folder },
    });

  it('holds neither the module of one cipher nor the library’s server', () => {
    expect(text).toContain('crypto_onetimeauth');
    expect(text).not.toContain('Emscripten');
    expect(text).not.toContain('node_modules/ssh2/lib/server.js');
  });

  // The server of this test has the library's own module, or its native part: the two have to agree about every packet.
  it.each(['chacha20-poly1305@openssh.com', 'aes256-gcm@openssh.com', 'aes128-ctr'] as const)('bytes go there and back with %s', async (cipher) => {
    const server = await ownServer({ folder, hostKey: madeHostKey(), cipher });
    const store = open(server.port);
    const bytes = Buffer.from(Array.from({ length: 300_001 }, (_, at) => (at * 31) % 251));
    if (cipher === 'chacha20-poly1305@openssh.com') await store.create(Uint8Array.of(1));
    await store.write('packfile', ID, bytes);
    expect((await whole(store.read('packfile', ID))).equals(bytes)).toBe(true);
    await store.remove('packfile', ID);
    await store.close();
    await server.close();
  });

  it('an encrypted key in OpenSSH’s form is opened, and not with another passphrase', async () => {
    const { private: key } = ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256, passphrase: PASSPHRASE, cipher: 'aes256-ctr', rounds: 16 });
    const file = join(folder, 'key');
    await writeFile(file, key);
    const server = await ownServer({ folder, hostKey: madeHostKey(), accepts: ({ method }) => method === 'publickey' });
    const store = open(server.port, { identity: file, identity_passphrase: PASSPHRASE });
    expect((await store.readConfig()).length).toBe(1);
    await store.close();
    await expect(open(server.port, { identity: file, identity_passphrase: 'another' }).readConfig()).rejects.toMatchObject({ fault: 'credentials' });
    await server.close();
  });
});
