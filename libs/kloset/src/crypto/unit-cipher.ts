import { createCipheriv, createDecipheriv } from 'node:crypto';
import { aesKwUnwrap, aesKwWrap, gcmSivOpen, gcmSivSeal, ownBytes } from '@wardrobe/kernel';
import { concatBytes, equalBytes } from '../bytes/bytes.js';
import { DecodeError, IntegrityError, TooLargeError } from '../errors/errors.js';
import type { EncryptionParams } from '../format/config.js';

/** An encrypted unit: a wrapped subkey, then sealed chunks of fixed plaintext size. @source 01-store 2.8 */

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CHUNK_LIMIT_BYTES = 16 << 20;

/** Plaintext (still compressed) of one unit. @throws IntegrityError wrong key or damaged; DecodeError too short */
export type DecryptUnit = (unit: Uint8Array) => Uint8Array;

/** The reverse: seals a (compressed) unit under a subkey of its own. */
export type EncryptUnit = (plain: Uint8Array) => Uint8Array;

/** Encodes one unit of any size in little memory. */
export type PieceEncoder = { push(plain: Uint8Array): readonly Uint8Array[]; finish(): readonly Uint8Array[] };

/** Cryptographically random bytes. */
export type RandomBytes = (lengthBytes: number) => Uint8Array;

type SubkeyWrap = {
  readonly lengthBytes: number;
  unwrap(secret: Uint8Array, wrapped: Uint8Array): Uint8Array;
  wrap(secret: Uint8Array, subkey: Uint8Array, random: RandomBytes): Uint8Array;
};

const SUBKEY_WRAPS: Readonly<Record<string, SubkeyWrap>> = {
  'AES256-KW': { lengthBytes: 40, unwrap: aesKwUnwrap, wrap: aesKwWrap },
  'AES256-GCM': { lengthBytes: NONCE_BYTES + 32 + TAG_BYTES, unwrap: openGcm, wrap: sealGcm },
};

/** @throws DecodeError an algorithm or chunk size that is not known */
export function unitCipher(params: EncryptionParams, secret: Uint8Array): DecryptUnit {
  const wrap = checkedWrap(params);
  return (unit) => decryptUnit(unit, { wrap, secret, chunkBytes: params.ChunkSize });
}

/** @throws DecodeError an algorithm or chunk size that is not known */
export function unitSealer(params: EncryptionParams, secret: Uint8Array, random: RandomBytes): EncryptUnit {
  const wrap = checkedWrap(params);
  return (plain) => {
    const subkey = random(32);
    const parts = [wrap.wrap(secret, subkey, random)];
    for (let at = 0; at < plain.length; at += params.ChunkSize) {
      const nonce = random(NONCE_BYTES);
      parts.push(nonce, gcmSivSeal(subkey, nonce, plain.subarray(at, at + params.ChunkSize)));
    }
    return concatBytes(parts);
  };
}

/** The same piece by piece: what is ready comes out of `push`, the rest out of `finish`. Every chunk is opened again before it is given out. */
export function unitSealStream(params: EncryptionParams, secret: Uint8Array, random: RandomBytes): PieceEncoder {
  const wrap = checkedWrap(params);
  const subkey = random(32);
  const wrapped = wrap.wrap(secret, subkey, random);
  if (!equalBytes(wrap.unwrap(secret, wrapped), subkey)) throw new IntegrityError('encrypted unit', 'its key does not unwrap');
  const chunk = new Uint8Array(params.ChunkSize);
  let filled = 0;
  let begun = false;
  const seal = (): Uint8Array[] => {
    const nonce = random(NONCE_BYTES);
    const plain = chunk.subarray(0, filled);
    const sealed = concatBytes([nonce, gcmSivSeal(subkey, nonce, plain)]);
    if (!equalBytes(openChunk(subkey, sealed), plain)) throw new IntegrityError('encrypted unit', 'what was sealed does not open to the same bytes');
    filled = 0;
    return [sealed];
  };
  const begin = (): Uint8Array[] => (begun ? [] : [wrapped]);
  return {
    push(plain) {
      const out = begin();
      begun = true;
      for (let at = 0; at < plain.length; ) {
        const piece = plain.subarray(at, at + chunk.length - filled);
        chunk.set(piece, filled);
        filled += piece.length;
        at += piece.length;
        if (filled === chunk.length) out.push(...seal());
      }
      return out;
    },
    finish: () => [...begin(), ...(filled > 0 ? seal() : [])],
  };
}

function checkedWrap(params: EncryptionParams): SubkeyWrap {
  const wrap = Object.hasOwn(SUBKEY_WRAPS, params.SubKeyAlgorithm) ? SUBKEY_WRAPS[params.SubKeyAlgorithm] : undefined;
  if (wrap === undefined) throw new DecodeError('CONFIG', `unknown subkey algorithm ${JSON.stringify(params.SubKeyAlgorithm.slice(0, 40))}`);
  if (params.DataAlgorithm !== 'AES256-GCM-SIV') throw new DecodeError('CONFIG', `unknown data algorithm ${JSON.stringify(params.DataAlgorithm.slice(0, 40))}`);
  if (params.ChunkSize < 1) throw new DecodeError('CONFIG', `the chunk size is ${params.ChunkSize}`);
  if (params.ChunkSize > CHUNK_LIMIT_BYTES) throw new TooLargeError('chunk size of the encryption', params.ChunkSize, CHUNK_LIMIT_BYTES);
  return wrap;
}

function decryptUnit(unit: Uint8Array, options: { readonly wrap: SubkeyWrap; readonly secret: Uint8Array; readonly chunkBytes: number }): Uint8Array {
  const { wrap, secret } = options;
  if (unit.length < wrap.lengthBytes) throw new DecodeError('encrypted unit', `${unit.length} bytes are too few for its key`);
  const subkey = guarded('its key does not unwrap', () => wrap.unwrap(secret, unit.subarray(0, wrap.lengthBytes)));
  const sealed = unit.subarray(wrap.lengthBytes);
  const sealedBytes = options.chunkBytes + NONCE_BYTES + TAG_BYTES;
  const lastBytes = sealed.length % sealedBytes;
  if (lastBytes > 0 && lastBytes <= NONCE_BYTES + TAG_BYTES) throw new DecodeError('encrypted unit', 'ends inside a chunk');
  const chunks = Math.ceil(sealed.length / sealedBytes);
  const plain = ownBytes(Math.max(0, sealed.length - chunks * (NONCE_BYTES + TAG_BYTES)));
  let written = 0;
  for (let at = 0; at < sealed.length; at += sealedBytes) {
    const piece = openChunk(subkey, sealed.subarray(at, at + sealedBytes));
    plain.set(piece, written);
    written += piece.length;
  }
  return plain;
}

function openChunk(subkey: Uint8Array, chunk: Uint8Array): Uint8Array {
  return guarded('a tag differs', () => gcmSivOpen(subkey, chunk.subarray(0, NONCE_BYTES), chunk.subarray(NONCE_BYTES)));
}

function sealGcm(secret: Uint8Array, subkey: Uint8Array, random: RandomBytes): Uint8Array {
  const nonce = random(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', secret, nonce);
  return concatBytes([nonce, cipher.update(subkey), cipher.final(), cipher.getAuthTag()]);
}

function openGcm(secret: Uint8Array, wrapped: Uint8Array): Uint8Array {
  const decipher = createDecipheriv('aes-256-gcm', secret, wrapped.subarray(0, NONCE_BYTES));
  decipher.setAuthTag(wrapped.subarray(wrapped.length - TAG_BYTES));
  const subkey = decipher.update(wrapped.subarray(NONCE_BYTES, wrapped.length - TAG_BYTES));
  decipher.final();
  return subkey;
}

/** Runs a cipher on bytes of checked length: whatever it throws means that they do not open. */
function guarded(detail: string, open: () => Uint8Array): Uint8Array {
  try {
    return open();
  } catch (error) {
    throw new IntegrityError('encrypted unit', detail, {}, { cause: error });
  }
}
