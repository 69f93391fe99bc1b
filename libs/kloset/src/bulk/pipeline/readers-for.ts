import { availableParallelism } from 'node:os';
import { kernelModule } from '@wardrobe/kernel';
import type { Repository } from '../../repository/types.js';
import type { EarlyThreads } from './early-threads.js';
import { Readers } from './readers.js';
import { hasWorkerFile } from './worker-file.js';

/**
 * Threads that read and prove a repository's packfiles by themselves, for several pieces of work one after the other; they start at the first question, and need
 * `close`. `early`: threads that were started before. Null where packfiles are no local files, or threads cannot be started.
 */
export async function readersFor(
  { store, secret }: Pick<Repository, 'store' | 'secret'>,
  { threads = availableParallelism(), early }: { readonly threads?: number | undefined; readonly early?: EarlyThreads | undefined } = {},
): Promise<Readers | null> {
  if (store.localPath === undefined || !hasWorkerFile()) return null;
  return new Readers(threads, { role: 'read', module: kernelModule(), config: await store.readConfig(), secret }, early);
}
