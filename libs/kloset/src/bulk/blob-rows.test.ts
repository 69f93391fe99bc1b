import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { PackfileId } from '@wardrobe/kloset-model';
import { macToBytes } from '../bytes/bytes.js';
import { macWords } from '../codec/word-reader.js';
import { HEADER_BYTES } from '../format/envelope.js';
import { newLocationTable } from '../state/layer.js';
import type { LocationTable } from '../state/location-table.js';
import { BlobRows } from './blob-rows.js';

const LAYERS = 3;

/** Few ids, few first words and few types, so that blobs lie in several places, and others look as if they did. */
const claim = fc.record({
  type: fc.integer({ min: 1, max: 2 }),
  id: fc.integer({ min: 0, max: 80 }),
  packfile: fc.integer({ min: 0, max: 3 }),
  layer: fc.integer({ min: 0, max: LAYERS - 1 }),
});
type Claim = typeof claim extends fc.Arbitrary<infer T> ? T : never;

const hex = (number: number): string => number.toString(16).padStart(8, '0');
/** Three ids in a row share all but their last word. */
const blobOf = ({ id }: Pick<Claim, 'id'>): Uint8Array => macToBytes((hex(Math.floor(id / 3)) + '0'.repeat(48) + hex(id % 3)) as PackfileId);
const packfileOf = (number: number): PackfileId => `${hex(number)}${'f'.repeat(56)}` as PackfileId;

function insert(table: LocationTable, one: Claim): void {
  const words = new Uint32Array(16);
  words.set(macWords(blobOf(one)).subarray(0, 8));
  words.set(macWords(macToBytes(packfileOf(one.packfile))).subarray(0, 8), 8);
  table.insert({ type: one.type, offset: one.id, lengthBytes: 1, version: 1, stated: true, tombstoned: false, words });
}

function rowsOf(claims: readonly Claim[]): BlobRows {
  const layers = Array.from({ length: LAYERS }, (_, number) => {
    const table = newLocationTable();
    for (const one of claims) if (one.layer === number) insert(table, one);
    return { table, records: [] };
  });
  const view = { layers, isPackfileKnown: () => true };
  const store = { localPath: (_kind: string, id: string) => id };
  return new BlobRows({ view, store } as unknown as ConstructorParameters<typeof BlobRows>[0]);
}

it('locates the blobs that lie in one place, whether few of them are asked for or all, several times', () => {
  fc.assert(
    fc.property(fc.array(claim, { maxLength: 200 }), (claims) => {
      const rows = rowsOf(claims);
      const blobs = [...new Map(claims.map((one) => [`${one.type} ${one.id}`, one])).values()];
      for (let round = 0; round < 3; round++) {
        for (const one of blobs) {
          const places = new Set(claims.filter(({ type, id }) => type === one.type && id === one.id).map(({ packfile, layer }) => `${packfile} ${layer}`));
          const row = rows.locate(one.type, blobOf(one));
          expect(row === -1).toBe(places.size > 1);
          if (row === -1) continue;
          expect(row).toBe(rows.row(one.type, blobOf(one)));
          expect([rows.files[rows.file], rows.position]).toEqual([packfileOf(one.packfile), one.id + HEADER_BYTES]);
        }
      }
    }),
  );
});
