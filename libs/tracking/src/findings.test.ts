import { describe, expect, it } from 'vitest';
import { randomWorld } from '../test/fleet.js';
import { machineOf, remoteOf } from '../test/views.js';
import { computeMachine, findingsOf } from './index.js';

describe('findings', () => {
  it('cover every divergent cell of random fleets, under keys that are unique', () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      const world = randomWorld(seed);
      const remote = remoteOf(world);
      const results = world.machines.map((machine) => computeMachine(remote, machineOf(machine), { nowMs: world.nowMs }));
      const findings = findingsOf(remote, results);
      expect(new Set(findings.map((finding) => finding.key)).size, `keys, seed ${seed}`).toBe(findings.length);
      for (const result of results) {
        for (const { snapshot, cell } of result.exceptions) {
          if (cell === 'unknown' && result.verdict !== 'unknown') continue;
          if (cell === 'behind') continue;
          const found = findings.some((finding) => finding.kind === cell && finding.machines.includes(result.machine) && finding.snapshots.includes(snapshot));
          expect(found, `seed ${seed} ${result.machine} ${cell}`).toBe(true);
        }
        if (result.counts.behind > 0) expect(findings.some((finding) => finding.kind === 'behind' && finding.machines.includes(result.machine))).toBe(true);
      }
    }
  });

  it('name a hidden snapshot once, as waiting while a backup may be running', () => {
    const remote = {
      ...remoteOf(randomWorld(1)),
      hidden: [{ id: 'c'.repeat(64), packfile: 'd'.repeat(64), packedAtMs: 1, lock: { host: 'alpha', ageSeconds: 3 } }],
    };
    expect(findingsOf(remote, []).filter((finding) => finding.kind === 'hidden-snapshot')).toMatchObject([
      { section: 'heals', nextStep: 'wait', detail: 'A backup may be running on alpha.' },
    ]);
  });

  it('make one finding of a phantom and of the hidden snapshot that it is: the packfile supports it', () => {
    const packfile = 'f'.repeat(64);
    const { remote, results, snapshot: phantom } = firstWith('phantom');
    const other = { id: 'c'.repeat(64), packfile: 'd'.repeat(64), packedAtMs: 1, lock: null };
    const found = findingsOf({ ...remote, hidden: [{ id: phantom, packfile, packedAtMs: 1, lock: null }, other] }, results);
    expect(found.filter(({ kind }) => kind === 'hidden-snapshot').map(({ snapshots }) => snapshots)).toEqual([[other.id]]);
    for (const finding of found.filter(({ kind, snapshots }) => kind === 'phantom' && snapshots.includes(phantom)))
      expect(finding).toMatchObject({ hidden: [{ id: phantom }], packfiles: expect.arrayContaining([packfile]) });
    // What no machine lists is told by the store alone.
    expect(findingsOf({ ...remote, hidden: [other] }, results).filter(({ hidden }) => hidden.length > 0)).toEqual([]);
  });

  it('tell a deletion about which somebody decided apart, once, and ask nothing of it', () => {
    const { remote, results, machine, snapshot } = firstWith('lost-delete');
    const open = findingsOf(remote, results);
    const found = findingsOf(remote, results, { isDecided: (who, what) => who === machine && what === snapshot });
    const decided = found.filter(({ section }) => section === 'decided');
    expect(decided).toMatchObject([{ kind: 'lost-delete', machines: [machine], snapshots: [snapshot], nextStep: 'none' }]);
    expect(found.at(-1)).toBe(decided[0]);
    const asked = (list: typeof open): number =>
      list
        .filter(({ kind, section }) => kind === 'lost-delete' && section === 'decision')
        .flatMap(({ snapshots, machines }) => machines.flatMap(() => snapshots)).length;
    expect(asked(found)).toBe(asked(open) - 1);
    expect(new Set(found.map(({ key }) => key)).size).toBe(found.length);
    // Other cells of that machine and snapshot are not decided by it.
    expect(findingsOf(remote, results, { isDecided: () => true }).filter(({ section, kind }) => section === 'decided' && kind !== 'lost-delete')).toEqual([]);
  });
});

/** A random fleet in which some machine has a cell of this kind. */
function firstWith(cell: 'phantom' | 'lost-delete') {
  for (let seed = 1; seed < 2000; seed += 1) {
    const world = randomWorld(seed);
    const remote = remoteOf(world);
    const results = world.machines.map((machine) => computeMachine(remote, machineOf(machine), { nowMs: world.nowMs }));
    for (const { machine, exceptions } of results) {
      const found = exceptions.find((exception) => exception.cell === cell);
      if (found !== undefined) return { remote, results, machine, snapshot: found.snapshot };
    }
  }
  throw new Error(`no fleet has a ${cell}`);
}
