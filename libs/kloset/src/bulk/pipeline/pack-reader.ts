import { closeSync, openSync, readSync } from 'node:fs';
import { errnoOf } from '../local-error.js';
import type { BlobOpener } from './blob-opener.js';
import { READ_RECORD, type ReadItems } from './read-protocol.js';

/** Files kept open: a request stays in few of them. */
const OPEN_FILES = 32;
/** Neighbours are read together up to this length, and over gaps of this length. */
const RANGE_BYTES = 2 << 20;
const GAP_BYTES = 64 << 10;

export type ReadItem = {
  readonly file: string;
  readonly position: number;
  readonly lengthBytes: number;
  readonly mac: Uint8Array;
  readonly to: number;
  readonly plainBytes: number;
};

export function itemsOf({ files, items }: ReadItems): ReadItem[] {
  const view = new DataView(items);
  return Array.from({ length: items.byteLength / READ_RECORD.sizeBytes }, (_, index) => {
    const at = index * READ_RECORD.sizeBytes;
    return {
      file: files[view.getUint32(at + READ_RECORD.file, true)] ?? '',
      lengthBytes: view.getUint32(at + READ_RECORD.lengthBytes, true),
      position: view.getFloat64(at + READ_RECORD.position, true),
      mac: new Uint8Array(items, at + READ_RECORD.mac, 32),
      to: view.getFloat64(at + READ_RECORD.to, true),
      plainBytes: view.getUint32(at + READ_RECORD.plainBytes, true),
    };
  });
}

/** The blobs of one request in order, opened in a thread's memory. */
export class PackReader {
  readonly #opener: BlobOpener;
  readonly #files: BlobBytes;
  readonly #items: readonly ReadItem[];
  /** What lies in the input area at the moment. */
  #held = { file: '', from: 0, to: 0 };

  constructor(opener: BlobOpener, files: BlobBytes, items: readonly ReadItem[]) {
    this.#opener = opener;
    this.#files = files;
    this.#items = items;
  }

  /** Content of an item, proven; a view that is good until the next call. Null: it does not open. */
  open(index: number): Uint8Array | null {
    const item = this.#items[index];
    if (item === undefined || item.lengthBytes > this.#opener.inputBytes || !this.#hold(index, item)) return null;
    return this.#opener.open(this.#opener.input + item.position - this.#held.from, item.lengthBytes, item.mac);
  }

  /** Sees to it that an item lies in the input area, with its next neighbours. */
  #hold(index: number, item: ReadItem): boolean {
    const end = item.position + item.lengthBytes;
    if (this.#held.file === item.file && this.#held.from <= item.position && end <= this.#held.to) return true;
    let to = end;
    for (let next = index + 1; next < this.#items.length; next++) {
      const { file, position, lengthBytes } = this.#items[next] as ReadItem;
      if (file !== item.file || position < item.position || position - to > GAP_BYTES || position + lengthBytes - item.position > RANGE_BYTES) break;
      to = Math.max(to, position + lengthBytes);
    }
    this.#held = { file: '', from: 0, to: 0 };
    const got = this.#files.read(item.file, { bytes: this.#opener.bytes, at: this.#opener.input, lengthBytes: to - item.position, position: item.position });
    this.#held = { file: item.file, from: item.position, to: item.position + got };
    this.#expect(index);
    return end <= this.#held.to;
  }

  /** Tells the opener which items lie in the input area, from this one on. */
  #expect(first: number): void {
    this.#opener.expectNone();
    const { file, from, to } = this.#held;
    for (let index = first; index < this.#items.length; index++) {
      const item = this.#items[index] as ReadItem;
      if (item.file !== file || item.position < from || item.position + item.lengthBytes > to) break;
      this.#opener.expect(this.#opener.input + item.position - from, item.lengthBytes);
    }
    this.#opener.expectedAll();
  }
}

/** A part of a file, and where it goes in memory. */
export type ReadPlace = { readonly bytes: Uint8Array; readonly at: number; readonly lengthBytes: number; readonly position: number };

/** Where stored bytes come from. */
export interface BlobBytes {
  /** Bytes read; fewer when the file ends or cannot be read. */
  read(file: string, into: ReadPlace): number;
}

/** Stored bytes that came with the request. */
export class SentBytes implements BlobBytes {
  readonly #bytes: Uint8Array;

  constructor(bytes: SharedArrayBuffer) {
    this.#bytes = new Uint8Array(bytes);
  }

  read(_file: string, { bytes, at, lengthBytes, position }: ReadPlace): number {
    const found = this.#bytes.subarray(position, position + lengthBytes);
    bytes.set(found, at);
    return found.length;
  }
}

/** Descriptors of the files used last. */
export class OpenFiles implements BlobBytes {
  readonly #handles = new Map<string, number>();

  read(file: string, into: ReadPlace): number {
    let done = 0;
    try {
      const handle = this.#open(file);
      for (let got = -1; done < into.lengthBytes && got !== 0; done += got)
        got = readSync(handle, into.bytes, into.at + done, into.lengthBytes - done, into.position + done);
    } catch (error) {
      // The asker reads it again by the ordinary way and tells what is wrong.
      if (errnoOf(error) === null) throw error;
    }
    return done;
  }

  #open(file: string): number {
    const known = this.#handles.get(file);
    if (known !== undefined) {
      this.#handles.delete(file);
      this.#handles.set(file, known);
      return known;
    }
    const [oldest] = this.#handles;
    if (oldest !== undefined && this.#handles.size >= OPEN_FILES) {
      closeSync(oldest[1]);
      this.#handles.delete(oldest[0]);
    }
    const handle = openSync(file, 'r');
    this.#handles.set(file, handle);
    return handle;
  }
}
