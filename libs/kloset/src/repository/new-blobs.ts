import type { Mac, PackfileId } from '@wardrobe/kloset-model';
import { macToBytes } from '../bytes/bytes.js';
import { macWords } from '../codec/word-reader.js';
import type { LocationEntry } from '../format/state.js';
import { newLocationTable } from '../state/layer.js';
import type { PlacedBlob } from './writer-types.js';

/**
 * The blobs of one run, as flat rows: for dedup, and for the states that name them. A packfile that is still being filled has a number and gets its id later;
 * rows are published in the order in which their packfiles are complete.
 */
export class NewBlobs {
  readonly #table = newLocationTable();
  readonly #ids: (PackfileId | null)[] = [];
  #published = 0;

  get count(): number {
    return this.#table.count;
  }

  /** A number for a packfile that is about to be filled. `placeholder` is any unused id. */
  openPackfile(placeholder: Mac): { readonly words: Uint32Array; readonly number: number } {
    const words = macWords(macToBytes(placeholder));
    this.#ids.push(null);
    return { words, number: this.#ids.length - 1 };
  }

  closePackfile(number: number, id: PackfileId): void {
    this.#ids[number] = id;
  }

  has(type: number, id: Mac): boolean {
    return this.#table.find(type, macWords(macToBytes(id))).length > 0;
  }

  add(blob: PlacedBlob, packfile: Uint32Array): void {
    const words = macWords(macToBytes(blob.blob));
    words.set(packfile.subarray(0, 8), 8);
    this.#table.insert({ type: blob.type, words, offset: blob.offset, lengthBytes: blob.lengthBytes, version: blob.version, stated: true, tombstoned: false });
  }

  /** Every blob that came since the last call; all their packfiles must be complete. */
  *unpublished(): Generator<LocationEntry> {
    const until = this.#table.count;
    for (let index = this.#published; index < until; index += 1) {
      const row = this.#table.read(index);
      const packfile = this.#ids[row.packfile];
      if (packfile === null || packfile === undefined) throw new Error('a blob lies in a packfile that is not complete');
      yield { type: row.type, version: row.version, blob: this.#table.blob(index), packfile, offset: row.offset, lengthBytes: row.lengthBytes, flags: 0 };
    }
  }

  markPublished(): void {
    this.#published = this.#table.count;
  }

  /** Type and id of every blob, as words in a block. */
  each(visit: (type: number, words: Uint32Array, at: number) => void): void {
    this.#table.each((_row, block, at) => visit((block[at + 11] as number) & 0xff, block, at));
  }
}
