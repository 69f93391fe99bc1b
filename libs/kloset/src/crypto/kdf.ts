import { pbkdf2, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { deriveArgon2id, isDerivedNatively } from '@wardrobe/kernel';
import { collectGarbage } from '@wardrobe/store-connector';
import { DecodeError, TooLargeError } from '../errors/errors.js';
import type { KdfParams } from '../format/config.js';

/** Key derivation. Its parameters are used before they can be authenticated, so each is bounded before anything is allocated. @source 01-store 2.7, 2.8 */

export const SECRET_BYTES = 32;

/** About sixteen times what plakar writes by default: more is damage or an attack. */
export const KDF_LIMITS = {
  saltBytes: 1024,
  argon2MemoryKiB: 1 << 20,
  argon2Passes: 64,
  argon2Lanes: 64,
  /** Memory times passes: what time depends on. */
  argon2WorkKiB: 16 << 20,
  scryptMemoryBytes: 1 << 30,
  /** N times R times P. */
  scryptWork: 1 << 23,
  pbkdf2Iterations: 20_000_000,
} as const;

const scryptAsync = promisify<Uint8Array, Uint8Array, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(scrypt);
const pbkdf2Async = promisify(pbkdf2);

/**
 * The 32-byte secret of a passphrase. ARGON2ID without its native package runs on the calling thread (about a second): call from a worker where that matters.
 * @throws TooLargeError parameters above `KDF_LIMITS`; DecodeError parameters no derivation can take
 */
export async function deriveKey(params: KdfParams, passphrase: string): Promise<Uint8Array> {
  const password = Buffer.from(passphrase, 'utf8');
  bound('salt', params.Salt.length, { max: KDF_LIMITS.saltBytes });
  switch (params.KDF) {
    case 'ARGON2ID':
      return deriveFromArgon2id(params, password);
    case 'SCRYPT':
      return deriveScrypt(params, password);
    case 'PBKDF2':
      return derivePbkdf2(params, password);
    default:
      throw new DecodeError('CONFIG', `unknown key derivation ${JSON.stringify(params.KDF.slice(0, 40))}`);
  }
}

async function deriveFromArgon2id(params: KdfParams, password: Uint8Array): Promise<Uint8Array> {
  const p = present(params.argon2id, 'argon2id');
  checkKeyLength(p.KeyLen);
  bound('argon2id passes', p.Time, { min: 1, max: KDF_LIMITS.argon2Passes });
  bound('argon2id lanes', p.Threads, { min: 1, max: KDF_LIMITS.argon2Lanes });
  bound('argon2id memory (KiB)', p.Memory, { min: 8 * p.Threads, max: KDF_LIMITS.argon2MemoryKiB });
  bound('argon2id memory times passes (KiB)', p.Memory * p.Time, { max: KDF_LIMITS.argon2WorkKiB });
  bound('salt', params.Salt.length, { min: 8, max: KDF_LIMITS.saltBytes });
  const options = { password, salt: params.Salt, passes: p.Time, memoryKiB: p.Memory, lanes: p.Threads, lengthBytes: SECRET_BYTES };
  try {
    return await deriveArgon2id(options);
  } finally {
    // The memory of a derivation in the module is most of what a command ever takes.
    if (!isDerivedNatively(options)) collectGarbage();
  }
}

async function deriveScrypt(params: KdfParams, password: Uint8Array): Promise<Uint8Array> {
  const p = present(params.scrypt, 'scrypt');
  checkKeyLength(p.KeyLen);
  bound('scrypt R', p.R, { min: 1, max: 1024 });
  bound('scrypt P', p.P, { min: 1, max: 1024 });
  bound('scrypt N', p.N, { min: 2, max: KDF_LIMITS.scryptWork });
  if ((p.N & (p.N - 1)) !== 0) throw new DecodeError('CONFIG', `scrypt N is ${p.N}, not a power of two`);
  const memoryBytes = 128 * p.R * (p.N + p.P);
  bound('scrypt memory', memoryBytes, { max: KDF_LIMITS.scryptMemoryBytes });
  bound('scrypt N times R times P', p.N * p.R * p.P, { max: KDF_LIMITS.scryptWork });
  return new Uint8Array(await scryptAsync(password, params.Salt, SECRET_BYTES, { N: p.N, r: p.R, p: p.P, maxmem: memoryBytes + (1 << 20) }));
}

async function derivePbkdf2(params: KdfParams, password: Uint8Array): Promise<Uint8Array> {
  const p = present(params.pbkdf2, 'pbkdf2');
  checkKeyLength(p.KeyLen);
  bound('pbkdf2 iterations', p.Iterations, { min: 1, max: KDF_LIMITS.pbkdf2Iterations });
  if (p.Hashing !== 'SHA256') throw new DecodeError('CONFIG', `unknown pbkdf2 hashing ${JSON.stringify(p.Hashing.slice(0, 40))}`);
  return new Uint8Array(await pbkdf2Async(password, params.Salt, p.Iterations, SECRET_BYTES, 'sha256'));
}

function present<T>(params: T | null, name: string): T {
  if (params === null) throw new DecodeError('CONFIG', `the parameters of ${name} are missing`);
  return params;
}

function checkKeyLength(lengthBytes: number): void {
  if (lengthBytes !== SECRET_BYTES) throw new DecodeError('CONFIG', `the key length is ${lengthBytes}, not ${SECRET_BYTES}`);
}

function bound(what: string, found: number, limits: { readonly min?: number; readonly max: number }): void {
  if (found > limits.max) throw new TooLargeError(`CONFIG: ${what}`, found, limits.max);
  if (found < (limits.min ?? 0)) throw new DecodeError('CONFIG', `${what} is ${found}, below ${limits.min ?? 0}`);
}
