/** Numbers of the blob types that make up snapshots. @source 02-snapshot 0.1 */
export const SNAPSHOT_BLOB = {
  header: 5,
  signature: 6,
  object: 7,
  chunk: 9,
  vfsRoot: 10,
  vfsNode: 11,
  vfsEntry: 12,
  errorRoot: 13,
  errorNode: 14,
  errorEntry: 15,
  xattrRoot: 16,
  xattrNode: 17,
  xattrEntry: 18,
  indexRoot: 19,
  indexNode: 20,
  summary: 21,
} as const;

/** The type's name as plakar prints it. */
export function blobTypeName(type: number): string {
  return NAMES.get(type) ?? `blob type ${type}`;
}

const NAMES: ReadonlyMap<number, string> = new Map([
  [5, 'snapshot'],
  [6, 'signature'],
  [7, 'object'],
  [9, 'chunk'],
  [10, 'vfs-btree'],
  [11, 'vfs-node'],
  [12, 'vfs-entry'],
  [13, 'error-btree'],
  [14, 'error-node'],
  [15, 'error-entry'],
  [16, 'xattr-btree'],
  [17, 'xattr-node'],
  [18, 'xattr-entry'],
  [19, 'btree-root'],
  [20, 'btree-node'],
  [21, 'vfs-summary'],
]);
