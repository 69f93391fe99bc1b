import { KernelError, lz4Decompress } from '@wardrobe/kernel';
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
    if (!(error instanceof KernelError)) throw error;
    if (error.kind === 'limit') throw new TooLargeError('LZ4: content', limitBytes + 1, limitBytes);
    throw new DecodeError('LZ4', error.message, {}, { cause: error });
  }
}
