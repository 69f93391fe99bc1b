import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fsStore } from '@wardrobe/connector-fs';
import { checkSnapshots, createStore, listSnapshots, openRepository, planSync, type SnapshotHeader, syncSnapshots } from '@wardrobe/kloset';
import type { Store } from '@wardrobe/store-connector';
import { assertOracle, copyFixtureStore, oracle, oracleAvailable, temporaryFolder } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { oracleServer } from './oracle-kit.js';
import { openHttp, serveStore } from './serve.js';

const LINES = ['1.0', '1.1'] as const;

it('the oracle can be built here, or the run says why not', () => {
  assertOracle();
});

if (oracleAvailable())
  describe.each(LINES)('plakar %s', (line) => {
    it('as the server: its store is listed, read, checked and written over the line', async () => {
      const place = await copyFixtureStore('v10-plain-desync');
      // Without it the server of 1.1 refuses to delete locks too, so that no writer can end well.
      const server = await oracleServer(line, { store: place }, true);
      const [here, there] = [fsStore(place), openHttp(server.url)];
      for (const kind of ['packfile', 'state', 'lock'] as const) expect(await sizes(there, kind)).toEqual(await sizes(here, kind));
      const repository = await openRepository(there);
      const headers = await headersOf(repository);
      expect(headers.length).toBe(2);
      for await (const problem of checkSnapshots(repository, { snapshots: headers.map(({ id }) => id) })) throw problem.error;
      await expect(there.readRange('packfile', 'ab'.repeat(32) as never, 0, 1)).rejects.toMatchObject({ code: 'not-found' });
      await expect(there.sizeBytes('state', 'ab'.repeat(32) as never)).rejects.toMatchObject({ code: 'not-found' });
      await expect(there.create(new Uint8Array(100))).rejects.toMatchObject({ code: 'invalid-input' });

      const from = fsStore(join(await temporaryFolder('from'), 'store'));
      const source = await makeSource(from);
      const steps = planSync(repository, await headersOf(source));
      const results: unknown[] = [];
      for await (const result of syncSnapshots(source, repository, steps)) results.push(result);
      expect(results).toMatchObject([{ entries: expect.any(Number) }]);
      const written = await openRepository(here);
      for await (const problem of checkSnapshots(written, { snapshots: written.view.live.map(({ id }) => id) })) throw problem.error;
      expect((await headersOf(written)).length).toBe(3);
      await server.close();
    });

    it('as the client: lists, checks and backs up through our server', async () => {
      const by = await oracle(line);
      const folder = await temporaryFolder('client');
      await mkdir(join(folder, 'source'));
      await writeFile(join(folder, 'source', 'file'), Buffer.alloc(300_000, 'content '));
      const place = await copyFixtureStore('v10-plain-desync');
      const server = await serveStore(fsStore(place), { allowDelete: false });
      const remote = { store: server.url, cache: join(folder, 'cache') };
      expect((await by.ls(remote)).length).toBe(2);
      const made = await by.backup(remote, join(folder, 'source'));
      expect((await by.check({ store: server.url })).map(({ whole, problems }) => ({ whole, problems }))).toEqual(Array(3).fill({ whole: true, problems: [] }));
      const repository = await openRepository(fsStore(place));
      expect(repository.view.live.map(({ id }) => id)).toContain(made);
      for await (const problem of checkSnapshots(repository, { snapshots: repository.view.live.map(({ id }) => id) })) throw problem.error;
      // Its own lock is gone although nothing else may be deleted.
      expect((await sizes(fsStore(place), 'lock')).has(made as never)).toBe(false);
      await by.close();
      await server.close(100);
    });
  });

async function makeSource(store: ReturnType<typeof fsStore>) {
  await createStore(store, { line: '1.0', passphrase: null });
  const other = await openRepository(fsStore(await copyFixtureStore('v11-plain-desync')));
  const made = await openRepository(store);
  const [first] = await headersOf(other);
  if (first === undefined) throw new Error('the fixture has no snapshot');
  for await (const result of syncSnapshots(other, made, [{ header: first, action: 'copy' }])) if ('error' in result) throw result.error;
  return made;
}

async function headersOf(repository: Parameters<typeof listSnapshots>[0]): Promise<readonly SnapshotHeader[]> {
  const headers: SnapshotHeader[] = [];
  for await (const found of listSnapshots(repository, {})) if ('header' in found) headers.push(found.header);
  return headers;
}

async function sizes(store: Store, kind: Parameters<Store['list']>[0]): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  for await (const { id, sizeBytes } of store.list(kind)) found.set(id, sizeBytes);
  return found;
}
