import { comparePathOrder, compareBytes, nameBytes } from '@wardrobe/kloset-model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../errors/errors.js';
import { orderPaths } from './path-order.js';
import { PathTable } from './path-table.js';

/** Few letters around the slash, so that names are often prefixes of one another. */
const name = fc.uint8Array({ minLength: 1, maxLength: 3 }).map((bytes) => bytes.map((byte) => [0x2d, 0x30, 0x61, 0xff][byte % 4] as number));
const path = fc
  .array(name, { minLength: 0, maxLength: 4 })
  .map((names) => Buffer.concat([Buffer.from('/'), ...names.flatMap((n, i) => (i === 0 ? [n] : [Buffer.from('/'), n]))]));

describe('a table of paths', () => {
  it('gives BYTES and PATH order of the whole paths, and each directory by name', () => {
    fc.assert(
      fc.property(fc.array(path, { maxLength: 60 }), (given) => {
        const table = new PathTable();
        const numbers = given.map((one) => table.enter(one));
        given.forEach((one, at) => {
          expect(Buffer.from(table.path(numbers[at] as number)).equals(one)).toBe(true);
          expect(table.enter(one)).toBe(numbers[at]);
        });
        const all = Array.from({ length: table.size }, (_, node) => table.path(node));
        const order = orderPaths(table);
        expect(Array.from(order.byBytes, (node) => table.path(node))).toEqual([...all].sort(compareBytes));
        expect(Array.from(order.byPath, (node) => table.path(node))).toEqual([...all].sort(comparePathOrder));
        for (const [rank, node] of order.byPath.entries()) expect(order.rankByPath[node]).toBe(rank);
        for (let node = 0; node < table.size; node++) {
          const names = Array.from(order.childrenOf(node), (child) => table.name(child));
          expect(names).toEqual([...names].sort(compareBytes));
          for (const child of order.childrenOf(node)) expect(table.parent(child)).toBe(node);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('refuses what is no clean absolute path', () => {
    const table = new PathTable();
    for (const bad of ['', 'a', '//', '/a/', '/a//b', '/./a', '/a/..', '/a/.']) expect(() => table.enter(nameBytes(bad)), bad).toThrow(InvalidInputError);
    table.enter(nameBytes('/a/b'));
    for (const bad of ['/a/..', '/a/.', '/a/']) expect(() => table.enter(nameBytes(bad)), bad).toThrow(InvalidInputError);
  });
});
