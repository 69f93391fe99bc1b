import { type Mac, nameBytes } from '@wardrobe/kloset-model';
import { describe, expect, it } from 'vitest';
import { scanTree } from '../btree/scan.js';
import { BYTES_ORDER, type Tree } from '../btree/tree.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import type { BlobSource } from '../repository/types.js';
import { blobNodes, openTree } from '../snapshot/source.js';
import { type MemorySource, memorySource, writeTree } from '../snapshot/testing/index.js';
import { scannedAhead } from './check-ahead.js';

const TYPE = SNAPSHOT_BLOB.indexNode;
const ITEMS = 24 * 24 * 7 + 5;

async function someTree(): Promise<{ readonly source: MemorySource; readonly tree: Tree }> {
  const source = memorySource(new Uint8Array(32));
  const items = Array.from({ length: ITEMS }, (_, item) => {
    const key = nameBytes(`/item ${item.toString().padStart(6, '0')}`);
    return { key, value: source.mac(key) };
  });
  const id = writeTree(source, { root: SNAPSHOT_BLOB.indexRoot, node: TYPE, order: BYTES_ORDER }, items);
  return { source, tree: await openTree(source, { rootType: SNAPSHOT_BLOB.indexRoot, nodeType: TYPE, id, order: BYTES_ORDER }) };
}

type Counted = { readonly source: BlobSource; readonly asked: Mac[]; alone: number; underWay: number };

/** Notes what is asked for. */
function counted(source: BlobSource): Counted {
  const counts: Counted = {
    asked: [],
    alone: 0,
    underWay: 0,
    source: {
      get(type, id, options) {
        counts.alone += 1;
        counts.asked.push(id);
        return source.get(type, id, options);
      },
      async *getMany(type, ids, options) {
        counts.asked.push(...ids);
        counts.underWay += 1;
        try {
          for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve));
          yield* source.getMany(type, ids, options);
        } finally {
          counts.underWay -= 1;
        }
      },
      has: (type, id) => source.has(type, id),
    },
  };
  return counts;
}

async function scanned(tree: Tree): Promise<string[]> {
  const found: string[] = [];
  for await (const item of scanTree(tree)) found.push('error' in item ? `gap ${item.node}` : `${Buffer.from(item.key)} ${item.value}`);
  return found;
}

describe('a tree that is scanned with its nodes read ahead', () => {
  it.each([4, 64, 192])('has the same items, each node is asked for once and only the root by itself; %i ahead', async (ahead) => {
    const { source, tree } = await someTree();
    const counts = counted(source);
    const nodes = scannedAhead(tree, counts.source, { type: TYPE, ahead });
    const found = await scanned(nodes);
    expect(found.length).toBe(ITEMS);
    expect(found).toEqual(await scanned(tree));
    expect(counts.alone).toBe(1);
    expect(new Set(counts.asked).size).toBe(counts.asked.length);
  });

  it('has the same gaps where nodes cannot be read', async () => {
    const { source, tree } = await someTree();
    const root = await tree.nodes.get(tree.root);
    const inner = await tree.nodes.get(root.pointers[2] as Mac);
    const lost = new Set([root.pointers[1], inner.pointers[0], inner.pointers.at(-1)].map((id) => id as Mac));
    const lossy: BlobSource = {
      get: (type, id, options) => source.get(type, lost.has(id) ? ('0'.repeat(64) as Mac) : id, options),
      async *getMany(type, ids, options) {
        for (const id of ids) {
          for await (const got of source.getMany(type, [lost.has(id) ? ('0'.repeat(64) as Mac) : id], options)) yield { ...got, id };
        }
      },
      has: (type, id) => source.has(type, id),
    };
    const counts = counted(lossy);
    const found = await scanned(scannedAhead(tree, counts.source, { type: TYPE, ahead: 192 }));
    expect(found.filter((item) => item.startsWith('gap'))).toEqual([...lost].map((id) => `gap ${id}`));
    expect(found).toEqual(await scanned({ ...tree, nodes: blobNodes(lossy, TYPE) }));
  });

  it('leaves nothing under way once it is settled, and asks for no more', async () => {
    const { source, tree } = await someTree();
    const counts = counted(source);
    const nodes = scannedAhead(tree, counts.source, { type: TYPE, ahead: 64 });
    let items = 0;
    for await (const _ of scanTree(nodes)) if (++items === 30) break;
    expect(counts.underWay).toBeGreaterThan(0);
    await nodes.settled();
    expect(counts.underWay).toBe(0);
    const asked = counts.asked.length;
    for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
    expect(counts.asked.length).toBe(asked);
  });
});
