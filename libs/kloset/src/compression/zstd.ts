import { Decompress } from 'fzstd';
import { concatBytes } from '../bytes/bytes.js';
import { ByteReader } from '../codec/byte-reader.js';
import { DecodeError, KlosetError, TooLargeError } from '../errors/errors.js';

/** Pieces of input between two looks at how much came out. */
const STEP_BYTES = 64 << 10;
/** Largest window that is granted: the header asks for it before any content is seen. */
const WINDOW_LIMIT_BYTES = 32 << 20;
const MAGIC = 0xfd2fb528;
const DICTIONARY_BYTES = [0, 1, 2, 4] as const;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;
const RLE_BLOCK = 1;
const RESERVED_BLOCK = 3;

/**
 * Content of the first zstd frame; what follows it is ignored. Zero bytes of input are empty content. The frame's outline is checked before the decoder, which
 * trusts what headers ask for, gets to see it. @source RFC 8878, 3.1.1
 * @throws DecodeError, TooLargeError
 */
export function unzstd(input: Uint8Array, limitBytes: number): Uint8Array {
  if (input.length === 0) return input;
  const frame = input.subarray(0, frameBytes(input, limitBytes));
  const parts: Uint8Array[] = [];
  let lengthBytes = 0;
  const stream = new Decompress((part) => {
    lengthBytes += part.length;
    if (lengthBytes > limitBytes) throw new TooLargeError('zstd: content', lengthBytes, limitBytes);
    parts.push(part.slice());
  });
  try {
    for (let at = 0; at < frame.length; at += STEP_BYTES) stream.push(frame.subarray(at, at + STEP_BYTES), at + STEP_BYTES >= frame.length);
  } catch (error) {
    if (error instanceof KlosetError) throw error;
    throw new DecodeError('zstd', 'the stream is damaged', {}, { cause: error });
  }
  return concatBytes(parts);
}

/** Length of the first frame, by its block headers. */
function frameBytes(input: Uint8Array, limitBytes: number): number {
  const reader = new ByteReader(input, 'zstd');
  if (reader.u32() !== MAGIC) reader.fail('does not begin with the magic of a frame');
  const hasChecksum = readFrameHeader(reader, limitBytes);
  for (let last = false; !last; ) {
    const head = reader.u8() | (reader.u8() << 8) | (reader.u8() << 16);
    last = (head & 1) === 1;
    const type = (head >> 1) & 3;
    if (type === RESERVED_BLOCK) reader.fail('a block of the reserved type');
    reader.skip(type === RLE_BLOCK ? 1 : head >> 3);
  }
  if (hasChecksum) reader.skip(4);
  return reader.offset;
}

/** Bounds window and content size; true when a checksum follows the blocks. */
function readFrameHeader(reader: ByteReader, limitBytes: number): boolean {
  const descriptor = reader.u8();
  const isSingleSegment = (descriptor & 0x20) !== 0;
  if ((descriptor & 0x08) !== 0) reader.fail('a reserved bit is set');
  if (!isSingleSegment) checkWindow(reader.u8());
  reader.skip(DICTIONARY_BYTES[(descriptor & 3) as 0 | 1 | 2 | 3]);
  const flag = (descriptor >> 6) as 0 | 1 | 2 | 3;
  const contentBytes = readContentSize(reader, flag === 0 && isSingleSegment ? 1 : CONTENT_SIZE_BYTES[flag]);
  if (contentBytes > limitBytes) throw new TooLargeError('zstd: content size', contentBytes, limitBytes);
  return (descriptor & 0x04) !== 0;
}

function readContentSize(reader: ByteReader, widthBytes: 0 | 1 | 2 | 4 | 8): number {
  if (widthBytes === 0) return 0;
  if (widthBytes === 1) return reader.u8();
  if (widthBytes === 2) return reader.u16() + 256;
  return widthBytes === 4 ? reader.u32() : Number(reader.u64());
}

function checkWindow(descriptor: number): void {
  const base = 2 ** (10 + (descriptor >> 3));
  const windowBytes = base + (base / 8) * (descriptor & 7);
  if (windowBytes > WINDOW_LIMIT_BYTES) throw new TooLargeError('zstd: window', windowBytes, WINDOW_LIMIT_BYTES);
}
