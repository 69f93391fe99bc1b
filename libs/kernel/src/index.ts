import { gcmsiv } from '@noble/ciphers/aes.js';
import { argon2id as nobleArgon2id } from '@noble/hashes/argon2.js';
import { blake3 } from '@noble/hashes/blake3.js';

/**
 * The byte kernels of the engine. Bytes in, bytes out; no I/O, no ids, no state that outlives a call (hashers apart).
 * Interim bodies: replaced by the WASM module, the signatures stay.
 */

/** BLAKE3, 32 bytes out. With a 32-byte key: keyed mode. @source BLAKE3 specification, 2.1 */
export function blake3Hash(data: Uint8Array, key?: Uint8Array): Uint8Array {
  return blake3(data, key ? { key } : {});
}

/** Incremental BLAKE3. `digest` ends the hasher. */
export interface Blake3Hasher {
  update(data: Uint8Array): this;
  digest(): Uint8Array;
}

export function createBlake3(key?: Uint8Array): Blake3Hasher {
  const inner = blake3.create(key ? { key } : {});
  const hasher: Blake3Hasher = {
    update(data) { inner.update(data); return hasher; },
    digest: () => inner.digest(),
  };
  return hasher;
}

/** AES-256-GCM-SIV without additional data; `sealed` = ciphertext and 16-byte tag. @throws Error when the tag differs. @source RFC 8452 */
export function gcmSivOpen(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): Uint8Array {
  return gcmsiv(key, nonce).decrypt(sealed);
}

export function gcmSivSeal(key: Uint8Array, nonce: Uint8Array, plain: Uint8Array): Uint8Array {
  return gcmsiv(key, nonce).encrypt(plain);
}

/** Argon2id v1.3. `memoryKiB` is bounded by the caller. @source RFC 9106 */
export function argon2id(options: { password: Uint8Array; salt: Uint8Array; passes: number; memoryKiB: number; lanes: number; lengthBytes: number }): Uint8Array {
  return nobleArgon2id(options.password, options.salt, { t: options.passes, m: options.memoryKiB, p: options.lanes, dkLen: options.lengthBytes });
}

export { KernelError, type KernelErrorKind } from './errors.js';
export { aesKwUnwrap, aesKwWrap, lz4Compress, lz4Decompress, xxh32 } from './interim.js';
