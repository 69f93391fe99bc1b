import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CacheReadError } from '../cache-error.js';
import { crc32c, maskedCrc32c } from './crc32c.js';
import { decodeSnappy } from './snappy.js';

const SEED = Number(process.env['WARDROBE_SEED'] ?? 20261123);
process.stderr.write(`machine-cache codings: seed ${SEED}\n`);
const runs = { seed: SEED, numRuns: 300 };

describe('CRC-32C', () => {
  test('has the published check value, plain and masked', () => {
    const digits = Buffer.from('123456789');
    expect(crc32c(digits).toString(16)).toBe('e3069283');
    expect(maskedCrc32c(digits).toString(16)).toBe('c78ab0e5');
  });

  test('has the values of RFC 3720, B.4', () => {
    expect(crc32c(Buffer.alloc(32)).toString(16)).toBe('8a9136aa');
    expect(crc32c(Buffer.alloc(32, 0xff)).toString(16)).toBe('62a8ab43');
    expect(crc32c(Buffer.from(Array.from({ length: 32 }, (_, index) => index))).toString(16)).toBe('46dd794e');
  });

  test('gives for any range what a bit-by-bit calculation gives', () => {
    const slow = (bytes: Uint8Array): number => {
      let crc = 0xffffffff;
      for (const byte of bytes) {
        crc ^= byte;
        for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
      }
      return ~crc >>> 0;
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(10), (bytes, from) => {
        expect(crc32c(bytes, Math.min(from, bytes.length))).toBe(slow(bytes.subarray(from)));
      }),
      runs,
    );
  });
});

type Element = { readonly literal: Uint8Array } | { readonly length: number; readonly back: number };

/** Encodes elements and what they decode to, by the public description: independent of the decoder. */
function encode(elements: readonly Element[]): { readonly encoded: Uint8Array; readonly plain: Uint8Array } {
  const plain: number[] = [];
  const body: number[] = [];
  for (const element of elements) {
    if ('literal' in element) {
      const length = element.literal.length;
      if (length === 0) continue;
      if (length <= 60) body.push((length - 1) << 2);
      else body.push(61 << 2, (length - 1) & 255, (length - 1) >> 8);
      body.push(...element.literal);
      plain.push(...element.literal);
      continue;
    }
    if (plain.length === 0) continue;
    const back = 1 + (element.back % plain.length);
    if (element.length >= 4 && element.length <= 11 && back < 2048) body.push(1 | ((element.length - 4) << 2) | ((back >> 8) << 5), back & 255);
    else if (back < 65536 && element.length % 2 === 0) body.push(2 | ((element.length - 1) << 2), back & 255, back >> 8);
    else body.push(3 | ((element.length - 1) << 2), back & 255, (back >> 8) & 255, back >> 16, 0);
    for (let index = 0; index < element.length; index++) plain.push(plain[plain.length - back] ?? 0);
  }
  const length: number[] = [];
  for (let rest = plain.length; ; rest >>>= 7) {
    if (rest < 128) {
      length.push(rest);
      break;
    }
    length.push((rest & 127) | 128);
  }
  return { encoded: Uint8Array.from([...length, ...body]), plain: Uint8Array.from(plain) };
}

const elements = fc.array(
  fc.oneof(fc.record({ literal: fc.uint8Array({ maxLength: 100 }) }), fc.record({ length: fc.integer({ min: 1, max: 64 }), back: fc.nat(3000) })),
  { maxLength: 40 },
);

describe('snappy', () => {
  test('decodes literals and copies of every width, overlapping ones too', () => {
    fc.assert(
      fc.property(elements, (list) => {
        const { encoded, plain } = encode(list);
        expect(Buffer.from(decodeSnappy(encoded, 1 << 20)).equals(Buffer.from(plain))).toBe(true);
      }),
      runs,
    );
  });

  test('every proper prefix of a block is damage', () => {
    fc.assert(
      fc.property(elements, fc.nat(), (list, at) => {
        const { encoded, plain } = encode(list);
        if (plain.length === 0) return;
        expect(() => decodeSnappy(encoded.subarray(0, at % encoded.length), 1 << 20)).toThrow(CacheReadError);
      }),
      runs,
    );
  });

  test('any bytes decode or are damage, and a length of gigabytes is refused before it is allocated', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeSnappy(bytes, 1 << 20);
        } catch (error) {
          expect(error).toBeInstanceOf(CacheReadError);
        }
      }),
      { ...runs, numRuns: 2000 },
    );
    expect(() => decodeSnappy(Uint8Array.from([255, 255, 255, 255, 15, 0]), 1 << 26)).toThrow(CacheReadError);
  });

  test.each([
    ['offset 0', [4, 0, 65, 2 | (2 << 2), 0, 0]],
    ['an offset before the start', [4, 0, 65, 2 | (2 << 2), 2, 0]],
    ['more than announced', [1, 4, 65, 66]],
    ['less than announced', [3, 4, 65, 66]],
  ])('%s is damage', (_name, bytes) => {
    expect(() => decodeSnappy(Uint8Array.from(bytes), 100)).toThrow(CacheReadError);
  });
});
