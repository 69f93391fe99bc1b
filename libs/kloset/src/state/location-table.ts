import { ownNumbers } from '@wardrobe/kernel';
import type { Mac } from '@wardrobe/kloset-model';
import { macFromBytes } from '../bytes/bytes.js';
import { wordsToBytes } from '../codec/word-reader.js';
import { TooLargeError } from '../errors/errors.js';
import { hashWords, MAC_WORDS, MacTable, type Seed } from './mac-table.js';
import { WideRows } from './wide-rows.js';

/**
 * Locations and location tombstones as flat arrays: 44 bytes a row in blocks, and an open-addressed table of row numbers (load at most 3/4).
 *
 * A row is 11 words: 0–7 the blob's id, 8 packfile number, 9 offset, 10 = length | number of its kind << 24. A kind is type | flags << 8; flags: bit 0 the
 * location is stated, bit 1 a tombstone is stated, bits 2–7 number of the blob version. What does not fit (an archive above 4 GiB, a blob of 16 MiB) lies in
 * `WideRows`. The key is (type, id, packfile): a second row with the same key is merged into the first, and the result does not depend on the order (of unequal
 * claims the smallest offset, then length, then version wins).
 */
export class LocationTable {
  readonly packfiles: MacTable;
  readonly versions: number[];
  readonly kinds: number[];
  readonly wide: WideRows;
  #blocks: Uint32Array[];
  #slots: Uint32Array;
  #count: number;
  readonly seed: Seed;

  constructor(seed: Seed, saved?: SavedTable, expectedRows = 0) {
    this.seed = seed;
    this.packfiles = saved?.packfiles ?? new MacTable(seed);
    this.versions = saved?.versions ?? [];
    this.kinds = saved?.kinds ?? [];
    this.wide = saved?.wide ?? new WideRows();
    this.#blocks = saved?.blocks ?? [];
    this.#slots = saved?.slots ?? ownNumbers(slotsFor(expectedRows));
    this.#count = saved?.count ?? 0;
  }

  get count(): number {
    return this.#count;
  }

  get blocks(): readonly Uint32Array[] {
    return this.#blocks;
  }

  get slots(): Uint32Array {
    return this.#slots;
  }

  /** Adds a row or merges it. `id` and `packfile` are words in the row's byte order. */
  insert(row: NewRow): void {
    if (row.offset >= OFFSET_LIMIT) throw new TooLargeError('offset of a location', row.offset, OFFSET_LIMIT);
    const packfile = this.packfiles.intern(row.words, MAC_WORDS);
    if ((this.#count + 1) * 4 > this.#slots.length * 3) this.#growSlots();
    const slot = this.#find(row, packfile);
    const found = this.#slots[slot] as number;
    if (found === 0) this.#slots[slot] = this.#append(row, packfile);
    else this.#merge(found - 1, row);
  }

  /** Row numbers of all packfiles' rows for one blob. `words` holds its id in the first 8 places. */
  find(type: number, words: Uint32Array): number[] {
    const rows: number[] = [];
    const mask = this.#slots.length - 1;
    for (let slot = hashWords(words, 0, this.seed) & mask; ; slot = (slot + 1) & mask) {
      const index = this.#slots[slot] as number;
      if (index === 0) return rows;
      if (this.#sameBlob(index - 1, type, words)) rows.push(index - 1);
    }
  }

  /** The first row of a blob, by which it can be known; -1: it has none. */
  firstRow(type: number, words: Uint32Array): number {
    const mask = this.#slots.length - 1;
    for (let slot = hashWords(words, 0, this.seed) & mask; ; slot = (slot + 1) & mask) {
      const index = this.#slots[slot] as number;
      if (index === 0 || this.#sameBlob(index - 1, type, words)) return index - 1;
    }
  }

  /** Whether a blob has rows besides its first. */
  hasMoreRows(type: number, words: Uint32Array): boolean {
    const mask = this.#slots.length - 1;
    let rows = 0;
    for (let slot = hashWords(words, 0, this.seed) & mask; ; slot = (slot + 1) & mask) {
      const index = this.#slots[slot] as number;
      if (index === 0) return false;
      if (this.#sameBlob(index - 1, type, words) && ++rows > 1) return true;
    }
  }

  read(index: number): Row {
    const block = this.#blocks[index >>> BLOCK_SHIFT] as Uint32Array;
    const at = (index & BLOCK_MASK) * ROW_WORDS;
    const kind = this.#kind(block, at);
    const flags = kind >>> 8;
    const wide = this.#wideNumber(block, at);
    return {
      type: kind & 0xff,
      packfile: block[at + 8] as number,
      offset: wide < 0 ? (block[at + 9] as number) : this.wide.offset(wide),
      lengthBytes: wide < 0 ? (block[at + 10] as number) & LENGTH_MASK : this.wide.lengthBytes(wide),
      version: this.versions[flags >>> 2] ?? 0,
      stated: (flags & STATED) !== 0,
      tombstoned: (flags & TOMBSTONED) !== 0,
    };
  }

  /** Visits every row as words in a block, without making an object of it: from `at` on the blob's id and the number of its packfile. */
  each(visit: (row: EachRow) => void): void {
    const row = { index: 0, type: 0, block: this.#slots, at: 0 };
    for (let index = 0; index < this.#count; index += 1) {
      row.index = index;
      row.block = this.#blocks[index >>> BLOCK_SHIFT] as Uint32Array;
      row.at = (index & BLOCK_MASK) * ROW_WORDS;
      row.type = this.#kind(row.block, row.at) & 0xff;
      visit(row);
    }
  }

  /** The id of a row's blob. */
  blob(index: number): Mac {
    return macFromBytes(wordsToBytes(this.#blocks[index >>> BLOCK_SHIFT] as Uint32Array, (index & BLOCK_MASK) * ROW_WORDS));
  }

  /** Numbers of the rows of some packfiles: `wanted[n]` is not 0 for packfile number n. Looks at every row. */
  *rowsIn(wanted: Uint8Array): Generator<number> {
    for (let index = 0; index < this.#count; index += 1) {
      const block = this.#blocks[index >>> BLOCK_SHIFT] as Uint32Array;
      if (wanted[block[(index & BLOCK_MASK) * ROW_WORDS + 8] as number] !== 0) yield index;
    }
  }

  /** Numbers of the rows that bear a tombstone. Looks at every row. */
  *tombstones(): Generator<number> {
    for (let index = 0; index < this.#count; index += 1) {
      const block = this.#blocks[index >>> BLOCK_SHIFT] as Uint32Array;
      if (((this.#kind(block, (index & BLOCK_MASK) * ROW_WORDS) >>> 8) & TOMBSTONED) !== 0) yield index;
    }
  }

  /** Adds all rows of another table. */
  absorb(other: LocationTable): void {
    const words = new Uint32Array(2 * MAC_WORDS);
    const packfileWords = new Uint32Array(other.packfiles.toBytes().slice().buffer);
    for (let index = 0; index < other.count; index += 1) {
      const block = other.blocks[index >>> BLOCK_SHIFT] as Uint32Array;
      const at = (index & BLOCK_MASK) * ROW_WORDS;
      words.set(block.subarray(at, at + MAC_WORDS));
      const row = other.read(index);
      words.set(packfileWords.subarray(row.packfile * MAC_WORDS, (row.packfile + 1) * MAC_WORDS), MAC_WORDS);
      this.insert({ ...row, words });
    }
  }

  #find(row: NewRow, packfile: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hashWords(row.words, 0, this.seed) & mask; ; slot = (slot + 1) & mask) {
      const index = this.#slots[slot] as number;
      if (index === 0) return slot;
      const block = this.#blocks[(index - 1) >>> BLOCK_SHIFT] as Uint32Array;
      if (block[((index - 1) & BLOCK_MASK) * ROW_WORDS + 8] === packfile && this.#sameBlob(index - 1, row.type, row.words)) return slot;
    }
  }

  #sameBlob(index: number, type: number, words: Uint32Array): boolean {
    const block = this.#blocks[index >>> BLOCK_SHIFT] as Uint32Array;
    const at = (index & BLOCK_MASK) * ROW_WORDS;
    for (let word = 0; word < MAC_WORDS; word += 1) if (block[at + word] !== words[word]) return false;
    return (this.#kind(block, at) & 0xff) === type;
  }

  /** Returns the row number plus one, as slots hold it. */
  #append(row: NewRow, packfile: number): number {
    const block = this.#blockForAppend();
    const at = (this.#count & BLOCK_MASK) * ROW_WORDS;
    for (let word = 0; word < MAC_WORDS; word += 1) block[at + word] = row.words[word] as number;
    block[at + 8] = packfile;
    this.#setClaim(block, at, row);
    this.#count += 1;
    return this.#count;
  }

  #merge(index: number, row: NewRow): void {
    const found = this.read(index);
    const claim = !found.stated || (row.stated && comesBefore(row, found)) ? row : found;
    const block = this.#blocks[index >>> BLOCK_SHIFT] as Uint32Array;
    this.#setClaim(block, (index & BLOCK_MASK) * ROW_WORDS, {
      ...claim,
      type: row.type,
      stated: found.stated || row.stated,
      tombstoned: found.tombstoned || row.tombstoned,
    });
  }

  #setClaim(block: Uint32Array, at: number, claim: Omit<Row, 'packfile'>): void {
    const flags = (claim.stated ? STATED : 0) | (claim.tombstoned ? TOMBSTONED : 0) | (this.#versionNumber(claim.version) << 2);
    const kind = claim.type | (flags << 8);
    const number = this.#kindNumber(kind);
    if (number < WIDE && claim.offset <= OFFSET_MAX && claim.lengthBytes <= LENGTH_MASK) {
      block[at + 9] = claim.offset;
      block[at + 10] = claim.lengthBytes | (number << 24);
      return;
    }
    block[at + 9] = this.wide.put(this.#wideNumber(block, at), { offset: claim.offset, lengthBytes: claim.lengthBytes, kind });
    block[at + 10] = WIDE << 24;
  }

  /** -1: all of it stands in the row. */
  #wideNumber(block: Uint32Array, at: number): number {
    return (block[at + 10] as number) >>> 24 === WIDE ? (block[at + 9] as number) : -1;
  }

  #kind(block: Uint32Array, at: number): number {
    const number = (block[at + 10] as number) >>> 24;
    return number === WIDE ? this.wide.kind(block[at + 9] as number) : (this.kinds[number] as number);
  }

  /** WIDE or more: there are too many to number this one. */
  #kindNumber(kind: number): number {
    const known = this.kinds.indexOf(kind);
    if (known >= 0 || this.kinds.length >= WIDE) return known >= 0 ? known : WIDE;
    return this.kinds.push(kind) - 1;
  }

  #versionNumber(version: number): number {
    const known = this.versions.indexOf(version);
    if (known >= 0) return known;
    if (this.versions.length >= MAX_VERSIONS) throw new TooLargeError('number of blob versions', this.versions.length + 1, MAX_VERSIONS);
    return this.versions.push(version) - 1;
  }

  /** The block of the next row. A table starts with a small block, so that a state of a few entries stays small. */
  #blockForAppend(): Uint32Array {
    const number = this.#count >>> BLOCK_SHIFT;
    const within = this.#count & BLOCK_MASK;
    const block = this.#blocks[number];
    if (block === undefined) return this.#setBlock(number, newBlock(number === 0 ? FIRST_BLOCK_ROWS : BLOCK_MASK + 1));
    if (within * ROW_WORDS < block.length) return block;
    const larger = newBlock(Math.min((block.length / ROW_WORDS) * 4, BLOCK_MASK + 1));
    larger.set(block);
    return this.#setBlock(number, larger);
  }

  #setBlock(number: number, block: Uint32Array): Uint32Array {
    this.#blocks[number] = block;
    return block;
  }

  #growSlots(): void {
    const slots = ownNumbers(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let index = 0; index < this.#count; index += 1) {
      const block = this.#blocks[index >>> BLOCK_SHIFT] as Uint32Array;
      let slot = hashWords(block, (index & BLOCK_MASK) * ROW_WORDS, this.seed) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = index + 1;
    }
    this.#slots = slots;
  }
}

export type Row = {
  readonly type: number;
  readonly packfile: number;
  readonly offset: number;
  readonly lengthBytes: number;
  readonly version: number;
  readonly stated: boolean;
  readonly tombstoned: boolean;
};

/** `words`: 8 words of the blob's id, then 8 of the packfile's. */
export type NewRow = Omit<Row, 'packfile'> & { readonly words: Uint32Array };

export type SavedTable = {
  readonly packfiles: MacTable;
  readonly versions: number[];
  readonly kinds: number[];
  readonly wide: WideRows;
  readonly blocks: Uint32Array[];
  readonly slots: Uint32Array;
  readonly count: number;
};

/** One row while it is visited. */
export type EachRow = { readonly index: number; readonly type: number; readonly block: Uint32Array; readonly at: number };

export const ROW_WORDS = 11;
export const BLOCK_SHIFT = 16;
const BLOCK_MASK = (1 << BLOCK_SHIFT) - 1;
const FIRST_BLOCK_ROWS = 256;
const STATED = 1;
const TOMBSTONED = 2;
const MAX_VERSIONS = 63;
/** Room is made beforehand for no more rows than this: what is expected is a guess from file sizes. */
const MAX_EXPECTED_ROWS = 6_000_000;
/** The number of a kind that says: see `WideRows`. */
const WIDE = 0xff;
const LENGTH_MASK = 0xffffff;
const OFFSET_MAX = 0xffffffff;
/** 48 bits: 256 TiB. */
const OFFSET_LIMIT = 2 ** 48;

/** An empty block; large ones lie in memory of their own. */
export function newBlock(rows: number): Uint32Array {
  return ownNumbers(rows * ROW_WORDS);
}

/** A power of two that holds the rows at a load of at most 3/4. */
function slotsFor(rows: number): number {
  const needed = Math.min(rows, MAX_EXPECTED_ROWS) * (4 / 3);
  return 2 ** Math.max(8, Math.ceil(Math.log2(needed + 1)));
}

function comesBefore(a: Omit<Row, 'packfile'>, b: Row): boolean {
  if (a.offset !== b.offset) return a.offset < b.offset;
  if (a.lengthBytes !== b.lengthBytes) return a.lengthBytes < b.lengthBytes;
  return a.version < b.version;
}
