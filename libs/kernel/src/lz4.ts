import { KernelError } from './errors.js';
import { ownBytes } from './memory.js';
import { type Kernel, kernel, windowBytes } from './module.js';

const magic = 0x184d2204;
const skippableMagic = 0x184d2a50;
const historyBytes = 65536;
/** What an incremental checksum keeps between two pieces. */
export const checksumBytes = 64;
/** From here on growing by doubling would cost more than counting the blocks. */
const longFrameBytes = 4 << 20;
const longFrameRatio = 4;
/** No block decodes to more than about this many times its size. */
const maxRatio = 255;
/** What the decoder answers when a block does not fit into the room it was given. */
const noRoom = -2;

interface FrameHeader {
  readonly linked: boolean;
  readonly blockChecksums: boolean;
  readonly contentChecksum: boolean;
  readonly contentBytes: number | undefined;
  readonly maxBlockBytes: number;
  /** Where the first block begins. */
  readonly end: number;
}

/** 64: version 1, independent blocks, content checksum. 70: blocks of up to 4 MiB. b9: checksum of the two. */
const writtenHeader = Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 0x64, 0x70, 0xb9);
const storedBlock = 0x80000000;

/** One LZ4 frame: independent 4 MiB blocks, content checksum. Blocks that would not get smaller are stored. @source LZ4 frame format description */
export function lz4Compress(plain: Uint8Array): Uint8Array {
  const { bytes, at, call } = kernel();
  const parts: Uint8Array[] = [writtenHeader];
  call.xxhInit(at.xxh, 0);
  for (let from = 0; from < plain.length; from += windowBytes) {
    const block = plain.subarray(from, from + windowBytes);
    bytes.set(block, at.input);
    call.xxhUpdate(at.xxh, at.input, block.length);
    const length = call.lz4EncodeBlock(at.input, block.length, at.output);
    parts.push(u32(length > 0 ? length : block.length | storedBlock), length > 0 ? bytes.slice(at.output, at.output + length) : block);
  }
  parts.push(u32(0), u32(call.xxhFinish(at.xxh)));
  return joined(parts);
}

/**
 * Content of the first LZ4 frame in `frame`; skippable frames before it are passed over and bytes after it ignored, as plakar does.
 * Every checksum and size the frame carries is verified. Never takes more memory than twice `limitBytes` and the module's fixed windows.
 * @throws KernelError `limit` when the content is longer than `limitBytes`; `frame` for anything the format does not allow, truncation included
 * @source LZ4 frame format description
 */
export function lz4Decompress(frame: Uint8Array, limitBytes: number): Uint8Array {
  const reader = new FrameReader(frame, limitBytes);
  const content = new Content(limitBytes, Math.min(reader.header.contentBytes ?? roomFor(frame, reader.header), frame.length * maxRatio));
  for (let piece = reader.next(); piece !== null; piece = reader.next()) content.append(piece, reader.isLast);
  return content.end();
}

/**
 * The same block by block, for content that is too long to be held. What is given is a view into the module: good until the module is used for anything, which it
 * may be before the next block is asked for. Only the end proves the frame's checksum and size.
 * @throws KernelError as `lz4Decompress`
 */
export function* lz4Blocks(frame: Uint8Array, limitBytes: number): Generator<Uint8Array> {
  const reader = new FrameReader(frame, limitBytes);
  for (let piece = reader.next(); piece !== null; piece = reader.next()) {
    reader.leave();
    yield piece;
    reader.comeBack();
  }
}

/** Decodes a frame block after block. The checksum and the history of linked blocks lie in the module between two calls. */
class FrameReader {
  readonly header: FrameHeader;
  #position: number;
  #length = 0;
  #kept: { readonly checksum: Uint8Array; readonly history: Uint8Array } | null = null;

  constructor(
    readonly frame: Uint8Array,
    readonly limitBytes: number,
  ) {
    if (!Number.isSafeInteger(limitBytes) || limitBytes < 0) throw new KernelError('input', 'the limit of LZ4 content must be a number of bytes');
    this.header = readHeader(frame);
    if (this.header.contentBytes !== undefined && this.header.contentBytes > limitBytes) throw overLimit(limitBytes);
    this.#position = this.header.end;
    const { at, call } = kernel();
    call.xxhInit(at.xxh, 0);
  }

  /** Whether no block follows the one that was given. */
  get isLast(): boolean {
    return readU32(this.frame, this.#position) === 0;
  }

  /** The next block's content, a view into the module; null: the frame has ended, and is proven. */
  next(): Uint8Array | null {
    const { frame, header } = this;
    const { bytes, at, call } = kernel();
    const word = readU32(frame, this.#position);
    const begin = this.#position + 4;
    if (word === 0) return this.#end(begin);
    const end = begin + (word & 0x7fffffff);
    if (end - begin > header.maxBlockBytes) throw damaged('a block is larger than the frame allows');
    if (end > frame.length) throw damaged('truncated in a block');
    bytes.set(frame.subarray(begin, end), at.input);
    if (header.blockChecksums) checkBlock(frame, begin, end);
    const room = Math.min(header.maxBlockBytes, this.limitBytes - this.#length);
    const history = header.linked ? Math.min(this.#length, historyBytes) : 0;
    const length = word >>> 31 ? storeBlock(end - begin, room) : call.lz4DecodeBlock(at.input, end - begin, at.output, room, at.output - history);
    if (length < 0) throw length === noRoom && room < header.maxBlockBytes ? overLimit(this.limitBytes) : damaged('a block cannot be decoded');
    if (header.contentChecksum) call.xxhUpdate(at.xxh, at.output, length);
    this.#position = end + (header.blockChecksums ? 4 : 0);
    this.#length += length;
    // Where matches of the next block find it; the content itself stays where it is.
    if (header.linked) keepHistory(bytes, at, length);
    return bytes.subarray(at.output, at.output + length);
  }

  /** Before others use the module. */
  leave(): void {
    const { bytes, at } = kernel();
    const history = this.header.linked ? bytes.slice(at.history, at.history + historyBytes) : new Uint8Array(0);
    this.#kept = { checksum: bytes.slice(at.xxh, at.xxh + checksumBytes), history };
  }

  comeBack(): void {
    const { bytes, at } = kernel();
    if (this.#kept === null) return;
    bytes.set(this.#kept.checksum, at.xxh);
    bytes.set(this.#kept.history, at.history);
  }

  #end(position: number): null {
    const { contentBytes, contentChecksum } = this.header;
    const { at, call } = kernel();
    if (contentBytes !== undefined && contentBytes !== this.#length) throw damaged('the content size differs');
    if (contentChecksum && readU32(this.frame, position) !== call.xxhFinish(at.xxh) >>> 0) throw damaged('the content checksum differs');
    return null;
  }
}

/** Room that is made at once for a long content of unknown size: what its blocks hold when all of them are full, as they are but for the last. 0: it grows. */
function roomFor(frame: Uint8Array, { end, maxBlockBytes, blockChecksums }: FrameHeader): number {
  if (frame.length < longFrameBytes) return 0;
  let blocks = 0;
  for (let at = end; at + 4 <= frame.length && readU32(frame, at) !== 0; at += 4 + (readU32(frame, at) & 0x7fffffff) + (blockChecksums ? 4 : 0)) blocks += 1;
  // Many small blocks may hold far less than they could.
  return blocks * maxBlockBytes > frame.length * longFrameRatio ? 0 : blocks * maxBlockBytes;
}

/** One growing piece and not a list: thousands of tiny blocks must not cost more than what they hold. */
class Content {
  length = 0;
  private bytes: Uint8Array;

  constructor(
    private readonly limitBytes: number,
    expectedBytes: number,
  ) {
    this.bytes = ownBytes(Math.min(expectedBytes, limitBytes));
  }

  append(piece: Uint8Array, last: boolean): void {
    const length = this.length + piece.length;
    if (length > this.bytes.length) {
      const grown = ownBytes(last ? length : Math.min(this.limitBytes, Math.max(length, this.bytes.length * 2)));
      grown.set(this.bytes.subarray(0, this.length));
      this.bytes = grown;
    }
    this.bytes.set(piece, this.length);
    this.length = length;
  }

  end(): Uint8Array {
    return this.bytes.length - this.length <= this.length >>> 2 ? this.bytes.subarray(0, this.length) : this.bytes.slice(0, this.length);
  }
}

function storeBlock(length: number, room: number): number {
  if (length > room) return noRoom;
  const { bytes, at } = kernel();
  bytes.copyWithin(at.output, at.input, at.input + length);
  return length;
}

/** Moves the last 64 KiB of what was decoded before the output window, where matches of the next block find it. */
function keepHistory(bytes: Uint8Array, at: Kernel['at'], length: number): void {
  bytes.copyWithin(at.history, at.history + length, at.output + length);
}

function checkBlock(frame: Uint8Array, start: number, end: number): void {
  const { at, call } = kernel();
  call.xxhInit(at.xxhBlock, 0);
  call.xxhUpdate(at.xxhBlock, at.input, end - start);
  if (readU32(frame, end) !== call.xxhFinish(at.xxhBlock) >>> 0) throw damaged('a block checksum differs');
}

function readHeader(frame: Uint8Array): FrameHeader {
  let start = 0;
  while ((readU32(frame, start) & 0xfffffff0) === skippableMagic) start += 8 + readU32(frame, start + 4);
  if (readU32(frame, start) !== magic) throw damaged('wrong magic number');
  const flags = readU8(frame, start + 4);
  const blockCode = readU8(frame, start + 5);
  if (flags >> 6 !== 1) throw damaged(`unknown version ${flags >> 6}`);
  if (flags & 0b10 || blockCode & 0b10001111 || blockCode >> 4 < 4) throw damaged('unknown flags');
  if (flags & 0b1) throw damaged('needs a dictionary');
  const hasSize = (flags & 0b1000) !== 0;
  const end = start + (hasSize ? 14 : 6);
  if (((checksum(frame.subarray(start + 4, end)) >>> 8) & 0xff) !== readU8(frame, end)) throw damaged('the header checksum differs');
  return {
    linked: (flags & 0b100000) === 0,
    blockChecksums: (flags & 0b10000) !== 0,
    contentChecksum: (flags & 0b100) !== 0,
    contentBytes: hasSize ? readU32(frame, start + 6) + readU32(frame, start + 10) * 2 ** 32 : undefined,
    maxBlockBytes: 1 << (8 + 2 * (blockCode >> 4)),
    end: end + 1,
  };
}

function checksum(data: Uint8Array): number {
  const { bytes, at, call } = kernel();
  bytes.set(data, at.input);
  call.xxhInit(at.xxhBlock, 0);
  call.xxhUpdate(at.xxhBlock, at.input, data.length);
  return call.xxhFinish(at.xxhBlock) >>> 0;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function u32(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
}

function readU8(data: Uint8Array, at: number): number {
  const value = data[at];
  if (value === undefined) throw damaged('truncated');
  return value;
}

function readU32(data: Uint8Array, at: number): number {
  return (readU8(data, at) | (readU8(data, at + 1) << 8) | (readU8(data, at + 2) << 16) | (readU8(data, at + 3) << 24)) >>> 0;
}

function damaged(what: string): KernelError {
  return new KernelError('frame', `LZ4 frame: ${what}`);
}

function overLimit(limitBytes: number): KernelError {
  return new KernelError('limit', `LZ4 frame: the content is longer than ${limitBytes} bytes`);
}
