import { createCipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { edgeLengths, hex, seededBytes, seededText } from '../test/support.js';
import { byteCounts } from './fastcdc.js';
import { gcmSivSeal } from './gcm-siv.js';
import { lz4Compress } from './lz4.js';
import { bulkKernel } from './module.js';

const AREA = 5 << 20;
const { bytes, at, call } = bulkKernel(3 * AREA);
const input = at.end;
const output = at.end + AREA + 5;
const extra = at.end + 2 * AREA;

function keyStream(length: number): void {
  const aes = createCipheriv('aes-256-ecb', bytes.slice(at.sivMessageKey, at.sivMessageKey + 32), null).setAutoPadding(false);
  const blocks = Math.ceil(length / 16) * 16;
  bytes.set(aes.update(bytes.subarray(extra, extra + blocks)), extra);
}

describe('work in place', () => {
  it('makes the LZ4 frames that the copying functions make', () => {
    for (const length of [...edgeLengths, (4 << 20) - 1, 4 << 20, (4 << 20) + 1]) {
      for (const plain of [seededBytes('frame', length), seededText('frame', length)]) {
        bytes.set(plain, input);
        const size = call.lz4EncodeFrame(input, length, output) >>> 0;
        expect(Buffer.compare(bytes.subarray(output, output + size), lz4Compress(plain))).toBe(0);
      }
    }
  });

  it('seals and opens as the copying functions do, short and long', () => {
    const key = seededBytes('key', 32);
    for (const length of edgeLengths) {
      const plain = seededBytes(`siv ${length}`, length);
      const nonce = seededBytes(`nonce ${length}`, 12);
      const expected = hex(gcmSivSeal(key, nonce, plain));
      bytes.set(key, at.arguments);
      bytes.set(nonce, at.arguments + 32);
      for (const way of ['short', 'long']) {
        bytes.set(plain, output);
        if (way === 'short') call.sivSealShort(at.arguments, at.arguments + 32, output, length);
        else {
          call.sivSealStart(at.arguments, at.arguments + 32, output, length, extra);
          keyStream(length);
          call.sivSealFinish(output, extra, length);
        }
        expect(hex(bytes.subarray(output, output + length + 16))).toBe(expected);
      }
      for (const way of ['short', 'long']) {
        call.sivOpenStart(at.arguments, at.arguments + 32, output, length, extra);
        if (way === 'long') keyStream(length);
        expect(call.sivOpenFinish(output, way === 'short' ? 0 : extra, length, input)).toBe(1);
        expect(hex(bytes.subarray(input, input + length))).toBe(hex(plain));
      }
      bytes[output + length] = (bytes[output + length] ?? 0) ^ 1;
      call.sivOpenStart(at.arguments, at.arguments + 32, output, length, extra);
      expect(call.sivOpenFinish(output, 0, length, input)).toBe(0);
    }
  });

  it('counts bytes and tells zeros', () => {
    for (const length of edgeLengths) {
      const data = seededBytes(`count ${length}`, length);
      const counts = new Uint32Array(256);
      for (const byte of data) counts[byte] = (counts[byte] ?? 0) + 1;
      expect(byteCounts(data)).toEqual(counts);
      bytes.fill(0, input, input + length + 1);
      bytes[input + length] = 1;
      expect(call.isZero(input, length)).toBe(1);
      if (length === 0) continue;
      bytes[input + (length >>> 1)] = 1;
      expect(call.isZero(input, length)).toBe(0);
    }
  });
});
