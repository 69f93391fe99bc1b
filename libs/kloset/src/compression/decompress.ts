import { constants, gunzipSync } from 'node:zlib';
import { Decompress } from 'fzstd';
import { concatBytes } from '../bytes/bytes.js';
import { DecodeError, TooLargeError } from '../errors/errors.js';
import { unlz4 } from './lz4.js';

export type CompressionName = 'LZ4' | 'GZIP' | 'ZSTD';

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

function stored(input: Uint8Array, limitBytes: number): Uint8Array {
  if (input.length > limitBytes) throw new TooLargeError('content', input.length, limitBytes);
  return input;
}

function gunzip(input: Uint8Array, limitBytes: number): Uint8Array {
  if (input.length === 0) return input;
  try {
    return gunzipSync(input, { maxOutputLength: Math.max(1, limitBytes), finishFlush: constants.Z_FINISH });
  } catch (error) {
    if (error instanceof RangeError) throw new TooLargeError('gzip: content', limitBytes + 1, limitBytes);
    throw new DecodeError('gzip', 'the stream is damaged', {}, { cause: error });
  }
}

/** Pieces of input between two looks at how much came out. */
const ZSTD_STEP_BYTES = 64 << 10;
/** Largest window that is granted: the frame header asks for it before any content is seen. */
const ZSTD_WINDOW_LIMIT_BYTES = 32 << 20;

function unzstd(input: Uint8Array, limitBytes: number): Uint8Array {
  if (input.length === 0) return input;
  checkZstdWindow(input);
  const parts: Uint8Array[] = [];
  let lengthBytes = 0;
  const stream = new Decompress((part) => {
    lengthBytes += part.length;
    if (lengthBytes > limitBytes) throw new TooLargeError('zstd: content', lengthBytes, limitBytes);
    parts.push(part.slice());
  });
  try {
    for (let at = 0; at < input.length; at += ZSTD_STEP_BYTES) stream.push(input.subarray(at, at + ZSTD_STEP_BYTES), at + ZSTD_STEP_BYTES >= input.length);
  } catch (error) {
    if (error instanceof TooLargeError) throw error;
    throw new DecodeError('zstd', 'the stream is damaged', {}, { cause: error });
  }
  return concatBytes(parts);
}

/** Window size of the first frame's header. @source RFC 8878, 3.1.1.1 */
function checkZstdWindow(input: Uint8Array): void {
  if (input.length < 6 || input[0] !== 0x28 || input[1] !== 0xb5 || input[2] !== 0x2f || input[3] !== 0xfd)
    throw new DecodeError('zstd', 'does not begin with the magic of a frame');
  const descriptor = input[4] as number;
  if ((descriptor & 0x20) !== 0) return;
  const byte = input[5] as number;
  const base = 2 ** (10 + (byte >> 3));
  const windowBytes = base + (base / 8) * (byte & 7);
  if (windowBytes > ZSTD_WINDOW_LIMIT_BYTES) throw new TooLargeError('zstd: window', windowBytes, ZSTD_WINDOW_LIMIT_BYTES);
}
