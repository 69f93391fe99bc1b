import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  addCarried,
  allSnapshots,
  type Db,
  forgetCarried,
  getSnapshots,
  getStore,
  listFindings,
  listStates,
  listStores,
  loadRemote,
  matrixColumns,
  removeStore,
  saveHeaders,
  saveReading,
  searchSnapshots,
  snapshotFacets,
  snapshotsByPrefix,
  snapshotsWithoutHeader,
  storeLines,
  storesOfRepository,
  updateStore,
} from '../src/index.js';
import { header, id, listedSnapshot, listedState, makeStore, reading } from './builders.js';
import { openTestDatabase, type TestDatabase } from './database.js';

let database: TestDatabase;
let db: Db;
beforeAll(async () => {
  database = await openTestDatabase();
  db = database.db;
});
afterAll(() => database.close());

describe('a store', () => {
  test('keeps what was given, and its revision rises with each change', async () => {
    const store = await makeStore(db, { name: 'first' });
    const changed = await updateStore(db, store.id, {
      name: 'renamed',
      status: 'damaged',
      problem: { code: 'decode' },
      logicalBytes: 2 ** 45,
      sealedKey: new Uint8Array([1, 2, 3]),
    });
    expect(changed).toMatchObject({ name: 'renamed', status: 'damaged', problem: { code: 'decode' }, logicalBytes: 2 ** 45, facts: {} });
    expect([...(changed.sealedKey ?? [])]).toEqual([1, 2, 3]);
    expect(Number(changed.revision)).toBeGreaterThan(Number(store.revision));
    expect((await updateStore(db, store.id, { problem: null, sealedKey: null })).problem).toBeNull();
    expect(await getStore(db, '999999')).toBeNull();
  });

  test('sums up what its line carried from the first time on, begins anew when told, and nothing is kept of one that is gone', async () => {
    const [store, other] = [await makeStore(db), await makeStore(db)];
    const [first, later] = [new Date('2026-11-01T00:00:00Z'), new Date('2026-11-02T00:00:00Z')];
    const carried = { requests: 10, retries: 1, bytesRead: 2 ** 45, bytesWritten: 5, measured: 10, latencyMs: 250.5 };
    await addCarried(db, store.id, { ...carried, since: first });
    await addCarried(db, store.id, { ...carried, since: later });
    await addCarried(db, other.id, { ...carried, since: later });
    expect(await storeLines(db, store.id)).toEqual([
      { storeId: store.id, since: first, requests: 20, retries: 2, bytesRead: 2 ** 46, bytesWritten: 10, measured: 20, latencyMs: 501 },
    ]);
    await forgetCarried(db, store.id);
    expect(await storeLines(db, store.id)).toEqual([]);
    await addCarried(db, store.id, { ...carried, since: later });
    expect((await storeLines(db, store.id))[0]?.since).toEqual(later);
    await removeStore(db, other.id);
    await addCarried(db, other.id, { ...carried, since: later });
    expect(await storeLines(db, other.id)).toEqual([]);
  });

  test('may share its repository id with a copy', async () => {
    const store = await makeStore(db);
    const copy = await makeStore(db, { repositoryId: store.repositoryId });
    expect((await storesOfRepository(db, store.repositoryId)).map((row) => row.id)).toEqual([store.id, copy.id]);
  });

  test('takes every row about it along when it is removed, and nothing of others', async () => {
    const kept = await makeStore(db);
    const gone = await makeStore(db);
    for (const store of [kept, gone])
      await saveReading(db, store.id, reading(['s1', 's2'], { findings: [{ kind: 'lost-state', key: 'k', detail: 'd', snapshots: [] }] }));
    expect(await removeStore(db, gone.id)).toBe(true);
    expect(await removeStore(db, gone.id)).toBe(false);
    for (const table of [
      'store_remotes',
      'states',
      'snapshots',
      'packfiles',
      'store_findings',
      'sightings',
      'machine_stores',
      'divergences',
      'jobs',
      'verdict_changes',
    ]) {
      const { rows } = await db.pool.query<{ count: number }>(`select count(*)::int as count from ${table} where store_id = $1`, [gone.id]);
      expect(rows[0]?.count, table).toBe(0);
    }
    expect(await allSnapshots(db, kept.id)).toHaveLength(2);
    expect((await listStores(db)).map((row) => row.id)).toContain(kept.id);
  });
});

describe('a reading', () => {
  test('tells states that are there, unreadable, gone and back, and remembers what a damaged one brought', async () => {
    const store = await makeStore(db);
    const first = new Date('2026-01-01T00:00:00Z');
    await saveReading(db, store.id, reading(['s1', 's2'], { readAt: first }));
    const damaged = listedState('state s2', [], { readable: false, error: { code: 'decode' }, version: null, metadataNs: null });
    await saveReading(db, store.id, { ...reading(['s1'], { readAt: new Date('2026-01-02T00:00:00Z') }), states: [damaged] });
    const states = new Map((await listStates(db, store.id)).map((state) => [state.id, state]));
    const s2 = states.get(id('state s2'));
    expect(s2).toMatchObject({
      readable: false,
      error: { code: 'decode' },
      version: '1.0.0',
      metadataNs: 1_700_000_000_123_456_789n,
      firstListedAt: first,
      goneAt: null,
    });
    expect(s2?.brings).toHaveLength(1);
    expect(states.get(id('state s1'))).toMatchObject({ readable: null, goneAt: new Date('2026-01-02T00:00:00Z'), lastListedAt: first });
    await saveReading(db, store.id, reading(['s1', 's2'], { readAt: new Date('2026-01-03T00:00:00Z') }));
    expect((await listStates(db, store.id)).every((state) => state.readable === true && state.goneAt === null && state.error === null)).toBe(true);
  });

  test('tells snapshots that are live, deleted, hidden, and no longer there, and when they were published', async () => {
    const store = await makeStore(db);
    const at = new Date('2026-02-01T00:00:00Z');
    await saveReading(db, store.id, reading(['s1', 's2', 's3'], { readAt: at }));
    const deletedAt = new Date('2026-02-01T12:00:00Z');
    await saveReading(db, store.id, {
      ...reading([], { readAt: new Date('2026-02-02T00:00:00Z') }),
      snapshots: [
        listedSnapshot('s1', { availability: 'deleted', deletedAt }),
        listedSnapshot('s4', { availability: 'hidden', states: [], packedAt: at, lock: { host: 'h', ageSeconds: 3 } }),
      ],
      states: [listedState('state s1', ['s1'])],
    });
    const rows = new Map((await allSnapshots(db, store.id)).map((row) => [row.id, row]));
    expect(rows.get(id('s1'))).toMatchObject({ availability: 'deleted', deletedAt, publishedAt: at });
    expect(rows.get(id('s2'))).toMatchObject({ availability: 'absent', lastSeenAt: at, publishedAt: at });
    expect(rows.get(id('s4'))).toMatchObject({ availability: 'hidden', publishedAt: null, packedAt: at, lock: { host: 'h', ageSeconds: 3 } });
    const remote = await loadRemote(db, store.id);
    expect(remote?.packfiles).toHaveLength(0);
  });

  test('keeps the lists of packfiles sorted, one id after the other', async () => {
    const store = await makeStore(db);
    await saveReading(db, store.id, reading(['s1', 's2', 's3'], { tombstoned: [id('t')], facts: { locations: 3 } }));
    const remote = await loadRemote(db, store.id);
    const want = ['s1', 's2', 's3']
      .map((name) => id(`pack ${name}`))
      .sort()
      .join('');
    expect(Buffer.from(remote?.packfiles ?? []).toString('hex')).toBe(want);
    expect(Buffer.from(remote?.tombstoned ?? []).toString('hex')).toBe(id('t'));
    expect(remote?.facts).toEqual({ locations: 3 });
  });

  test('keeps the history of findings: first seen, still there, ended, seen again', async () => {
    const store = await makeStore(db);
    const days = [1, 2, 3, 4].map((day) => new Date(Date.UTC(2026, 2, day)));
    const finding = (detail: string) => [{ kind: 'unreadable-state', key: id('x'), detail, snapshots: [id('s1')] }];
    for (const [index, findings] of [finding('one'), finding('two'), [], finding('three')].entries())
      await saveReading(db, store.id, reading([], { readAt: days[index] ?? new Date(), findings }));
    const rows = await listFindings(db, store.id, { endedAfter: new Date(0) });
    expect(rows.map((row) => [row.detail, row.firstSeenAt, row.lastSeenAt, row.endedAt])).toEqual([
      ['three', days[3], days[3], null],
      ['two', days[0], days[1], days[2]],
    ]);
    expect(await listFindings(db, store.id)).toHaveLength(1);
  });

  test('said twice changes nothing', async () => {
    const store = await makeStore(db);
    const same = reading(['s1', 's2'], { readAt: new Date('2026-04-01T00:00:00Z') });
    await saveReading(db, store.id, same);
    const versions = (): Promise<unknown> =>
      db.pool.query('select id, xmin, availability from snapshots where store_id = $1 order by id', [store.id]).then(({ rows }) => rows);
    const before = await versions();
    await saveReading(db, store.id, { ...same, readAt: new Date('2026-04-01T00:05:00Z') });
    expect(await versions()).toEqual(before);
  });
});

describe('headers', () => {
  test('of a plain store are columns to search, filter, sort and page by', async () => {
    const store = await makeStore(db);
    const names = Array.from({ length: 30 }, (_, index) => `snapshot ${index}`);
    await saveReading(db, store.id, reading(names));
    expect(await snapshotsWithoutHeader(db, store.id)).toHaveLength(30);
    await saveHeaders(
      db,
      store.id,
      names.map((name, index) => ({
        id: id(name),
        header: header({
          takenAtNs: BigInt(Date.UTC(2026, 0, 1 + index)) * 1_000_000n + 7n,
          name: `Nightly ${index}`,
          host: index % 3 === 0 ? 'alpha' : 'bravo',
          tags: index % 2 === 0 ? ['even', 'Ümläut'] : ['odd'],
          sizeBytes: (index * 7919) % 101,
          errors: index === 5 ? 9 : 0,
        }),
      })),
    );
    expect(await snapshotsWithoutHeader(db, store.id)).toHaveLength(0);
    const all = { availability: ['live'] as const, sort: 'newest' as const, offset: 0, limit: 100 };
    const search = async (change: Partial<Parameters<typeof searchSnapshots>[2]>) =>
      (await searchSnapshots(db, store.id, { ...all, ...change })).rows.map((row) => row.header?.name);
    expect((await search({}))[0]).toBe('Nightly 29');
    expect(await search({ sort: 'oldest', limit: 2, offset: 1 })).toEqual(['Nightly 1', 'Nightly 2']);
    expect(await search({ sort: 'errors', limit: 1 })).toEqual(['Nightly 5']);
    expect((await search({ host: 'alpha', tag: 'even' })).length).toBe(5);
    expect(await search({ text: 'NIGHTLY ümläut 28' })).toEqual(['Nightly 28']);
    expect(await search({ text: id('snapshot 4').slice(0, 12) })).toEqual(['Nightly 4']);
    expect(await search({ text: "%' or true --" })).toEqual([]);
    expect(await search({ since: new Date(Date.UTC(2026, 0, 10)), before: new Date(Date.UTC(2026, 0, 12)) })).toEqual(['Nightly 10', 'Nightly 9']);
    expect((await searchSnapshots(db, store.id, { ...all, limit: 3 })).total).toBe(30);
    const facets = await snapshotFacets(db, store.id, ['live']);
    expect(facets.hosts).toEqual([
      { value: 'bravo', count: 20 },
      { value: 'alpha', count: 10 },
    ]);
    expect(facets.tags.map((tag) => tag.count)).toEqual([15, 15, 15]);
    expect(facets.timeline).toHaveLength(30);
    const [row] = await getSnapshots(db, store.id, [id('snapshot 3')]);
    expect(row?.takenAtNs).toBe(BigInt(Date.UTC(2026, 0, 4)) * 1_000_000n + 7n);
    expect(row?.takenAt).toEqual(new Date(Date.UTC(2026, 0, 4)));
    expect((await snapshotsByPrefix(db, store.id, { prefix: id('snapshot 7').slice(0, 10) })).map((found) => found.id)).toEqual([id('snapshot 7')]);
    expect(await snapshotsByPrefix(db, store.id, { prefix: "'; drop" })).toEqual([]);
    const columns = await matrixColumns(db, store.id);
    expect(columns.nums).toHaveLength(30);
    expect([...columns.takenAtSeconds]).toEqual([...columns.takenAtSeconds].sort((a, b) => a - b));
  });

  test('keep bytes that are not UTF-8, and survive U+0000 and text that looks like an escape', async () => {
    const store = await makeStore(db);
    await saveReading(db, store.id, reading(['s']));
    const directoryBytes = new Uint8Array([0x2f, 0xff, 0xfe]);
    await saveHeaders(db, store.id, [
      {
        id: id('s'),
        header: header({ name: 'zero\u0000 and \\u0000', directoryText: '/\ufffd\ufffd', directoryBytes, tags: ['with "quotes", {braces} and \\'] }),
      },
    ]);
    const [row] = await getSnapshots(db, store.id, [id('s')]);
    expect(row?.header?.name).toBe('zero\ufffd and \\u0000');
    expect(row?.header?.tags).toEqual(['with "quotes", {braces} and \\']);
    expect([...(row?.header?.directoryBytes ?? [])]).toEqual([...directoryBytes]);
  });

  test('of an encrypted store leave no plain text in any row', async () => {
    const store = await makeStore(db, { encrypted: true });
    await saveReading(db, store.id, reading(['s']));
    await saveHeaders(db, store.id, [{ id: id('s'), takenAtNs: 1_700_000_000_000_000_000n, sealed: new Uint8Array([9, 8, 7]) }]);
    const [row] = await allSnapshots(db, store.id);
    expect(row).toMatchObject({ header: null, takenAtNs: 1_700_000_000_000_000_000n });
    expect([...(row?.sealed ?? [])]).toEqual([9, 8, 7]);
    const { rows } = await db.pool.query(
      'select name, category, environment, perimeter, job, host, user_name, client, os, backup_machine_id, source_type, origin, directory_text, directory_bytes, size_bytes, files, directories, symlinks, errors, search, duration_ms from snapshots where store_id = $1',
      [store.id],
    );
    expect(Object.values(rows[0] as object).every((value) => value === null)).toBe(true);
    expect((await searchSnapshots(db, store.id, { availability: ['live'], sort: 'newest', offset: 0, limit: 5, text: 's' })).total).toBe(0);
  });

  test('that cannot be read leave a problem and are tried again', async () => {
    const store = await makeStore(db);
    await saveReading(db, store.id, reading(['s']));
    await saveHeaders(db, store.id, [{ id: id('s'), problem: { code: 'integrity' } }]);
    expect(await snapshotsWithoutHeader(db, store.id)).toEqual([{ id: id('s'), availability: 'live', failedBefore: true }]);
    expect((await allSnapshots(db, store.id))[0]).toMatchObject({ problem: { code: 'integrity' }, header: null });
  });
});
