import { hostname } from 'node:os';
import { backup, type KnownMachine, KlosetError, removeSnapshots, type Repository, runMaintenance, type WritableStore } from '@wardrobe/kloset';
import { FAULT_KINDS, faultyStore } from '@wardrobe/kloset/testing';
import { nameBytes, type PackfileId, parseMac, type SnapshotId } from '@wardrobe/kloset-model';
import { OracleError, type OracleLine } from '@wardrobe/testing';
import { beforeBackup, isStoppedByItself } from './built-upon.js';
import type { Machine } from './machine.js';
import { repair } from './mend.js';
import type { World } from './world.js';

const DAY_MS = 86_400_000;

export type Action = { readonly name: string; readonly weight: number; run(world: World): Promise<void> };

/** What may happen on a day. */
export function actionsOf(world: World): readonly Action[] {
  const ours: Action[] = [
    { name: 'backup', weight: 6, run: (w) => saveByUs(w, w.random.pick(w.machines)) },
    { name: 'backup with a fault', weight: 4, run: (w) => saveWithFault(w, w.random.pick(w.machines)) },
    { name: 'rm', weight: 3, run: removeByUs },
    { name: 'prune', weight: 1, run: pruneByUs },
    { name: 'maintenance', weight: 4, run: maintainByUs },
    { name: 'maintenance with a fault', weight: 2, run: maintainWithFault },
    { name: 'repair', weight: 1, run: async (w) => void (await repair(w)) },
    { name: 'time', weight: 4, run: pass },
  ];
  const theirs = [...world.oracles.keys()].flatMap((line): Action[] => [
    { name: `backup by plakar ${line}`, weight: 4, run: (w) => saveByPlakar(w, line) },
    { name: `rm by plakar ${line}`, weight: 1, run: (w) => removeByPlakar(w, line) },
    { name: `maintenance by plakar ${line}`, weight: 1.5, run: (w) => maintainByPlakar(w, line) },
  ]);
  return [...ours, ...theirs];
}

export async function step(world: World, actions: readonly Action[]): Promise<string> {
  const total = actions.reduce((sum, { weight }) => sum + weight, 0);
  let left = world.random.next() * total;
  const action =
    actions.find(({ weight }) => {
      left -= weight;
      return left < 0;
    }) ?? (actions[0] as Action);
  world.nowMs += 60_000 + world.random.below(3_600_000);
  await action.run(world);
  world.count(action.name);
  await world.clearLocks();
  return action.name;
}

async function pass(world: World): Promise<void> {
  world.nowMs += world.random.below(12) * DAY_MS;
}

async function saveByUs(world: World, machine: Machine): Promise<void> {
  await machine.live(world.random);
  const repository = await world.open(machine);
  const { snapshot } = await save(world, machine, repository);
  world.model.publish(snapshot, machine.files());
}

function save(world: World, machine: Machine, repository: Repository): ReturnType<typeof backup> {
  const request = { paths: [nameBytes(machine.source)], origin: machine.name, xattrs: false, context: [{ key: 'Hostname', value: machine.name }] };
  return backup(repository, request, { environment: world.environment(machine), threads: 1 });
}

/** Anything may go wrong at any call: afterwards the snapshot is there whole, or nobody sees it. */
async function saveWithFault(world: World, machine: Machine): Promise<void> {
  await machine.live(world.random);
  const files = machine.files();
  const faulty = faultyStore(world.store, { at: world.random.below(90), kind: world.random.pick(FAULT_KINDS) });
  const known = new Set(world.model.ids);
  try {
    await save(world, machine, await world.open(machine, faulty.store));
  } catch (error) {
    if (!(error instanceof KlosetError)) throw error;
  }
  await sweepTorn(world);
  await world.clearLocks();
  const repository = await world.open();
  const fresh = repository.view.live.map(({ id }) => id).filter((id) => !known.has(id));
  if (fresh.length > 1) throw new Error('one backup made two snapshots');
  for (const id of fresh) world.model.publish(id, files);
  for (const { id } of await repository.hidden({ nowMs: world.nowMs })) if (!world.model.lost.has(id)) world.model.lost.set(id, files);
}

/** Torn files that a fault left: a folder never has any, a worse store may. plakar stops at them, and whoever finds one removes it. */
async function sweepTorn(world: World): Promise<void> {
  const { store } = world;
  const repository = await world.open();
  for (const { id } of repository.view.unreadable) await store.remove('state', id);
  const torn: PackfileId[] = [];
  await repository.orphans({ onProblem: ({ packfile }) => void torn.push(packfile) });
  for (const id of torn) await store.remove('packfile', id);
}

async function removeByUs(world: World): Promise<void> {
  const [id] = world.random.shuffle(world.model.ids);
  if (id === undefined || world.model.live.size < 3) return;
  await remove(world, [id]);
}

/** All but the newest few. */
async function pruneByUs(world: World): Promise<void> {
  await remove(world, [...world.model.live.keys()].slice(0, -6));
}

async function remove(world: World, ids: readonly SnapshotId[]): Promise<void> {
  const machine = world.random.pick(world.machines);
  for await (const { id } of removeSnapshots(await world.open(machine), ids, { environment: world.environment(machine) })) world.model.remove(id);
}

function maintainByUs(world: World): Promise<void> {
  return maintain(world, world.store);
}

async function maintainWithFault(world: World): Promise<void> {
  const faulty = faultyStore(world.store, { at: world.random.below(120), kind: world.random.pick(FAULT_KINDS) });
  try {
    await maintain(world, faulty.store);
  } catch (error) {
    if (!(error instanceof KlosetError)) throw error;
  }
  await sweepTorn(world);
}

async function maintain(world: World, store: WritableStore): Promise<void> {
  const machine = world.random.pick(world.machines);
  const result = await runMaintenance(await world.open(machine, store), {
    graceMs: world.random.pick([0, DAY_MS, 7 * DAY_MS, undefined]),
    machines: world.random.next() < 0.7 ? world.machines.map(knownMachine) : undefined,
    environment: world.environment(machine),
  });
  // A refusal is right only where something is damaged.
  if (result.plan.refusals.length > 0) throw new Error(`maintenance was refused: ${JSON.stringify(result.plan.refusals)}`);
  for (const what of ['coloured', 'uncoloured', 'blobsStoredAgain', 'removed'] as const) world.counts[what] = (world.counts[what] ?? 0) + result[what];
}

function knownMachine({ name, seen }: Machine): KnownMachine {
  return { names: [name, hostname(), 'oracle-host'], caches: seen.size === 0 ? [] : [{ cache: 'plakar', states: seen }], problem: null };
}

async function saveByPlakar(world: World, line: OracleLine): Promise<void> {
  const by = world.oracles.get(line);
  const machine = world.random.pick(world.machines);
  await machine.live(world.random);
  const before = await beforeBackup(world);
  const id = await by?.backup(world.oracleStore(line, machine), machine.source);
  if (id === undefined) throw new Error(`plakar ${line} made no snapshot`);
  machine.seen = await world.states();
  world.model.publish(parseMac(id) as SnapshotId, machine.files(), `plakar ${line} on ${machine.name}`);
  if (line === '1.0') world.model.before.set(parseMac(id) as SnapshotId, before);
  if (world.options.upgrades === true && line === '1.1') world.model.imperfect.add(parseMac(id) as SnapshotId);
}

async function removeByPlakar(world: World, line: OracleLine): Promise<void> {
  const machine = world.random.pick(world.machines);
  const [id] = world.random.shuffle(world.model.ids);
  if (id === undefined || world.model.live.size < 3) return;
  machine.seen = await world.states();
  await world.oracles.get(line)?.rm(world.oracleStore(line, machine), id);
  world.model.remove(id);
}

async function maintainByPlakar(world: World, line: OracleLine): Promise<void> {
  const machine = world.random.pick(world.machines);
  for (let isMended = false; ; isMended = true) {
    machine.seen = await world.states();
    try {
      return await maintainOnce(world, line, machine);
    } catch (error) {
      if (!(error instanceof OracleError)) throw error;
      if (!isMended && (await isStoppedByItself(world, error.message))) {
        await repair(world);
        world.count('plakar stopped at what it built itself, and went on after repair');
        continue;
      }
      // It stops at entries that its own backup left out.
      if (world.model.imperfect.size === 0) throw error;
      world.count('plakar stopped');
      return;
    }
  }
}

/** What plakar colours it colours now, years after our clock; its own default keeps files where line 1.0 takes part. */
async function maintainOnce(world: World, line: OracleLine, machine: Machine): Promise<void> {
  const options = { grace: world.random.pick(['0s', '168h']), keepFiles: line === '1.0' };
  const done = await world.oracles.get(line)?.maintenance(world.oracleStore(line, machine), options);
  if (line === '1.1' && (done?.packfiles ?? 0) > 0) world.model.disputed = true;
}
