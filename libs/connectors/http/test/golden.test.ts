import { fsStore } from '@wardrobe/connector-fs';
import { digestFiles, listSnapshots, openRepository, openSnapshot, type Repository } from '@wardrobe/kloset';
import { nameBytes } from '@wardrobe/kloset-model';
import type { Store } from '@wardrobe/store-connector';
import { COMMITTED_FIXTURES, type Fixture, temporaryFolder, unpackFixture } from '@wardrobe/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { openHttp, serveStore } from './serve.js';

const closers: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closers) await close();
});

describe.each(['1.1', '1.0'] as const)('fixtures over the protocol of %s', (line) => {
  it.each(COMMITTED_FIXTURES)('%s lists and gives the same as on a disk', async (name) => {
    const fixture = await unpackFixture(name);
    const server = await serveStore(fsStore(fixture.storeDir), { protocols: [line], writable: false });
    closers.push(() => server.close(100));
    const store = openHttp(server.url);
    const here = await openHere(fixture);
    const there = await openRepository(store, { secret: here.secret ?? undefined });
    expect(await told(there)).toEqual(await told(here));
    const [live] = here.view.live;
    if (live === undefined) throw new Error('the fixture has no snapshot');
    expect(await contents(there, live.id)).toEqual(await contents(here, live.id));
    expect(store.line?.()).toMatchObject({ retries: 0 });
    await there.close();
  });
});

describe('a server that tells no sizes, as those of plakar', () => {
  it.each(['1.1', '1.0'] as const)('is read all the same over the protocol of %s', async (line) => {
    const fixture = await unpackFixture('v11-plain-desync');
    const server = await serveStore(withoutSizes(fsStore(fixture.storeDir)), { protocols: [line], writable: false });
    closers.push(() => server.close(100));
    const here = fsStore(fixture.storeDir);
    const there = openHttp(server.url);
    for (const kind of ['packfile', 'state', 'lock'] as const) expect(await sizes(there, kind)).toEqual(await sizes(here, kind));
    await checkOpening(fixture, there, here);
  });
});

describe('opening again with nothing new', () => {
  it.each(['1.1', '1.0'] as const)('takes three requests over the protocol of %s, though the server tells no sizes', async (line) => {
    const fixture = await unpackFixture('v11-plain-desync');
    const server = await serveStore(withoutSizes(fsStore(fixture.storeDir)), { protocols: [line], writable: false });
    closers.push(() => server.close(100));
    const indexDirectory = await temporaryFolder('index');
    const open = async () => {
      const store = openHttp(server.url);
      const repository = await openRepository(store, { indexDirectory });
      const outcome = { requests: store.line?.().requests ?? 0, states: repository.view.states.length, told: await told(repository) };
      await repository.close();
      return outcome;
    };
    const first = await open();
    expect(first.requests).toBeGreaterThanOrEqual(3 + first.states);
    const again = await open();
    expect(again.told).toEqual(first.told);
    expect(again.requests).toBeLessThanOrEqual(3);
    // One of them gone from the index's knowledge: only that one is read.
    const store = openHttp(server.url);
    const [one] = [...(await sizes(fsStore(fixture.storeDir), 'state')).keys()];
    await store.readConfig();
    const before = store.line?.().requests ?? 0;
    const listed = new Map<string, number>();
    for await (const { id, sizeBytes } of store.list('state', { knownSize: (id) => (id === one ? undefined : 7) })) listed.set(id, sizeBytes);
    expect([...listed].filter(([, sizeBytes]) => sizeBytes !== 7).map(([id]) => id)).toEqual([one]);
    expect((store.line?.().requests ?? 0) - before).toBeLessThanOrEqual(3);
    await store.close();
  });
});

const opened = new Map<string, Promise<Repository>>();

/** Opened once: deriving a key takes its time. */
function openHere(fixture: Fixture): Promise<Repository> {
  const known = opened.get(fixture.name) ?? openRepository(fsStore(fixture.storeDir), { passphrase: fixture.passphrase });
  opened.set(fixture.name, known);
  return known;
}

async function checkOpening(fixture: Fixture, there: Store, here: Store): Promise<void> {
  const options = { passphrase: fixture.passphrase };
  expect(await told(await openRepository(there, options))).toEqual(await told(await openRepository(here, options)));
}

/** Our server passes sizes on where it has them. */
function withoutSizes(store: Store): Store {
  const blind: Store = Object.create(store) as Store;
  return Object.assign(blind, {
    location: store.location,
    async *list(kind: Parameters<Store['list']>[0]) {
      for await (const { id } of store.list(kind)) yield { id, sizeBytes: Number.NaN };
    },
    readConfig: () => store.readConfig(),
    listForeign: () => store.listForeign(),
    sizeBytes: (...args: Parameters<Store['sizeBytes']>) => store.sizeBytes(...args),
    read: (...args: Parameters<Store['read']>) => store.read(...args),
    readRange: (...args: Parameters<Store['readRange']>) => store.readRange(...args),
  });
}

async function sizes(store: Store, kind: Parameters<Store['list']>[0]): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  for await (const { id, sizeBytes } of store.list(kind)) found.set(id, sizeBytes);
  return found;
}

async function told(repository: Repository): Promise<unknown> {
  const lines: unknown[] = [];
  for await (const found of listSnapshots(repository, {})) lines.push('header' in found ? found.header : found.id);
  return {
    lines,
    states: repository.view.states.map(({ id, sizeBytes }) => ({ id, sizeBytes })),
    unreadable: repository.view.unreadable,
    counts: repository.view.counts,
  };
}

async function contents(repository: Repository, id: Repository['view']['live'][number]['id']): Promise<unknown> {
  const snapshot = await openSnapshot(repository, id);
  const files: unknown[] = [];
  for await (const file of digestFiles(snapshot, { path: nameBytes('/'), hashing: 'SHA256' })) files.push(file);
  expect(files.length).toBeGreaterThan(5);
  return files;
}
