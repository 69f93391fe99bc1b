import { blake3 } from '@noble/hashes/blake3.js';
import fc from 'fast-check';
import { createBLAKE3 } from 'hash-wasm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blake3VectorKey, blake3Vectors } from '../test/blake3-vectors.js';
import { edgeLengths, hex, seededBytes, utf8 } from '../test/support.js';
import { blake3Hash, createBlake3, isBlake3, KernelError, setAccelerator } from './index.js';

const key = utf8(blake3VectorKey);
const pattern = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i % 251);

/** Feeds the data in pieces of the given lengths, again and again. */
function inPieces(data: Uint8Array, lengths: readonly number[], hasher = createBlake3(key)): string {
  for (let at = 0, i = 0; at < data.length; i++) {
    const length = Math.max(1, lengths[i % lengths.length] ?? 1);
    hasher.update(data.subarray(at, at + length));
    at += length;
  }
  return hex(hasher.digest());
}

describe.each([
  ['without the accelerator', false],
  ['with the accelerator where it is installed', true],
])('BLAKE3 %s', (_name, accelerated) => {
  beforeAll(() => {
    const inUse = setAccelerator(accelerated);
    if (accelerated && !inUse) process.stderr.write('the native BLAKE3 package is absent: this run repeats the module\n');
  });
  afterAll(() => {
    setAccelerator(true);
  });

  it.each(blake3Vectors)('gives the published digests for %i bytes', (length, plain, keyed) => {
    expect(hex(blake3Hash(pattern(length)))).toBe(plain);
    expect(hex(blake3Hash(pattern(length), key))).toBe(keyed);
    expect(inPieces(pattern(length), [1000])).toBe(keyed);
  });

  it('agrees with @noble/hashes at every edge', () => {
    const data = seededBytes('blake3 edges', 200_001);
    for (const length of edgeLengths) {
      const part = data.subarray(0, length);
      expect(hex(blake3Hash(part)), `${length}`).toBe(hex(blake3(part)));
      expect(hex(blake3Hash(part, key)), `${length}`).toBe(hex(blake3(part, { key })));
    }
  });

  it('agrees with hash-wasm on data larger than its window, whole and in pieces', async () => {
    const data = seededBytes('blake3 large', 9 * 1024 * 1024 + 17);
    const oracle = (await createBLAKE3(256, key)).init().update(data).digest('hex');
    expect(hex(blake3Hash(data, key))).toBe(oracle);
    expect(inPieces(data, [1 << 20, 1, 65536, 3])).toBe(oracle);
    expect(inPieces(data, [5 << 20])).toBe(oracle);
  });

  it('does not depend on how the content is cut', () => {
    const data = seededBytes('blake3 pieces', 70_000);
    fc.assert(
      fc.property(fc.nat(data.length), fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 8 }), (length, cuts) => {
        const part = data.subarray(0, length);
        return inPieces(part, cuts) === hex(blake3Hash(part, key));
      }),
      { seed: 11, numRuns: 150 },
    );
  });

  it('keeps hashers in use at the same time apart', () => {
    const hashers = Array.from({ length: 5 }, (_, i) => ({
      data: seededBytes(`hasher ${i}`, 90_000),
      hasher: createBlake3(i % 2 === 0 ? key : undefined),
      keyed: i % 2 === 0,
    }));
    for (let at = 0; at < 90_000; at += 9000) {
      for (const { data, hasher } of hashers) {
        hasher.update(data.subarray(at, at + 9000));
        blake3Hash(data.subarray(0, 5000), key);
      }
    }
    for (const { data, hasher, keyed } of hashers) expect(hex(hasher.digest())).toBe(hex(blake3Hash(data, keyed ? key : undefined)));
  });

  it('is told apart from every other hash', () => {
    for (const length of [0, 1, 64, 1024, 1025, 16_383, 16_384, 100_000]) {
      for (const own of [undefined, key]) {
        const hash = blake3Hash(pattern(length), own);
        expect(isBlake3(pattern(length), hash, own)).toBe(true);
        for (const at of [0, 31]) expect(isBlake3(pattern(length), hash.with(at, ((hash[at] as number) + 1) % 256), own)).toBe(false);
        expect(isBlake3(pattern(length + 1), hash, own)).toBe(false);
        expect(isBlake3(pattern(length), hash.subarray(0, 31), own)).toBe(false);
      }
    }
  });

  it('leaves the bytes it returns alone', () => {
    const first = blake3Hash(pattern(100), key);
    const before = hex(first);
    blake3Hash(pattern(2000));
    expect(hex(first)).toBe(before);
    expect(first.buffer.byteLength).toBe(32);
  });

  it('does not keep a reference to the key of a hasher', () => {
    const own = key.slice();
    const hasher = createBlake3(own);
    own.fill(0);
    expect(hex(hasher.update(pattern(40_000)).digest())).toBe(hex(blake3Hash(pattern(40_000), key)));
  });
});

it('a key of another length, and a hasher that has ended, are input errors', () => {
  expect(() => blake3Hash(new Uint8Array(1), new Uint8Array(31))).toThrow(KernelError);
  expect(() => createBlake3(new Uint8Array(33))).toThrow(KernelError);
  const hasher = createBlake3();
  hasher.digest();
  expect(() => hasher.update(new Uint8Array(1))).toThrow(KernelError);
  expect(() => hasher.digest()).toThrow(KernelError);
});
