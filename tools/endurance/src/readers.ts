import { checkSnapshots, openSnapshot, type Repository } from '@wardrobe/kloset';
import { type Mac, nameBytes, type SnapshotId } from '@wardrobe/kloset-model';
import type { Oracle } from '@wardrobe/testing';
import { isBuiltUpon, mendBuiltUpon } from './built-upon.js';
import type { Machine } from './machine.js';
import type { Files } from './model.js';
import type { World } from './world.js';

/** Every reader of ours against the model: one that has seen nothing, and each machine with its index. */
export async function compareOurs(world: World): Promise<void> {
  const wanted = world.model.ids.join();
  for (const machine of [undefined, ...world.machines]) {
    const { view } = await world.open(machine);
    for (const { id, error } of view.unreadable) throw new Error(`state ${id} cannot be read: ${error.message}`);
    const shown = view.live.map(({ id }) => id).sort();
    if (shown.join() !== wanted) throw new Error(`${machine?.name ?? 'a new reader'} shows ${short(shown)}, not ${short(world.model.ids)}`);
  }
}

/** Some snapshots to the last byte. */
export async function compareContents(world: World, ids: readonly SnapshotId[]): Promise<void> {
  const repository = await world.open();
  for (const id of ids) await compareOne(repository, id, world.model.live.get(id) as Files);
}

/** All snapshots proven in every respect. */
export async function proveAll(world: World): Promise<void> {
  const repository = await world.open();
  const snapshots = world.model.ids.filter((id) => !world.model.imperfect.has(id));
  for await (const problem of checkSnapshots(repository, { snapshots }))
    throw new Error(`snapshot ${problem.snapshot.slice(0, 8)}: ${problem.what} ${problem.path?.text ?? ''}: ${problem.error.message}`);
}

async function compareOne(repository: Repository, id: SnapshotId, files: Files): Promise<void> {
  const snapshot = await openSnapshot(repository, id);
  const found = new Set<string>();
  for await (const entry of snapshot.walk(nameBytes('/'))) {
    if ('damaged' in entry) throw entry.damaged;
    if (entry.type !== 'file') continue;
    const pieces: Uint8Array[] = [];
    if (entry.object !== null) for await (const piece of snapshot.content(await snapshot.object(entry.object))) pieces.push(piece);
    const wanted = files.get(entry.path.text);
    if (wanted === undefined || !wanted.equals(Buffer.concat(pieces))) throw new Error(`snapshot ${id.slice(0, 8)}: ${entry.path.text} is not what was saved`);
    found.add(entry.path.text);
  }
  for (const path of files.keys()) if (!found.has(path)) throw new Error(`snapshot ${id.slice(0, 8)} lacks ${path}`);
}

/**
 * plakar's readers: nothing that was removed, and everything that must be there, whole. A snapshot whose header lies only in coloured packfiles plakar does
 * not list (01-store 5.4); nobody can mend that in a store with 1.0.x clients, so it is excused and counted; so is what hangs
 * on the order in which machines merge what plakar deleted.
 */
export async function comparePlakar(world: World): Promise<void> {
  const { view } = await world.open();
  const excused = new Set(view.live.filter((snapshot) => snapshot.scheduledForDeletion).map(({ id }) => id as string));
  const disputed = new Set<string>(view.mergeHazards().flatMap((hazard) => hazard.snapshots));
  for (const [line, by] of world.oracles) {
    for (const machine of [undefined, world.random.pick(world.machines)]) {
      if (machine !== undefined) machine.seen = await world.states();
      const listed = (await by.ls(world.oracleStore(line, machine))).map(({ snapshot }) => snapshot);
      const shown = new Set(listed);
      const who = `plakar ${line} on ${machine?.name ?? 'a new machine'}`;
      for (const id of shown)
        if (!world.model.live.has(id as SnapshotId) && !disputed.has(id)) throw new Error(`${who} shows ${id.slice(0, 8)}, which is not there`);
      for (const id of world.model.ids) {
        if (shown.has(id)) continue;
        if (!excused.has(id) && !disputed.has(id)) throw new Error(`${who} does not show ${id.slice(0, 8)}`);
        world.count('excused');
      }
      await compareChecked(world, { by, machine, who, isExcused: (id) => excused.has(id) || disputed.has(id) });
    }
  }
}

type PlakarReader = { readonly by: Oracle; readonly machine: Machine | undefined; readonly who: string; readonly isExcused: (snapshot: string) => boolean };

/** Everything that plakar finds damaged must be excused, or proven to be so by its own fault; the latter a repair must mend. */
async function compareChecked(world: World, { by, machine, who, isExcused }: PlakarReader): Promise<void> {
  const repository = await world.open();
  const builtUpon: SnapshotId[] = [];
  for (const checked of await by.check(world.oracleStore(by.line, machine))) {
    const { whole, problems } = checked;
    const snapshot = checked.snapshot as SnapshotId;
    if (whole || isExcused(snapshot) || world.model.imperfect.has(snapshot)) continue;
    if (await isBuiltUpon(world, repository, checked)) {
      builtUpon.push(snapshot);
      continue;
    }
    if (!world.model.disputed || !problems.some((problem) => problem.includes('packfile not found')))
      throw new Error(
        `${who} finds ${snapshot.slice(0, 8)}, made by ${world.model.makers.get(snapshot)}, damaged: ${problems.slice(0, 3).join('; ')}; ${placesOf(repository.view, problems.join())}`,
      );
    await compareContents(world, [snapshot]);
    world.count('excused');
  }
  if (builtUpon.length === 0) return;
  await compareContents(world, builtUpon);
  await mendBuiltUpon(world, builtUpon, { oracle: by, views: [undefined, machine].map((one) => world.oracleStore(by.line, one)) });
}

function short(ids: readonly string[]): string {
  return `[${ids.map((id) => id.slice(0, 8)).join(' ')}]`;
}

/** Where the states say that the blobs lie which a message names, and whether that is scheduled for deletion. */
function placesOf(view: Repository['view'], message: string): string {
  const found: string[] = [];
  for (const id of new Set(message.match(/[0-9a-f]{64}/g) ?? []))
    for (let type = 0; type < 32; type++)
      for (const { packfile, coloured } of view.locations(type, id as Mac))
        found.push(`${id.slice(0, 8)} (${type}) in ${packfile.slice(0, 8)}${coloured ? ', scheduled for deletion' : ''}`);
  return found.length === 0 ? 'no state places its blobs' : found.join(', ');
}
