import { createRequire } from 'node:module';
import { parseStoreLocation } from '@wardrobe/store-connector';
import { expect, it } from 'vitest';
import { sftpConnector } from '../src/index.js';

const loaded = () => Object.keys(createRequire(import.meta.url).cache).some((file) => /[\\/]node_modules[\\/]ssh2[\\/]/.test(file));

it('the SSH client is loaded by the first call to a store, not before', async () => {
  const host = { environment: { USER: 'me' }, home: '/nonexistent', temporaryFolder: '/tmp' };
  const store = sftpConnector.open({ location: parseStoreLocation('sftp://127.0.0.1:1/x'), options: {}, host });
  expect(store.location).toBe('sftp://127.0.0.1:1/x');
  expect(store.line?.()).toMatchObject({ requests: 0, meanLatencyMs: null });
  expect(loaded()).toBe(false);
  await expect(store.readConfig()).rejects.toMatchObject({ code: 'store', fault: 'route' });
  expect(loaded()).toBe(true);
  await store.close();
});

it('says what it is', () => {
  expect(sftpConnector).toMatchObject({ name: 'sftp', schemes: ['sftp'] });
  expect(sftpConnector.options.filter(({ kind }) => kind === 'secret').map(({ name }) => name)).toEqual(['identity_passphrase', 'password', 'ssh_private_key']);
});
