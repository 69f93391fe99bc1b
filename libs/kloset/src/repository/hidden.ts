import type { PackfileId, SnapshotId } from '@wardrobe/kloset-model';
import type { Orphan } from './orphans.js';
import type { HiddenSnapshot, LockInfo, StateView } from './types.js';

/** A lock not rewritten for this long was left behind: holders rewrite theirs every 300 s. @source design, "hidden" */
export const FRESH_LOCK_SECONDS = 330;
const NS_PER_SECOND = 1_000_000_000;

/**
 * Snapshots whose header lies in an orphan packfile, one each, by id. One that is live or deleted in the view, or whose id names a state that cannot be
 * read (which may well bring it), is not hidden.
 */
export function hiddenSnapshots(options: {
  readonly orphans: readonly Orphan[];
  readonly view: StateView;
  readonly locks: readonly LockInfo[];
  readonly nowMs: number;
}): readonly HiddenSnapshot[] {
  const { view } = options;
  const accounted = new Set<string>([...view.live, ...view.deleted, ...view.unreadable].map((known) => known.id));
  const locks = freshLocks(options.locks, options.nowMs);
  const found = new Map<SnapshotId, { id: SnapshotId; packfile: PackfileId; packedAtNs: bigint }>();
  for (const orphan of options.orphans) {
    for (const id of orphan.snapshots) if (!accounted.has(id) && !found.has(id)) found.set(id, { id, packfile: orphan.id, packedAtNs: orphan.packedAtNs });
  }
  return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1)).map((snapshot) => ({ ...snapshot, lock: locks.get(snapshot.id) ?? null }));
}

function freshLocks(locks: readonly LockInfo[], nowMs: number): Map<string, { host: string; ageSeconds: number }> {
  const fresh = new Map<string, { host: string; ageSeconds: number }>();
  for (const lock of locks) {
    if (lock.error !== undefined) continue;
    const ageSeconds = Math.round(nowMs / 1000 - Number(lock.timestampNs / BigInt(NS_PER_SECOND)));
    if (ageSeconds < FRESH_LOCK_SECONDS) fresh.set(lock.id, { host: lock.hostname, ageSeconds });
  }
  return fresh;
}
