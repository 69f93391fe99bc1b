import type { Mac } from '@wardrobe/kloset-model';
import { decode } from '../codec/codec.js';
import { KlosetError, NotFoundError } from '../errors/errors.js';
import { openEnvelope } from '../format/envelope.js';
import { lock as lockTable } from '../format/lock.js';
import type { ListedItem, ReadOptions } from '../store/store.js';
import type { Keys } from './keys.js';
import { LOCK_LIMIT_BYTES, PARALLEL_READS } from './limits.js';
import { parallel } from './parallel.js';
import { readItem } from './read-item.js';
import type { LockInfo } from './types.js';

/** All locks, newest first. One that cannot be read bears its error; one that vanished meanwhile is left out. @source 01-store 6.4 */
export async function readLocks(keys: Keys, options: ReadOptions): Promise<readonly LockInfo[]> {
  return (await readLocksBeside(null, keys, options)).locks;
}

/** The same without a lock of ours, which needs no reading; `isListed`: whether the store shows ours. */
export async function readLocksBeside(
  own: Mac | null,
  keys: Keys,
  options: ReadOptions,
): Promise<{ readonly locks: readonly LockInfo[]; readonly isListed: boolean }> {
  const items: ListedItem[] = [];
  let isListed = false;
  for await (const item of keys.store.list('lock', options)) {
    if (item.id === own) isListed = true;
    else items.push(item);
  }
  const locks: LockInfo[] = [];
  for await (const lock of parallel(items, PARALLEL_READS, (item) => readLock(keys, item, options))) if (lock !== null) locks.push(lock);
  locks.sort((a, b) => (a.timestampNs === b.timestampNs ? (a.id < b.id ? -1 : 1) : a.timestampNs > b.timestampNs ? -1 : 1));
  return { locks, isListed };
}

async function readLock(keys: Keys, item: ListedItem, options: ReadOptions): Promise<LockInfo | null> {
  const { id } = item;
  try {
    const file = await readItem(keys.store, { kind: 'lock', id, sizeBytes: item.sizeBytes, limitBytes: LOCK_LIMIT_BYTES }, options);
    const place = { kind: 'lock', file: id };
    const opened = openEnvelope('lock', file, { hash: (bytes) => keys.algorithm.hash(bytes), place });
    const lock = decode(lockTable, keys.decodeUnit(opened.body, LOCK_LIMIT_BYTES), place);
    return { id, hostname: lock.hostname, exclusive: lock.exclusive, timestampNs: lock.timestamp };
  } catch (error) {
    if (options.signal?.aborted === true || !(error instanceof KlosetError)) throw error;
    if (error instanceof NotFoundError) return null;
    return { id, hostname: '', exclusive: false, timestampNs: 0n, error };
  }
}
