import { garbageWatch } from '../bytes/garbage-watch.js';

const LARGE_INDEX_BYTES = 1 << 20;
const FEW_BYTES = 4 << 20;
const MANY_BYTES = 16 << 20;

/**
 * `garbageWatch` where packfiles are proven, to be told the length of each one's index: what one leaves behind is mostly its index, several MB in a store of tiny files, which
 * may be a large store. With small indexes a collection costs more than it brings: a tenth of a check's processor time with a quarter of that.
 */
export function indexGarbageWatch(): (indexBytes: number) => void {
  let last = 0;
  const giveUp = garbageWatch(() => (last < LARGE_INDEX_BYTES ? MANY_BYTES : FEW_BYTES));
  return (indexBytes) => {
    last = indexBytes;
    giveUp();
  };
}
