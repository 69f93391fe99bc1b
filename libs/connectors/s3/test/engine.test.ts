import { mkdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { fsStore } from '@wardrobe/connector-fs';
import { backup, checkSnapshots, createStore, listSnapshots, openRepository, type Repository } from '@wardrobe/kloset';
import type { Store } from '@wardrobe/store-connector';
import { wholeOf } from '@wardrobe/store-connector/contract';
import {
  assertOracle,
  type HttpFault,
  httpFaultProxy,
  oracle,
  oracleAvailable,
  type S3Server,
  seededRandom,
  startS3Server,
  temporaryFolder,
} from '@wardrobe/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { itemPath } from '../src/keys.js';
import { keysOf, openAt, PASSING_LINE } from './s3-places.js';

const BUCKET = 'engine';
const SPOILED: readonly HttpFault[] = [
  { kind: 'answer-after', status: 500 },
  { kind: 'reset-after' },
  { kind: 'answer', status: 503, headers: { 'retry-after': '0' } },
  { kind: 'reset' },
  { kind: 'short-body' },
  { kind: 'twice' },
];
const FILES = 24;

let server: S3Server;
beforeAll(async () => {
  server = await startS3Server({ buckets: [BUCKET] });
});
afterAll(() => server.close());

it('a backup over a bad line is whole, for us, from a disk, and for plakar’s own library', async () => {
  assertOracle();
  const proxy = await httpFaultProxy(server, { wholeRequests: true });
  // Every third request is spoiled, each time in another way.
  const turns = new WeakMap<object, number>();
  const turnOf = (request: object) => {
    if (!turns.has(request)) turns.set(request, proxy.seen.length);
    return turns.get(request) ?? 0;
  };
  for (const [index, fault] of SPOILED.entries())
    proxy.fault({ fault, match: (request) => turnOf(request) % (3 * SPOILED.length) === 3 * index + 2, times: Number.POSITIVE_INFINITY });
  const far = openAt(`s3://127.0.0.1:${proxy.port}/${BUCKET}/store`, { options: keysOf(server), tuning: PASSING_LINE });
  await createStore(far, { line: '1.0', passphrase: null });
  const source = await makeFiles();
  const summary = await backup(await openRepository(far), { paths: [Buffer.from(source)], origin: hostname() }, { threads: 1 });
  expect(summary).toMatchObject({ files: FILES, errors: 0 });
  expect(far.line?.().retries).toBeGreaterThan(3);
  const near = openAt(`s3://127.0.0.1:${server.port}/${BUCKET}/store`, { options: keysOf(server) });
  const folder = await copyToDisk(near);
  const [remote, local] = [await openRepository(near), await openRepository(fsStore(folder))];
  expect(await snapshotsOf(remote)).toEqual(await snapshotsOf(local));
  for (const repository of [remote, local]) expect(await problemsOf(repository)).toEqual([]);
  if (oracleAvailable()) {
    for (const line of ['1.0', '1.1'] as const) {
      const plakar = await oracle(line);
      const checked = await plakar.check({ store: folder });
      expect(checked, line).toMatchObject([{ snapshot: summary.snapshot, whole: true }]);
      await plakar.close();
    }
  }
  for (const store of [far, near]) await store.close();
  await proxy.close();
});

async function makeFiles(): Promise<string> {
  const random = seededRandom(11);
  const folder = await temporaryFolder('source');
  for (let file = 0; file < FILES; file += 1) {
    const path = join(folder, `folder-${file % 4}`, `file-${file}`);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, random.bytes(random.below(120_000)));
  }
  return folder;
}

/** As an fs store: the empty folders that a bucket does not have are made besides. */
async function copyToDisk(store: Store): Promise<string> {
  const folder = await temporaryFolder('copy');
  await writeFile(join(folder, 'CONFIG'), await store.readConfig());
  for (const kind of ['packfile', 'state', 'lock'] as const) {
    await mkdir(join(folder, `${kind}s`), { recursive: true });
    for await (const { id } of store.list(kind)) {
      const path = join(folder, itemPath(kind, id));
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, await wholeOf(store.read(kind, id)));
    }
  }
  return folder;
}

async function snapshotsOf(repository: Repository): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  for await (const listed of listSnapshots(repository)) found.push(listed);
  return found;
}

async function problemsOf(repository: Repository): Promise<readonly string[]> {
  const problems: string[] = [];
  for await (const problem of checkSnapshots(repository, { snapshots: repository.view.live.map(({ id }) => id) })) problems.push(problem.error.message);
  return problems;
}
