import { KernelError, lz4Blocks, lz4Decompress } from '@wardrobe/kernel';
import { DecodeError, TooLargeError } from '../errors/errors.js';

/**
 * Content of one LZ4 frame of any legal form. Zero bytes of input are empty content.
 * @throws DecodeError not a whole frame, or one of its checksums differs; TooLargeError more than `limitBytes` of content
 */
export function unlz4(input: Uint8Array, limitBytes: number): Uint8Array {
  if (input.length === 0) return input;
  try {
    return lz4Decompress(input, limitBytes);
  } catch (error) {
    throw lz4Error(error, limitBytes);
  }
}

/** The same in views that are good until the next one, or until anything else is decoded or hashed. @throws as `unlz4` */
export function* unlz4Pieces(input: Uint8Array, limitBytes: number): Generator<Uint8Array> {
  if (input.length === 0) return;
  const blocks = lz4Blocks(input, limitBytes);
  for (let piece = nextOf(blocks, limitBytes); piece !== null; piece = nextOf(blocks, limitBytes)) yield piece;
}

/** What the reader of the pieces throws is none of ours: only the decoding is watched. */
function nextOf(blocks: Generator<Uint8Array>, limitBytes: number): Uint8Array | null {
  try {
    const { done, value } = blocks.next();
    return done === true ? null : value;
  } catch (error) {
    throw lz4Error(error, limitBytes);
  }
}

function lz4Error(error: unknown, limitBytes: number): unknown {
  if (!(error instanceof KernelError)) return error;
  if (error.kind === 'limit') return new TooLargeError('LZ4: content', limitBytes + 1, limitBytes);
  return new DecodeError('LZ4', error.message, {}, { cause: error });
}
