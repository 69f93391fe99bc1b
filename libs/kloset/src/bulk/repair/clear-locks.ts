import type { Mac } from '@wardrobe/kloset-model';
import { NotFoundError } from '../../errors/errors.js';
import { isFresh } from '../../repository/hold-lock.js';
import type { LockInfo, Repository } from '../../repository/types.js';
import { writableStore } from '../../repository/writer.js';

export type ClearLocksOptions = {
  readonly nowMs: number;
  /** Only these; default: all. */
  readonly ids?: readonly Mac[] | undefined;
  /** Also locks that are fresh, or that cannot be read. */
  readonly force?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
};
export type ClearedLocks = {
  readonly removed: readonly LockInfo[] /** Fresh, or unreadable: somebody may hold the store. */;
  readonly kept: readonly LockInfo[];
};

/** Removes locks that were left behind: not renewed for ten minutes. @throws ReadOnlyError, StoreError */
export async function clearLocks(repository: Repository, options: ClearLocksOptions): Promise<ClearedLocks> {
  const store = writableStore(repository.store);
  const removed: LockInfo[] = [];
  const kept: LockInfo[] = [];
  for (const lock of await repository.locks({ signal: options.signal })) {
    if (options.ids !== undefined && !options.ids.includes(lock.id)) continue;
    if (options.force !== true && isFresh(lock, options.nowMs)) {
      kept.push(lock);
      continue;
    }
    try {
      await store.remove('lock', lock.id, { signal: options.signal });
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
    }
    removed.push(lock);
  }
  return { removed, kept };
}
