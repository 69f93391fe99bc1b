import { gcmsiv } from '@noble/ciphers/aes.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { edgeLengths, fromHex, hex, seededBytes } from '../test/support.js';
import { gcmSivOpen, gcmSivSeal, KernelError } from './index.js';

const one = (blocks: number): string => Array.from({ length: blocks }, (_, i) => `${(i + 1).toString(16).padStart(2, '0')}${'00'.repeat(15)}`).join('');
const c2Key = fromHex(`01${'00'.repeat(31)}`);
const c2Nonce = fromHex(`03${'00'.repeat(11)}`);
const zeroKey = new Uint8Array(32);
const zeroNonce = new Uint8Array(12);

describe('AES-256-GCM-SIV', () => {
  it.each([
    ['', '07f5f4169bbf55a8400cd47ea6fd400f'],
    ['0100000000000000', 'c2ef328e5c71c83b843122130f7364b761e0b97427e3df28'],
    ['010000000000000000000000', '9aab2aeb3faa0a34aea8e2b18ca50da9ae6559e48fd10f6e5c9ca17e'],
    [one(1), '85a01b63025ba19b7fd3ddfc033b3e76c9eac6fa700942702e90862383c6c366'],
    [one(2), '4a6a9db4c8c6549201b9edb53006cba821ec9cf850948a7c86c68ac7539d027fe819e63abcd020b006a976397632eb5d'],
    [one(3), 'c00d121893a9fa603f48ccc1ca3c57ce7499245ea0046db16c53c7c66fe717e39cf6c748837b61f6ee3adcee17534ed5790bc96880a99ba804bd12c0e6a22cc4'],
    [
      one(4),
      'c2d5160a1f8683834910acdafc41fbb1632d4a353e8b905ec9a5499ac34f96c7e1049eb080883891a4db8caaa1f99dd004d80487540735234e3744512c6f90ce112864c269fc0d9d88c61fa47e39aa08',
    ],
  ])('gives what RFC 8452, C.2, prints for plaintext %s', (plain, sealed) => {
    expect(hex(gcmSivSeal(c2Key, c2Nonce, fromHex(plain)))).toBe(sealed);
    expect(hex(gcmSivOpen(c2Key, c2Nonce, fromHex(sealed)))).toBe(plain);
  });

  it.each([
    [
      '000000000000000000000000000000004db923dc793ee6497c76dcc03a98e108',
      'f3f80f2cf0cb2dd9c5984fcda908456cc537703b5ba70324a6793a7bf218d3eaffffffff000000000000000000000000',
    ],
    ['eb3640277c7ffd1303c7a542d02d3e4c0000000000000000', '18ce4f0b8cb4d0cac65fea8f79257b20888e53e72299e56dffffffff000000000000000000000000'],
  ])('the counter wraps as RFC 8452, C.3, prints for plaintext %s', (plain, sealed) => {
    expect(hex(gcmSivSeal(zeroKey, zeroNonce, fromHex(plain)))).toBe(sealed);
    expect(hex(gcmSivOpen(zeroKey, zeroNonce, fromHex(sealed)))).toBe(plain);
  });

  it('agrees with @noble/ciphers at every edge, both ways', () => {
    const data = seededBytes('siv', 200_001);
    const key = seededBytes('siv key', 32);
    for (const length of edgeLengths) {
      const nonce = seededBytes(`siv nonce ${length}`, 12);
      const plain = data.subarray(0, length);
      const sealed = gcmSivSeal(key, nonce, plain);
      expect(hex(sealed), `${length}`).toBe(hex(gcmsiv(key, nonce).encrypt(plain)));
      expect(hex(gcmSivOpen(key, nonce, sealed)), `${length}`).toBe(hex(plain));
    }
  });

  it('agrees with @noble/ciphers on random lengths and keys', () => {
    const data = seededBytes('siv random', 9000);
    fc.assert(
      fc.property(fc.nat(9000), fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.uint8Array({ minLength: 12, maxLength: 12 }), (length, key, nonce) => {
        const plain = data.subarray(0, length);
        const sealed = gcmSivSeal(key, nonce, plain);
        return hex(sealed) === hex(gcmsiv(key, nonce).encrypt(plain)) && hex(gcmSivOpen(key, nonce, sealed)) === hex(plain);
      }),
      { seed: 12, numRuns: 200 },
    );
  });

  it('texts longer than one piece of the module come back', () => {
    const plain = seededBytes('siv long', 3 * 1024 * 1024 + 5);
    const sealed = gcmSivSeal(c2Key, c2Nonce, plain);
    expect(hex(sealed)).toBe(hex(gcmsiv(c2Key, c2Nonce).encrypt(plain)));
    expect(Buffer.compare(gcmSivOpen(c2Key, c2Nonce, sealed), plain)).toBe(0);
  });

  it('any changed byte, another key, another nonce and a truncation are tag errors', () => {
    for (const length of [0, 5, 330, 2000, 70_000]) {
      const sealed = gcmSivSeal(c2Key, c2Nonce, seededBytes('siv flip', length));
      const tagError = expect.objectContaining({ name: 'KernelError', kind: 'tag' });
      for (let i = 0; i < 40; i++) {
        const damaged = sealed.slice();
        const at = Math.floor(((sealed.length - 1) * i) / 39);
        damaged[at] = (damaged[at] ?? 0) ^ (1 << (i & 7));
        expect(() => gcmSivOpen(c2Key, c2Nonce, damaged)).toThrow(tagError);
      }
      expect(() => gcmSivOpen(zeroKey, c2Nonce, sealed)).toThrow(tagError);
      expect(() => gcmSivOpen(c2Key, zeroNonce, sealed)).toThrow(tagError);
      if (length > 0) expect(() => gcmSivOpen(c2Key, c2Nonce, sealed.subarray(0, -1))).toThrow(tagError);
    }
  });

  it('keys, nonces and texts of wrong lengths are input errors', () => {
    expect(() => gcmSivSeal(new Uint8Array(16), zeroNonce, zeroKey)).toThrow(KernelError);
    expect(() => gcmSivSeal(zeroKey, new Uint8Array(16), zeroKey)).toThrow(KernelError);
    expect(() => gcmSivOpen(zeroKey, zeroNonce, new Uint8Array(15))).toThrow(expect.objectContaining({ kind: 'input' }));
  });
});
