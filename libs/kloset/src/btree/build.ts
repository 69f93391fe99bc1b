import { type Mac, nameBytes } from '@wardrobe/kloset-model';
import { macToBytes } from '../bytes/bytes.js';
import { ByteWriter } from '../codec/byte-writer.js';
import { encode } from '../codec/codec.js';
import * as wire from '../codec/msgpack-wire.js';
import { treeNode, treeRoot } from '../format/snapshot-tree.js';
import { TREE_ORDER, type TreeShape } from './build-shape.js';

export { createTreeShape, TREE_ORDER, type TreeShape } from './build-shape.js';

/** Where nodes go; returns the MAC of what it was given. */
export type NodeSink = { put(type: number, bytes: Uint8Array): Mac };

export type PersistOptions = {
  readonly sink: NodeSink;
  readonly types: { readonly root: number; readonly node: number };
  /** What a rank stands for; the value is a MAC of 32 bytes. Views of memory that the next call writes over will do. */
  readonly keyOf: (rank: number) => Uint8Array;
  readonly valueOf: (rank: number) => Uint8Array;
  /** Awaited now and then, between nodes. */
  readonly pause?: (() => Promise<void>) | undefined;
  /** Told of every leaf when it was put. */
  readonly onLeaf?: (() => void) | undefined;
};

const NODES_PER_PAUSE = 16;
const NODE_ROOM_BYTES = 8192;
const MAC_BYTES = 32;

/**
 * Writes a tree as plakar does: from right to left and children before parents, so that each leaf knows its right neighbour; the root record comes last.
 * Returns the root record's MAC. A tree without keys is one empty leaf.
 * @source 02-snapshot 2.1, 2.2, 2.7
 */
export async function persistTree(shape: TreeShape, options: PersistOptions): Promise<Mac> {
  const state: PersistState = { shape, options, writer: new ByteWriter(NODE_ROOM_BYTES), next: null, written: 0 };
  const top = await persistNode(state, shape.root);
  return options.sink.put(options.types.root, encode(treeRoot, { Version: 0, Order: TREE_ORDER, Count: 0, Root: top }));
}

type PersistState = { readonly shape: TreeShape; readonly options: PersistOptions; readonly writer: ByteWriter; next: Mac | null; written: number };

async function persistNode(state: PersistState, node: number): Promise<Mac> {
  state.written += 1;
  if (state.written % NODES_PER_PAUSE === 0) await state.options.pause?.();
  if (state.shape.isLeaf(node)) return putLeaf(state, node);
  const children = state.shape.childrenOf(node);
  const pointers = new Array<Mac>(children.length);
  for (let at = children.length - 1; at >= 0; at--) pointers[at] = await persistNode(state, children[at] as number);
  const keys = Array.from(state.shape.keysOf(node), (rank) => Uint8Array.from(state.options.keyOf(rank)));
  const { sink, types } = state.options;
  return sink.put(types.node, encode(treeNode, { version: 0, keys, pointers, values: null, prev: null, next: null }));
}

function putLeaf(state: PersistState, node: number): Mac {
  const { sink, types, onLeaf } = state.options;
  const ranks = state.shape.keysOf(node);
  const bytes =
    ranks.length === 0 ? encode(treeNode, { version: 0, keys: null, pointers: null, values: null, prev: null, next: null }) : leafBytes(state, ranks);
  state.next = sink.put(types.node, bytes);
  onLeaf?.();
  return state.next;
}

/** The same bytes as by the table of `treeNode`, without an object and a text for each value: a tree has as many values as a snapshot has entries. */
function leafBytes({ options, writer, next }: PersistState, ranks: Uint32Array): Uint8Array {
  writer.clear();
  wire.writeMapHead(writer, next === null ? 4 : 5);
  wire.writeStr(writer, KEYS.version);
  wire.writeU32(writer, 0);
  wire.writeStr(writer, KEYS.keys);
  wire.writeListHead(writer, ranks.length);
  for (const rank of ranks) wire.writeStr(writer, options.keyOf(rank));
  wire.writeStr(writer, KEYS.pointers);
  writer.u8(wire.NIL);
  wire.writeStr(writer, KEYS.values);
  wire.writeListHead(writer, ranks.length);
  for (const rank of ranks) {
    const mac = options.valueOf(rank);
    if (mac.length !== MAC_BYTES) throw new TypeError(`${mac.length} bytes are no MAC`);
    wire.writeBin(writer, mac);
  }
  if (next !== null) {
    wire.writeStr(writer, KEYS.next);
    wire.writeBin(writer, macToBytes(next));
  }
  return writer.finish();
}

const KEYS = {
  version: nameBytes('version'),
  keys: nameBytes('keys'),
  pointers: nameBytes('pointers'),
  values: nameBytes('values'),
  next: nameBytes('next'),
};
