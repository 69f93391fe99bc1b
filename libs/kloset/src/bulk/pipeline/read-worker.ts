import { closeSync, openSync, readSync } from 'node:fs';
import type { MessagePort } from 'node:worker_threads';
import { useKernelModule } from '@wardrobe/kernel';
import { parseConfig } from '../../repository/config-file.js';
import { errnoOf } from '../local-error.js';
import { BlobOpener } from './blob-opener.js';
import { READ_RECORD, type ReadAnswer, type ReaderStart, type ReadRequest } from './read-protocol.js';

/** Files kept open: a request stays in few of them. */
const OPEN_FILES = 32;
/** Neighbours are read together up to this length, and over gaps of this length. */
const RANGE_BYTES = 2 << 20;
const GAP_BYTES = 64 << 10;
const MIN_INPUT_BYTES = 9 << 20;

type Item = { readonly file: string; readonly position: number; readonly lengthBytes: number; readonly mac: Uint8Array };

/** A thread that reads blobs from packfiles on local disk, decodes them and proves them. What does not open is told as such; the asker finds out why. */
export function serveReads(port: MessagePort, start: ReaderStart): void {
  useKernelModule(start.module);
  const { config } = parseConfig(start.config);
  const opener = new BlobOpener(config, start.secret, Math.max(MIN_INPUT_BYTES, config.Chunking.MaxSize + (1 << 20)));
  const files = new OpenFiles();
  port.on('message', (request: ReadRequest) => {
    const answer = new Reader(opener, files).read(request);
    port.postMessage(answer, [answer.bytes, answer.lengths.buffer as ArrayBuffer]);
  });
}

class Reader {
  readonly #opener: BlobOpener;
  readonly #files: OpenFiles;
  #out = new Uint8Array(0);
  #written = 0;
  /** What lies in the input area at the moment. */
  #held = { file: '', from: 0, to: 0 };

  constructor(opener: BlobOpener, files: OpenFiles) {
    this.#opener = opener;
    this.#files = files;
  }

  read(request: ReadRequest): ReadAnswer {
    const items = itemsOf(request);
    this.#out = new Uint8Array(2 * items.reduce((sum, item) => sum + item.lengthBytes, 0));
    const lengths = Int32Array.from(items, (item, index) => this.#readOne(items, index, item));
    const bytes = this.#out.buffer.byteLength > 2 * this.#written + 4096 ? this.#out.slice(0, this.#written).buffer : this.#out.buffer;
    return { id: request.id, lengths, bytes };
  }

  #readOne(items: readonly Item[], index: number, item: Item): number {
    if (item.lengthBytes > this.#opener.inputBytes || !this.#hold(items, index, item)) return -1;
    const plain = this.#opener.open(this.#opener.input + item.position - this.#held.from, item.lengthBytes, item.mac);
    if (plain === null) return -1;
    if (this.#written + plain.length > this.#out.length) {
      const larger = new Uint8Array(2 * (this.#written + plain.length));
      larger.set(this.#out.subarray(0, this.#written));
      this.#out = larger;
    }
    this.#out.set(plain, this.#written);
    this.#written += plain.length;
    return plain.length;
  }

  /** Sees to it that an item lies in the input area, with its next neighbours. */
  #hold(items: readonly Item[], index: number, item: Item): boolean {
    const end = item.position + item.lengthBytes;
    if (this.#held.file === item.file && this.#held.from <= item.position && end <= this.#held.to) return true;
    let to = end;
    for (let next = index + 1; next < items.length; next++) {
      const { file, position, lengthBytes } = items[next] as Item;
      if (file !== item.file || position < item.position || position - to > GAP_BYTES || position + lengthBytes - item.position > RANGE_BYTES) break;
      to = Math.max(to, position + lengthBytes);
    }
    this.#held = { file: '', from: 0, to: 0 };
    const got = this.#files.read(item.file, { bytes: this.#opener.bytes, at: this.#opener.input, lengthBytes: to - item.position, position: item.position });
    this.#held = { file: item.file, from: item.position, to: item.position + got };
    return end <= this.#held.to;
  }
}

/** Descriptors of the files used last. */
class OpenFiles {
  readonly #handles = new Map<string, number>();

  /** Bytes read; fewer when the file ends or cannot be read. */
  read(file: string, into: { readonly bytes: Uint8Array; readonly at: number; readonly lengthBytes: number; readonly position: number }): number {
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

function itemsOf({ files, items }: ReadRequest): Item[] {
  const view = new DataView(items);
  return Array.from({ length: items.byteLength / READ_RECORD.sizeBytes }, (_, index) => {
    const at = index * READ_RECORD.sizeBytes;
    return {
      file: files[view.getUint32(at + READ_RECORD.file, true)] ?? '',
      lengthBytes: view.getUint32(at + READ_RECORD.lengthBytes, true),
      position: view.getFloat64(at + READ_RECORD.position, true),
      mac: new Uint8Array(items, at + READ_RECORD.mac, 32),
    };
  });
}
