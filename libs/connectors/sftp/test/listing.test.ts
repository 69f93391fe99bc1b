import { join } from 'node:path';
import { mkdir, writeFile } from 'node:fs/promises';
import type { Mac } from '@wardrobe/kloset-model';
import { contractId as idOf } from '@wardrobe/store-connector/contract';
import { temporaryFolder } from '@wardrobe/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from './open-store.js';
import { madeHostKey, type OwnServer, ownServer } from './own-server.js';

const HOST_KEY = madeHostKey();
const CONFIG = Uint8Array.of(1, 2, 3);
/** Fewer than a listing opens at once where nobody says how many there may be. */
const KEPT_OPEN = 40;

describe('listing a server that keeps few folders open', () => {
  let root = '';
  let server: OwnServer;
  const listed = async (store: ReturnType<typeof openStore>) => {
    const found = new Map<Mac, number>();
    for await (const { id, sizeBytes } of store.list('state')) found.set(id, sizeBytes);
    return found;
  };
  const opened = () => openStore({ location: `sftp://me@127.0.0.1:${server.port}/store`, home: root, options: { insecure_ignore_host_key: 'true' } });
  const expected = new Map<Mac, number>();

  beforeAll(async () => {
    root = await temporaryFolder('listing');
    await mkdir(join(root, 'store', 'states'), { recursive: true });
    await writeFile(join(root, 'store', 'CONFIG'), CONFIG);
    for (let bucket = 0; bucket < 256; bucket += 1) {
      const id = idOf(bucket.toString(16).padStart(2, '0'));
      await mkdir(join(root, 'store', 'states', id.slice(0, 2)));
      await writeFile(join(root, 'store', 'states', id.slice(0, 2), id), new Uint8Array(bucket + 1));
      expected.set(id, bucket + 1);
    }
    server = await ownServer({ folder: root, hostKey: HOST_KEY, maxHandles: KEPT_OPEN });
  });
  afterAll(() => server.close());

  it('finds every item: what it refused is asked for again', async () => {
    const store = opened();
    expect(await listed(store)).toEqual(expected);
    await store.close();
  });

  it('finds every item when the folder above the buckets is what was one too many', async () => {
    const store = opened();
    let left = 1;
    server.inject((operation, path) => (operation === 'OPENDIR' && path.endsWith('/states') && left-- > 0 ? { status: 4 } : null));
    expect(await listed(store)).toEqual(expected);
    expect(left).toBeLessThan(0);
    server.inject((operation, path) => (operation === 'OPENDIR' && path.endsWith('/states') ? { status: 4 } : null));
    await expect(listed(store)).rejects.toMatchObject({ code: 'store', fault: 'server' });
    server.inject(null);
    await store.close();
  });

  it('asks no more for too many at once, as long as the line stands', async () => {
    const store = opened();
    await listed(store);
    const before = server.counts.get('OPENDIR') ?? 0;
    expect(await listed(store)).toEqual(expected);
    expect((server.counts.get('OPENDIR') ?? 0) - before).toBe(257);
    await store.close();
  });

  it('fails when a folder cannot be read however often it is asked for', async () => {
    const store = opened();
    server.inject((operation, path) => (operation === 'OPENDIR' && path.endsWith('/7f') ? { status: 4 } : null));
    await expect(listed(store)).rejects.toMatchObject({ code: 'store', fault: 'server' });
    server.inject(null);
    await store.close();
  });
});

describe('CONFIG', () => {
  it.each([0, 3, 16 << 10, (16 << 10) + 1, 100_000])('of %i bytes is read whole', async (lengthBytes) => {
    const root = await temporaryFolder('config');
    const server = await ownServer({ folder: root, hostKey: HOST_KEY });
    const bytes = Uint8Array.from({ length: lengthBytes }, (_, at) => at % 251);
    await mkdir(join(root, 'store'));
    await writeFile(join(root, 'store', 'CONFIG'), bytes);
    const store = openStore({ location: `sftp://me@127.0.0.1:${server.port}/store`, home: root, options: { insecure_ignore_host_key: 'true' } });
    expect(Buffer.compare(await store.readConfig(), bytes)).toBe(0);
    await store.close();
    await server.close();
  });

  it('takes two round trips: what is opened is then asked for its size and its bytes at once, and for nothing more', async () => {
    const root = await temporaryFolder('config');
    const server = await ownServer({ folder: root, hostKey: HOST_KEY });
    await mkdir(join(root, 'store'));
    await writeFile(join(root, 'store', 'CONFIG'), CONFIG);
    const store = openStore({ location: `sftp://me@127.0.0.1:${server.port}/store`, home: root, options: { insecure_ignore_host_key: 'true' } });
    await store.readConfig();
    const asked = ['OPEN', 'FSTAT', 'READ', 'LSTAT', 'STAT'].map((operation) => server.counts.get(operation) ?? 0);
    expect(asked).toEqual([1, 1, 1, 0, 0]);
    await store.close();
    await server.close();
  });
});
