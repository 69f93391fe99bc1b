import { closeSync, constants, openSync, readSync } from 'node:fs';
import { asBuffer, equalBytes } from '../../bytes/bytes.js';
import { cutRule } from '../../chunking/chunker.js';
import { detectContentType } from '../../chunking/content-type.js';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import type { IncrementalMac } from '../../crypto/mac.js';
import { byteTextOf } from '../backup/byte-text.js';
import type { FileResult } from '../backup/content-pipeline.js';
import { systemErrorText } from '../backup/system-errors.js';
import type { BlobStore } from './blob-store.js';
import { ObjectRecord } from './object-record.js';
import { RANGE_RECORD_BYTES, type StreamMode } from './protocol.js';

/** Never waits for the other end of a pipe that took a file's place, nor follows a link that did. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
/** What a detector of content types looks at. */
const TYPE_BYTES = 4096;

class ReadFailure extends Error {}

/** A large file that is read in turns. */
export type Stream = {
  readonly path: Uint8Array;
  readonly handle: number;
  readonly record: ObjectRecord;
  hash: IncrementalMac | null;
  contentType: string;
  /** Where the next chunk begins. */
  offset: number;
};

type Cut = { readonly at: number; readonly lengthBytes: number; readonly isZero: boolean };

/** Reads files, cuts them and stores what is new, in place in its thread's memory. @source 02-snapshot 4, 5 */
export class ContentWriter {
  readonly #blobs: BlobStore;
  readonly #rule;
  readonly #record = new ObjectRecord();
  /** Where the largest window of nothing but zeros is cut. Sparse files consist of them. */
  #cutsZeros: number | null = null;
  bytesRead = 0;

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
    const { config } = blobs;
    this.#rule = cutRule({
      algorithm: config.Chunking.Algorithm,
      minSize: config.Chunking.MinSize,
      normalSize: config.Chunking.NormalSize,
      maxSize: config.Chunking.MaxSize,
    });
  }

  /** One file from its beginning to its end. */
  storeFile(path: Uint8Array): FileResult {
    const opened = this.open(path, this.#record);
    if ('error' in opened) return opened;
    this.#record.clear();
    let result: FileResult | null = null;
    try {
      while (result === null) result = this.advance(opened, { mode: 'whole', bytes: Number.MAX_SAFE_INTEGER }).result;
      return result;
    } finally {
      closeSync(opened.handle);
    }
  }

  open(path: Uint8Array, record = new ObjectRecord()): Stream | { readonly error: string } {
    let handle: number;
    try {
      handle = openSync(asBuffer(path), OPEN_FLAGS);
    } catch (error) {
      return { error: systemErrorText('open', byteTextOf(path), error) };
    }
    return { path, handle, record, hash: null, contentType: '', offset: 0 };
  }

  /** Goes on for about `bytes` bytes. A result means that the end was reached, or that the file cannot be read. */
  advance(stream: Stream, turn: { readonly mode: StreamMode; readonly bytes: number }): { readonly result: FileResult | null; readonly chunks: Uint8Array[] } {
    const { at, windowBytes } = this.#blobs.memory;
    const chunks: Uint8Array[] = [];
    const until = stream.offset + turn.bytes;
    let held = 0;
    for (;;) {
      let isLast = false;
      while (held < windowBytes && !isLast) {
        let got: number;
        try {
          got = this.#read(stream, at.window + held, windowBytes - held, stream.offset + held);
        } catch (error) {
          if (!(error instanceof ReadFailure)) throw error;
          return { result: { error: systemErrorText('read', byteTextOf(stream.path), error.cause) }, chunks };
        }
        held += got;
        isLast = got === 0;
      }
      const used = this.#cutWindow(stream, { held, isLast, mode: turn.mode, chunks });
      if (isLast) return { result: this.#finish(stream), chunks };
      held -= used;
      if (stream.offset >= until) return { result: null, chunks };
      this.#blobs.memory.bytes.copyWithin(at.window, at.window + used, at.window + used + held);
    }
  }

  /** Stores chunks as a scan found them; false when the file is not what it was then. @throws StoreError, DiskFullError */
  storeRange(path: Uint8Array, chunks: Uint8Array): boolean {
    const { memory } = this.#blobs;
    const { at, bytes } = memory;
    const opened = this.open(path);
    if ('error' in opened) return false;
    const view = new DataView(chunks.buffer, chunks.byteOffset, chunks.byteLength);
    try {
      for (let record = 0; record < chunks.length; record += RANGE_RECORD_BYTES) {
        const lengthBytes = view.getUint32(record + 8, true);
        const offset = Number(view.getBigUint64(record, true));
        let held = 0;
        for (let got = -1; held < lengthBytes && got !== 0; held += got) got = this.#read(opened, at.window + held, lengthBytes - held, offset + held);
        if (held < lengthBytes) return false;
        this.#blobs.units.mac(at.window, lengthBytes, at.mac);
        if (!equalBytes(bytes.subarray(at.mac, at.mac + 32), chunks.subarray(record + 16, record + 48))) return false;
        this.#blobs.put(SNAPSHOT_BLOB.chunk, { input: at.window, lengthBytes, mac: at.mac });
      }
      return true;
    } catch (error) {
      if (error instanceof ReadFailure) return false;
      throw error;
    } finally {
      closeSync(opened.handle);
    }
  }

  /** Cuts what lies in the window as far as that is certain; returns how much that was. */
  #cutWindow(stream: Stream, window: { readonly held: number; readonly isLast: boolean; readonly mode: StreamMode; readonly chunks: Uint8Array[] }): number {
    const { held, isLast } = window;
    const { memory } = this.#blobs;
    const start = memory.at.window;
    let used = 0;
    while (isLast ? used < held || stream.record.chunks === 0 : held - used >= this.#rule.maxSize) {
      const isZero = held - used >= this.#rule.maxSize && memory.kernel.call.isZero(start + used, this.#rule.maxSize) !== 0;
      const lengthBytes = isZero && this.#cutsZeros !== null ? this.#cutsZeros : this.#cut(start + used, held - used);
      if (isZero) this.#cutsZeros = lengthBytes;
      const isOnly = isLast && stream.record.chunks === 0 && lengthBytes === held;
      this.#take(stream, { at: start + used, lengthBytes, isZero }, { mode: window.mode, chunks: window.chunks, isOnly });
      used += lengthBytes;
      stream.offset += lengthBytes;
    }
    return used;
  }

  /** Length of the next chunk; `left` is all there is, or at least the largest chunk. @source 02-snapshot 5 */
  #cut(input: number, left: number): number {
    const rule = this.#rule;
    const { call } = this.#blobs.memory.kernel;
    const end = Math.min(left, rule.maxSize);
    if (end <= rule.minSize) return end;
    const turn = rule.normalSize < rule.minSize ? end : Math.min(end, rule.normalSize);
    call.gearStart();
    const early = rule.minSize + (call.gearScan(input + rule.minSize, turn - rule.minSize, rule.small) >>> 0);
    if (early < turn || turn === end) return early;
    return turn + (call.gearScan(input + turn, end - turn, rule.large) >>> 0);
  }

  #take(stream: Stream, cut: Cut, options: { readonly mode: StreamMode; readonly chunks: Uint8Array[]; readonly isOnly: boolean }): void {
    const { memory, units } = this.#blobs;
    const { at, bytes } = memory;
    if (stream.record.chunks === 0) stream.contentType = detectContentType(bytes.subarray(cut.at, cut.at + Math.min(cut.lengthBytes, TYPE_BYTES)));
    if (!options.isOnly) {
      stream.hash ??= units.algorithm.create();
      stream.hash.update(bytes.subarray(cut.at, cut.at + cut.lengthBytes));
    }
    const entropy = this.#blobs.identify(cut);
    this.bytesRead += cut.lengthBytes;
    stream.record.add(bytes.subarray(at.mac, at.mac + 32), cut.lengthBytes, entropy);
    if (options.mode === 'whole') this.#blobs.put(SNAPSHOT_BLOB.chunk, { input: cut.at, lengthBytes: cut.lengthBytes, mac: at.mac });
    else if (!this.#blobs.has(SNAPSHOT_BLOB.chunk, at.mac))
      options.chunks.push(rangeRecord(stream.offset, cut.lengthBytes, bytes.subarray(at.mac, at.mac + 32)));
  }

  /** Stores the object of a content whose chunks are all taken. */
  #finish(stream: Stream): FileResult {
    const { memory } = this.#blobs;
    const { record } = stream;
    // A content of one chunk has that chunk's MAC, which still lies where it was put.
    const contentMac = stream.hash?.digest() ?? memory.bytes.slice(memory.at.mac, memory.at.mac + 32);
    const object = this.#blobs.putBytes(SNAPSHOT_BLOB.object, record.finish(contentMac, stream.contentType));
    return {
      content: { object, sizeBytes: record.sizeBytes, chunks: record.chunks, entropy: record.entropy, contentType: stream.contentType },
    };
  }

  #read(stream: Stream, to: number, lengthBytes: number, offset: number): number {
    try {
      return readSync(stream.handle, this.#blobs.memory.bytes, to, lengthBytes, offset);
    } catch (error) {
      throw new ReadFailure('a file cannot be read', { cause: error });
    }
  }
}

function rangeRecord(offset: number, lengthBytes: number, mac: Uint8Array): Uint8Array {
  const record = new Uint8Array(RANGE_RECORD_BYTES);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(offset), true);
  view.setUint32(8, lengthBytes, true);
  record.set(mac, 16);
  return record;
}
