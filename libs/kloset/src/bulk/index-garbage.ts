const LARGE_INDEX_BYTES = 1 << 20;
const FEW_BYTES = 4 << 20;
const MANY_BYTES = 16 << 20;

/**
 * How much may lie about before it is collected, where packfiles are proven: what one leaves behind is mostly its index, several MB in a store of tiny files, which
 * may be a large store. With small indexes a collection costs more than it brings: a tenth of a check's processor time with a quarter of that.
 */
export function indexGarbageBytes(indexBytes: number): number {
  return indexBytes < LARGE_INDEX_BYTES ? MANY_BYTES : FEW_BYTES;
}
