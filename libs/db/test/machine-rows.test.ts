import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  allSnapshots,
  cellHistory,
  type ComputedMachine,
  type Db,
  decide,
  getMachine,
  ingestReport,
  listDecisions,
  listDivergences,
  listReports,
  loadInternedIds,
  loadSightings,
  machineRows,
  machinesOfStore,
  machinesShowing,
  machinesWithState,
  mergeMachines,
  openLags,
  packfilesOfIntroduced,
  packfilesOfShown,
  pruneReports,
  renameMachine,
  retireMachine,
  saveComputed,
  saveReading,
  seenBy,
  type SightingRow,
  type StoreRow,
  undoDecisions,
  verdictHistory,
  verdictSpells,
} from '../src/index.js';
import { id, machineId, makeStore, reading, report, sighting } from './builders.js';
import { openTestDatabase, type TestDatabase } from './database.js';

let database: TestDatabase;
let db: Db;
let store: StoreRow;
beforeAll(async () => {
  database = await openTestDatabase();
  db = database.db;
});
afterAll(() => database.close());
beforeEach(async () => {
  await db.pool.query('delete from machines');
  store = await makeStore(db);
});

/** A sighting's lists as ids. */
async function spelled(row: SightingRow) {
  const ids = await loadInternedIds(db, row.storeId);
  const names = (kind: 'snapshots' | 'states' | 'packfiles', nums: Int32Array): string[] => [...nums].map((num) => ids[kind].get(num) ?? '?').sort();
  return {
    states: names('states', row.states),
    shown: names('snapshots', row.shown),
    deleted: names('snapshots', row.deleted),
    packs: Object.fromEntries([...row.shown].map((num, index) => [ids.snapshots.get(num), names('packfiles', packfilesOfShown(row, index))])),
    introduced: Object.fromEntries([...row.introducedStates].map((num, index) => [ids.states.get(num), names('packfiles', packfilesOfIntroduced(row, index))])),
  };
}
const only = async (): Promise<SightingRow> => {
  const rows = await loadSightings(db, store.id);
  expect(rows).toHaveLength(1);
  const [row] = rows;
  if (row === undefined) throw new Error('no sighting');
  return row;
};
const sorted = (names: readonly string[]): string[] => names.map(id).sort();

describe('a report', () => {
  test('is kept list by list, with packfiles per snapshot: none, one, or several', async () => {
    const shown = [
      { snapshot: id('a'), packfiles: [id('p1')] },
      { snapshot: id('b'), packfiles: [] },
      { snapshot: id('c'), packfiles: [id('p1'), id('p2'), id('p3')] },
    ];
    const introduced = {
      scope: 'all' as const,
      states: [
        { state: id('lost'), packfiles: [id('p2'), id('p3')] },
        { state: id('empty'), packfiles: [] },
      ],
    };
    await ingestReport(db, report(1, [sighting(store.id, [], { shown, states: sorted(['s1', 'lost']), deleted: [id('d')], introduced })]));
    const row = await only();
    expect(await spelled(row)).toEqual({
      states: sorted(['s1', 'lost']),
      shown: sorted(['a', 'b', 'c']),
      deleted: [id('d')],
      packs: { [id('a')]: [id('p1')], [id('b')]: [], [id('c')]: sorted(['p1', 'p2', 'p3']) },
      introduced: { [id('lost')]: sorted(['p2', 'p3']), [id('empty')]: [] },
    });
    expect(await machinesWithState(db, store.id, id('lost'))).toEqual([machineId(1)]);
    expect(await machinesShowing(db, store.id, id('c'))).toEqual([machineId(1)]);
    expect(await machinesShowing(db, store.id, id('d'))).toEqual([]);
    expect((await allSnapshots(db, store.id)).every((snapshot) => snapshot.availability === 'absent')).toBe(true);
  });

  test('asks for the states that the store does not list as readable, once', async () => {
    await saveReading(db, store.id, reading(['a', 'b']));
    const first = sighting(store.id, ['a', 'b', 'ghost']);
    const result = await ingestReport(db, report(1, [first]));
    expect(result.sightings[0]?.ask).toEqual([id('state ghost')]);
    const answered = { ...first, introduced: { scope: 'asked' as const, states: [{ state: id('state ghost'), packfiles: [id('pack ghost')] }] } };
    expect((await ingestReport(db, report(1, [answered]))).sightings[0]?.ask).toEqual([]);
    const later = await ingestReport(db, report(1, [first]));
    expect(later.sightings[0]).toMatchObject({ changed: true, ask: [] });
    expect((await spelled(await only())).introduced).toEqual({ [id('state ghost')]: [id('pack ghost')] });
  });

  test('said again in another order changes only times', async () => {
    const names = ['a', 'b', 'c'];
    const first = report(1, [sighting(store.id, names)], { receivedAt: new Date('2026-01-01T00:00:00Z') });
    expect((await ingestReport(db, first)).sightings[0]?.changed).toBe(true);
    const again = report(1, [sighting(store.id, [...names].reverse(), { digest: id(`digest ${names.join(' ')}`), lastUsedAt: new Date(5) })], {
      receivedAt: new Date('2026-01-02T00:00:00Z'),
    });
    expect((await ingestReport(db, again)).sightings[0]?.changed).toBe(false);
    expect(await only()).toMatchObject({
      receivedAt: again.receivedAt,
      changedAt: first.receivedAt,
      firstReceivedAt: first.receivedAt,
      lastUsedAt: new Date(5),
    });
  });

  test('of a cache less marks that cache gone; it comes back with the next report that names it', async () => {
    const two = [sighting(store.id, ['a']), sighting(store.id, ['b'], { cache: '~/.cache/plakar-agentless' })];
    await ingestReport(db, report(1, two));
    const result = await ingestReport(db, report(1, two.slice(0, 1)));
    expect(result.storeIds).toEqual([store.id]);
    expect((await only()).cache).toBe('~/.cache/plakar');
    expect(await loadSightings(db, store.id, { gone: true })).toHaveLength(2);
    await ingestReport(db, report(1, two));
    expect(await loadSightings(db, store.id)).toHaveLength(2);
    await ingestReport(db, report(2, []));
    expect(await loadSightings(db, store.id)).toHaveLength(2);
  });

  test('of a cache that could not be read keeps its lists and says so', async () => {
    await ingestReport(db, report(1, [sighting(store.id, ['a'])]));
    const result = await ingestReport(
      db,
      report(1, [], { unreadable: [{ storeId: null, user: 'root', cache: '~/.cache/plakar', problem: { code: 'busy' } }] }),
    );
    expect(result.storeIds).toEqual([store.id]);
    expect(await only()).toMatchObject({ problem: { code: 'busy' }, goneAt: null });
    await ingestReport(db, report(1, [sighting(store.id, ['a'])]));
    expect((await only()).problem).toBeNull();
  });

  test('from a file that is older than what is held changes no sighting; a clock set back does not silence an agent', async () => {
    const newer = report(1, [sighting(store.id, ['a', 'b'])], { createdAt: new Date('2026-05-02T00:00:00Z') });
    await ingestReport(db, newer);
    await ingestReport(db, report(1, [sighting(store.id, ['a'])], { createdAt: new Date('2026-05-01T00:00:00Z'), source: 'import' }));
    expect((await only()).shown).toHaveLength(2);
    await ingestReport(db, report(1, [sighting(store.id, ['a'])], { createdAt: new Date('2026-05-01T00:00:00Z'), source: 'agent' }));
    expect((await only()).shown).toHaveLength(1);
    expect(await listReports(db, machineId(1))).toHaveLength(3);
  });

  test('sent twice at once leaves one sighting and one row per id', async () => {
    const many = Array.from({ length: 300 }, (_, index) => `snapshot ${index}`);
    await Promise.all([1, 2, 1, 2, 3].map((machine) => ingestReport(db, report(machine, [sighting(store.id, machine === 2 ? [...many].reverse() : many)]))));
    expect(await loadSightings(db, store.id)).toHaveLength(3);
    expect(await allSnapshots(db, store.id)).toHaveLength(300);
    const seen = await seenBy(
      db,
      store.id,
      (await allSnapshots(db, store.id)).map((row) => row.num),
    );
    expect(seen.machines).toBe(3);
    expect([...seen.counts.values()].every((count) => count === 3)).toBe(true);
  });

  test('with text that PostgreSQL cannot hold is taken, not refused', async () => {
    const bad = 'zero\u0000 and \ud800 alone';
    await ingestReport(
      db,
      report(1, [sighting(store.id, ['a'], { user: bad, cache: bad, loneStates: [{ id: bad }], inMotion: { value: true, why: ['lock-held'] } })], {
        failures: [{ message: bad }],
      }),
    );
    expect(await only()).toMatchObject({ inMotion: true, motionWhy: ['lock-held'], loneStates: [{ id: 'zero\ufffd and \ufffd alone' }] });
  });

  test('concerns each copy of the store on its own', async () => {
    const copy = await makeStore(db, { repositoryId: store.repositoryId });
    await ingestReport(db, report(1, [sighting(store.id, ['a']), sighting(copy.id, ['a'])]));
    expect(await loadSightings(db, store.id)).toHaveLength(1);
    expect(await loadSightings(db, copy.id)).toHaveLength(1);
  });

  test('log is pruned, the newest of each machine stays', async () => {
    for (const day of [1, 2, 3]) await ingestReport(db, report(1, [], { receivedAt: new Date(Date.UTC(2026, 0, day)) }));
    expect(await pruneReports(db, new Date(Date.UTC(2027, 0, 1)))).toBe(2);
    expect((await listReports(db, machineId(1))).map((row) => row.receivedAt)).toEqual([new Date(Date.UTC(2026, 0, 3))]);
  });
});

describe('a machine', () => {
  test('keeps the name an admin gave it', async () => {
    await ingestReport(db, report(1, []));
    await renameMachine(db, machineId(1), 'kitchen');
    await ingestReport(db, report(1, []));
    expect((await getMachine(db, machineId(1)))?.name).toBe('kitchen');
  });

  test('that is retired counts nowhere and keeps its rows', async () => {
    await ingestReport(db, report(1, [sighting(store.id, ['a'])]));
    await retireMachine(db, machineId(1), new Date());
    await saveComputed(db, store.id, { at: new Date(), machines: [computed(1, [])] });
    expect(await machineRows(db, store.id)).toEqual([]);
    expect(await machineRows(db, store.id, { retired: true })).toHaveLength(1);
    expect((await seenBy(db, store.id, [1])).machines).toBe(0);
  });

  test('merged into another brings its caches along, and later reports of it count for the other', async () => {
    await ingestReport(db, report(1, [sighting(store.id, ['a'])], { receivedAt: new Date('2026-01-01T00:00:00Z') }));
    await ingestReport(
      db,
      report(2, [sighting(store.id, ['b']), sighting(store.id, ['c'], { cache: 'other' })], { receivedAt: new Date('2026-01-02T00:00:00Z') }),
    );
    await mergeMachines(db, machineId(1), machineId(2));
    expect((await machinesOfStore(db, store.id)).map((row) => row.id)).toEqual([machineId(2)]);
    const caches = (await loadSightings(db, store.id)).map((row) => [row.machineId, row.cache]);
    expect(caches).toEqual([
      [machineId(2), '~/.cache/plakar'],
      [machineId(2), 'other'],
    ]);
    const result = await ingestReport(db, report(1, [sighting(store.id, ['d'], { cache: 'third' })]));
    expect(result.machineId).toBe(machineId(2));
    expect(await loadSightings(db, store.id)).toHaveLength(3);
    await expect(mergeMachines(db, machineId(2), machineId(2))).rejects.toThrow(RangeError);
  });
});

function computed(machine: number, cells: readonly (readonly [string, string])[], change: Partial<ComputedMachine> = {}): ComputedMachine {
  const rank: Record<string, number> = { behind: 2, 'stale-delete': 3, unknown: 4, mismatch: 5, 'lost-delete': 6, phantom: 8, lost: 9 };
  return {
    machineId: machineId(machine),
    verdict: cells.length > 0 ? 'diverged' : 'in-sync',
    worst: cells[0]?.[1] ?? 'seen',
    counts: { phantom: cells.length },
    digest: 'd',
    newestSeenAt: null,
    lastReportAt: null,
    exceptions: cells.map(([name, cell]) => ({
      snapshot: id(name),
      cell,
      rank: rank[cell] ?? 0,
      divergent: (rank[cell] ?? 0) >= 5,
      cause: { kind: 'state-missing' },
      cache: 'c',
      user: 'u',
    })),
    ...change,
  };
}

describe('computed cells', () => {
  const day = (number: number): Date => new Date(Date.UTC(2026, 5, number));

  test('come back as given, with each distinct cause once', async () => {
    await ingestReport(db, report(1, []));
    const cells = Array.from({ length: 50 }, (_, index) => [`s${index}`, index % 2 === 0 ? 'phantom' : 'behind'] as const);
    await saveComputed(db, store.id, { at: day(1), machines: [computed(1, cells, { facts: { nextStep: 'wait' } })] });
    const [row] = await machineRows(db, store.id);
    const ids = await loadInternedIds(db, store.id);
    expect(row).toMatchObject({
      machineId: machineId(1),
      name: 'machine-1',
      verdict: 'diverged',
      facts: { nextStep: 'wait' },
      causes: [{ cause: { kind: 'state-missing' }, cache: 'c', user: 'u' }],
    });
    const back = [...(row?.exceptionSnapshots ?? [])].map(
      (num, index) => `${ids.snapshots.get(num)} ${row?.exceptionCells[index]} ${row?.exceptionCauses[index]}`,
    );
    expect(back.sort()).toEqual(cells.map(([name, cell]) => `${id(name)} ${cell === 'phantom' ? 8 : 2} 0`).sort());
  });

  test('keep history: began, went on, changed, ended, came back with the first time it was seen', async () => {
    await ingestReport(db, report(1, []));
    const save = (at: Date, cells: readonly (readonly [string, string])[]) => saveComputed(db, store.id, { at, machines: [computed(1, cells)] });
    await save(day(1), [
      ['x', 'phantom'],
      ['y', 'mismatch'],
    ]);
    await save(day(2), [
      ['x', 'phantom'],
      ['y', 'behind'],
    ]);
    await save(day(3), [['x', 'lost']]);
    await save(day(4), []);
    await save(day(5), [['x', 'phantom']]);
    const rows = await listDivergences(db, store.id, { endedAfter: new Date(0) });
    const told = rows
      .filter((row) => row.snapshot === id('x'))
      .map((row) => [row.cell, row.firstSeenAt, row.beganAt, row.lastSeenAt, row.endedAt, row.endedAs]);
    expect(told).toEqual([
      ['phantom', day(1), day(5), day(5), null, null],
      ['lost', day(1), day(3), day(3), day(4), 'seen'],
      ['phantom', day(1), day(1), day(2), day(3), 'lost'],
    ]);
    expect(rows.filter((row) => row.snapshot === id('y')).map((row) => [row.endedAt, row.endedAs])).toEqual([[day(2), 'behind']]);
    expect((await listDivergences(db, store.id)).map((row) => row.cell)).toEqual(['phantom']);
    expect((await verdictHistory(db, store.id, machineId(1))).map((row) => [row.at, row.verdict])).toEqual([
      [day(1), 'diverged'],
      [day(4), 'in-sync'],
      [day(5), 'diverged'],
    ]);
  });

  test('of machines that are no longer of the store end when the list is said to be complete', async () => {
    for (const machine of [1, 2]) await ingestReport(db, report(machine, []));
    await saveComputed(db, store.id, { at: day(1), machines: [computed(1, [['x', 'phantom']]), computed(2, [['x', 'phantom']])] });
    await saveComputed(db, store.id, { at: day(2), machines: [computed(1, [['x', 'phantom']])] });
    expect(await machineRows(db, store.id)).toHaveLength(2);
    await saveComputed(db, store.id, { at: day(3), machines: [computed(1, [['x', 'phantom']])], all: true });
    expect((await machineRows(db, store.id)).map((row) => row.machineId)).toEqual([machineId(1)]);
    expect((await listDivergences(db, store.id)).map((row) => row.machineId)).toEqual([machineId(1)]);
  });

  test('saved twice at once leave one open row per machine and snapshot', async () => {
    await ingestReport(db, report(1, []));
    await Promise.all(
      [1, 2, 3, 4].map((number) =>
        saveComputed(db, store.id, {
          at: day(number),
          machines: [
            computed(1, [
              ['x', 'phantom'],
              ['y', 'lost'],
            ]),
          ],
        }),
      ),
    );
    expect(await listDivergences(db, store.id)).toHaveLength(2);
  });
});

describe('what heals by itself', () => {
  const day = (number: number): Date => new Date(Date.UTC(2026, 5, number));
  const save = (at: Date, cells: readonly (readonly [string, string])[], change: Partial<ComputedMachine> = {}) =>
    saveComputed(db, store.id, { at, machines: [computed(1, cells, { verdict: 'behind', ...change })] });
  const spells = async (name: string) => {
    const num = [...(await loadInternedIds(db, store.id)).snapshots].find(([, hex]) => hex === id(name))?.[0] ?? 0;
    return (await cellHistory(db, store.id, { machineId: machineId(1), num })).map((spell) => [spell.cell, spell.beganAt, spell.lastSeenAt, spell.endedAt]);
  };

  test('has a history too: began, went on, ended in part, came again, and became something else', async () => {
    await ingestReport(db, report(1, []));
    await save(day(1), [
      ['x', 'behind'],
      ['y', 'behind'],
    ]);
    await save(day(2), [
      ['x', 'behind'],
      ['y', 'behind'],
      ['z', 'stale-delete'],
    ]);
    await save(day(3), [
      ['y', 'behind'],
      ['z', 'stale-delete'],
    ]);
    await save(day(4), [['y', 'phantom']]);
    await save(day(5), [['x', 'behind']]);
    expect(await spells('x')).toEqual([
      ['behind', day(5), day(5), null],
      ['behind', day(1), day(2), day(3)],
    ]);
    expect(await spells('y')).toEqual([
      ['phantom', day(4), day(4), day(5)],
      ['behind', day(1), day(3), day(4)],
    ]);
    expect(await spells('z')).toEqual([['stale-delete', day(2), day(3), day(4)]]);
    expect([...(await openLags(db, store.id, machineId(1))).values()]).toEqual([day(5)]);
  });

  test('many that begin together are one row, and what is long over is let go', async () => {
    await ingestReport(db, report(1, []));
    const many = Array.from({ length: 300 }, (_, index) => [`s${index}`, 'behind'] as const);
    for (const number of [1, 2, 3]) await save(day(number), many);
    expect((await db.pool.query('select 1 from lags')).rowCount).toBe(1);
    await save(day(4), []);
    await save(new Date(Date.UTC(2027, 8, 1)), [['x', 'behind']]);
    expect((await db.pool.query('select 1 from lags')).rowCount).toBe(1);
  });

  test('what made a verdict is kept each time that it changed, though the verdict stayed', async () => {
    await ingestReport(db, report(1, []));
    await save(day(1), [['x', 'behind']]);
    await save(day(2), [['x', 'stale-delete']]);
    await save(day(3), [['x', 'stale-delete']]);
    await save(day(4), [['x', 'phantom']], { verdict: 'diverged' });
    await save(day(5), [['x', 'unknown']], { verdict: 'in-sync', spoken: 'seen' });
    const [spell] = await verdictSpells(db, store.id);
    expect([...(spell?.seconds ?? [])]).toEqual([day(1), day(2), day(4), day(5)].map((at) => at.getTime() / 1000));
    expect(spell?.cells).toEqual(['behind', 'stale-delete', 'phantom', 'seen']);
    expect(await verdictSpells(db, store.id, [machineId(2)])).toEqual([]);
  });
});

describe('decisions', () => {
  const day = (number: number): Date => new Date(Date.UTC(2026, 5, number));
  const cells = (...names: string[]) => names.map((name) => [name, 'lost-delete'] as const);
  const save = (at: Date, machine: number, names: readonly string[]) => saveComputed(db, store.id, { at, machines: [computed(machine, cells(...names))] });
  const keep = (names: readonly string[], at: Date, machines = [1]) =>
    decide(db, { storeId: store.id, machineIds: machines.map(machineId), snapshots: names.map(id), kind: 'keep', by: 'Ada', at });
  const standing = async () =>
    (await listDecisions(db, store.id)).map(({ machineId: machine, snapshot, decidedBy, decidedAt }) => [machine, snapshot, decidedBy, decidedAt]);

  test('stand once for each cell, with who and when, until they are taken back', async () => {
    await ingestReport(db, report(1, []));
    await save(day(1), 1, ['x', 'y']);
    expect(await keep(['x', 'y'], day(2))).toBe(2);
    expect(await keep(['x', 'y'], day(3))).toBe(0);
    await save(day(4), 1, ['x', 'y']);
    expect(await standing()).toEqual([
      [machineId(1), id('x'), 'Ada', day(2)],
      [machineId(1), id('y'), 'Ada', day(2)],
    ]);
    expect(await undoDecisions(db, { storeId: store.id, machineIds: [machineId(1)], snapshots: [id('x')], by: 'Bea', at: day(5) })).toBe(1);
    expect((await standing()).map(([, snapshot]) => snapshot)).toEqual([id('y')]);
  });

  test('end with the cell that they are about, and go along when machines are merged', async () => {
    for (const machine of [1, 2]) await ingestReport(db, report(machine, []));
    await save(day(1), 1, ['x', 'y']);
    await keep(['x', 'y'], day(2));
    await save(day(3), 1, ['y']);
    await save(day(4), 1, ['x', 'y']);
    expect((await standing()).map(([, snapshot]) => snapshot)).toEqual([id('y')]);
    await mergeMachines(db, machineId(1), machineId(2));
    await save(day(5), 2, ['y']);
    expect(await standing()).toEqual([[machineId(2), id('y'), 'Ada', day(2)]]);
  });
});
