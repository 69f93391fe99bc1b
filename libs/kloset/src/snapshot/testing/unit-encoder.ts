import { aesKwWrap, gcmSivSeal, lz4Compress } from '@wardrobe/kernel';
import { concatBytes } from '../../bytes/bytes.js';
import type { Keystream } from './keystream.js';

const CHUNK_BYTES = 65536;

/** Seals one unit under a subkey of its own. @source 01-store 2.8 */
export function encryptUnit(plain: Uint8Array, secret: Uint8Array, random: Keystream): Uint8Array {
  const subkey = random.bytes(32);
  const parts = [aesKwWrap(secret, subkey)];
  for (let at = 0; at < plain.length; at += CHUNK_BYTES) {
    const nonce = random.bytes(12);
    parts.push(nonce, gcmSivSeal(subkey, nonce, plain.subarray(at, at + CHUNK_BYTES)));
  }
  return concatBytes(parts);
}

/** The writing side of a store's encoding: LZ4, then sealed when there is a secret. */
export function unitEncoder(secret: Uint8Array | null, random: Keystream): (plain: Uint8Array) => Uint8Array {
  return (plain) => {
    const packed = lz4Compress(plain);
    return secret === null ? packed : encryptUnit(packed, secret, random);
  };
}
