import type { Mac, PackfileId, SnapshotId, StateId } from '@wardrobe/kloset-model';
import { macFromBytes } from '../../bytes/bytes.js';
import { IntegrityError, NotFoundError, StoreError } from '../../errors/errors.js';
import { BLOB_TYPE, ENTRY_TYPE } from '../../format/state.js';
import type { Repository } from '../../repository/types.js';
import { openWriter } from '../../repository/writer.js';
import type { RepositoryWriter } from '../../repository/writer-types.js';
import { whoSays } from '../repair/said.js';
import { StateOrder } from '../../state/state-order.js';
import { type WorkedOut, workOut } from './plan.js';
import type { MaintenanceResult, PlannedPackfile, RunOptions } from './types.js';

/** Blobs read for one hand-over to the writer. */
const BLOBS_PER_READ = 256;
/** Files removed between two looks at the lock. */
const REMOVALS_PER_LOOK = 64;

/**
 * Works the plan out again under an exclusive lock and carries it out: first one state with everything to say, then the files, then the proof that every
 * packfile in need is there. With a refusal in the plan nothing is changed. Can be interrupted anywhere and run again.
 * @throws LockedError, ReadOnlyError, StoreError, DiskFullError; IntegrityError a blob to be stored again is damaged, or the proof fails
 */
export async function runMaintenance(repository: Repository, options: RunOptions): Promise<MaintenanceResult> {
  const { signal, environment, wait, onWait } = options;
  const writer = await openWriter(repository, { lock: 'exclusive', wait, onWait, environment, signal });
  try {
    const work = await workOut(repository, { ...options, nowMs: writer.environment.nowMs() });
    const { plan } = work;
    if (plan.refusals.length > 0) return { plan, state: null, coloured: 0, uncoloured: 0, blobsStoredAgain: 0, removed: 0, removedBytes: 0 };
    const walked = new Set(repository.view.live.map(({ id }) => id));
    const blobsStoredAgain = await storeAgain(repository, writer, { work, options });
    const uncoloured = say(writer, work);
    const { state } = await writer.commit({ signal });
    if (plan.line === '1.1') await deleteBehind(writer, [...plan.sweep, ...plan.leftovers], signal);
    const removed = await removeFiles(repository, writer, { work, walked, options });
    await prove(repository, work, signal);
    return { plan, state, coloured: plan.colour.length, uncoloured, blobsStoredAgain, ...removed };
  } finally {
    await writer.close();
  }
}

/** Blobs of coloured packfiles into new ones; a snapshot's own blob stays where it is. @source 01-store 5.4, 7.4 */
async function storeAgain(
  repository: Repository,
  writer: RepositoryWriter,
  { work, options }: { readonly work: WorkedOut; readonly options: RunOptions },
): Promise<number> {
  const packfiles = new Set(work.plan.heal.filter(({ way }) => way !== 'uncolour').map(({ id }) => id));
  if (packfiles.size === 0) return 0;
  const total = work.plan.heal.reduce((sum, { blobs }) => sum + blobs, 0);
  let done = 0;
  const pending = new Map<number, Mac[]>();
  const flush = async (type: number): Promise<void> => {
    const ids = pending.get(type) ?? [];
    pending.set(type, []);
    for await (const got of repository.getMany(type, ids, { signal: options.signal })) {
      if ('error' in got) throw got.error;
      writer.putAgain(type, got.bytes, got.id);
      done += 1;
      options.onProgress?.({ phase: 'store again', done, total });
    }
    await writer.settle({ signal: options.signal });
  };
  for (const { type, id } of work.live.stranded(packfiles)) {
    if (type === BLOB_TYPE.snapshot) continue;
    const ids = pending.get(type) ?? [];
    ids.push(id);
    pending.set(type, ids);
    if (ids.length >= BLOBS_PER_READ) await flush(type);
  }
  for (const type of [...pending.keys()]) await flush(type);
  return done;
}

/**
 * Entries of the one state. Colours of deleted packfiles are left in place: on a machine that merges the deletion before what it deletes they keep the
 * packfile from being built upon.
 */
function say(writer: RepositoryWriter, { plan }: WorkedOut): number {
  for (const { id } of plan.colour) writer.colour(BLOB_TYPE.packfile, id);
  if (plan.line === '1.0') return 0;
  const uncoloured = plan.heal.filter(({ way }) => way !== 'store-again');
  for (const { id } of uncoloured) writer.uncolour(BLOB_TYPE.packfile, id);
  for (const { id } of plan.sweep) writer.deletePackfile(id);
  return uncoloured.length;
}

/**
 * Deletes packfiles once more behind each state that brings one and that no chain of parents puts before a state which deletes it: a machine that merged it later
 * would see the packfile again, and where its colour was once taken back it would read from there what lies elsewhere too. @source 01-store 5.3, 5.5
 */
async function deleteBehind(writer: RepositoryWriter, packfiles: readonly PlannedPackfile[], signal: AbortSignal | undefined): Promise<void> {
  if (packfiles.length === 0) return;
  const { view } = writer.repository;
  const said = whoSays(view);
  const order = new StateOrder(view.states);
  const unordered = new Map<StateId, PackfileId[]>();
  for (const { id } of packfiles) {
    const deleting = said.deletes.filter(({ removes, packfile }) => removes === ENTRY_TYPE.packfile && packfile === id).map(({ state }) => state);
    for (const bringing of said.entrants.get(id) ?? [])
      if (deleting.length > 0 && !deleting.some((state) => state === bringing || order.follows(state, bringing)))
        unordered.set(bringing, [...(unordered.get(bringing) ?? []), id]);
  }
  for (const [parent, ids] of unordered) {
    for (const packfile of ids) writer.deletePackfile(packfile);
    await writer.commit({ state: macFromBytes(writer.environment.randomBytes(32)) as StateId, parent, signal });
  }
}

async function removeFiles(
  repository: Repository,
  writer: RepositoryWriter,
  { work, walked, options }: { readonly work: WorkedOut; readonly walked: ReadonlySet<SnapshotId>; readonly options: RunOptions },
): Promise<{ readonly removed: number; readonly removedBytes: number }> {
  const doomed: PlannedPackfile[] = [...work.plan.sweep, ...work.plan.leftovers].filter(({ sizeBytes }) => sizeBytes > 0);
  let removed = 0;
  let removedBytes = 0;
  for (const [index, packfile] of doomed.entries()) {
    options.signal?.throwIfAborted();
    if (index % REMOVALS_PER_LOOK === 0) await lookAgain(repository, writer, { walked, signal: options.signal });
    if (work.needed.has(packfile.id)) throw new IntegrityError('maintenance', `packfile ${packfile.id} is needed and was about to be removed`);
    if (!(await isRemoved(writer, packfile.id))) continue;
    removed += 1;
    removedBytes += packfile.sizeBytes;
    options.onProgress?.({ phase: 'remove', done: index + 1, total: doomed.length });
  }
  return { removed, removedBytes };
}

/** Our lock still stands, and nobody published a snapshot without heeding it. */
async function lookAgain(
  repository: Repository,
  writer: RepositoryWriter,
  { walked, signal }: { readonly walked: ReadonlySet<SnapshotId>; readonly signal: AbortSignal | undefined },
): Promise<void> {
  await writer.secondLook({ signal });
  const { live, unreadable } = repository.view;
  if (unreadable.length === 0 && live.every(({ id }) => walked.has(id))) return;
  throw new StoreError('somebody published a snapshot while maintenance held the store: nothing more was removed. Run it again.', { retryable: true });
}

/** False when it was gone already. */
async function isRemoved(writer: RepositoryWriter, id: PackfileId): Promise<boolean> {
  try {
    await writer.store.remove('packfile', id);
    return true;
  } catch (error) {
    if (error instanceof NotFoundError) return false;
    throw error;
  }
}

/** Every packfile that a snapshot needs is in the store, and none of them bears a colour that this run was to take away. */
async function prove(repository: Repository, { plan, live }: WorkedOut, signal: AbortSignal | undefined): Promise<void> {
  const files = new Set<PackfileId>();
  for await (const { id } of repository.store.list('packfile', { signal, knownSize: () => 0 })) files.add(id);
  const { view } = repository;
  for (const { id, isSole } of live.needed()) {
    if (!files.has(id) && (isSole || !view.isPackfileColoured(id)))
      throw new IntegrityError('store', `packfile ${id}, which a snapshot needs, is not there after maintenance`, { kind: 'packfile', file: id });
  }
  for (const { id, way } of plan.heal) {
    if (way !== 'store-again' && view.isPackfileColoured(id))
      throw new IntegrityError('store', `packfile ${id} is still scheduled for deletion`, { kind: 'packfile', file: id });
  }
}
