import { about } from '../codec/codec.js';
import * as mp from '../codec/msgpack.js';
import { map } from '../codec/msgpack-map.js';

/** Versions inside tree records are 0, although the blobs that hold them have version 1.0.0. */
const TREE_VERSION = 0;

/** Root of a B+tree; 67 bytes. @see docs/format, plakar: kloset/btree. @source 02-snapshot 2.1 */
export const treeRoot = about(
  map('tree-root', {
    Version: mp.version('tree root', TREE_VERSION),
    Order: mp.int,
    /** Never maintained: always 0. */
    Count: mp.int,
    Root: mp.mac,
  }),
  'Root record of every B+tree: names the topmost node.',
);

/** Node of a B+tree; a leaf when it has no pointers. Nil lists and empty ones are told apart. @source 02-snapshot 2.2 */
export const treeNode = about(
  map('tree-node', {
    version: mp.version('tree node', TREE_VERSION),
    keys: mp.nilable(mp.list(mp.str)),
    pointers: mp.nilable(mp.list(mp.mac)),
    values: mp.nilable(mp.list(mp.mac)),
    prev: mp.optional(mp.mac),
    next: mp.optional(mp.mac),
  }),
  'Node of a B+tree: n keys with n values in a leaf, with n+1 child pointers elsewhere; `next` names the leaf to the right.',
);
