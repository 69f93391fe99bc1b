import {
  type Db,
  type InternedIds,
  listDecisions,
  listMachines,
  loadInternedIds,
  loadSightings,
  packfilesOfIntroduced,
  type SightingRow,
  type StoreRow,
} from '@wardrobe/db';
import type { KnownMachine, LostStateEvidence } from '@wardrobe/kloset';
import { isMac, type PackfileId, parseMac, type SnapshotId, type StateId } from '@wardrobe/kloset-model';

/** Snapshots, as state entries name their type. @source 01-store 5.1 */
const SNAPSHOT_TYPE = 5;

/**
 * What the machines' newest reports say of states that the store may lack: evidence for a repair. Reports carry neither times nor the ends of states, so a
 * state is rebuilt from its packfiles and these names. A deletion that somebody decided against is no evidence: what is kept is not deleted again.
 */
export async function reportEvidence(db: Db, store: Pick<StoreRow, 'id'>): Promise<LostStateEvidence[]> {
  const [rows, ids, names, decisions] = await Promise.all([
    loadSightings(db, store.id),
    loadInternedIds(db, store.id),
    machineNames(db),
    listDecisions(db, store.id),
  ]);
  const kept = new Set(decisions.map(({ machineId, snapshot }) => `${machineId} ${snapshot}`));
  return rows.map((row) => ({
    machine: names.get(row.machineId)?.name ?? row.machineId.slice(0, 8),
    source: `its report on ${row.cache} of ${row.receivedAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    states: idsOf<StateId>(row.states, ids.states).map((id) => ({ id, end: null })),
    packfiles: broughtBy(row, ids),
    colours: idsOf<SnapshotId>(row.deleted, ids.snapshots)
      .filter((id) => !kept.has(`${row.machineId} ${id}`))
      .map((id) => ({ type: SNAPSHOT_TYPE, id, whenNs: null })),
    shown: idsOf<SnapshotId>(row.shown, ids.snapshots),
    stateFiles: [],
  }));
}

function broughtBy(row: SightingRow, ids: InternedIds): LostStateEvidence['packfiles'] {
  return [...row.introducedStates].flatMap((num, index) => {
    const state = idsOf<StateId>([num], ids.states)[0];
    return state === undefined
      ? []
      : idsOf<PackfileId>(packfilesOfIntroduced(row, index), ids.packfiles).map((packfile) => ({ packfile, state, whenNs: null }));
  });
}

/** What each machine has seen, by its newest report: maintenance removes only what all of them know to be scheduled. */
export async function reportedMachines(db: Db, store: Pick<StoreRow, 'id'>): Promise<{ machines: KnownMachine[]; retired: string[] }> {
  const [rows, ids, all] = await Promise.all([loadSightings(db, store.id), loadInternedIds(db, store.id), listMachines(db)]);
  const known = all.filter(({ id }) => rows.some(({ machineId }) => machineId === id));
  return {
    machines: known
      .filter(({ retiredAt }) => retiredAt === null)
      .map(({ id, name, hostName }) => {
        const own = rows.filter(({ machineId }) => machineId === id);
        const failed = own.find(({ problem }) => problem !== null);
        return {
          names: [...new Set([name, hostName])],
          // Wardrobe's own index is no cache to wait for: whoever uses it reads the states again before it writes.
          caches: own
            .filter(({ tool }) => tool === 'plakar')
            .map((row) => ({ cache: `${row.user}, ${row.cache}`, states: new Set<string>(idsOf<StateId>(row.states, ids.states)) })),
          problem: failed === undefined ? null : `its cache ${failed.cache} could not be read`,
        };
      }),
    retired: all.filter(({ retiredAt }) => retiredAt !== null).flatMap(({ name, hostName }) => [name, hostName]),
  };
}

async function machineNames(db: Db): Promise<Map<string, { name: string }>> {
  return new Map((await listMachines(db)).map((machine) => [machine.id, machine]));
}

function idsOf<T extends string>(nums: ArrayLike<number>, ids: ReadonlyMap<number, string>): T[] {
  return Array.from(nums).flatMap((num) => {
    const id = ids.get(num);
    return id !== undefined && isMac(id) ? [parseMac(id) as string as T] : [];
  });
}
