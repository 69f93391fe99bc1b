import { DecodeError, IntegrityError } from '../errors/errors.js';
import type { ReadOptions, Store } from '../store/store.js';

/**
 * Runs `work`; where its bytes came over a line and are not what they should be, once more with bytes that are fetched anew. What is wrong twice is
 * damage of the data, what is right the second time was the line. A store on a disk of this machine is read once.
 */
export async function readAgainIfWrong<T>(store: Store, options: ReadOptions, work: (options: ReadOptions) => Promise<T>): Promise<T> {
  try {
    return await work(options);
  } catch (error) {
    if (!mayBeTheLine(store, error)) throw error;
    options.signal?.throwIfAborted();
    return work({ ...options, fresh: true });
  }
}

/** Whether what failed may be bytes that a line changed. */
export function mayBeTheLine(store: Store, error: unknown): boolean {
  return store.localPath === undefined && (error instanceof IntegrityError || error instanceof DecodeError);
}
