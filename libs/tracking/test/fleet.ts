/** A seeded world of a store and machines that use it as plakar does (01-store 5.3): the source of inputs for the model test. */

export type WorldState = {
  id: string;
  brings: { snapshot: string; packfile: string }[];
  deletes: string[];
  tombstones: string[];
  damaged: boolean;
  lost: boolean;
  metadataMs: number;
  publishedMs: number;
};
export type WorldMachine = {
  id: string;
  reportedMs: number | null;
  inMotion: boolean;
  states: Set<string>;
  locations: Map<string, Set<string>>;
  entries: Map<string, string>;
  deleted: Set<string>;
};
export type World = { states: WorldState[]; packfilesPresent: Set<string>; machines: WorldMachine[]; nowMs: number };

export function seeded(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x9e3779b9) >>> 0;
    let t = a ^ (a >>> 16);
    t = Math.imul(t, 0x21f0aaad);
    t ^= t >>> 15;
    t = Math.imul(t, 0x735a2d97);
    return ((t ^ (t >>> 15)) >>> 0) / 2 ** 32;
  };
}

const START = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;

/** One random history: backups (some states lost or damaged), removals, sweeps, syncs, caches that lost entries, reports. */
export function randomWorld(seed: number): World {
  const next = seeded(seed);
  const pick = <T>(items: readonly T[]): T | undefined => items[Math.floor(next() * items.length)];
  let counter = 0;
  const id = (): string => (++counter).toString(16).padStart(8, '0').repeat(8);
  const world: World = { states: [], packfilesPresent: new Set(), machines: [], nowMs: START };
  const machineCount = 1 + Math.floor(next() * 5);
  for (let m = 0; m < machineCount; m += 1)
    world.machines.push({ id: `m${m}`, reportedMs: null, inMotion: false, states: new Set(), locations: new Map(), entries: new Map(), deleted: new Set() });
  const steps = 3 + Math.floor(next() * 25);
  for (let step = 0; step < steps; step += 1) {
    world.nowMs += Math.floor(next() * 20 * HOUR);
    const machine = pick(world.machines);
    if (!machine) continue;
    const dice = next();
    if (dice < 0.4) backup(world, machine, { next, id });
    else if (dice < 0.5) remove(world, machine, { next, id });
    else if (dice < 0.7) sync(world, machine, 1);
    else if (dice < 0.76) sync(world, machine, next());
    else if (dice < 0.8) forgetSomething(machine, next);
    else if (dice < 0.86) damageSomething(world, next);
    else if (dice < 0.9) sweep(world, { next, id });
    else report(machine, world.nowMs, next);
  }
  for (const machine of world.machines) if (next() < 0.6) report(machine, world.nowMs - Math.floor(next() * 60 * HOUR), next);
  return world;
}

type Tools = { next: () => number; id: () => string };

function report(machine: WorldMachine, atMs: number, next: () => number): void {
  machine.reportedMs = atMs;
  machine.inMotion = next() < 0.15;
}

function backup(world: World, machine: WorldMachine, { next, id }: Tools): void {
  sync(world, machine, 1);
  const snapshot = id();
  const packfiles = next() < 0.2 ? [id(), id()] : [id()];
  const state: WorldState = {
    id: next() < 0.8 ? snapshot : id(),
    brings: packfiles.map((packfile) => ({ snapshot, packfile })),
    deletes: [],
    tombstones: [],
    damaged: false,
    lost: next() < 0.2,
    metadataMs: world.nowMs,
    publishedMs: world.nowMs + Math.floor(next() * HOUR),
  };
  for (const packfile of packfiles) if (next() < 0.93) world.packfilesPresent.add(packfile);
  world.states.push(state);
  if (next() < 0.7) merge(machine, state);
}

function remove(world: World, machine: WorldMachine, { next, id }: Tools): void {
  const victims = [...machine.locations.keys()];
  const victim = victims[Math.floor(next() * victims.length)];
  if (!victim) return;
  const state: WorldState = {
    id: id(),
    brings: [],
    deletes: [victim],
    tombstones: [],
    damaged: false,
    lost: next() < 0.25,
    metadataMs: world.nowMs,
    publishedMs: world.nowMs,
  };
  world.states.push(state);
  if (next() < 0.4) merge(machine, state);
}

function sweep(world: World, { next, id }: Tools): void {
  const known = world.states.flatMap((state) => state.brings.map((b) => b.packfile));
  const victim = known[Math.floor(next() * known.length)];
  if (!victim) return;
  if (next() < 0.5) world.packfilesPresent.delete(victim);
  world.states.push({
    id: id(),
    brings: [],
    deletes: [],
    tombstones: [victim],
    damaged: false,
    lost: false,
    metadataMs: world.nowMs,
    publishedMs: world.nowMs,
  });
}

function damageSomething(world: World, next: () => number): void {
  const state = world.states[Math.floor(next() * world.states.length)];
  if (!state) return;
  if (next() < 0.6) state.damaged = true;
  else for (const { packfile } of state.brings) world.packfilesPresent.delete(packfile);
}

/** plakar's synchronisation: merges states it lacks; forgets ids the store lacks, never their entries. `share` < 1: stopped in the middle. */
function sync(world: World, machine: WorldMachine, share: number): void {
  const remote = world.states.filter((state) => !state.lost && !state.damaged);
  const missing = remote.filter((state) => !machine.states.has(state.id));
  for (const state of missing.slice(0, Math.ceil(missing.length * share))) merge(machine, state);
  const present = new Set(world.states.filter((state) => !state.lost).map((state) => state.id));
  for (const known of [...machine.states]) if (!present.has(known)) machine.states.delete(known);
}

function merge(machine: WorldMachine, state: WorldState): void {
  machine.states.add(state.id);
  for (const { snapshot, packfile } of state.brings) {
    const set = machine.locations.get(snapshot) ?? new Set();
    set.add(packfile);
    machine.locations.set(snapshot, set);
    machine.entries.set(packfile, state.id);
  }
  for (const snapshot of state.deletes) machine.deleted.add(snapshot);
  for (const packfile of state.tombstones) machine.entries.delete(packfile);
}

/** A wrong cache: entries vanish while the state's id stays. */
function forgetSomething(machine: WorldMachine, next: () => number): void {
  const ids = [...machine.entries.keys()];
  const victim = ids[Math.floor(next() * ids.length)];
  if (victim) machine.entries.delete(victim);
}
