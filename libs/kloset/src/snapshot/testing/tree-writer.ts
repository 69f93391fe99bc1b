import type { Mac } from '@wardrobe/kloset-model';
import type { KeyOrder } from '../../btree/tree.js';
import { encode } from '../../codec/codec.js';
import { treeNode, treeRoot } from '../../format/snapshot-tree.js';

/** Where a builder's blobs go: memory, or packfiles. */
export type BlobSink = { put(type: number, bytes: Uint8Array, id?: Mac): Mac; mac(bytes: Uint8Array): Mac };

type Level = { readonly first: Uint8Array; readonly id: Mac }[];

const KEYS_PER_NODE = 24;

/** Writes a valid tree of sorted items and its root; returns the root record's MAC. Nodes are half full, as plakar's are after ascending insertion. */
export function writeTree(
  sink: BlobSink,
  types: { readonly root: number; readonly node: number; readonly order: KeyOrder },
  items: readonly { readonly key: Uint8Array; readonly value: Mac }[],
): Mac {
  const sorted = [...items].sort((a, b) => types.order(a.key, b.key));
  let level = writeLeaves(sink, types.node, sorted);
  while (level.length > 1) level = writeInner(sink, types.node, level);
  return sink.put(types.root, encode(treeRoot, { Version: 0, Order: 50, Count: 0, Root: (level[0] as Level[number]).id }));
}

/** From right to left: each leaf names its right neighbour. */
function writeLeaves(sink: BlobSink, type: number, items: readonly { readonly key: Uint8Array; readonly value: Mac }[]): Level {
  if (items.length === 0)
    return [
      { first: new Uint8Array(0), id: sink.put(type, encode(treeNode, { version: 0, keys: null, pointers: null, values: null, prev: null, next: null })) },
    ];
  const level: Level = [];
  let next: Mac | null = null;
  for (let start = Math.floor((items.length - 1) / KEYS_PER_NODE) * KEYS_PER_NODE; start >= 0; start -= KEYS_PER_NODE) {
    const part = items.slice(start, start + KEYS_PER_NODE);
    next = sink.put(
      type,
      encode(treeNode, { version: 0, keys: part.map((item) => item.key), pointers: null, values: part.map((item) => item.value), prev: null, next }),
    );
    level.push({ first: (part[0] as (typeof part)[number]).key, id: next });
  }
  return level.reverse();
}

function writeInner(sink: BlobSink, type: number, children: Level): Level {
  const level: Level = [];
  // One child alone would be a node without keys: the last group takes it in.
  const groups = Math.max(1, Math.floor(children.length / KEYS_PER_NODE));
  for (let group = 0; group < groups; group++) {
    const part = children.slice(group * KEYS_PER_NODE, group === groups - 1 ? undefined : (group + 1) * KEYS_PER_NODE);
    const id = sink.put(
      type,
      encode(treeNode, {
        version: 0,
        keys: part.slice(1).map((child) => child.first),
        pointers: part.map((child) => child.id),
        values: null,
        prev: null,
        next: null,
      }),
    );
    level.push({ first: (part[0] as Level[number]).first, id });
  }
  return level;
}
