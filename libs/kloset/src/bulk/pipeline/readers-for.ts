import { availableParallelism } from 'node:os';
import { kernelModule } from '@wardrobe/kernel';
import type { Repository } from '../../repository/types.js';
import type { EarlyThreads } from './early-threads.js';
import { GARBAGE_BYTES } from './protocol.js';
import type { Threadable } from './place-of.js';
import { Readers } from './readers.js';
import { hasWorkerFile } from './worker-file.js';

/** In a store of more blobs its index takes most of the memory that there is: its threads collect sooner, and less is held beside it. */
export const LARGE_STORE_BLOBS = 1_000_000;

/**
 * Threads that read and prove a repository's packfiles by themselves, for several pieces of work one after the other; they start at the first question, and need
 * `close`. `early`: threads that were started before. Null where packfiles are no local files, or threads cannot be started.
 */
export async function readersFor(
  { store, secret, view }: Pick<Threadable, 'store' | 'secret' | 'view'>,
  { threads = availableParallelism(), early }: { readonly threads?: number | undefined; readonly early?: EarlyThreads | undefined } = {},
): Promise<Readers | null> {
  if (store.localPath === undefined || !hasWorkerFile()) return null;
  const isLarge = 'counts' in view && view.counts.locations > LARGE_STORE_BLOBS;
  const garbageBytes = isLarge ? GARBAGE_BYTES / 2 : GARBAGE_BYTES;
  return new Readers(threads, { role: 'read', module: kernelModule(), config: await store.readConfig(), secret, garbageBytes }, early);
}

/**
 * The same where packfiles come over a line, for files made of bytes that are read here: one thread, which makes more than a line brings. Null also for a store
 * of this machine that has no files.
 */
export function lineReadersFor({ store, keys }: Pick<Repository, 'store' | 'keys'>): Readers | null {
  if (store.line === undefined || store.localPath !== undefined || !hasWorkerFile()) return null;
  const { configFile: config, secret } = keys;
  return new Readers(1, { role: 'read', module: kernelModule(), config, secret, garbageBytes: GARBAGE_BYTES });
}
