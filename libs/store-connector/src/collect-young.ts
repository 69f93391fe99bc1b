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

function exposed(): NonNullable<typeof collect> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as NonNullable<typeof collect>;
  setFlagsFromString('--no-expose-gc');
  return gc;
}
