import type { Mac } from '@wardrobe/kloset-model';
import { macToBytes } from '../bytes/bytes.js';
import { HEADER_BYTES } from '../format/envelope.js';
import type { Repository } from '../repository/types.js';
import type { LocationTable } from '../state/location-table.js';
import { MacSet } from './mac-set.js';

const MAC_WORDS = 8;
/** From one in so many on, all blobs are looked at once. */
const LOCATED_SHARE = 4;
/** So that the number of a bit has at most 31 bits. */
const MOST_SEEN_BITS = 28;

type Part = { readonly table: LocationTable; readonly firstRow: number; readonly files: (number | undefined)[] };

/** Where blobs lie, and by which number they are known, asked with bytes and answered without an object: for millions of them. Of the states as they are now. */
export class BlobRows {
  readonly count: number;
  /** Packfiles met so far, as paths of this machine. */
  readonly files: string[] = [];
  /** What `locate` found. */
  file = 0;
  position = 0;
  lengthBytes = 0;
  readonly #repository: Pick<Repository, 'view' | 'store'>;
  readonly #parts: readonly Part[];
  readonly #words = new Uint32Array(2 * MAC_WORDS);
  /** A bit for each blob with several rows, at its first one. Made once so many were located that finding out each time costs more. */
  #several: Uint8Array | null = null;
  #located = 0;

  constructor(repository: Pick<Repository, 'view' | 'store'>) {
    this.#repository = repository;
    let firstRow = 0;
    this.#parts = repository.view.layers.map(({ table }) => {
      const part = { table, firstRow, files: [] };
      firstRow += table.count;
      return part;
    });
    this.count = firstRow;
  }

  /** The number by which a blob is known; -1: no state has it. `mac`: 32 bytes. */
  row(type: number, mac: Uint8Array): number {
    this.#setWords(mac, 0);
    for (const { table, firstRow } of this.#parts) {
      const row = table.firstRow(type, this.#words);
      if (row >= 0) return firstRow + row;
    }
    return -1;
  }

  /** The MAC begins at `at`. The number of a blob that lies in one place of this machine: `file`, `position` and `lengthBytes` say where. -1: it lies nowhere, or in several places. */
  locate(type: number, bytes: Uint8Array, at = 0): number {
    this.#setWords(bytes, at);
    for (const part of this.#parts) {
      const row = part.table.firstRow(type, this.#words);
      if (row >= 0) return !this.#hasSeveral(type, part, row) && this.#place(part, row) ? part.firstRow + row : -1;
    }
    return -1;
  }

  #hasSeveral(type: number, part: Part, row: number): boolean {
    this.#located += 1;
    if (this.#several === null && this.#located * LOCATED_SHARE > this.count) this.#several = this.#findSeveral();
    if (this.#several !== null) return hasBit(this.#several, part.firstRow + row);
    if (part.table.hasMoreRows(type, this.#words)) return true;
    return this.#parts.some((other) => other.firstRow > part.firstRow && other.table.firstRow(type, this.#words) >= 0);
  }

  /** What was seen before is looked up; a byte a blob tells most of what was not. */
  #findSeveral(): Uint8Array {
    const several = new Uint8Array(Math.ceil(this.count / 8));
    const seen = new Uint8Array(2 ** Math.min(MOST_SEEN_BITS, Math.ceil(Math.log2(this.count + 1))));
    const mask = 8 * seen.length - 1;
    const words = new Uint32Array(2 * MAC_WORDS);
    for (const { table } of this.#parts) {
      table.each(({ type, block, at }) => {
        const place = (block[at] as number) & mask;
        if (!hasBit(seen, place)) {
          setBit(seen, place);
          return;
        }
        for (let word = 0; word < MAC_WORDS; word++) words[word] = block[at + word] as number;
        const first = this.#firstOfSeveral(type, words);
        if (first >= 0) setBit(several, first);
      });
    }
    return several;
  }

  /** The number of a blob that has several rows; -1: it has one. */
  #firstOfSeveral(type: number, words: Uint32Array): number {
    const [first, ...others] = this.#parts.filter(({ table }) => table.firstRow(type, words) >= 0);
    if (first === undefined || (others.length === 0 && !first.table.hasMoreRows(type, words))) return -1;
    return first.firstRow + first.table.firstRow(type, words);
  }

  #place(part: Part, row: number): boolean {
    const { packfile, offset, lengthBytes, stated, tombstoned } = part.table.read(row);
    if (!stated || tombstoned) return false;
    part.files[packfile] ??= this.#fileOf(part.table, packfile);
    const file = part.files[packfile];
    if (file < 0) return false;
    this.file = file;
    this.position = offset + HEADER_BYTES;
    this.lengthBytes = lengthBytes;
    return true;
  }

  /** -1: no packfile that counts, or none of this machine. */
  #fileOf(table: LocationTable, packfile: number): number {
    const { view, store } = this.#repository;
    const id = table.packfiles.mac(packfile);
    const path = view.isPackfileKnown(id) ? store.localPath?.('packfile', id) : undefined;
    return path === undefined ? -1 : this.files.push(path) - 1;
  }

  #setWords(bytes: Uint8Array, start: number): void {
    for (let word = 0; word < MAC_WORDS; word++) {
      const at = start + word * 4;
      this.#words[word] = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
    }
  }
}

/** Blobs of one type that were proven, or whatever else is to be remembered of them. */
export interface BlobSet {
  has(mac: Mac): boolean;
  add(mac: Mac): void;
}

/** One bit a blob of the store; those that no state has are kept by their MACs. */
export class RowSet implements BlobSet {
  readonly #rows: BlobRows;
  readonly #type: number;
  readonly #bits: Uint8Array;
  readonly #others = new MacSet();

  constructor(rows: BlobRows, type: number) {
    this.#rows = rows;
    this.#type = type;
    this.#bits = new Uint8Array(Math.ceil(rows.count / 8));
  }

  has(mac: Mac): boolean {
    const row = this.#rows.row(this.#type, macToBytes(mac));
    return row < 0 ? this.#others.has(mac) : this.hasRow(row);
  }

  add(mac: Mac): void {
    const row = this.#rows.row(this.#type, macToBytes(mac));
    if (row < 0) this.#others.add(mac);
    else this.addRow(row);
  }

  hasRow(row: number): boolean {
    return hasBit(this.#bits, row);
  }

  addRow(row: number): void {
    setBit(this.#bits, row);
  }
}

function hasBit(bits: Uint8Array, place: number): boolean {
  return (((bits[place >>> 3] as number) >>> (place & 7)) & 1) === 1;
}

function setBit(bits: Uint8Array, place: number): void {
  bits[place >>> 3] = (bits[place >>> 3] as number) | (1 << (place & 7));
}
