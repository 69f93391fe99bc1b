import { openSnapshot, type Repository, SNAPSHOT_BLOB } from '@wardrobe/kloset';
import { type Mac, nameBytes, type SnapshotId } from '@wardrobe/kloset-model';
import type { Oracle, OracleChecked, OracleStore } from '@wardrobe/testing';
import { repair } from './mend.js';
import type { BeforeBackup } from './model.js';
import type { World } from './world.js';

/** What everybody could know of the store before plakar 1.0 began a backup. */
export async function beforeBackup(world: World): Promise<BeforeBackup> {
  const { view } = await world.open();
  const packfiles = [...view.packfiles()];
  return {
    coloured: new Set(packfiles.flatMap(({ id, coloured }) => (coloured ? [id] : []))),
    available: new Set(packfiles.flatMap(({ id, coloured }) => (coloured ? [] : [id]))),
  };
}

/**
 * Chunks of a snapshot that plakar 1.0 cannot find by its own fault, or null where the store does not prove it. It takes a file that did not change for stored
 * when its object is available, and does not ask for the object's chunks. The proof, for every chunk that is not available: all packfiles that hold it had been
 * scheduled for deletion before that very backup opened the store, nobody took that back, and the object lay then in a packfile that was not scheduled.
 */
async function proveBuiltUpon(world: World, repository: Repository, id: SnapshotId): Promise<ReadonlySet<Mac> | null> {
  const before = world.model.before.get(id);
  if (before === undefined) return null;
  const { view } = repository;
  const missing = new Set<Mac>();
  const snapshot = await openSnapshot(repository, id);
  for await (const entry of snapshot.walk(nameBytes('/'))) {
    if ('damaged' in entry) return null;
    if (entry.object === null) continue;
    const { chunks } = await snapshot.object(entry.object);
    const lacking = chunks.filter(({ mac }) => !view.isAvailable(SNAPSHOT_BLOB.chunk, mac));
    if (lacking.length === 0) continue;
    if (!view.locations(SNAPSHOT_BLOB.object, entry.object).some(({ packfile }) => before.available.has(packfile))) return null;
    for (const { mac } of lacking) {
      const places = view.locations(SNAPSHOT_BLOB.chunk, mac);
      if (places.length === 0 || !places.every(({ packfile, coloured }) => coloured && before.coloured.has(packfile))) return null;
      missing.add(mac);
    }
  }
  return missing.size === 0 ? null : missing;
}

/** Whether all that plakar says is wrong with a snapshot is that it does not find some chunks, and these are proven to be missing by its own fault. */
export async function isBuiltUpon(world: World, repository: Repository, { snapshot, problems }: OracleChecked): Promise<boolean> {
  const missing = await proveBuiltUpon(world, repository, snapshot as SnapshotId);
  if (missing === null) return false;
  const named = problems.filter((problem) => problem !== "the library's check: object corrupted").map((problem) => problem.match(/[0-9a-f]{64}/g) ?? []);
  return named.length > 0 && named.every((ids) => ids.length > 0 && ids.every((id) => missing.has(id as Mac)));
}

/** The chunk that plakar stopped at, where a live snapshot lacks it by plakar's own fault. */
export async function isStoppedByItself(world: World, message: string): Promise<boolean> {
  const chunk = /Could not find packfile for blob ([0-9a-f]{64}) of type chunk/.exec(message)?.[1];
  if (chunk === undefined) return false;
  const repository = await world.open();
  for (const id of world.model.ids) if ((await proveBuiltUpon(world, repository, id))?.has(chunk as Mac) === true) return true;
  return false;
}

/** Repair must name each of these snapshots, and afterwards new machines of plakar, and the machine that found them, must read them whole. */
export async function mendBuiltUpon(
  world: World,
  snapshots: readonly SnapshotId[],
  by: { readonly oracle: Oracle; readonly views: readonly OracleStore[] },
): Promise<void> {
  const plan = await repair(world);
  const storing = plan.actions.filter(({ kind }) => kind === 'store-again' || kind === 'uncolour').flatMap((action) => action.snapshots);
  for (const id of snapshots) {
    if (!storing.includes(id)) throw new Error(`repair does not name snapshot ${id.slice(0, 8)}, which plakar built upon what was scheduled for deletion`);
    for (const view of by.views)
      for (const { whole, problems } of await by.oracle.check(view, id))
        if (!whole) throw new Error(`after a repair plakar still finds ${id.slice(0, 8)} damaged: ${problems.slice(0, 3).join('; ')}`);
    world.count('built by plakar upon what was scheduled for deletion, and mended by repair');
  }
}
