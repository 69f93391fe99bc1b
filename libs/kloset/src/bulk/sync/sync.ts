import type { SnapshotId } from '@wardrobe/kloset-model';
import { nameBytes } from '@wardrobe/kloset-model';
import { DecodeError, IntegrityError, InvalidInputError, KlosetError, NotFoundError, TooLargeError, UnsupportedVersionError } from '../../errors/errors.js';
import type { Repository } from '../../repository/types.js';
import { listSnapshots } from '../../snapshot/list.js';
import type { SnapshotSource } from '../../snapshot/source.js';
import type { SnapshotHeader } from '../../snapshot/types.js';
import { threadedSource } from '../pipeline/threaded-source.js';
import { ContentMap } from './content-map.js';
import { type CopyJob, copySnapshot } from './copy-snapshot.js';
import { areEqual, type EqualCopies } from './equal-copies.js';
import { learnPairs, nearestCommon } from './known-pairs.js';
import { openRaw } from './raw-snapshot.js';
import type { SyncOptions, SyncResult, SyncStep } from './sync-types.js';

/**
 * Refuses two stores between which nothing can be copied.
 * @throws InvalidInputError one store; or two with one repository id and different keys, of which at most one can be right
 */
export function expectSyncable(source: Repository, target: Repository): void {
  if (source.store.location === target.store.location) throw new InvalidInputError('both are the same store');
  if (source.id !== target.id) return;
  const probe = nameBytes('wardrobe');
  if (source.mac(probe) !== target.mac(probe) || source.config.hashing !== target.config.hashing)
    throw new InvalidInputError(`both stores say that they are repository ${source.id}, and their keys differ: one of them has a wrong CONFIG`);
}

/** What a run would do, oldest snapshot first; reads headers' ids only, changes nothing. */
export function planSync(target: Repository, chosen: readonly SnapshotHeader[]): readonly SyncStep[] {
  const live = new Set<string>(target.view.live.map(({ id }) => id));
  const deleted = new Set<string>(target.view.deleted.map(({ id }) => id));
  const action = (id: SnapshotId): SyncStep['action'] => (live.has(id) ? 'present' : deleted.has(id) ? 'deleted' : 'copy');
  const inTime = [...chosen].sort((a, b) => (a.timestampNs === b.timestampNs ? (a.id < b.id ? -1 : 1) : a.timestampNs < b.timestampNs ? -1 : 1));
  return inTime.map((header) => ({ header, action: action(header.id) }));
}

/**
 * Copies snapshots one after the other; each was proven equal to the original before it became visible, and is visible in the target when its result comes.
 * Contents that the target has are not stored again, and what an earlier copy shares with a snapshot is not read again. A snapshot that cannot be copied whole is
 * a failure of its own.
 * @throws StoreError, LockedError, DiskFullError, ReadOnlyError what concerns the whole run; abort as it came
 * @source 02-snapshot 7.8
 */
export async function* syncSnapshots(
  source: Repository,
  target: Repository,
  steps: readonly SyncStep[],
  options: SyncOptions = {},
): AsyncGenerator<SyncResult> {
  expectSyncable(source, target);
  const common = await commonSnapshots(source, target, options);
  const reading = await threadedSource(source);
  const known = new ContentMap();
  const learned = new Set<SnapshotId>();
  try {
    for (const { header, action } of steps) {
      if (action !== 'copy') continue;
      options.signal?.throwIfAborted();
      const base = nearestCommon(header, common);
      const learn = async (): Promise<void> => {
        if (base === null || learned.has(base.id)) return;
        learned.add(base.id);
        options.onProgress?.({ snapshot: header.id, phase: 'known', entries: 0, bytes: 0 });
        await learnPairs({ source, target }, base.id, { known, signal: options.signal });
      };
      const equal = base === null ? null : await equalCopies({ source, reading, target }, base.id, options);
      if (equal === null) await learn();
      const result = await copied({ source, target, reading, known, equal, learn: equal === null ? null : learn, options }, header.id);
      // What was proven here helps with the next one.
      if (!('error' in result)) common.push(header);
      yield result;
    }
  } finally {
    await reading.close();
  }
}

async function commonSnapshots(source: Repository, target: Repository, { signal }: SyncOptions): Promise<SnapshotHeader[]> {
  const there = new Set<string>(target.view.live.map(({ id }) => id));
  const common: SnapshotHeader[] = [];
  if (there.size === 0) return common;
  for await (const item of listSnapshots(source, { signal })) if ('header' in item && there.has(item.header.id)) common.push(item.header);
  return common;
}

/** Both copies of a snapshot, if it is certain that they are equal; null also when one of them cannot be opened, for then nothing is learned from it. */
async function equalCopies(
  { source, reading, target }: { readonly source: Repository; readonly reading: SnapshotSource; readonly target: Repository },
  id: SnapshotId,
  { signal, compareAll }: SyncOptions,
): Promise<EqualCopies | null> {
  if (compareAll === true) return null;
  try {
    const pair = { ours: await openRaw(reading, id, { signal }), theirs: await openRaw(target, id, { signal }) };
    return areEqual({ source, target }, pair) ? pair : null;
  } catch (error) {
    if (signal?.aborted === true || !(error instanceof KlosetError)) throw error;
    return null;
  }
}

async function copied(job: CopyJob, id: SnapshotId): Promise<SyncResult> {
  let isPublished = false;
  try {
    return await copySnapshot(job, id, () => {
      isPublished = true;
    });
  } catch (error) {
    if (error instanceof KlosetError && isAboutSnapshot(error)) return { snapshot: id, error, published: isPublished };
    throw error;
  }
}

/** One snapshot is damaged or cannot be told in the target's form: the others may be copied all the same. */
function isAboutSnapshot(error: KlosetError): boolean {
  return [DecodeError, IntegrityError, NotFoundError, TooLargeError, UnsupportedVersionError, InvalidInputError].some((kind) => error instanceof kind);
}
