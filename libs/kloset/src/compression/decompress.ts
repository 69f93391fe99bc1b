import { constants, gunzipSync } from 'node:zlib';
import { DecodeError, TooLargeError } from '../errors/errors.js';
import { unlz4, unlz4Pieces } from './lz4.js';
import { unzstd } from './zstd.js';

/** Content of one compressed unit, never more than `limitBytes`. @throws DecodeError, TooLargeError */
export type DecompressBytes = (input: Uint8Array, limitBytes: number) => Uint8Array;

/** The reader of a store's compression; null is no compression. @throws DecodeError an algorithm that is not known @source 01-store 2.5 */
export function decompressor(algorithm: string | null): DecompressBytes {
  switch (algorithm) {
    case null:
      return stored;
    case 'LZ4':
      return unlz4;
    case 'GZIP':
      return gunzip;
    case 'ZSTD':
      return unzstd;
    default:
      throw new DecodeError('CONFIG', `unknown compression ${JSON.stringify(algorithm.slice(0, 40))}`);
  }
}

/** The same in pieces, each good until anything else is decoded or hashed; only LZ4 has more than one. Their end proves what the format proves. */
export type DecompressPieces = (input: Uint8Array, limitBytes: number) => Iterable<Uint8Array>;

/** @throws DecodeError an algorithm that is not known */
export function pieceDecompressor(algorithm: string | null): DecompressPieces {
  if (algorithm === 'LZ4') return unlz4Pieces;
  const decompress = decompressor(algorithm);
  return (input, limitBytes) => [decompress(input, limitBytes)];
}

function stored(input: Uint8Array, limitBytes: number): Uint8Array {
  if (input.length > limitBytes) throw new TooLargeError('content', input.length, limitBytes);
  return input;
}

function gunzip(input: Uint8Array, limitBytes: number): Uint8Array {
  if (input.length === 0) return input;
  try {
    const content = gunzipSync(input, { maxOutputLength: Math.max(1, limitBytes), finishFlush: constants.Z_FINISH });
    // A plain array like the other decompressors give: `slice` of a Buffer would not copy.
    return new Uint8Array(content.buffer, content.byteOffset, content.length);
  } catch (error) {
    if (error instanceof RangeError) throw new TooLargeError('gzip: content', limitBytes + 1, limitBytes);
    throw new DecodeError('gzip', 'the stream is damaged', {}, { cause: error });
  }
}
