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
});
