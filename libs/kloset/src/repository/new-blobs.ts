import type { Mac, PackfileId } from '@wardrobe/kloset-model';
import { macToBytes } from '../bytes/bytes.js';
import { macWords } from '../codec/word-reader.js';
import type { LocationEntry } from '../format/state.js';
import { newLocationTable } from '../state/layer.js';
import type { LocationTable } from '../state/location-table.js';
import type { BlobLocation } from './types.js';
import type { PlacedBlob } from './writer-types.js';

/** A packfile in the making: what its rows name it by until it is complete and has its id. */
export type PackfileRows = { readonly words: Uint32Array; readonly number: number };

/** `id` null: still being filled. */
type Filled = { id: PackfileId | null; rows: number; published: boolean };

/**
 * The blobs of one run, as flat rows: for dedup, and for the states that name them. Blobs may come while a state with earlier ones is on its way, so each packfile
 * is published on its own, all its rows with it.
 */
export class NewBlobs {
  #table: LocationTable = newLocationTable();
  #packfiles: Filled[] = [];
  #publishedRows = 0;

  get count(): number {
    return this.#table.count;
  }

  /** Blobs that no state names yet. */
  get waiting(): number {
    return this.#table.count - this.#publishedRows;
  }

  /** `placeholder`: any unused id. */
  openPackfile(placeholder: Mac): PackfileRows {
    const words = macWords(macToBytes(placeholder));
    const number = this.#table.packfiles.intern(words, 0);
    this.#packfiles[number] = { id: null, rows: 0, published: false };
    return { words, number };
  }

  closePackfile(packfile: PackfileRows, id: PackfileId): void {
    this.#filled(packfile.number).id = id;
  }

  has(type: number, id: Mac): boolean {
    return this.#table.find(type, macWords(macToBytes(id))).length > 0;
  }

  /** Places of a blob in packfiles that are complete. */
  locations(type: number, id: Mac): BlobLocation[] {
    return this.#table.find(type, macWords(macToBytes(id))).flatMap((index) => {
      const { packfile: number, offset, lengthBytes, version } = this.#table.read(index);
      const packfile = this.#filled(number).id;
      return packfile === null ? [] : [{ packfile, offset, lengthBytes, version }];
    });
  }

  add(blob: PlacedBlob, packfile: PackfileRows): void {
    const words = macWords(macToBytes(blob.blob));
    words.set(packfile.words.subarray(0, 8), 8);
    const before = this.#table.count;
    this.#table.insert({ type: blob.type, words, offset: blob.offset, lengthBytes: blob.lengthBytes, version: blob.version, stated: true, tombstoned: false });
    this.#filled(packfile.number).rows += this.#table.count - before;
  }

  /** The rows of packfiles that are safely in the store. */
  *in(stored: ReadonlySet<PackfileId>): Generator<LocationEntry> {
    for (let index = 0; index < this.#table.count; index += 1) {
      const row = this.#table.read(index);
      const { id, published } = this.#filled(row.packfile);
      if (id === null || published || !stored.has(id)) continue;
      yield { type: row.type, version: row.version, blob: this.#table.blob(index), packfile: id, offset: row.offset, lengthBytes: row.lengthBytes, flags: 0 };
    }
  }

  markPublished(stored: ReadonlySet<PackfileId>): void {
    for (const packfile of this.#packfiles) {
      if (packfile.id === null || packfile.published || !stored.has(packfile.id)) continue;
      packfile.published = true;
      this.#publishedRows += packfile.rows;
    }
  }

  /** Type and id of every blob, as words in a block. */
  each(visit: (type: number, words: Uint32Array, at: number) => void): void {
    this.#table.each(({ type, block, at }) => visit(type, block, at));
  }

  #filled(number: number): Filled {
    const found = this.#packfiles[number];
    if (found === undefined) throw new RangeError('a row of a packfile that was never opened');
    return found;
  }
}
