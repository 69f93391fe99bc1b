/** All keys that begin with `prefix`: from it until `next`, exclusive. Latin-1 strings, whose order is byte order. */
export type KeyRange = { readonly prefix: string; readonly next: string };

export function keyRange(prefix: string): KeyRange {
  const last = prefix.charCodeAt(prefix.length - 1);
  return { prefix, next: prefix.slice(0, -1) + String.fromCharCode(last + 1) };
}

/**
 * Whether a block may hold a wanted key. All its keys are above `previous` (separator of the block before, empty at first)
 * and at most `separator`. Without ranges every block is wanted. @source 03 A6, reading only what is needed
 */
export function isBlockWanted(ranges: readonly KeyRange[] | null, previous: string, separator: string): boolean {
  return ranges === null || ranges.some((range) => previous < range.next && separator >= range.prefix);
}
