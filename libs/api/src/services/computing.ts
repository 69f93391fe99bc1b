import {
  type ComputedMachine,
  type InternedIds,
  type Json,
  loadSightings,
  type MachineRow,
  machinesOfStore,
  saveComputed,
  type SightingRow,
  type StoreRow,
} from '@wardrobe/db';
import { computeMachine, knownBringers, lostStates, type MachineView, type Sighting } from '@wardrobe/tracking';
import { CELL_SEVERITY, isDivergent } from '@wardrobe/words';
import { type Deps, now } from './deps.js';
import { spokenCell } from './machine-rows.js';
import { loadStoreView, type StoreView, toSighting } from './tracking-input.js';

/** What a machine's row keeps beside its cells. */
export type MachineFactsDto = {
  readonly tool: string;
  readonly sightings: readonly { readonly user: string; readonly cache: string; readonly line: string }[];
  readonly lostStates: readonly { readonly state: string; readonly packfiles: readonly string[]; readonly present: readonly string[] }[];
};

/** Turns of the event loop between machines: a row of 10,000 snapshots takes a few milliseconds. */
const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Computes the cells of machines on one store and keeps them, history included. Without `machineIds`: of all machines of the store.
 * Nothing happens before the first reading.
 */
export async function computeStore(deps: Deps, store: StoreRow, machineIds?: readonly string[]): Promise<void> {
  let view = await loadStoreView(deps.db, store);
  if (view === null) return;
  const machines = await machinesOfStore(deps.db, store.id);
  // What other machines know decides only about damaged states: without one, a report costs its own machine's lists.
  const needed = machineIds === undefined || view.remote.unreadable.size > 0 ? machines : machines.filter(({ id }) => machineIds.includes(id));
  const rows = new Map<string, SightingRow[]>();
  let isComplete = true;
  for (const machine of needed) {
    const own = await loadSightings(deps.db, store.id, { machineIds: [machine.id] });
    const { ids } = view;
    isComplete &&= own.every((row) => isKnown(row, ids));
    rows.set(machine.id, own);
    await breathe();
  }
  if (!isComplete) view = await loadStoreView(deps.db, store, { fresh: true });
  if (view === null) return;
  const sightings = await allSightings(view, rows);
  const fromReports = knownBringers([...sightings.values()].flat());
  const { bringers } = view;
  const known = (snapshot: string): readonly string[] => [...fromReports(snapshot), ...(bringers.get(snapshot) ?? [])];
  const at = now(deps);
  const computed: ComputedMachine[] = [];
  for (const machine of machines) {
    if (machineIds !== undefined && !machineIds.includes(machine.id)) continue;
    await breathe();
    const own = sightings.get(machine.id) ?? [];
    const result = computeMachine(view.remote, viewOf(machine, own), { nowMs: at.getTime(), limitMs: store.unknownAfterHours * 3_600_000, known });
    computed.push({
      machineId: machine.id,
      verdict: result.verdict,
      worst: result.worst,
      spoken: spokenCell(result),
      counts: result.counts,
      digest: result.digest,
      newestSeenAt: dateOf(result.newestSeenAtMs),
      lastReportAt: dateOf(result.lastReportAtMs),
      exceptions: result.exceptions.map(({ snapshot, cell, cause, cache, user }) => ({
        snapshot,
        cell,
        rank: CELL_SEVERITY[cell],
        divergent: isDivergent(cell),
        cause: plainJson(cause),
        cache,
        user,
      })),
      facts: { ...factsOf(view, own) },
    });
  }
  await saveComputed(deps.db, store.id, { at, machines: computed, all: machineIds === undefined });
}

function viewOf(machine: MachineRow, sightings: readonly Sighting[]): MachineView {
  const lastReportAtMs = sightings.length === 0 ? null : Math.max(...sightings.map((sighting) => sighting.receivedAtMs));
  return { id: machine.id, name: machine.name, retired: machine.retiredAt !== null, sightings, lastReportAtMs };
}

/** Sightings with ids in hex. Equal caches share their lists: a fleet in sync costs the memory and time of one. */
async function allSightings(view: StoreView, rows: ReadonlyMap<string, readonly SightingRow[]>): Promise<Map<string, Sighting[]>> {
  const found = new Map<string, Sighting[]>();
  const shared = new Map<string, Sighting>();
  for (const [machineId, machineRows] of rows) {
    const own: Sighting[] = [];
    for (const row of machineRows) {
      const key = [row.shown, row.shownPackfiles, row.shownOffsets, row.deleted, row.states].map((list) => fingerprint(list)).join(' ');
      const twin = shared.get(key);
      const introducedOnly = { ...row, shown: NONE, shownPackfiles: NONE, shownOffsets: NONE, deleted: NONE, states: NONE };
      const sighting =
        twin === undefined
          ? toSighting(row, view.ids)
          : { ...toSighting(introducedOnly, view.ids), shown: twin.shown, deleted: twin.deleted, states: twin.states };
      if (twin === undefined) shared.set(key, sighting);
      own.push(sighting);
    }
    found.set(machineId, own);
    await breathe();
  }
  return found;
}

/** Whether the numbers are among those loaded: reports bring new ones between readings. */
function isKnown(row: SightingRow, ids: InternedIds): boolean {
  const has = (map: ReadonlyMap<number, string>, list: Int32Array): boolean => list.every((num) => map.has(num));
  return (
    has(ids.snapshots, row.shown) &&
    has(ids.snapshots, row.deleted) &&
    has(ids.states, row.states) &&
    has(ids.states, row.introducedStates) &&
    has(ids.packfiles, row.shownPackfiles) &&
    has(ids.packfiles, row.introducedPacks)
  );
}

const NONE = new Int32Array(0);

/** Two independent 32-bit sums and the length of a list: equal lists have equal ones, and others differ but for 1 in 2^64. */
function fingerprint(list: Int32Array): string {
  let first = 0x811c9dc5;
  let second = 0x9e3779b9;
  for (const value of list) {
    first = Math.imul(first ^ value, 0x01000193);
    second = (Math.imul(second ^ (second >>> 15), 0x2c1b3c6d) + value) | 0;
  }
  return `${list.length}.${first >>> 0}.${second >>> 0}`;
}

function factsOf(view: StoreView, sightings: readonly Sighting[]): { readonly [key: string]: Json } {
  const lost = sightings.flatMap((sighting) => lostStates(view.remote, sighting, view.isPackfileKnown));
  const lines = [...new Set(sightings.map((sighting) => sighting.line))].sort();
  return {
    tool: lines.map((line) => (line === 'wardrobe' ? 'wardrobe' : `plakar ${line}`)).join(', '),
    sightings: sightings.map(({ user, cache, line }) => ({ user, cache, line })),
    lostStates: lost.slice(0, 100).map(({ state, packfiles, present }) => ({ state, packfiles: packfiles.slice(0, 20), present: present.slice(0, 20) })),
  };
}

function plainJson(value: object): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}

function dateOf(ms: number | null): Date | null {
  return ms === null || !Number.isFinite(ms) ? null : new Date(ms);
}
