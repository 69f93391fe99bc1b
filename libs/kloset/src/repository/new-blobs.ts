import type { Mac, PackfileId } from '@wardrobe/kloset-model';
import { macToBytes } from '../bytes/bytes.js';
import { V1_0_0 } from '../codec/version.js';
import { macWords } from '../codec/word-reader.js';
import { packfileIndexRecord } from '../format/packfile.js';
import { newLocationTable } from '../state/layer.js';
import { BLOCK_SHIFT, type LocationTable, ROW_WORDS } from '../state/location-table.js';
import { MAC_WORDS } from '../state/mac-table.js';
import { LocationPieces } from '../state/state-builder.js';
import type { BlobLocation } from './types.js';
import type { PackfileTicket, PlacedBlob } from './writer-types.js';

const TWO_32 = 2 ** 32;

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
  /** Used again for every row and every question: a run has very many. Its first words are the id of `#lastId`, where that is not null. */
  readonly #row = { type: 0, words: new Uint32Array(2 * MAC_WORDS), offset: 0, lengthBytes: 0, version: 0, stated: false, tombstoned: false };
  #lastId: Mac | null = null;
  readonly #idBytes = Buffer.alloc(MAC_WORDS * 4);

  get count(): number {
    return this.#table.count;
  }

  /** Blobs that no state names yet. */
  get waiting(): number {
    return this.#table.count - this.#publishedRows;
  }

  /** `placeholder`: any unused id. */
  openPackfile(placeholder: Mac): PackfileTicket {
    const words = macWords(macToBytes(placeholder));
    const number = this.#table.packfiles.intern(words, 0);
    this.#packfiles[number] = { id: null, rows: 0, published: false };
    return { words, number };
  }

  closePackfile(packfile: PackfileTicket, id: PackfileId): void {
    this.#filled(packfile.number).id = id;
  }

  has(type: number, id: Mac): boolean {
    return this.#table.firstRow(type, this.#wordsOf(id)) >= 0;
  }

  /** Places of a blob in packfiles that are complete. */
  locations(type: number, id: Mac): BlobLocation[] {
    return this.#table.find(type, this.#wordsOf(id)).flatMap((index) => {
      const { packfile: number, offset, lengthBytes, version } = this.#table.read(index);
      const packfile = this.#filled(number).id;
      return packfile === null ? [] : [{ packfile, offset, lengthBytes, version }];
    });
  }

  add(blob: PlacedBlob, packfile: PackfileTicket): void {
    this.#wordsOf(blob.blob);
    this.#insert(blob, true, packfile);
  }

  /** Enters a blob whose place in its packfile is not known yet: `addIndex` brings it. */
  reserve(type: number, blob: Mac, packfile: PackfileTicket): void {
    this.#wordsOf(blob);
    this.#insert({ type, version: V1_0_0, offset: 0, lengthBytes: 0 }, false, packfile);
  }

  /** All blobs of a packfile, by its plain index. */
  addIndex(index: Uint8Array, packfile: PackfileTicket): void {
    const { offsets, sizeBytes } = packfileIndexRecord;
    const view = new DataView(index.buffer, index.byteOffset, index.byteLength);
    const place = { type: 0, version: 0, offset: 0, lengthBytes: 0 };
    this.#lastId = null;
    for (let at = 0; at < index.length; at += sizeBytes) {
      for (let word = 0; word < MAC_WORDS; word += 1) this.#row.words[word] = view.getUint32(at + offsets.id + word * 4, true);
      place.type = view.getUint32(at + offsets.type, true);
      place.version = view.getUint32(at + offsets.version, true);
      place.offset = view.getUint32(at + offsets.offset, true) + view.getUint32(at + offsets.offset + 4, true) * TWO_32;
      place.lengthBytes = view.getUint32(at + offsets.lengthBytes, true);
      this.#insert(place, true, packfile);
    }
  }

  /** The rows of packfiles that are safely in the store, as pieces of a state's stream: views, good until the next. */
  *pieces(stored: ReadonlySet<PackfileId>): Generator<Uint8Array> {
    const pieces = new LocationPieces();
    const wanted = this.#packfiles.map(({ id, published }) => (id === null || published || !stored.has(id) ? null : macToBytes(id)));
    const { blocks, count } = this.#table;
    for (let index = 0; index < count; index += 1) {
      const row = this.#table.read(index);
      const packfile = wanted[row.packfile] ?? null;
      if (packfile === null) continue;
      const words = blocks[index >>> BLOCK_SHIFT] as Uint32Array;
      pieces.add(row, { words, at: (index % (1 << BLOCK_SHIFT)) * ROW_WORDS }, packfile);
      if (pieces.isFull) yield pieces.take();
    }
    yield pieces.take();
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

  /** The id that is asked for is nearly always entered next. */
  #wordsOf(id: Mac): Uint32Array {
    const { words } = this.#row;
    if (id === this.#lastId) return words;
    this.#idBytes.write(id, 'hex');
    for (let word = 0; word < MAC_WORDS; word += 1) words[word] = this.#idBytes.readUInt32LE(word * 4);
    this.#lastId = id;
    return words;
  }

  /** The blob whose id the row has. */
  #insert(place: Omit<PlacedBlob, 'blob'>, stated: boolean, packfile: PackfileTicket): void {
    const row = this.#row;
    row.words.set(packfile.words.subarray(0, MAC_WORDS), MAC_WORDS);
    row.type = place.type;
    row.version = place.version;
    row.offset = place.offset;
    row.lengthBytes = place.lengthBytes;
    row.stated = stated;
    const before = this.#table.count;
    this.#table.insert(row);
    this.#filled(packfile.number).rows += this.#table.count - before;
  }

  #filled(number: number): Filled {
    const found = this.#packfiles[number];
    if (found === undefined) throw new RangeError('a row of a packfile that was never opened');
    return found;
  }
}
