import { gzipSync } from 'node:zlib';
import { Lz4FrameWriter, lz4Compress } from '@wardrobe/kernel';
import { concatBytes } from '../bytes/bytes.js';
import { DecodeError } from '../errors/errors.js';

/** One compressed unit, readable by the matching `DecompressBytes`. */
export type CompressBytes = (plain: Uint8Array) => Uint8Array;

/** The writer of a store's compression; null is no compression. @throws DecodeError an algorithm that is not known @source 01-store 2.5 */
export function compressor(algorithm: string | null): CompressBytes {
  switch (algorithm) {
    case null:
      return (plain) => plain;
    case 'LZ4':
      return lz4Compress;
    case 'GZIP':
      return (plain) => new Uint8Array(gzipSync(plain));
    case 'ZSTD':
      return storeInZstdFrame;
    default:
      throw new DecodeError('CONFIG', `unknown compression ${JSON.stringify(algorithm.slice(0, 40))}`);
  }
}

/** The same piece by piece. GZIP and ZSTD have no writer in pieces here: they hold the whole unit until it ends. @throws DecodeError an algorithm that is not known */
export function compressStream(algorithm: string | null): { push(plain: Uint8Array): readonly Uint8Array[]; finish(): readonly Uint8Array[] } {
  if (algorithm === 'LZ4') return new Lz4FrameWriter();
  if (algorithm === null) return { push: (plain) => [plain.slice()], finish: () => [] };
  const compress = compressor(algorithm);
  const held: Uint8Array[] = [];
  return {
    push(plain) {
      held.push(plain.slice());
      return [];
    },
    finish: () => [compress(concatBytes(held))],
  };
}

const ZSTD_BLOCK_BYTES = 1 << 17;

/** A legal zstd frame whose blocks are stored as they are: Node has no zstd writer, and such a store is only met, never made. @source RFC 8878 3.1.1 */
function storeInZstdFrame(plain: Uint8Array): Uint8Array {
  // Magic number; frame header: single segment, content size of 8 bytes.
  const head = new Uint8Array(13);
  const view = new DataView(head.buffer);
  view.setUint32(0, 0xfd2fb528, true);
  head[4] = 0xe0;
  view.setBigUint64(5, BigInt(plain.length), true);
  const parts: Uint8Array[] = [head];
  let at = 0;
  do {
    const block = plain.subarray(at, at + ZSTD_BLOCK_BYTES);
    at += block.length;
    const word = (block.length << 3) | (at >= plain.length ? 1 : 0);
    parts.push(Uint8Array.of(word, word >> 8, word >> 16), block);
  } while (at < plain.length);
  return concatBytes(parts);
}
