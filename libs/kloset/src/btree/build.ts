import type { Mac } from '@wardrobe/kloset-model';
import { encode } from '../codec/codec.js';
import { treeNode, treeRoot } from '../format/snapshot-tree.js';
import { TREE_ORDER, type TreeShape } from './build-shape.js';

export { createTreeShape, TREE_ORDER, type TreeShape } from './build-shape.js';

/** Where nodes go; returns the MAC of what it was given. */
export type NodeSink = { put(type: number, bytes: Uint8Array): Mac };

export type PersistOptions = {
  readonly sink: NodeSink;
  readonly types: { readonly root: number; readonly node: number };
  /** What a rank stands for. */
  readonly keyOf: (rank: number) => Uint8Array;
  readonly valueOf: (rank: number) => Mac;
  /** Awaited now and then, between nodes. */
  readonly pause?: (() => Promise<void>) | undefined;
  /** Told of every leaf when it was put. */
  readonly onLeaf?: (() => void) | undefined;
};

const NODES_PER_PAUSE = 16;

/**
 * Writes a tree as plakar does: from right to left and children before parents, so that each leaf knows its right neighbour; the root record comes last.
 * Returns the root record's MAC. A tree without keys is one empty leaf.
 * @source 02-snapshot 2.1, 2.2, 2.7
 */
export async function persistTree(shape: TreeShape, options: PersistOptions): Promise<Mac> {
  const state: PersistState = { shape, options, next: null, written: 0 };
  const top = await persistNode(state, shape.root);
  return options.sink.put(options.types.root, encode(treeRoot, { Version: 0, Order: TREE_ORDER, Count: 0, Root: top }));
}

type PersistState = { readonly shape: TreeShape; readonly options: PersistOptions; next: Mac | null; written: number };

async function persistNode(state: PersistState, node: number): Promise<Mac> {
  if (state.shape.isLeaf(node)) return putLeaf(state, node);
  const children = state.shape.childrenOf(node);
  const pointers = new Array<Mac>(children.length);
  for (let at = children.length - 1; at >= 0; at--) pointers[at] = await persistNode(state, children[at] as number);
  const keys = Array.from(state.shape.keysOf(node), state.options.keyOf);
  return putNode(state, { keys, pointers, values: null, next: null });
}

async function putLeaf(state: PersistState, node: number): Promise<Mac> {
  const ranks = state.shape.keysOf(node);
  const isEmpty = ranks.length === 0;
  const keys = isEmpty ? null : Array.from(ranks, state.options.keyOf);
  const values = isEmpty ? null : Array.from(ranks, state.options.valueOf);
  const mac = await putNode(state, { keys, pointers: null, values, next: state.next });
  state.next = mac;
  state.options.onLeaf?.();
  return mac;
}

async function putNode(
  state: PersistState,
  node: { readonly keys: Uint8Array[] | null; readonly pointers: Mac[] | null; readonly values: Mac[] | null; readonly next: Mac | null },
): Promise<Mac> {
  const { sink, types, pause } = state.options;
  const mac = sink.put(types.node, encode(treeNode, { version: 0, ...node, prev: null }));
  state.written += 1;
  if (state.written % NODES_PER_PAUSE === 0) await pause?.();
  return mac;
}
