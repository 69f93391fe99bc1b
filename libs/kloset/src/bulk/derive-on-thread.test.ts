import { setAccelerator } from '@wardrobe/kernel';
import { afterEach, expect, it } from 'vitest';
import { deriveKey } from '../crypto/kdf.js';
import { TooLargeError } from '../errors/errors.js';
import type { KdfParams } from '../format/config.js';
import { deriveOnThread } from './derive-on-thread.js';

const params = (memoryKiB: number): KdfParams => ({
  KDF: 'ARGON2ID',
  Salt: new Uint8Array(16).fill(7),
  argon2id: { SaltSize: 16, Time: 2, Memory: memoryKiB, Threads: 1, KeyLen: 32 },
  scrypt: null,
  pbkdf2: null,
});

afterEach(() => {
  setAccelerator(true);
});

it.each([true, false])('another thread derives the key that this one would, natively: %s', { timeout: 30_000 }, async (isNative) => {
  setAccelerator(isNative);
  const derived = await deriveOnThread(params(1024), 'a fine passphrase');
  expect(Buffer.from(derived).toString('hex')).toBe(Buffer.from(await deriveKey(params(1024), 'a fine passphrase')).toString('hex'));
});

it('what cannot be derived is told as this one tells it', { timeout: 30_000 }, async () => {
  await expect(deriveOnThread(params(1 << 30), 'any')).rejects.toBeInstanceOf(TooLargeError);
});
