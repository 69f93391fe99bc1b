import { xxhash32 } from 'hash-wasm';
import { expect, it } from 'vitest';
import { referenceXxh32 } from '../test/reference.js';
import { edgeLengths, seededBytes, utf8 } from '../test/support.js';
import { xxh32 } from './index.js';

it('gives the published values', () => {
  expect(xxh32(new Uint8Array(0))).toBe(0x02cc5d05);
  expect(xxh32(new Uint8Array(0), 0x9e3779b1)).toBe(0x36b78ae7);
  expect(xxh32(utf8('Nobody inspects the spammish repetition'))).toBe(0xe2293b2f);
});

it('agrees with hash-wasm and a literal implementation at every edge, with and without a seed', async () => {
  const data = seededBytes('xxh32', 200_001);
  for (const length of edgeLengths) {
    const part = data.subarray(0, length);
    expect(xxh32(part), `${length}`).toBe(referenceXxh32(part));
    expect(xxh32(part, 0xdeadbeef), `${length}`).toBe(Number.parseInt(await xxhash32(part, 0xdeadbeef), 16));
  }
});

it('data larger than the window is hashed as one', async () => {
  const data = seededBytes('xxh32 large', 9 * 1024 * 1024 + 5);
  expect(xxh32(data)).toBe(Number.parseInt(await xxhash32(data, 0), 16));
});
