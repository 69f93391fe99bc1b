import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collector: ((options?: { readonly type: 'minor' }) => void) | null = null;

/** Gives large memory that is not used any more back at once, and not when the collector comes by some time. For moments after which much is needed again. */
export function collectGarbage(): void {
  collector ??= exposedCollector();
  collector();
}

/**
 * Gives back the memory of buffers that were used once, as client libraries make them for each request. They lie outside of the heap, so that the collector comes by
 * only after some 32 MiB of them; called after every few MiB it takes about a millisecond.
 */
export function collectYoung(): void {
  collector ??= exposedCollector();
  collector({ type: 'minor' });
}

/** The flag stays: it is one for all threads, and another may be asking at this moment. */
function exposedCollector(): NonNullable<typeof collector> {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as NonNullable<typeof collector>;
}
