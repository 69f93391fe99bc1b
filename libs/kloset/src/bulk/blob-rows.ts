import type { Mac } from '@wardrobe/kloset-model';
import { macToBytes } from '../bytes/bytes.js';
import { HEADER_BYTES } from '../format/envelope.js';
import type { Repository } from '../repository/types.js';
import type { LocationTable } from '../state/location-table.js';
import { MacSet } from './mac-set.js';

const MAC_WORDS = 8;

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
    this.#setWords(mac);
    for (const { table, firstRow } of this.#parts) {
      const row = table.firstRow(type, this.#words);
      if (row >= 0) return firstRow + row;
    }
    return -1;
  }

  /** The number of a blob that lies in one place of this machine: `file`, `position` and `lengthBytes` say where. -1: it lies nowhere, or in several places. */
  locate(type: number, mac: Uint8Array): number {
    this.#setWords(mac);
    let found: Part | null = null;
    let foundRow = -1;
    for (const part of this.#parts) {
      const row = part.table.firstRow(type, this.#words);
      if (row < 0) continue;
      if (found !== null || part.table.hasMoreRows(type, this.#words)) return -1;
      found = part;
      foundRow = row;
    }
    return found !== null && this.#place(found, foundRow) ? found.firstRow + foundRow : -1;
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

  #setWords(mac: Uint8Array): void {
    for (let word = 0; word < MAC_WORDS; word++) {
      const at = word * 4;
      this.#words[word] = (mac[at] as number) | ((mac[at + 1] as number) << 8) | ((mac[at + 2] as number) << 16) | ((mac[at + 3] as number) << 24);
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
    return (((this.#bits[row >>> 3] as number) >>> (row & 7)) & 1) === 1;
  }

  addRow(row: number): void {
    this.#bits[row >>> 3] = (this.#bits[row >>> 3] as number) | (1 << (row & 7));
  }
}
