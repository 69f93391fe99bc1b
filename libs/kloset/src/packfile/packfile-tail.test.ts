import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codecLaws } from '../../test/codec-laws.js';
import { decompressor } from '../compression/decompress.js';
import { randomMac, storeBuilder } from '../../test/store-builder.js';
import { bytesFromHex } from '../bytes/bytes.js';
import { KlosetError } from '../errors/errors.js';
import { packfileFooter, packfileIndexRecord } from '../format/packfile.js';
import { openPackfileIndex, packfileRecords, readPackfileTail, TAIL_BYTES } from './packfile-tail.js';

codecLaws(packfileIndexRecord, {
  vectors: [bytesFromHex('ff00000000000100d2a8c66b899bc5d45a016beb13e272def8db9b1900c942e9a4ca2b80dae79e8800000000000000007807000000000000')],
});
codecLaws(packfileFooter, {
  vectors: [bytesFromHex('05a42ca8928aea180c000000243f0000000000003abdbcdc7ffb74a4539e60e7a1cb5e1d7526b90fbec1f801816a860986893b6600000000')],
});

const builder = storeBuilder({ compression: 'LZ4' });
const decompress = decompressor('LZ4');
const codec = { decodeUnit: (encoded: Uint8Array, limitBytes = 1 << 25) => decompress(encoded, limitBytes), mac: builder.mac };
const place = { kind: 'packfile', file: 'test' };

function read(file: Uint8Array) {
  const tail = readPackfileTail(file.subarray(Math.max(0, file.length - TAIL_BYTES)), { fileBytes: file.length, codec, place });
  const encoded = file.subarray(tail.indexAt, tail.indexAt + tail.indexBytes);
  return { tail, records: [...packfileRecords(openPackfileIndex(encoded, tail, { codec, place }))] };
}

function sample(packedAtNs?: bigint) {
  const blobs = Array.from({ length: 8 }, (_, index) => ({ type: index === 0 ? 255 : 9, id: randomMac(), plain: new Uint8Array(index * 40).fill(index) }));
  return { blobs, ...builder.packfile(blobs, packedAtNs) };
}

describe('packfile footer and index', () => {
  it('give every blob where it lies', () => {
    const { file, blobs, locations } = sample();
    const { records, tail } = read(file);
    expect(records.map((record) => record.id)).toEqual(blobs.map((blob) => blob.id));
    expect(records.map(({ offset, lengthBytes }) => ({ offset, lengthBytes }))).toEqual(locations.map(({ offset, lengthBytes }) => ({ offset, lengthBytes })));
    expect(tail.packedAtNs).toBe(1_795_400_000_000_000_000n);
  });

  it('a time in seconds is recognised; nanoseconds and zero are taken as they are', () => {
    expect(read(sample(1_795_400_000n).file).tail.packedAtNs).toBe(1_795_400_000_000_000_000n);
    expect(read(sample(0n).file).tail.packedAtNs).toBe(0n);
    expect(read(sample(10n ** 12n).file).tail.packedAtNs).toBe(10n ** 12n);
  });

  it('cut anywhere it is an expected error', () => {
    const { file } = sample();
    for (let length = 0; length < file.length; length += 1) expect(() => read(file.subarray(0, length))).toThrow(KlosetError);
  });

  it('mutated bytes give the same records or an expected error: nothing of the index can change unnoticed', () => {
    const { file } = sample();
    const expected = read(file).records;
    const tailStart = read(file).tail.indexAt;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: tailStart, max: file.length - 33 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }),
        (changes) => {
          const damaged = file.slice();
          for (const [at, byte] of changes) damaged[at] = byte;
          try {
            expect(read(damaged).records).toEqual(expected);
          } catch (error) {
            expect(error).toBeInstanceOf(KlosetError);
          }
        },
      ),
      { numRuns: 400 },
    );
  });
});
