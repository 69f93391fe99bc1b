import { blake3Hash } from '@wardrobe/kernel';
import { type Mac, nameBytes } from '@wardrobe/kloset-model';
import { seededRandom } from '@wardrobe/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { macFromBytes, macToBytes } from '../bytes/bytes.js';
import { decode, encode } from '../codec/codec.js';
import { treeNode, treeRoot } from '../format/snapshot-tree.js';
import { createTreeShape, persistTree } from './build.js';
import { scanItems } from './scan.js';
import { BYTES_ORDER, findKey, type TreeNode } from './tree.js';

const keyOf = (rank: number): Uint8Array => nameBytes(`/${String(rank).padStart(8, '0')}`);
const macOf = (rank: number): Mac => macFromBytes(blake3Hash(keyOf(rank)));

function memory() {
  const blobs = new Map<Mac, Uint8Array>();
  return {
    blobs,
    put(_type: number, bytes: Uint8Array): Mac {
      const id = macFromBytes(blake3Hash(bytes));
      blobs.set(id, bytes);
      return id;
    },
  };
}

type Naive = { keys: number[]; children: Naive[] | null };

/** The rule of the specification, word for word, on plain objects. */
function naiveTree(ranks: readonly number[]): Naive {
  let root: Naive = { keys: [], children: null };
  const cut = (n: number): number => Math.max(1, Math.floor((n + 1) / 2) - 1);
  function insert(node: Naive, rank: number): { separator: number; right: Naive } | null {
    const above = node.keys.findIndex((key) => key > rank);
    const at = above < 0 ? node.keys.length : above;
    if (node.children === null) {
      if (node.keys.includes(rank)) return null;
      node.keys.splice(at, 0, rank);
      if (node.keys.length < 50) return null;
      const right = { keys: node.keys.splice(cut(50)), children: null };
      return { separator: right.keys[0] as number, right };
    }
    const split = insert(node.children[at] as Naive, rank);
    if (split === null) return null;
    node.keys.splice(at, 0, split.separator);
    node.children.splice(at + 1, 0, split.right);
    if (node.keys.length < 50) return null;
    const middle = cut(50);
    const right = { keys: node.keys.splice(middle), children: node.children.splice(middle + 1) };
    return { separator: right.keys.shift() as number, right };
  }
  for (const rank of ranks) {
    const split = insert(root, rank);
    if (split !== null) root = { keys: [split.separator], children: [root, split.right] };
  }
  return root;
}

function naiveRoot(ranks: readonly number[], put: (type: number, bytes: Uint8Array) => Mac): Mac {
  let next: Mac | null = null;
  function write(node: Naive): Mac {
    const common = { version: 0, keys: node.keys.length === 0 ? null : node.keys.map(keyOf), prev: null };
    if (node.children !== null) {
      const pointers: Mac[] = [];
      for (const child of [...node.children].reverse()) pointers.unshift(write(child));
      return put(20, encode(treeNode, { ...common, pointers, values: null, next: null }));
    }
    next = put(20, encode(treeNode, { ...common, pointers: null, values: node.keys.length === 0 ? null : node.keys.map(macOf), next }));
    return next;
  }
  return put(19, encode(treeRoot, { Version: 0, Order: 50, Count: 0, Root: write(naiveTree(ranks)) }));
}

async function build(ranks: Iterable<number>) {
  const sink = memory();
  const shape = createTreeShape();
  for (const rank of ranks) shape.insert(rank);
  const root = await persistTree(shape, { sink, types: { root: 19, node: 20 }, keyOf, valueOf: (rank) => macToBytes(macOf(rank)) });
  return { sink, shape, root };
}

describe('a tree that is built', () => {
  it('is byte for byte the one of inserting one key after the other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 4000 }), fc.nat(), fc.constantFrom('up', 'down', 'mixed', 'doubled'), async (count, seed, way) => {
        const random = seededRandom(seed);
        const up = Array.from({ length: count }, (_, rank) => rank);
        const ranks = { up, down: [...up].reverse(), mixed: random.shuffle(up), doubled: up.map(() => random.below(count)) }[way];
        const naive = memory();
        const expected = naiveRoot(ranks, naive.put);
        const { root, sink } = await build(ranks);
        expect(root).toBe(expected);
        expect([...sink.blobs.keys()].sort()).toEqual([...naive.blobs.keys()].sort());
      }),
      { numRuns: 40 },
    );
  });

  it('without keys is one leaf of 38 bytes below a root of 67', async () => {
    const { sink, root } = await build([]);
    expect([...sink.blobs.values()].map((bytes) => bytes.length)).toEqual([38, 67]);
    expect(decode(treeRoot, sink.blobs.get(root) as Uint8Array)).toMatchObject({ Order: 50, Count: 0 });
  });

  it('of 100,000 keys holds each of them, in order and by lookup', async () => {
    const { sink, root, shape } = await build(seededRandom(4).shuffle(Array.from({ length: 100_000 }, (_, rank) => rank)));
    expect(shape.size).toBe(100_000);
    const nodes = {
      async get(id: Mac): Promise<TreeNode> {
        const node = decode(treeNode, sink.blobs.get(id) as Uint8Array);
        return { keys: node.keys ?? [], pointers: node.pointers ?? [], values: node.values ?? [] };
      },
    };
    const tree = { root: decode(treeRoot, sink.blobs.get(root) as Uint8Array).Root, nodes, order: BYTES_ORDER, what: 'test' };
    let rank = 0;
    for await (const item of scanItems(tree)) {
      if (Buffer.compare(item.key, keyOf(rank)) !== 0 || item.value !== macOf(rank)) throw new Error(`key ${rank} is wrong`);
      rank += 1;
    }
    expect(rank).toBe(100_000);
    for (const probe of [0, 24, 49_999, 99_999]) expect(await findKey(tree, keyOf(probe))).toBe(macOf(probe));
    expect(await findKey(tree, nameBytes('/no'))).toBeNull();
  });

  it('says which keys were there before', () => {
    const shape = createTreeShape();
    expect([3, 1, 3, 2, 1].map((rank) => shape.insert(rank))).toEqual([true, true, false, true, false]);
    expect(shape.size).toBe(3);
  });
});
