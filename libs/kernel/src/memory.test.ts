import { expect, it } from 'vitest';
import { ownBytes, ownMemory, sharedMemory } from './index.js';

it.each([1, 65_536, 65_537, 3 << 20])('%i bytes are there, and are zero', (lengthBytes) => {
  for (const memory of [ownMemory(lengthBytes), sharedMemory(lengthBytes)]) {
    expect(memory.byteLength).toBeGreaterThanOrEqual(lengthBytes);
    expect(new Uint8Array(memory).every((byte) => byte === 0)).toBe(true);
  }
  expect(ownMemory(lengthBytes)).toBeInstanceOf(ArrayBuffer);
  expect(sharedMemory(lengthBytes)).toBeInstanceOf(SharedArrayBuffer);
});

it('more than one memory can hold comes from the ordinary allocator', () => {
  expect(ownMemory(2 ** 32 + 1).byteLength).toBe(2 ** 32 + 1);
});

it.each([0, 10, 4 << 20, (4 << 20) + 1])('an array of %i bytes has that length', (lengthBytes) => {
  for (const bytes of [ownBytes(lengthBytes), ownBytes(lengthBytes, 0)]) expect([bytes.length, bytes.some((byte) => byte !== 0)]).toEqual([lengthBytes, false]);
});
