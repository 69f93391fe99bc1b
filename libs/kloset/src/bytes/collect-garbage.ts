import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Gives large memory that is not used any more back at once, and not when the collector comes by some time. For moments after which much is needed again. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  collect();
}
