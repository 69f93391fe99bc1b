import { createRequire } from 'node:module';
import { afterEach, expect, it } from 'vitest';
import { createNativeBlake3 } from './accelerator.js';
import { setAccelerator } from './index.js';

afterEach(() => {
  setAccelerator(true);
});

/** Whether the optional package can be loaded here at all. */
function installed(): boolean {
  try {
    createRequire(import.meta.url)('@napi-rs/blake-hash');
    return true;
  } catch (error) {
    process.stderr.write(`the native BLAKE3 package is absent: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}\n`);
    return false;
  }
}

it('is in use exactly where its package is installed', () => {
  expect(setAccelerator(true)).toBe(installed());
  expect(createNativeBlake3(undefined) !== undefined).toBe(installed());
});

it('is never used when it was turned off', () => {
  expect(setAccelerator(false)).toBe(false);
  expect(createNativeBlake3(undefined)).toBeUndefined();
});
