import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fsStore } from '@wardrobe/connector-fs';
import { listSnapshots, openRepository } from '@wardrobe/kloset';
import type { SnapshotId } from '@wardrobe/kloset-model';
import { oracle, oracleAvailable, seededRandom, temporaryFolder } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { changeTree, clearLocks, type Ended, inspect, run } from './kill/killed-runs.js';

const SEED = Number(process.env['WARDROBE_TEST_SEED'] ?? 20261123);
/** Kills that strike, for each of the two stores. */
const KILLS = process.env['WARDROBE_TEST_LONG'] === '1' ? 500 : 100;
/** A kill is some five processes: far more than other tests take. */
const LIMIT_MS = KILLS * 18_000;
/** Before this the process has not even read its arguments. */
const START_MS = 100;

type Lane = {
  readonly store: string;
  readonly home: string;
  readonly tree: string;
  readonly line: '1.0' | '1.1';
  readonly random: ReturnType<typeof seededRandom>;
};
type Action = {
  readonly name: string;
  readonly weight: number;
  readonly args: (lane: Lane) => Promise<readonly string[]>;
  /** Besides, where nothing kills it: it has the time to wait. */
  readonly calmly?: readonly string[];
};

/** What must stay visible whatever happens from now on: known to be complete, and nobody asked to remove it. */
const kept = new Map<string, Set<SnapshotId>>();
const keptOf = (lane: Lane): Set<SnapshotId> => kept.get(lane.store) ?? kept.set(lane.store, new Set()).get(lane.store) ?? new Set();

async function newestFirst(lane: Lane): Promise<readonly SnapshotId[]> {
  const repository = await openRepository(fsStore(lane.store));
  const found: { id: SnapshotId; at: bigint }[] = [];
  for await (const listed of listSnapshots(repository)) if ('header' in listed) found.push({ id: listed.header.id, at: listed.header.timestampNs });
  await repository.close();
  return found.sort((a, b) => (a.at > b.at ? -1 : 1)).map(({ id }) => id);
}

const ACTIONS: readonly Action[] = [
  {
    name: 'backup',
    weight: 12,
    args: async (lane) => {
      await changeTree(lane.tree, lane.random);
      return ['backup', lane.tree];
    },
  },
  {
    name: 'rm',
    weight: 2,
    args: async (lane) => {
      const oldest = (await newestFirst(lane)).at(-1);
      if (oldest === undefined) return ['rm', '--apply', '--before', '1d'];
      keptOf(lane).delete(oldest);
      return ['rm', '--apply', oldest];
    },
  },
  {
    name: 'prune',
    weight: 2,
    args: async (lane) => {
      const newest = new Set((await newestFirst(lane)).slice(0, 3));
      for (const id of keptOf(lane)) if (!newest.has(id)) keptOf(lane).delete(id);
      return ['prune', '--apply', '--days', '30', '--per-day', '3'];
    },
  },
  { name: 'maintenance', weight: 4, args: async () => ['maintenance', '--apply', '--grace', '0s'] },
  { name: 'repair', weight: 2, args: async () => ['repair', '--apply'], calmly: ['--wait'] },
  { name: 'sync', weight: 2, args: async (lane) => ['sync', 'to', join(lane.home, 'other')] },
];

/** They want the store for themselves, and a killed one keeps everybody out until its lock is stale. */
const EXCLUSIVE: ReadonlySet<string> = new Set(['maintenance', 'repair']);

async function lane(line: '1.0' | '1.1'): Promise<Lane> {
  const home = await temporaryFolder(`kill-${line}`);
  const made = { store: join(home, 'store'), home, tree: join(home, 'tree'), line, random: seededRandom(SEED + (line === '1.0' ? 0 : 1)) };
  await mkdir(made.tree);
  for (const store of [made.store, join(home, 'other')]) {
    const created = await run(['at', store, 'create', '--plaintext', '--line', line], { home });
    expect([created.code, created.err]).toEqual([0, expect.any(String)]);
  }
  return made;
}

/** Runs each action once with nobody in its way: all of them finish. @returns how long each took, in ms */
async function calm(from: Lane): Promise<Map<string, number>> {
  const took = new Map<string, number>();
  for (const action of ACTIONS) {
    await clearLocks(from.store);
    await clearLocks(join(from.home, 'other'));
    const ended = await run(['at', from.store, ...(await action.args(from)), ...(action.calmly ?? [])], { home: from.home });
    expect([action.name, ended.code, ended.code === 0 ? '' : ended.err]).toEqual([action.name, 0, '']);
    took.set(action.name, ended.ms);
  }
  return took;
}

/** A repair leaves what was packed within the last minute to whoever may still be writing it: after a killed backup it says so, and that is right. */
const waits = (action: Action, ended: Ended): boolean => action.name === 'repair' && ended.code === 1 && ended.err.includes('its state may be on the way');

describe('killed at random points', () => {
  it.each(['1.0', '1.1'] as const)(
    `a store of line %s: ${KILLS} kills, nothing half visible, nothing old hurt, and what comes next finishes`,
    { timeout: LIMIT_MS },
    async (line) => {
      const here = await lane(line);
      const typicalMs = await calm(here);
      const killed = new Map<string, number>();
      const bag = ACTIONS.flatMap((action) => Array.from({ length: action.weight }, () => action));
      let kills = 0;
      let waited = 0;
      for (let tried = 0; kills < KILLS; tried += 1) {
        expect(tried).toBeLessThan(KILLS * 5);
        const action = here.random.pick(bag);
        if (EXCLUSIVE.has(action.name)) await clearLocks(here.store);
        const args = await action.args(here);
        const afterMs = START_MS + here.random.next() * Math.max(50, (typicalMs.get(action.name) ?? 500) - START_MS);
        const ended = await run(['at', here.store, ...args], { home: here.home, afterMs });
        const told = `seed ${SEED}, ${action.name} ${ended.killed ? `killed after ${Math.round(afterMs)} ms` : `ended with ${ended.code}`} (run ${tried})`;
        if (ended.killed) {
          kills += 1;
          if (EXCLUSIVE.has(action.name)) await clearLocks(here.store);
          killed.set(action.name, (killed.get(action.name) ?? 0) + 1);
        } else if (waits(action, ended)) {
          waited += 1;
        } else if (ended.code !== 0) throw new Error(`${told}: ${ended.err}`);
        const visible = await inspect(here.store, keptOf(here), told);
        for (const id of visible) if (action.name === 'backup') keptOf(here).add(id);
      }
      await calm(here);
      await inspect(here.store, keptOf(here), 'at the end');
      await inspect(join(here.home, 'other'), new Set(), 'the other store at the end');
      if (oracleAvailable()) await askOracles(here);
      console.log(
        `killed runs, line ${line}, seed ${SEED}: ${kills} kills: ${[...killed].map(([name, count]) => `${name} ${count}`).join(', ')}; ${waited} repairs waited`,
      );
    },
  );
});

/** Both lines' own libraries find the store whole; the 1.0 one cannot open a store of line 1.1. */
async function askOracles(from: Lane): Promise<void> {
  for (const line of from.line === '1.0' ? (['1.0', '1.1'] as const) : (['1.1'] as const)) {
    const program = await oracle(line);
    const checked = await program.check({ store: from.store, cache: join(from.home, `cache-${line}`) });
    expect(checked.filter((one) => !one.whole)).toEqual([]);
    expect(checked.map((one) => one.snapshot).sort()).toEqual([...(await newestFirst(from))].sort());
    await program.close();
  }
}
