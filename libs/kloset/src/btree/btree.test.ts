import { type Mac, nameBytes, nameText } from '@wardrobe/kloset-model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IntegrityError, NotFoundError } from '../errors/errors.js';
import { scanItems, scanTree } from './scan.js';
import { BYTES_ORDER, findKey, PATH_ORDER, type Tree, type TreeNode } from './tree.js';

const id = (text: string): Mac => text.padEnd(64, '0') as Mac;
const leaf = (...keys: string[]): TreeNode => ({ keys: keys.map(nameBytes), pointers: [], values: keys.map((_, place) => id(`a${place}`)) });
const inner = (keys: string[], pointers: string[]): TreeNode => ({ keys: keys.map(nameBytes), pointers: pointers.map(id), values: [] });

function treeOf(nodes: Record<string, TreeNode>, order: Tree['order'] = BYTES_ORDER): Tree {
  const byId = new Map(Object.entries(nodes).map(([name, node]) => [id(name), node]));
  return {
    root: id('1'),
    what: 'test',
    order,
    nodes: {
      async get(wanted) {
        const node = byId.get(wanted);
        if (node === undefined) throw new NotFoundError('blob', wanted);
        return node;
      },
    },
  };
}

async function keys(tree: Tree, from?: string): Promise<string[]> {
  const found: string[] = [];
  for await (const item of scanTree(tree, { from: from === undefined ? undefined : nameBytes(from) }))
    found.push('error' in item ? `gap ${item.error.code}` : nameText(item.key));
  return found;
}

const three = treeOf({ 1: inner(['c', 'e'], ['2', '3', '4']), 2: leaf('a', 'b'), 3: leaf('c', 'd'), 4: leaf('e', 'f') });

describe('a tree', () => {
  it('finds what it holds and nothing else', async () => {
    expect(await findKey(three, nameBytes('c'))).toBe(id('a0'));
    expect(await findKey(three, nameBytes('f'))).toBe(id('a1'));
    for (const absent of ['', 'bb', 'g']) expect(await findKey(three, nameBytes(absent))).toBeNull();
  });
  it('is scanned from any key, present or not', async () => {
    expect(await keys(three)).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(await keys(three, 'bb')).toEqual(['c', 'd', 'e', 'f']);
    expect(await keys(three, 'd')).toEqual(['d', 'e', 'f']);
    expect(await keys(three, 'z')).toEqual([]);
  });
  it('empty is one leaf without keys', async () => {
    expect(await keys(treeOf({ 1: leaf() }))).toEqual([]);
    expect(await findKey(treeOf({ 1: leaf() }), nameBytes('a'))).toBeNull();
  });
  it('a missing leaf is one gap, and the leaves behind it still come', async () => {
    expect(await keys(treeOf({ 1: inner(['c', 'e'], ['2', '3', '4']), 2: leaf('a'), 4: leaf('e') }))).toEqual(['a', 'gap not-found', 'e']);
  });
});

describe('a malformed tree', () => {
  const chain = Object.fromEntries(
    Array.from({ length: 60 }, (_, depth) => [`1${'f'.repeat(depth)}`, inner(['m'], [`1${'f'.repeat(depth + 1)}`, `1${'f'.repeat(depth + 1)}`])]),
  );
  it.each([
    ['its own child', { 1: inner(['m'], ['1', '1']) }],
    ['its own only child', { 1: inner([], ['1']) }],
    ['one node below many parents', { 1: inner(['m'], ['2', '2']), 2: inner(['d'], ['3', '3']), 3: leaf('a') }],
    ['a bottomless path', chain],
  ] as const)('%s ends as an error, in both orders and without one', async (_name, nodes) => {
    for (const order of [BYTES_ORDER, PATH_ORDER, null]) {
      const walk = async (): Promise<void> => {
        for await (const _item of scanItems(treeOf(nodes, order)));
      };
      await expect(walk()).rejects.toBeInstanceOf(IntegrityError);
    }
  });
  it('keys that go back are an error where the order is known', async () => {
    const tree = treeOf({ 1: inner(['c'], ['2', '3']), 2: leaf('c', 'd'), 3: leaf('c', 'd') });
    await expect(keys(tree)).rejects.toBeInstanceOf(IntegrityError);
  });
  it('a lookup in a cyclic tree is an error', async () => {
    await expect(findKey(treeOf({ 1: inner(['m'], ['1', '1']) }), nameBytes('x'))).rejects.toBeInstanceOf(IntegrityError);
  });
  it('lists that do not match are an error', async () => {
    await expect(findKey(treeOf({ 1: { keys: [nameBytes('a')], pointers: [], values: [] } }), nameBytes('a'))).rejects.toBeInstanceOf(IntegrityError);
    await expect(findKey(treeOf({ 1: inner(['a'], ['2']) }), nameBytes('a'))).rejects.toBeInstanceOf(IntegrityError);
    await expect(findKey(treeOf({ 1: leaf('b', 'a') }), nameBytes('a'))).rejects.toBeInstanceOf(IntegrityError);
  });
  it('random graphs of nodes never hang', async () => {
    const name = fc.constantFrom('1', '2', '3', '4', '5');
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
    const node = fc.record({ keys: fc.uniqueArray(key, { maxLength: 3 }), pointers: fc.array(name, { maxLength: 4 }) });
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, node, { minKeys: 1 }), fc.constantFrom(BYTES_ORDER, null), async (graph, order) => {
        const nodes = Object.fromEntries(
          Object.entries(graph).map(([at, made]) => [at, made.pointers.length === 0 ? leaf(...made.keys) : inner(made.keys, made.pointers)]),
        );
        let steps = 0;
        try {
          for await (const _item of scanTree(treeOf(nodes, order))) steps += 1;
        } catch (error) {
          expect(error).toBeInstanceOf(IntegrityError);
        }
        expect(steps).toBeLessThan(1000);
      }),
      { numRuns: 500 },
    );
  });
});
