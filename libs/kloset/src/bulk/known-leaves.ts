import type { Mac } from '@wardrobe/kloset-model';
import { grown } from '../bytes/grown.js';
import { macToBytes } from '../bytes/bytes.js';
import { MacNumbers } from './mac-numbers.js';

const FIRST_LEAVES = 1024;
/** In `sequence`: before the first leaf, behind the last one. */
export const TREE_START = -1;
export const TREE_END = -2;

/** Leaves of the file trees that were met in one run, each by a number, and their places in the tree that is scanned now: 40 to 75 bytes a leaf. */
export class KnownLeaves {
  readonly #numbers = new MacNumbers();
  /** Entries of a leaf that were all found fine; 0: they were not. */
  #fineEntries = new Uint32Array(FIRST_LEAVES);
  /** The leaf whose keys come before, as was proven when both were read; TREE_START: it was the first. */
  #before = new Int32Array(FIRST_LEAVES);
  #place = new Int32Array(FIRST_LEAVES);
  /** Which tree `place` is of. */
  #tree = new Uint32Array(FIRST_LEAVES);
  #trees = 0;
  #placed = 0;
  #last = TREE_START;
  #hasEnd = false;

  get count(): number {
    return this.#numbers.count;
  }

  /** How many leaves of the tree were met. */
  get placed(): number {
    return this.#placed;
  }

  /** Another tree is scanned from here on: told by its `TreeListings`, as `endTree` is. */
  startTree(): void {
    this.#trees += 1;
    this.#placed = 0;
    this.#last = TREE_START;
    this.#hasEnd = false;
  }

  /** `isWhole`: all its leaves were met. */
  endTree(isWhole: boolean): void {
    this.#hasEnd = isWhole;
  }

  /** The next leaf of the tree, read and found to follow the one before it. */
  read(id: Mac): number {
    const leaf = this.#numbers.add(macToBytes(id));
    if (leaf >= this.#place.length) this.#grow();
    this.#before[leaf] = this.#last;
    this.#put(leaf);
    return leaf;
  }

  /** The next leaf of the tree, which is not read. */
  passOver(leaf: number): void {
    this.#put(leaf);
  }

  /** All its entries, so many, were found fine, each at its path. */
  setFine(leaf: number, entries: number): void {
    this.#fineEntries[leaf] = entries;
  }

  /** A leaf with nothing but entries that were found fine; -1: it is not known as that. */
  fine(id: Mac): number {
    const leaf = this.#numbers.find(macToBytes(id));
    return leaf < 0 || this.#fineEntries[leaf] === 0 ? -1 : leaf;
  }

  entries(leaf: number): number {
    return this.#fineEntries[leaf] as number;
  }

  /** Whether the keys of `leaf` were proven to come behind those of `before`. */
  follows(leaf: number, before: number): boolean {
    return this.#before[leaf] === before;
  }

  /** In this tree, from 0 on; -1: it was not met. */
  place(leaf: number): number {
    return this.#tree[leaf] === this.#trees ? (this.#place[leaf] as number) : -1;
  }

  /** Whether these leaves stand in the tree one behind the other; TREE_START and TREE_END at its ends. To be asked when all leaves were met. */
  isInTree(sequence: Int32Array): boolean {
    let expected = -1;
    for (const leaf of sequence) {
      const place = leaf === TREE_START ? -1 : leaf === TREE_END ? this.#end() : this.place(leaf);
      if (place < 0 && leaf !== TREE_START) return false;
      if (leaf !== sequence[0] && place !== expected) return false;
      expected = place + 1;
    }
    return true;
  }

  #end(): number {
    return this.#hasEnd ? this.#placed : -1;
  }

  #put(leaf: number): void {
    this.#place[leaf] = this.#placed++;
    this.#tree[leaf] = this.#trees;
    this.#last = leaf;
  }

  #grow(): void {
    const length = 2 * this.#place.length;
    this.#fineEntries = grown(this.#fineEntries, new Uint32Array(length));
    this.#before = grown(this.#before, new Int32Array(length));
    this.#place = grown(this.#place, new Int32Array(length));
    this.#tree = grown(this.#tree, new Uint32Array(length));
  }
}
