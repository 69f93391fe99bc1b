import { createCipheriv, pbkdf2Sync, randomBytes, scryptSync } from 'node:crypto';
import { aesKwWrap, gcmSivSeal } from '@wardrobe/kernel';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesFromHex, concatBytes, hexFromBytes } from '../bytes/bytes.js';
import { DecodeError, IntegrityError, KlosetError, TooLargeError } from '../errors/errors.js';
import type { EncryptionParams, KdfParams } from '../format/config.js';
import { deriveKey, KDF_LIMITS } from './kdf.js';
import { createMacAlgorithm } from './mac.js';
import { unitCipher } from './unit-cipher.js';

const hello = new TextEncoder().encode('hello\n');

describe('MAC', () => {
  it('BLAKE3 of a plain store, as in a real store', () => {
    const mac = createMacAlgorithm('BLAKE3', bytesFromHex('02d3e38bad5d458594f5b6a4130b5293'), null);
    expect(hexFromBytes(mac.hash(new Uint8Array(0)))).toBe('aba8639f9e7f21cedd44170846fef13e753e12b2b4c3acf3cd702e9f952fbb52');
    expect(hexFromBytes(mac.hash(hello))).toBe('1a0386200b17bf8815f021c022678daba28f3aa3e3300400b5a53f3c27ee580e');
  });

  it('SHA256 of a plain store, as in a real store; in pieces as at once', () => {
    const mac = createMacAlgorithm('SHA256', bytesFromHex('4d00ce0586ad4f3d897a8257ad743021'), null);
    expect(hexFromBytes(mac.hash(new TextEncoder().encode('hi\n')))).toBe('042d190ba527de88a48406a662cbc881f80e430a03a944fb727d29d908603da1');
    const pieces = mac.create();
    pieces.update(hello.subarray(0, 2));
    pieces.update(hello.subarray(2));
    expect(hexFromBytes(pieces.digest())).toBe(hexFromBytes(mac.hash(hello)));
  });

  it('an unknown algorithm is a DecodeError', () => expect(() => createMacAlgorithm('MD5', new Uint8Array(16), null)).toThrow(DecodeError));
});

const SALT = bytesFromHex('fb0d369055418df721bc1978bcf24b84');
const SECRET = bytesFromHex('1ef2c6bf951b01213d0e6bbe91cafa6f2fba136b7212abfae4e09737a12c436d');

function kdf(params: Partial<KdfParams>): KdfParams {
  return { KDF: 'ARGON2ID', Salt: SALT, argon2id: null, scrypt: null, pbkdf2: null, ...params };
}

describe('key derivation', () => {
  it('ARGON2ID gives the secret of a real store', async () => {
    const params = kdf({ argon2id: { SaltSize: 16, Time: 4, Memory: 262144, Threads: 1, KeyLen: 32 } });
    expect(hexFromBytes(await deriveKey(params, 'correct horse battery staple 42'))).toBe(hexFromBytes(SECRET));
  });

  it('SCRYPT and PBKDF2 with the defaults', async () => {
    const scrypt = kdf({ KDF: 'SCRYPT', scrypt: { SaltSize: 16, N: 32768, R: 8, P: 1, KeyLen: 32 } });
    expect(hexFromBytes(await deriveKey(scrypt, 'pass'))).toBe(scryptSync('pass', SALT, 32, { N: 32768, r: 8, p: 1, maxmem: 1 << 27 }).toString('hex'));
    const pbkdf2 = kdf({ KDF: 'PBKDF2', pbkdf2: { SaltSize: 16, Iterations: 100_000, KeyLen: 32, Hashing: 'SHA256' } });
    expect(hexFromBytes(await deriveKey(pbkdf2, 'pass'))).toBe(pbkdf2Sync('pass', SALT, 100_000, 32, 'sha256').toString('hex'));
  });

  it.each([
    ['argon2id memory', kdf({ argon2id: { SaltSize: 16, Time: 1, Memory: 0xffffffff, Threads: 1, KeyLen: 32 } })],
    ['argon2id passes', kdf({ argon2id: { SaltSize: 16, Time: 0xffffffff, Memory: 8, Threads: 1, KeyLen: 32 } })],
    ['argon2id work', kdf({ argon2id: { SaltSize: 16, Time: 64, Memory: 1 << 20, Threads: 1, KeyLen: 32 } })],
    ['scrypt N', kdf({ KDF: 'SCRYPT', scrypt: { SaltSize: 16, N: 2 ** 40, R: 8, P: 1, KeyLen: 32 } })],
    ['scrypt R', kdf({ KDF: 'SCRYPT', scrypt: { SaltSize: 16, N: 2 ** 20, R: 1024, P: 1, KeyLen: 32 } })],
    ['scrypt P', kdf({ KDF: 'SCRYPT', scrypt: { SaltSize: 16, N: 2 ** 15, R: 8, P: 1024, KeyLen: 32 } })],
    ['pbkdf2 iterations', kdf({ KDF: 'PBKDF2', pbkdf2: { SaltSize: 16, Iterations: 2 ** 40, KeyLen: 32, Hashing: 'SHA256' } })],
    ['salt', kdf({ Salt: new Uint8Array(KDF_LIMITS.saltBytes + 1) })],
  ])('absurd %s is refused with TooLargeError before anything is derived', async (_what, params) => {
    await expect(deriveKey(params, 'pass')).rejects.toBeInstanceOf(TooLargeError);
  });

  it.each([
    ['unknown function', kdf({ KDF: 'MD5' })],
    ['missing parameters', kdf({})],
    ['key length', kdf({ argon2id: { SaltSize: 16, Time: 1, Memory: 64, Threads: 1, KeyLen: 16 } })],
    ['no passes', kdf({ argon2id: { SaltSize: 16, Time: 0, Memory: 64, Threads: 1, KeyLen: 32 } })],
    ['too little memory', kdf({ argon2id: { SaltSize: 16, Time: 1, Memory: 7, Threads: 1, KeyLen: 32 } })],
    ['scrypt N no power of two', kdf({ KDF: 'SCRYPT', scrypt: { SaltSize: 16, N: 3000, R: 8, P: 1, KeyLen: 32 } })],
    ['unknown pbkdf2 hash', kdf({ KDF: 'PBKDF2', pbkdf2: { SaltSize: 16, Iterations: 1000, KeyLen: 32, Hashing: 'MD5' } })],
  ])('%s is a DecodeError', async (_what, params) => expect(deriveKey(params, 'pass')).rejects.toBeInstanceOf(DecodeError));
});

const CANARY = bytesFromHex(
  '22ddfc0300dd31e16dd56e56b570f8d8c28fb6c8ec962b30cec3a094e0ea00984ee63e156b68210ec172b30668f96f894e6841957e8916e8f0bd981837c3d80a9b2d0fe3aa94a2ebf4935dd1e6a461f7b70248073b09e4dc3f9687b5c03553d53c4de371',
);

function encryption(params: Partial<EncryptionParams> = {}): EncryptionParams {
  return { SubKeyAlgorithm: 'AES256-KW', DataAlgorithm: 'AES256-GCM-SIV', ChunkSize: 65536, KDFParams: kdf({}), Canary: CANARY, ...params };
}

/** A unit as plakar seals it, by independent pieces. */
function seal(plain: Uint8Array, params: EncryptionParams): Uint8Array {
  const subkey = randomBytes(32);
  const nonce = randomBytes(12);
  const gcm = createCipheriv('aes-256-gcm', SECRET, nonce);
  const wrapped = params.SubKeyAlgorithm === 'AES256-KW' ? aesKwWrap(SECRET, subkey) : concatBytes([nonce, gcm.update(subkey), gcm.final(), gcm.getAuthTag()]);
  const parts = [wrapped];
  for (let at = 0; at < plain.length; at += params.ChunkSize) {
    const chunkNonce = randomBytes(12);
    parts.push(chunkNonce, gcmSivSeal(subkey, chunkNonce, plain.subarray(at, at + params.ChunkSize)));
  }
  return concatBytes(parts);
}

describe('encrypted units', () => {
  it('the canary of a real store opens to its 32 bytes', () => {
    expect(hexFromBytes(unitCipher(encryption(), SECRET)(CANARY))).toBe('10a4e6104f812ce17d0ee40bc484bda74d2debedb8533d21a9baafa5b45722e1');
  });

  it.each(['AES256-KW', 'AES256-GCM'])('%s: every size opens, and any flipped bit is an error', (SubKeyAlgorithm) => {
    const params = encryption({ SubKeyAlgorithm, ChunkSize: 100 });
    const open = unitCipher(params, SECRET);
    for (const lengthBytes of [0, 1, 99, 100, 101, 200, 350]) {
      const plain = randomBytes(lengthBytes);
      const unit = seal(plain, params);
      expect(hexFromBytes(open(unit))).toBe(plain.toString('hex'));
      for (let at = 0; at < unit.length; at += 7) {
        const damaged = unit.slice();
        damaged[at] = (damaged[at] as number) ^ 1;
        expect(() => open(damaged)).toThrow(IntegrityError);
      }
    }
  });

  it('cut anywhere inside a chunk or the key it is an error', () => {
    const params = encryption({ ChunkSize: 100 });
    const unit = seal(randomBytes(150), params);
    fc.assert(
      fc.property(fc.nat({ max: unit.length - 1 }), (length) => {
        const wholeChunks = (length - 40) % 128 === 0 && length >= 40;
        if (!wholeChunks) expect(() => unitCipher(params, SECRET)(unit.subarray(0, length))).toThrow(KlosetError);
      }),
    );
  });

  it('unknown algorithms and absurd chunk sizes are refused', () => {
    expect(() => unitCipher(encryption({ SubKeyAlgorithm: 'toString' }), SECRET)).toThrow(DecodeError);
    expect(() => unitCipher(encryption({ DataAlgorithm: 'AES256-CTR' }), SECRET)).toThrow(DecodeError);
    expect(() => unitCipher(encryption({ ChunkSize: 0 }), SECRET)).toThrow(DecodeError);
    expect(() => unitCipher(encryption({ ChunkSize: 2 ** 40 }), SECRET)).toThrow(TooLargeError);
  });
});
