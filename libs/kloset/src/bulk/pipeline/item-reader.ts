import type { BlobOpener } from './blob-opener.js';
import type { OpenFiles } from './pack-reader.js';
import { READ_RECORD, type ReadItems } from './read-protocol.js';

/** Neighbours are read together up to this length, and over gaps of this length. */
const RANGE_BYTES = 1 << 20;
const GAP_BYTES = 16 << 10;
const MAC_BYTES = 32;

/** The blobs of one request in order, opened in a thread's memory, without an object for each. */
export class ItemReader {
  readonly #opener: BlobOpener;
  readonly #open: OpenFiles;
  readonly #files: readonly string[];
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly count: number;
  /** What lies in the input area at the moment. */
  #held = { file: -1, from: 0, to: 0 };

  constructor(opener: BlobOpener, open: OpenFiles, { files, items }: Pick<ReadItems, 'files' | 'items'>) {
    this.#opener = opener;
    this.#open = open;
    this.#files = files;
    this.#view = new DataView(items);
    this.#bytes = new Uint8Array(items);
    this.count = items.byteLength / READ_RECORD.sizeBytes;
  }

  plainBytes(index: number): number {
    return this.#view.getUint32(index * READ_RECORD.sizeBytes + READ_RECORD.plainBytes, true);
  }

  mac(index: number): Uint8Array {
    const at = index * READ_RECORD.sizeBytes + READ_RECORD.mac;
    return this.#bytes.subarray(at, at + MAC_BYTES);
  }

  /** Content of an item, proven; a view that is good until the next call. Null: it does not open. */
  open(index: number): Uint8Array | null {
    const at = index * READ_RECORD.sizeBytes;
    const lengthBytes = this.#view.getUint32(at + READ_RECORD.lengthBytes, true);
    const position = this.#view.getFloat64(at + READ_RECORD.position, true);
    if (lengthBytes > this.#opener.inputBytes || !this.#hold(index, position, position + lengthBytes)) return null;
    return this.#opener.open(this.#opener.input + position - this.#held.from, lengthBytes, this.mac(index));
  }

  /** Sees to it that an item lies in the input area, with its next neighbours. */
  #hold(index: number, from: number, end: number): boolean {
    const file = this.#fileOf(index);
    if (this.#held.file === file && this.#held.from <= from && end <= this.#held.to) return true;
    let to = end;
    for (let next = index + 1; next < this.count && this.#fileOf(next) === file; next++) {
      const position = this.#view.getFloat64(next * READ_RECORD.sizeBytes + READ_RECORD.position, true);
      const nextEnd = position + this.#view.getUint32(next * READ_RECORD.sizeBytes + READ_RECORD.lengthBytes, true);
      if (position < from || position - to > GAP_BYTES || nextEnd - from > RANGE_BYTES) break;
      to = Math.max(to, nextEnd);
    }
    this.#held = { file: -1, from: 0, to: 0 };
    const place = { bytes: this.#opener.bytes, at: this.#opener.input, lengthBytes: to - from, position: from };
    this.#held = { file, from, to: from + this.#open.read(this.#files[file] ?? '', place) };
    this.#expect(index);
    return end <= this.#held.to;
  }

  /** Tells the opener which items lie in the input area, from this one on. */
  #expect(first: number): void {
    this.#opener.expectNone();
    const { file, from, to } = this.#held;
    for (let index = first; index < this.count && this.#fileOf(index) === file; index++) {
      const position = this.#view.getFloat64(index * READ_RECORD.sizeBytes + READ_RECORD.position, true);
      const lengthBytes = this.#view.getUint32(index * READ_RECORD.sizeBytes + READ_RECORD.lengthBytes, true);
      if (position < from || position + lengthBytes > to) break;
      this.#opener.expect(this.#opener.input + position - from, lengthBytes);
    }
    this.#opener.expectedAll();
  }

  #fileOf(index: number): number {
    return this.#view.getUint32(index * READ_RECORD.sizeBytes + READ_RECORD.file, true);
  }
}
