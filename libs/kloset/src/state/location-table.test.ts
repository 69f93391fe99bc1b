import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@wardrobe/testing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Mac } from '@wardrobe/kloset-model';
import { macToBytes } from '../bytes/bytes.js';
import { macWords } from '../codec/word-reader.js';
import { TooLargeError } from '../errors/errors.js';
import { readLayerFile, writeLayerFile } from '../repository/index-file.js';
import { newLocationTable } from './layer.js';
import { type LocationTable, ROW_WORDS, type Row } from './location-table.js';

/** An id made from a name. */
const idOf = (name: string): Mac => createHash('sha256').update(name).digest('hex') as Mac;
const KEY = new Uint8Array(32).fill(7);
const PACKFILE = idOf('packfile');

type Claim = Omit<Row, 'packfile'>;

function wordsOf(blob: string): Uint32Array {
  const words = new Uint32Array(16);
  words.set(macWords(macToBytes(idOf(blob))).subarray(0, 8));
  words.set(macWords(macToBytes(PACKFILE)).subarray(0, 8), 8);
  return words;
}

function insert(table: LocationTable, blob: string, claim: Partial<Claim>): void {
  table.insert({ type: 5, offset: 0, lengthBytes: 1, version: 1, stated: true, tombstoned: false, ...claim, words: wordsOf(blob) });
}

function found(table: LocationTable, blob: string, type = 5): Row[] {
  return table.find(type, wordsOf(blob)).map((row) => table.read(row));
}

async function savedAndRead(table: LocationTable): Promise<LocationTable> {
  const path = join(await temporaryFolder('location-table'), 'index.layer');
  await writeLayerFile(path, { table, records: [] }, KEY);
  return (await readLayerFile(path, KEY)).table;
}

describe('locations of any size', () => {
  const offset = fc.oneof(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 2 ** 32 - 2, max: 2 ** 32 + 2 }), fc.integer({ min: 0, max: 2 ** 48 - 1 }));
  const lengthBytes = fc.oneof(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 2 ** 24 - 2, max: 2 ** 24 + 2 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
  const claim = fc.record({ type: fc.integer({ min: 0, max: 255 }), offset, lengthBytes, version: fc.integer({ min: 0, max: 62 }), tombstoned: fc.boolean() });

  it('are told as they were stated, also after the table was saved, read and absorbed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(claim, { maxLength: 400 }), async (claims) => {
        const table = newLocationTable();
        for (const [number, one] of claims.entries()) insert(table, `blob ${number}`, one);
        const joined = newLocationTable();
        joined.absorb(table);
        for (const copy of [table, await savedAndRead(table), joined]) {
          for (const [number, one] of claims.entries()) {
            const expected = { ...one, stated: true, packfile: 0 };
            expect(found(copy, `blob ${number}`, one.type)).toEqual([expected]);
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it('more kinds than a row can number lie apart, and are told as they were stated', () => {
    const table = newLocationTable();
    const claims = Array.from({ length: 600 }, (_, number) => ({ type: number % 256, version: Math.floor(number / 256), tombstoned: number % 3 === 0 }));
    for (const [number, one] of claims.entries()) insert(table, `blob ${number}`, one);
    for (const [number, one] of claims.entries()) expect(found(table, `blob ${number}`, one.type)).toMatchObject([one]);
    const types = new Map<number, number>();
    table.each(({ type }) => types.set(type, (types.get(type) ?? 0) + 1));
    expect(types.get(3)).toBe(3);
    expect([...table.tombstones()]).toHaveLength(200);
  });

  it('of two claims the smaller wins in whatever order, and the larger one leaves nothing', () => {
    const far = { offset: 2 ** 40, lengthBytes: 2 ** 25 };
    const near = { offset: 9, lengthBytes: 8 };
    for (const order of [
      [far, near],
      [near, far],
      [far, near, far],
    ]) {
      const table = newLocationTable();
      for (const one of order) insert(table, 'twice', one);
      expect(found(table, 'twice')).toMatchObject([near]);
      expect(table.count).toBe(1);
    }
  });

  it('an offset beyond 256 TiB is refused', () => {
    expect(() => insert(newLocationTable(), 'far', { offset: 2 ** 48 })).toThrow(TooLargeError);
  });

  it('an ordinary location takes 44 bytes', async () => {
    const table = newLocationTable();
    for (let number = 0; number < 1000; number++) insert(table, `blob ${number}`, { offset: number * 20_000, lengthBytes: 20_000 });
    expect(table.wide.count).toBe(0);
    expect(ROW_WORDS * 4).toBe(44);
    const path = join(await temporaryFolder('location-table'), 'index.layer');
    await writeLayerFile(path, { table, records: [] }, KEY);
    const { length } = await readFile(path);
    expect(length - 1000 * 44 - table.slots.length * 4).toBeLessThan(300);
  });
});
