import { describe, expect, it } from 'vitest';
import {
  computeMachine,
  FRESH_LOCK_MS,
  groupEqual,
  hiddenSnapshots,
  historyChange,
  lostStates,
  type MachineView,
  type RemoteView,
  type Sighting,
} from './index.js';

const id = (letter: string): string => letter.repeat(64);
const T = Date.UTC(2026, 10, 23);

function remote(change: Partial<RemoteView> = {}): RemoteView {
  return {
    repositoryId: '00000000-0000-4000-8000-000000000000',
    readAtMs: T,
    states: new Set([id('1')]),
    unreadable: new Set(),
    live: new Map([[id('a'), { id: id('a'), states: [id('1')], packfiles: [id('f')], publishedAtMs: T - 1000 }]]),
    deleted: new Map(),
    packfiles: new Set([id('f')]),
    tombstoned: new Set(),
    hidden: [],
    findings: [],
    ...change,
  };
}

function sighting(change: Partial<Sighting> = {}): Sighting {
  return {
    machine: 'm',
    user: 'root',
    cache: '~/.cache/plakar',
    line: '1.0',
    receivedAtMs: T,
    inMotion: false,
    lastUsedAtMs: null,
    states: new Set([id('1')]),
    shown: new Map([[id('a'), [id('f')]]]),
    deleted: new Set(),
    introduced: new Map([[id('1'), [id('f')]]]),
    digest: id('0'),
    ...change,
  };
}

function machine(...sightings: Sighting[]): MachineView {
  return { id: 'm', name: 'm', retired: false, sightings, lastReportAtMs: sightings.length > 0 ? T : null };
}

describe('a machine', () => {
  it('that lists what the store holds is in sync', () => {
    expect(computeMachine(remote(), machine(sighting()), { nowMs: T })).toMatchObject({ verdict: 'in-sync', worst: 'seen', exceptions: [] });
  });

  it('stays in sync when something was published after its fresh report', () => {
    const view = remote({ live: new Map([...remote().live, [id('b'), { id: id('b'), states: [id('2')], packfiles: [id('e')], publishedAtMs: T + 5 }]]) });
    const result = computeMachine(view, machine(sighting()), { nowMs: T + 10 });
    expect(result.verdict).toBe('in-sync');
    expect(result.exceptions).toMatchObject([{ snapshot: id('b'), cell: 'unknown', cause: { kind: 'published-after-report' } }]);
  });

  it('is unknown once its report is older than the limit, and diverged all the same when it was', () => {
    expect(computeMachine(remote(), machine(sighting()), { nowMs: T + 27 * 3_600_000 }).verdict).toBe('unknown');
    const phantom = sighting({ shown: new Map([[id('c'), [id('f')]]]), states: new Set([id('c')]) });
    expect(computeMachine(remote(), machine(phantom), { nowMs: T + 27 * 3_600_000 }).verdict).toBe('diverged');
  });

  it('with two caches shows the worse cell and names the cache', () => {
    const wrong = sighting({ cache: '~/.cache/plakar-agentless', shown: new Map() });
    const [cell] = computeMachine(remote(), machine(sighting(), wrong), { nowMs: T }).exceptions;
    expect(cell).toMatchObject({ cell: 'mismatch', cache: '~/.cache/plakar-agentless' });
  });

  it('keeps its phantom after it forgot the state id (its next use of the store)', () => {
    const shown = new Map([
      [id('a'), [id('f')]],
      [id('c'), [id('d')]],
    ]);
    const introduced = new Map([
      [id('1'), [id('f')]],
      [id('c'), [id('d')]],
    ]);
    const view = remote({ packfiles: new Set([id('f'), id('d')]) });
    const before = computeMachine(view, machine(sighting({ shown, introduced, states: new Set([id('1'), id('c')]) })), { nowMs: T });
    const after = computeMachine(view, machine(sighting({ shown, introduced })), { nowMs: T });
    expect(before.exceptions).toEqual(after.exceptions);
    expect(after.exceptions).toMatchObject([{ cell: 'phantom', cause: { states: [id('c')], packfiles: [id('d')] } }]);
  });

  it('is unreadable for a snapshot whose damaged state only another machine can name', () => {
    const mine = sighting({ shown: new Map([[id('c'), [id('d')]]]), introduced: new Map(), states: new Set() });
    const view = remote({ live: new Map(), unreadable: new Set([id('9')]), packfiles: new Set([id('d')]) });
    expect(computeMachine(view, machine(mine), { nowMs: T }).exceptions[0]?.cell).toBe('phantom');
    expect(computeMachine(view, machine(mine), { nowMs: T, known: () => [id('9')] }).exceptions[0]).toMatchObject({
      cell: 'unreadable',
      cause: { states: [id('9')] },
    });
  });
});

describe('an interrupted merge', () => {
  it('is behind, not a mismatch: an entry names a state of the store that the cache has not merged', () => {
    const view = remote({ states: new Set([id('1'), id('2')]) });
    const mine = sighting({ shown: new Map(), introduced: new Map([[id('2'), [id('e')]]]) });
    expect(computeMachine(view, machine(mine), { nowMs: T }).exceptions).toMatchObject([{ cell: 'behind', cause: { inMotion: true } }]);
    expect(computeMachine(remote(), machine(mine), { nowMs: T }).exceptions).toMatchObject([{ cell: 'mismatch' }]);
  });
});

describe('hidden snapshots', () => {
  const orphan = { id: id('c'), packfile: id('d'), packedAtMs: T - 5000 };
  it('carry a fresh lock and drop one left behind', () => {
    const locks = [{ id: id('c'), host: 'alpha', writtenAtMs: T - 60_000 }];
    expect(hiddenSnapshots([orphan], remote(), { locks, nowMs: T })[0]?.lock).toEqual({ host: 'alpha', ageSeconds: 60 });
    expect(hiddenSnapshots([orphan], remote(), { locks, nowMs: T - 60_000 + FRESH_LOCK_MS })[0]?.lock).toBeNull();
  });
  it('are never live, deleted, tombstoned or named by a damaged state', () => {
    const none = { locks: [], nowMs: T };
    expect(hiddenSnapshots([{ ...orphan, id: id('a') }], remote(), none)).toEqual([]);
    expect(hiddenSnapshots([orphan], remote({ deleted: new Map([[id('c'), { whenMs: T }]]) }), none)).toEqual([]);
    expect(hiddenSnapshots([orphan], remote({ unreadable: new Set([id('c')]) }), none)).toEqual([]);
    expect(hiddenSnapshots([orphan], remote({ tombstoned: new Set([id('d')]) }), none)).toEqual([]);
    expect(hiddenSnapshots([orphan], remote(), none)).toHaveLength(1);
  });
});

describe('lost states', () => {
  it('are found by packfile entries although the machine forgot the id', () => {
    const mine = sighting({
      introduced: new Map([
        [id('1'), [id('f')]],
        [id('c'), [id('d'), id('e')]],
      ]),
    });
    expect(lostStates(remote({ packfiles: new Set([id('f'), id('d')]) }), mine, (packfile) => packfile === id('f'))).toEqual([
      { state: id('c'), packfiles: [id('d'), id('e')], present: [id('d')] },
    ]);
  });
  it('are not reported when the store knows the packfile under another state', () => {
    expect(lostStates(remote(), sighting({ introduced: new Map([[id('c'), [id('f')]]]) }), () => true)).toEqual([]);
  });
});

describe('groups and history', () => {
  it('puts machines with equal views together, worst group first', () => {
    const good = computeMachine(remote(), { ...machine(sighting()), id: 'x' }, { nowMs: T });
    const bad = computeMachine(remote(), machine(sighting({ shown: new Map(), digest: id('7') })), { nowMs: T });
    const groups = groupEqual([good, bad, { ...good, machine: 'y' }]);
    expect(groups.map((group) => group.members.map((member) => member.machine))).toEqual([['m'], ['x', 'y']]);
  });
  it('ends an interval and begins another when a cell changes its answer', () => {
    const open = [{ machine: 'm', snapshot: id('a'), cell: 'behind', beganAtMs: 1, endedAtMs: null } as const];
    const change = historyChange(open, [{ machine: 'm', snapshot: id('a'), cell: 'mismatch' }], 9);
    expect(change.closed).toEqual([{ ...open[0], endedAtMs: 9 }]);
    expect(change.opened).toEqual([{ machine: 'm', snapshot: id('a'), cell: 'mismatch', beganAtMs: 9, endedAtMs: null }]);
  });
});
