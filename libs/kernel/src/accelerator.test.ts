import { afterEach, expect, it } from 'vitest';
import { edgeLengths, hex, isInstalled, seededBytes } from '../test/support.js';
import { createNativeBlake3, nativeKeyedBlake3 } from './accelerator.js';
import { blake3Hash, isBlake3, setAccelerator } from './index.js';

afterEach(() => {
  setAccelerator(true);
});

it('is in use exactly where its package is installed', () => {
  expect(setAccelerator(true)).toBe(isInstalled('@napi-rs/blake-hash'));
  expect(createNativeBlake3(undefined) !== undefined).toBe(isInstalled('@napi-rs/blake-hash'));
});

it('is never used when it was turned off', () => {
  expect(setAccelerator(false)).toBe(false);
  expect(createNativeBlake3(undefined)).toBeUndefined();
});

it('keyed hashes of one piece are those of the module, whatever key came before', () => {
  for (const length of [...edgeLengths, 8191, 8192, 8193, 12_345]) {
    for (const name of ['one', 'other', 'other']) {
      const key = seededBytes(`key ${name}`, 32);
      const data = seededBytes(`data ${length}`, length);
      setAccelerator(false);
      const expected = blake3Hash(data, key);
      setAccelerator(true);
      expect(hex(blake3Hash(data, key))).toBe(hex(expected));
      expect(isBlake3(data, expected, key)).toBe(true);
      expect(isBlake3(data, blake3Hash(expected, key), key)).toBe(false);
      expect(hex(nativeKeyedBlake3(data, key) ?? expected)).toBe(hex(expected));
    }
  }
});
