import { describe, expect, test } from 'vitest';
import { type CacheFailure, readMachineCaches, type SightingReport } from '../src/index.js';
import { afterNextUse, type Way } from './after-next-use.js';
import { DESYNC, type DesyncName, MACHINES, machineHome, REMOVAL_STATE, short, SNAPSHOTS } from './golden.js';

const NOW = Date.parse('2026-11-24T00:00:00Z');

async function sightingOf(home: string): Promise<SightingReport> {
  const { sightings, failures } = await readMachineCaches({ directories: [home], nowMs: NOW, waitMs: 0 });
  expect(failures).toEqual([] satisfies CacheFailure[]);
  expect(sightings).toHaveLength(1);
  return sightings[0] as SightingReport;
}

/** State, number of packfiles that the cache enters under it. */
function introduced(sighting: SightingReport): Record<string, number> {
  return Object.fromEntries(sighting.introduced.states.map(({ state, packfiles }) => [state.slice(0, 8), packfiles.length]));
}

const expectShape = (sighting: SightingReport, name: DesyncName): void => {
  const isOld = name.startsWith('v10');
  expect(sighting).toMatchObject({
    tool: 'plakar',
    line: isOld ? '1.0' : '1.1',
    copy: 'own',
    loneStates: [],
    cache: isOld ? '~/.cache/plakar-agentless' : '~/.cache/plakar',
  });
  expect(sighting.inMotion).toEqual({ value: false, why: [] });
  expect(sighting.introduced.scope).toBe('all');
  for (const { packfiles } of sighting.shown) expect(packfiles).toHaveLength(1);
  expect(sighting.setAside.map(({ why }) => why)).toEqual(isOld ? [] : ['header-cache']);
};

describe.each(DESYNC)('%s as plakar left it', (name) => {
  const [one, two, three, four] = SNAPSHOTS[name];

  test('alpha shows 2, 3 and the lost 4, has merged its state, and holds 1 as deleted', async () => {
    const sighting = await sightingOf(await machineHome(name, 'alpha'));
    expectShape(sighting, name);
    expect(short(sighting.shown.map(({ snapshot }) => snapshot))).toEqual([two, three, four].sort());
    expect(short(sighting.deleted)).toEqual([one]);
    expect(short(sighting.states)).toEqual([one, two, three, four, REMOVAL_STATE[name]].sort());
    expect(introduced(sighting)).toEqual({ [one]: 2, [two]: 2, [three]: 2, [four]: 2 });
    expect(sighting.counts).toEqual({ states: 5, packfiles: 8, shown: 3, deleted: 1, ignoredKeys: 0 });
  });

  test.each(['bravo', 'charlie'] as const)('%s shows 1, 2, 3 and knows of no removal', async (machine) => {
    const sighting = await sightingOf(await machineHome(name, machine));
    expectShape(sighting, name);
    expect(short(sighting.shown.map(({ snapshot }) => snapshot))).toEqual([one, two, three].sort());
    expect(sighting.deleted).toEqual([]);
    expect(short(sighting.states)).toEqual([one, two, three].sort());
    expect(sighting.counts).toEqual({ states: 3, packfiles: 6, shown: 3, deleted: 0, ignoredKeys: 0 });
  });

  test('bravo and charlie agree by their digests, alpha differs', async () => {
    const [alpha, bravo, charlie] = await Promise.all(MACHINES.map(async (machine) => (await sightingOf(await machineHome(name, machine))).digest));
    expect(bravo).toBe(charlie);
    expect(alpha).not.toBe(bravo);
  });
});

const WAYS = DESYNC.flatMap((name): (readonly [DesyncName, Way])[] =>
  name.startsWith('v10')
    ? [
        [name, 'new log'],
        [name, 'compacted'],
      ]
    : [[name, 'rows']],
);

describe.each(WAYS)('%s after each machine used the store again (%s)', (name, way) => {
  const [one, two, three, four] = SNAPSHOTS[name];

  test('alpha has forgotten the lost state, and still shows 4 with its packfiles under that id', async () => {
    const before = await sightingOf(await machineHome(name, 'alpha'));
    const sighting = await sightingOf(await afterNextUse(name, 'alpha', way));
    expectShape(sighting, name);
    expect(short(sighting.states)).toEqual([one, two, three, REMOVAL_STATE[name]].sort());
    expect(sighting.shown).toEqual(before.shown);
    expect(sighting.deleted).toEqual(before.deleted);
    expect(introduced(sighting)).toEqual({ [one]: 2, [two]: 2, [three]: 2, [four]: 2 });
    expect(sighting.digest).toBe(before.digest);
  });

  test.each(['bravo', 'charlie'] as const)('%s has merged the removal: shows 2 and 3, holds 1 as deleted', async (machine) => {
    const sighting = await sightingOf(await afterNextUse(name, machine, way));
    expectShape(sighting, name);
    expect(short(sighting.states)).toEqual([one, two, three, REMOVAL_STATE[name]].sort());
    expect(short(sighting.shown.map(({ snapshot }) => snapshot))).toEqual([two, three].sort());
    expect(short(sighting.deleted)).toEqual([one]);
  });
});
