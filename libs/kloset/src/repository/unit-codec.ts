import { compressor, compressStream } from '../compression/compress.js';
import { decompressor, pieceDecompressor } from '../compression/decompress.js';
import { type PieceEncoder, type RandomBytes, unitCipher, unitSealer, unitSealStream } from '../crypto/unit-cipher.js';
import type { Config } from '../format/config.js';

/** The inverse of the repository encoding: decrypt, then inflate. @source 01-store 2.6 */
export type DecodeUnit = (encoded: Uint8Array, limitBytes?: number) => Uint8Array;

const LIMIT_BASE_BYTES = 32 << 20;
/** Records that grow without bound (states, objects of huge files) hold hashes, which compress little. */
const LIMIT_PER_ENCODED_BYTE = 32;

/** @throws DecodeError an algorithm that is not known. The returned function throws DecodeError, IntegrityError, TooLargeError */
export function unitDecoder(config: Config, secret: Uint8Array | null): DecodeUnit {
  const decompress = decompressor(config.Compression?.Algorithm ?? null);
  const decrypt = config.Encryption === null || secret === null ? null : unitCipher(config.Encryption, secret);
  const floorBytes = Math.max(LIMIT_BASE_BYTES, Math.min(config.Chunking.MaxSize, 256 << 20) * 2);
  return (encoded, limitBytes = Math.max(floorBytes, encoded.length * LIMIT_PER_ENCODED_BYTE)) =>
    decompress(decrypt === null ? encoded : decrypt(encoded), limitBytes);
}

/** The content of a unit that is too large to be held, as often as it is gone through: each piece is good until anything else is decoded or hashed. */
export type DecodePieces = (encoded: Uint8Array, limitBytes: number) => () => Iterable<Uint8Array>;

/** @throws as `unitDecoder`; what is wrong with the compression is found while the pieces are gone through */
export function unitPieces(config: Config, secret: Uint8Array | null): DecodePieces {
  const decompress = pieceDecompressor(config.Compression?.Algorithm ?? null);
  const decrypt = config.Encryption === null || secret === null ? null : unitCipher(config.Encryption, secret);
  return (encoded, limitBytes) => {
    const compressed = decrypt === null ? encoded : decrypt(encoded);
    return () => decompress(compressed, limitBytes);
  };
}

/** The repository encoding: compress, then encrypt. Two encodings of the same content differ in an encrypted store. @source 01-store 2.6 */
export type EncodeUnit = (plain: Uint8Array) => Uint8Array;

/** @throws DecodeError an algorithm that is not known */
export function unitEncoder(config: Config, secret: Uint8Array | null, random: RandomBytes): EncodeUnit {
  const compress = compressor(config.Compression?.Algorithm ?? null);
  const encrypt = config.Encryption === null || secret === null ? null : unitSealer(config.Encryption, secret, random);
  return (plain) => (encrypt === null ? compress(plain) : encrypt(compress(plain)));
}

/** The repository encoding of one unit that is too large to be held. @throws DecodeError an algorithm that is not known */
export function unitStream(config: Config, secret: Uint8Array | null, random: RandomBytes): PieceEncoder {
  const compress = compressStream(config.Compression?.Algorithm ?? null);
  if (config.Encryption === null || secret === null) return compress;
  const seal = unitSealStream(config.Encryption, secret, random);
  return {
    push: (plain) => compress.push(plain).flatMap((piece) => seal.push(piece)),
    finish: () => [...compress.finish().flatMap((piece) => seal.push(piece)), ...seal.finish()],
  };
}
