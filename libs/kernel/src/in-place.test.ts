import { createCipheriv, createDecipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { edgeLengths, hex, seededBytes, seededText } from '../test/support.js';
import { blake3Hash } from './blake3.js';
import { byteCounts } from './fastcdc.js';
import { gcmSivSeal } from './gcm-siv.js';
import { aesKwWrap } from './key-wrap.js';
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
        expect(call.lz4DecodeFrame(output, size, extra, length)).toBe(length);
        expect(Buffer.compare(bytes.subarray(extra, extra + length), plain)).toBe(0);
        if (length > 0) expect(call.lz4DecodeFrame(output, size, extra, length - 1)).toBeLessThan(0);
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

  it('refuses a frame that is cut or changed anywhere', () => {
    const plain = seededText('frame', 700);
    const frame = lz4Compress(plain);
    for (let length = 0; length < frame.length; length++) {
      bytes.set(frame, output);
      expect(call.lz4DecodeFrame(output, length, extra, 4 << 20)).toBeLessThan(0);
      bytes[output + length] = (frame[length] as number) ^ 0x10;
      const decoded = call.lz4DecodeFrame(output, frame.length, extra, 4 << 20);
      // A match may be taken from elsewhere, to the same bytes.
      if (decoded >= 0) expect(Buffer.compare(bytes.subarray(extra, extra + decoded), plain)).toBe(0);
    }
  });

  it('opens short texts behind their nonces', () => {
    const key = seededBytes('key', 32);
    for (const length of edgeLengths.filter((edge) => edge <= 5000)) {
      const plain = seededBytes(`siv ${length}`, length);
      const nonce = seededBytes(`nonce ${length}`, 12);
      const unit = Buffer.concat([nonce, gcmSivSeal(key, nonce, plain)]);
      bytes.set(key, at.arguments);
      bytes.set(unit, output);
      expect(call.sivOpenShort(at.arguments, output, length, input)).toBe(1);
      expect(hex(bytes.subarray(input, input + length))).toBe(hex(plain));
      bytes[output + unit.length - 1] = (unit.at(-1) as number) ^ 0x80;
      expect(call.sivOpenShort(at.arguments, output, length, input)).toBe(0);
    }
  });

  it('unwraps many keys in lockstep, and knows those that do not unwrap', () => {
    const kek = seededBytes('kek', 32);
    const count = 40;
    const isDamaged = (index: number): boolean => index % 7 === 3;
    const heads = new Uint32Array(bytes.buffer, extra, count);
    const keys = extra + 4096;
    const blocks = extra + 8192;
    for (let index = 0; index < count; index++) {
      const wrapped = aesKwWrap(kek, seededBytes(`subkey ${index}`, 32));
      if (isDamaged(index)) wrapped[index] = (wrapped[index] as number) ^ 1;
      heads[index] = input + index * 77;
      bytes.set(wrapped, input + index * 77);
    }
    const aes = createDecipheriv('aes-256-ecb', kek, null).setAutoPadding(false);
    call.unwrapStart(extra, count, keys, blocks);
    for (let step = 24; step > 0; step--) {
      bytes.set(aes.update(bytes.subarray(blocks, blocks + count * 16)), blocks);
      call.unwrapStep(extra, count, keys, blocks, step);
    }
    for (let index = 0; index < count; index++) {
      expect(heads[index]).toBe(isDamaged(index) ? 0 : input + index * 77);
      if (!isDamaged(index)) expect(hex(bytes.subarray(keys + index * 32, keys + index * 32 + 32))).toBe(hex(seededBytes(`subkey ${index}`, 32)));
    }
  });

  it('proves a keyed hash', () => {
    const key = seededBytes('key', 32);
    bytes.set(key, at.arguments);
    for (const length of edgeLengths) {
      const data = seededBytes(`hash ${length}`, length);
      bytes.set(data, input);
      const mac = blake3Hash(data, key);
      bytes.set(mac, extra);
      expect(call.blake3Proves(at.arguments, input, length, extra)).toBe(1);
      bytes[extra + (length % 32)] = (mac[length % 32] as number) ^ 4;
      expect(call.blake3Proves(at.arguments, input, length, extra)).toBe(0);
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
