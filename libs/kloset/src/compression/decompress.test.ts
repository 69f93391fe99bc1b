import { gzipSync } from 'node:zlib';
import { lz4Compress } from '@wardrobe/kernel';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesFromHex, concatBytes, hexFromBytes } from '../bytes/bytes.js';
import { DecodeError, KlosetError, TooLargeError } from '../errors/errors.js';
import { decompressor } from './decompress.js';

const text = new TextEncoder().encode('wardrobe '.repeat(5000));

/** A zstd frame of raw blocks, written from RFC 8878. */
function zstdRaw(content: Uint8Array): Uint8Array {
  const head = (content.length << 3) | 1;
  return concatBytes([
    bytesFromHex('28b52ffda0'),
    Uint8Array.of(content.length, content.length >> 8, content.length >> 16, 0),
    Uint8Array.of(head, head >> 8, head >> 16),
    content,
  ]);
}

/** A zstd frame that unfolds four bytes a block to 128 KiB. */
function zstdBomb(blocks: number): Uint8Array {
  const parts = [bytesFromHex('28b52ffd'), Uint8Array.of(0x00, 0x38)];
  const size = 128 << 10;
  for (let block = 0; block < blocks; block += 1) {
    const head = (size << 3) | (1 << 1) | (block === blocks - 1 ? 1 : 0);
    parts.push(Uint8Array.of(head, head >> 8, head >> 16, 7));
  }
  return concatBytes(parts);
}

const ENCODERS = { LZ4: lz4Compress, GZIP: (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes)), ZSTD: zstdRaw };
const NAMES = ['LZ4', 'GZIP', 'ZSTD'] as const;

describe.each(NAMES)('%s', (name) => {
  const decompress = decompressor(name);
  const encode = ENCODERS[name];

  it('gives the content back, and nothing for nothing', () => {
    const content = name === 'ZSTD' ? text.subarray(0, 30_000) : text;
    expect(hexFromBytes(decompress(encode(content), 1 << 20))).toBe(hexFromBytes(content));
    expect(decompress(new Uint8Array(0), 100).length).toBe(0);
  });

  it('content of exactly the limit passes, one byte more is a TooLargeError', () => {
    const content = text.subarray(0, 10_000);
    expect(decompress(encode(content), 10_000).length).toBe(10_000);
    expect(() => decompress(encode(content), 9999)).toThrow(TooLargeError);
  });

  it('cut anywhere it is an expected error', () => {
    const frame = encode(text.subarray(0, 3000));
    for (let length = 1; length < frame.length; length += Math.max(1, frame.length >> 6))
      expect(() => decompress(frame.subarray(0, length), 1 << 20)).toThrow(KlosetError);
  });

  it('mutated bytes decode or fail as an expected error', () => {
    const frame = encode(text.subarray(0, 3000));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat({ max: frame.length - 1 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = frame.slice();
        for (const [at, byte] of changes) bytes[at] = byte;
        try {
          decompress(bytes, 1 << 20);
        } catch (error) {
          expect(error).toBeInstanceOf(KlosetError);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('bounds', () => {
  it('bombs stop at the limit', () => {
    expect(() => decompressor('GZIP')(gzipSync(new Uint8Array(64 << 20)), 1 << 20)).toThrow(TooLargeError);
    expect(() => decompressor('ZSTD')(zstdBomb(5000), 1 << 20)).toThrow(TooLargeError);
    expect(() => decompressor('LZ4')(lz4Compress(new Uint8Array(64 << 20)), 1 << 20)).toThrow(TooLargeError);
  });

  it('a zstd frame that asks for a huge window is refused before it is given', () => {
    expect(() => decompressor('ZSTD')(bytesFromHex('28b52ffd00ff0100000000000000'), 1 << 20)).toThrow(TooLargeError);
  });

  it("the empty frame that plakar's LZ4 writes is empty content", () =>
    expect(decompressor('LZ4')(bytesFromHex('04224d186470b90000000005' + '5dcc02'), 10).length).toBe(0));

  it('no compression passes bytes on, within the limit', () => {
    expect(decompressor(null)(text, text.length)).toBe(text);
    expect(() => decompressor(null)(text, text.length - 1)).toThrow(TooLargeError);
  });

  it('an unknown algorithm is a DecodeError', () => expect(() => decompressor('BROTLI')).toThrow(DecodeError));
});
