import { describe, expect, it } from 'vitest';
import { keystream } from '../../snapshot/testing/index.js';
import { DedupTable, newSegment } from './dedup-table.js';

const OBJECT = 7;
const CHUNK = 9;

function macs(seed: string, count: number): Int32Array {
  return new Int32Array(
    keystream(seed)
      .bytes(count * 32)
      .slice().buffer,
  );
}

describe('table of known blobs', () => {
  it('finds what was entered, by type and id, with the packfile it lies in', () => {
    const words = macs('known', 1000);
    const table = new DedupTable([newSegment(1000, [3, 4])]);
    for (let i = 0; i < 500; i++) table.seed(CHUNK, words, i * 8, i % 7 === 0 ? null : i);
    for (let i = 0; i < 1000; i++) {
      expect(table.find(CHUNK, words, i * 8)).toBe(i >= 500 ? null : i % 7 === 0 ? -1 : i);
      expect(table.find(OBJECT, words, i * 8)).toBeNull();
    }
    expect(table.count).toBe(500);
  });

  it('a claim is given once, across segments too', () => {
    const words = macs('claims', 60_000);
    const first = newSegment(1, [5, 6]);
    const tables = [new DedupTable([first]), new DedupTable([first])] as const;
    let given = 0;
    for (let i = 0; i < 60_000; i++) {
      if (tables[0].isFull) {
        const segment = newSegment(tables[0].count, [5, 6]);
        for (const table of tables) table.addSegment(segment);
      }
      for (const table of tables) if (table.claim(CHUNK, words, i * 8) === null) given += 1;
    }
    expect(given).toBe(60_000);
    expect(tables[1].count).toBe(60_000);
    for (let i = 0; i < 60_000; i++) expect(tables[1].find(CHUNK, words, i * 8)).toBe(-1);
  });

  it('tells ids apart that differ in any one word, or in their type', () => {
    const table = new DedupTable([newSegment(1000, [9, 10])]);
    const words = new Int32Array(8).fill(77);
    table.seed(CHUNK, words, 0, 5);
    for (let word = 0; word < 8; word++) {
      for (const difference of [1, 1 << 16, 1 << 31]) {
        words[word] = 77 ^ difference;
        expect(table.find(CHUNK, words, 0)).toBeNull();
      }
      words[word] = 77;
    }
    expect(table.find(OBJECT, words, 0)).toBeNull();
    expect(table.find(CHUNK, words, 0)).toBe(5);
  });

  it('the print of an id depends on the secret seed in all of its words', () => {
    const words = macs('prints', 1);
    const printOf = (seed: readonly [number, number]): number[] => {
      const segment = newSegment(1, seed);
      new DedupTable([segment]).seed(CHUNK, words, 0, 41);
      const slots = new Int32Array(segment, 12);
      const slot = Math.floor(slots.indexOf(43) / 5) * 5;
      return [...slots.subarray(slot, slot + 4)];
    };
    const [a, b, c] = [printOf([1, 2]), printOf([1, 3]), printOf([2, 2])];
    for (let word = 0; word < 4; word++) expect(new Set([a?.[word], b?.[word], c?.[word]]).size).toBe(3);
  });

  it('without room a blob goes unnoticed, and nothing that was entered is lost', () => {
    const words = macs('full', 40_000);
    const table = new DedupTable([newSegment(1, [7, 8])]);
    const taken: number[] = [];
    for (let i = 0; i < 40_000; i++) if (table.claim(CHUNK, words, i * 8) === null && table.find(CHUNK, words, i * 8) === -1) taken.push(i);
    expect(taken.length).toBe(table.count);
    expect(taken.length).toBeLessThan(40_000);
    for (const i of taken) expect(table.find(CHUNK, words, i * 8)).toBe(-1);
  });
});
