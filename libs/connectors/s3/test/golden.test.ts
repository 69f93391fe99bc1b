import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fsStore } from '@wardrobe/connector-fs';
import { listSnapshots, openRepository, type Repository } from '@wardrobe/kloset';
import type { ResourceKind, Store } from '@wardrobe/store-connector';
import { wholeOf } from '@wardrobe/store-connector/contract';
import { assertMoto, COMMITTED_FIXTURES, type S3Server, unpackFixture } from '@wardrobe/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keysOf, openAt, RawBucket } from './s3-places.js';
import { availableServers, START_TIMEOUT_MS } from './s3-servers.js';

it('the second server is there, or it is said that it is not', () => assertMoto());

describe.each(availableServers())('stores of plakar, object by object on $name', ({ start }) => {
  let server: S3Server;
  beforeAll(async () => {
    server = await start();
  }, START_TIMEOUT_MS);
  afterAll(() => server.close());

  it.each(COMMITTED_FIXTURES)('%s is read as from its folder', async (name) => {
    const fixture = await unpackFixture(name);
    const raw = new RawBucket(server, name);
    await raw.make();
    await copyTree(fixture.storeDir, raw, 'shelf');
    const local = fsStore(fixture.storeDir);
    const remote = openAt(`s3://${server.host}:${server.port}/${name}/shelf`, { options: keysOf(server) });
    for (const kind of ['packfile', 'state', 'lock'] as const) expect(await bytesOf(remote, kind), kind).toEqual(await bytesOf(local, kind));
    const options = fixture.passphrase === undefined ? {} : { passphrase: fixture.passphrase };
    const [near, far] = [await openRepository(local, options), await openRepository(remote, options)];
    const expected = await snapshotsOf(near);
    expect(expected.length).toBeGreaterThan(1);
    expect(await snapshotsOf(far)).toEqual(expected);
    await remote.close();
  });
});

async function copyTree(folder: string, raw: RawBucket, prefix: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    await raw.put(`${prefix}${path.slice(folder.length).replaceAll('\\', '/')}`, await readFile(path));
  }
}

async function bytesOf(store: Store, kind: ResourceKind): Promise<ReadonlyMap<string, string>> {
  const found: [string, string][] = [];
  for await (const { id, sizeBytes } of store.list(kind)) {
    const bytes = await wholeOf(store.read(kind, id));
    expect(bytes.length).toBe(sizeBytes);
    found.push([id, bytes.toString('base64')]);
  }
  return new Map(found.sort(([one], [other]) => (one < other ? -1 : 1)));
}

async function snapshotsOf(repository: Repository): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  for await (const listed of listSnapshots(repository)) found.push(listed);
  return found;
}
