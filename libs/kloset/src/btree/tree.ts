import { comparePathOrder, type Mac } from '@wardrobe/kloset-model';
import { compareBytes } from '../bytes/bytes.js';
import { IntegrityError } from '../errors/errors.js';

/** Order of the keys of one tree: negative, 0 or positive. @source 02-snapshot 2.3 */
export type KeyOrder = (a: Uint8Array, b: Uint8Array) => number;

/** Plain comparison of raw bytes. */
export const BYTES_ORDER: KeyOrder = compareBytes;
/** Number of slashes first, then bytes. */
export const PATH_ORDER: KeyOrder = comparePathOrder;

/** One node: a leaf holds `values` beside its keys, an inner node one pointer more than keys. Nil lists arrive here as empty ones. */
export type TreeNode = { readonly keys: readonly Uint8Array[]; readonly pointers: readonly Mac[]; readonly values: readonly Mac[] };

export type ReadNodeOptions = { readonly signal?: AbortSignal | undefined };

/** Where nodes come from. The source has compared each node's MAC with its bytes. */
export interface NodeSource {
  get(id: Mac, options?: ReadNodeOptions): Promise<TreeNode>;
}

/** A tree as its root record names it. `order` null: the writer's order is not to be relied on, so only full scans are possible. */
export type Tree = { readonly root: Mac; readonly nodes: NodeSource; readonly order: KeyOrder | null; readonly what: string };

/** Levels that any honest tree stays far below: 50 keys a node give 25^12 entries in a dozen. */
export const MAX_DEPTH = 48;

export function isLeaf(node: TreeNode): boolean {
  return node.pointers.length === 0;
}

/** @throws IntegrityError the node cannot be part of a tree: lists that do not match, keys out of order, too deep */
export function checkNode(tree: Tree, node: TreeNode, place: { readonly id: Mac; readonly depth: number }): void {
  const fail = (detail: string): never => {
    throw new IntegrityError(`${tree.what} node ${place.id}`, detail, { kind: tree.what });
  };
  if (place.depth > MAX_DEPTH) fail(`lies deeper than ${MAX_DEPTH} levels`);
  if (isLeaf(node)) {
    if (node.values.length !== node.keys.length) fail(`${node.keys.length} keys and ${node.values.length} values`);
    if (node.keys.length === 0 && place.depth > 0) fail('an empty leaf below the root');
  } else if (node.pointers.length !== node.keys.length + 1) fail(`${node.keys.length} keys and ${node.pointers.length} pointers`);
  if (tree.order === null) return;
  for (let i = 1; i < node.keys.length; i++) if (tree.order(node.keys[i - 1] as Uint8Array, node.keys[i] as Uint8Array) >= 0) fail('keys are out of order');
}

/** Index of the first key greater than `key` (`after` true), or of the first not smaller. */
export function lowerIndex(keys: readonly Uint8Array[], key: Uint8Array, options: { readonly order: KeyOrder; readonly after: boolean }): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const compared = options.order(keys[middle] as Uint8Array, key);
    if (compared < 0 || (options.after && compared === 0)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Value of one key, or null when the tree does not hold it; reads one node a level.
 * @throws IntegrityError the tree is malformed; whatever the source throws for a node
 * @source 02-snapshot 2.2
 */
export async function findKey(tree: Tree, key: Uint8Array, options: ReadNodeOptions = {}): Promise<Mac | null> {
  const { order } = tree;
  if (order === null) throw new TypeError(`${tree.what} can only be scanned`);
  let id = tree.root;
  for (let depth = 0; ; depth++) {
    options.signal?.throwIfAborted();
    const node = await tree.nodes.get(id, options);
    checkNode(tree, node, { id, depth });
    if (!isLeaf(node)) {
      id = node.pointers[lowerIndex(node.keys, key, { order, after: true })] as Mac;
      continue;
    }
    const at = lowerIndex(node.keys, key, { order, after: false });
    const found = node.keys[at];
    return found !== undefined && order(found, key) === 0 ? (node.values[at] as Mac) : null;
  }
}
