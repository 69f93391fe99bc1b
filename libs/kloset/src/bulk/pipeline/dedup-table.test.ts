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
