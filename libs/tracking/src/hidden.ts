import type { RemoteView } from './types.js';

/** A snapshot header found in a packfile that no state names. */
export type OrphanSnapshot = { readonly id: string; readonly packfile: string; readonly packedAtMs: number };
export type Lock = { readonly id: string; readonly host: string; readonly writtenAtMs: number };
export type Hidden = RemoteView['hidden'][number];

/** Both plakar lines often leave their lock behind: one not rewritten for 5 min 30 s counts as left behind. */
export const FRESH_LOCK_MS = 330_000;

/**
 * Hidden snapshots: evidence of a lost state without any agent. A snapshot that is live or deleted, or whose id names a damaged state, is never hidden.
 * A fresh lock that bears the snapshot's id is told with it ("a backup may be running").
 * @source design, "hidden"
 */
export function hiddenSnapshots(
  orphans: readonly OrphanSnapshot[],
  remote: Pick<RemoteView, 'live' | 'deleted' | 'unreadable' | 'tombstoned'>,
  { locks, nowMs }: { readonly locks: readonly Lock[]; readonly nowMs: number },
): readonly Hidden[] {
  const lockOf = new Map(locks.map((lock) => [lock.id, lock]));
  const found = new Map<string, Hidden>();
  for (const orphan of orphans) {
    if (remote.live.has(orphan.id) || remote.deleted.has(orphan.id) || remote.unreadable.has(orphan.id) || remote.tombstoned.has(orphan.packfile)) continue;
    if (found.has(orphan.id)) continue;
    const lock = lockOf.get(orphan.id);
    const ageMs = lock ? nowMs - lock.writtenAtMs : Number.POSITIVE_INFINITY;
    found.set(orphan.id, { ...orphan, lock: lock && ageMs < FRESH_LOCK_MS ? { host: lock.host, ageSeconds: Math.max(0, Math.round(ageMs / 1000)) } : null });
  }
  return [...found.values()].sort((a, b) => a.packedAtMs - b.packedAtMs || (a.id < b.id ? -1 : 1));
}
