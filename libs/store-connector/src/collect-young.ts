import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: ((options: { readonly type: 'minor' }) => void) | null = null;

/**
 * Gives back the memory of buffers that were used once, as client libraries make them for each request. They lie outside of the heap, so that the collector comes by
 * only after some 32 MiB of them; called after every few MiB it takes about a millisecond.
 */
export function collectYoung(): void {
  collect ??= exposed();
  collect({ type: 'minor' });
}

/** The flag stays: it is one for all threads, and another may be asking at this moment. */
function exposed(): NonNullable<typeof collect> {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as NonNullable<typeof collect>;
}
