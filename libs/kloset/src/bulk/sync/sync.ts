import type { SnapshotId } from '@wardrobe/kloset-model';
import { nameBytes } from '@wardrobe/kloset-model';
import { DecodeError, IntegrityError, InvalidInputError, KlosetError, NotFoundError, TooLargeError, UnsupportedVersionError } from '../../errors/errors.js';
import type { Repository } from '../../repository/types.js';
import { listSnapshots } from '../../snapshot/list.js';
import type { SnapshotHeader } from '../../snapshot/types.js';
import { compareCopies } from './compare-copies.js';
import { ContentMap } from './content-map.js';
import { copySnapshot } from './copy-snapshot.js';
import { learnPairs, nearestCommon } from './known-pairs.js';
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
 * Copies snapshots one after the other; each is visible in the target when its result comes, and was compared with the original. Contents that the target has
 * are not stored again, and those that a snapshot of both stores has are not read again. A snapshot that cannot be copied whole is a failure of its own.
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
  const known = new ContentMap();
  const common = await commonSnapshots(source, target, options);
  const learned = new Set<SnapshotId>();
  for (const { header, action } of steps) {
    if (action !== 'copy') continue;
    options.signal?.throwIfAborted();
    const base = nearestCommon(header, common);
    if (base !== null && !learned.has(base.id)) {
      learned.add(base.id);
      options.onProgress?.({ snapshot: header.id, phase: 'known', entries: 0, bytes: 0 });
      await learnPairs({ source, target }, base.id, { known, signal: options.signal });
    }
    const result = await copyAndCompare({ source, target, known, options }, header.id);
    yield result;
  }
}

async function commonSnapshots(source: Repository, target: Repository, { signal }: SyncOptions): Promise<SnapshotHeader[]> {
  const there = new Set<string>(target.view.live.map(({ id }) => id));
  const common: SnapshotHeader[] = [];
  if (there.size === 0) return common;
  for await (const item of listSnapshots(source, { signal })) if ('header' in item && there.has(item.header.id)) common.push(item.header);
  return common;
}

async function copyAndCompare(job: Parameters<typeof copySnapshot>[0], id: SnapshotId): Promise<SyncResult> {
  const { source, target, known, options } = job;
  let published = false;
  try {
    const { made, ...result } = await copySnapshot(job, id);
    published = true;
    await compareCopies({ source, target }, id, {
      known,
      readBack: made,
      compareAll: options.compareAll,
      signal: options.signal,
      onEntries: (entries) => options.onProgress?.({ snapshot: id, phase: 'compare', entries, bytes: result.readBytes }),
    });
    return result;
  } catch (error) {
    if (error instanceof KlosetError && isAboutSnapshot(error)) return { snapshot: id, error, published };
    throw error;
  }
}

/** One snapshot is damaged or cannot be told in the target's form: the others may be copied all the same. */
function isAboutSnapshot(error: KlosetError): boolean {
  return [DecodeError, IntegrityError, NotFoundError, TooLargeError, UnsupportedVersionError, InvalidInputError].some((kind) => error instanceof kind);
}
