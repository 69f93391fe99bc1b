import { aeskw } from '@noble/ciphers/aes.js';
import { createCipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { fromHex, hex, seededBytes } from '../test/support.js';
import { aesKwUnwrap, aesKwWrap, KernelError } from './index.js';

const kek = fromHex('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');

describe('AES-256 key wrap', () => {
  it.each([
    ['4.3', '00112233445566778899aabbccddeeff', '64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7'],
    ['4.5', '00112233445566778899aabbccddeeff0001020304050607', 'a8f9bc1612c68b3ff6e6f4fbe30e71e4769c8b80a32cb8958cd5d17d6b254da1'],
    [
      '4.6',
      '00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f',
      '28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21',
    ],
  ])('gives what RFC 3394, %s, prints', (_section, plain, wrapped) => {
    expect(hex(aesKwWrap(kek, fromHex(plain)))).toBe(wrapped);
    expect(hex(aesKwUnwrap(kek, fromHex(wrapped)))).toBe(plain);
  });

  it('agrees with node:crypto and @noble/ciphers on keys of every length', () => {
    for (let words = 2; words <= 40; words++) {
      const secret = seededBytes(`kek ${words}`, 32);
      const key = seededBytes(`key ${words}`, words * 8);
      const wrapped = aesKwWrap(secret, key);
      expect(hex(wrapped)).toBe(hex(createCipheriv('id-aes256-wrap', secret, Buffer.alloc(8, 0xa6)).update(key)));
      expect(hex(wrapped)).toBe(hex(aeskw(secret).encrypt(key)));
      expect(hex(aesKwUnwrap(secret, wrapped))).toBe(hex(key));
    }
  });

  it('every changed bit and every wrong key is an unwrap error', () => {
    const wrapped = aesKwWrap(kek, seededBytes('flip', 32));
    for (let bit = 0; bit < wrapped.length * 8; bit += 3) {
      const damaged = wrapped.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => aesKwUnwrap(kek, damaged)).toThrow(expect.objectContaining({ name: 'KernelError', kind: 'unwrap' }));
    }
    expect(() => aesKwUnwrap(seededBytes('another', 32), wrapped)).toThrow(expect.objectContaining({ kind: 'unwrap' }));
  });

  it('lengths that no key has are input errors', () => {
    for (const length of [0, 8, 15, 17, 33]) expect(() => aesKwWrap(kek, new Uint8Array(length))).toThrow(KernelError);
    for (const length of [0, 8, 16, 25, 39, 41]) expect(() => aesKwUnwrap(kek, new Uint8Array(length))).toThrow(KernelError);
    expect(() => aesKwWrap(new Uint8Array(16), new Uint8Array(32))).toThrow(expect.objectContaining({ kind: 'input' }));
  });
});
