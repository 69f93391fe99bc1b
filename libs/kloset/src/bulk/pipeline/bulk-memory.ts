import { bulkKernel, type Kernel } from '@wardrobe/kernel';
import { packfileIndexRecord } from '../../format/packfile.js';

/** Wide copies and ciphers may touch so much behind an end. */
const SLACK = 256;
const PAGE = 4096;
const RANDOM_BYTES = 16 << 10;
/** Objects of ordinary files; longer records take another way. */
const RECORD_BYTES = 64 << 10;
export const FLUSH_BYTES = 1 << 20;
/** More blobs do not go into one packfile: their index, and what becomes of it elsewhere, is held in memory. Such blobs are tiny. */
export const MAX_PACKFILE_RECORDS = 1 << 16;
export const MAX_INDEX_BYTES = MAX_PACKFILE_RECORDS * packfileIndexRecord.sizeBytes;

/** What a compressed or sealed unit of `lengthBytes` takes at most. */
export function encodedBound(lengthBytes: number, segmentBytes: number): number {
  const compressed = lengthBytes + (lengthBytes >>> 7) + 1024;
  return compressed + 28 * Math.ceil(compressed / segmentBytes) + 64 + SLACK;
}

/** One thread's working memory: an instance of the kernel, and where in it everything lies. All work is done in place. */
export type BulkMemory = {
  readonly kernel: Kernel;
  readonly bytes: Uint8Array;
  /** The same memory as words. */
  readonly words: Int32Array;
  readonly at: {
    readonly macKey: number;
    readonly secret: number;
    readonly subkey: number;
    readonly mac: number;
    readonly random: number;
    readonly record: number;
    readonly counters: number;
    readonly window: number;
    readonly frame: number;
    readonly pack: number;
    /** Room for the index of a packfile; what was never written to takes no memory. */
    readonly index: number;
  };
  readonly randomBytes: number;
  readonly recordBytes: number;
  readonly windowBytes: number;
  /** Room at `frame`. */
  readonly unitBytes: number;
  readonly packBytes: number;
};

/** `maxChunkBytes`: the largest chunk; `segmentBytes`: plaintext of one sealed segment. */
export function bulkMemory(sizes: { readonly maxChunkBytes: number; readonly segmentBytes: number }): BulkMemory {
  const windowBytes = Math.max(2 * sizes.maxChunkBytes, 8 << 20);
  const unitBytes = encodedBound(Math.max(sizes.maxChunkBytes, RECORD_BYTES, MAX_INDEX_BYTES), sizes.segmentBytes);
  const packBytes = FLUSH_BYTES + unitBytes;
  let extraBytes = 0;
  const take = (lengthBytes: number): number => {
    const start = extraBytes;
    extraBytes = Math.ceil((start + lengthBytes + SLACK) / PAGE) * PAGE;
    return start;
  };
  const places = {
    macKey: take(32),
    secret: take(32),
    subkey: take(32),
    mac: take(32),
    random: take(RANDOM_BYTES),
    record: take(RECORD_BYTES),
    counters: take(sizes.segmentBytes),
    window: take(windowBytes),
    frame: take(unitBytes),
    pack: take(packBytes),
    index: take(MAX_INDEX_BYTES),
  };
  const kernel = bulkKernel(extraBytes);
  const at = Object.fromEntries(Object.entries(places).map(([name, offset]) => [name, kernel.at.end + offset])) as BulkMemory['at'];
  return {
    kernel,
    bytes: kernel.bytes,
    words: new Int32Array(kernel.memory.buffer),
    at,
    randomBytes: RANDOM_BYTES,
    recordBytes: RECORD_BYTES,
    windowBytes,
    unitBytes,
    packBytes,
  };
}
