import { asBuffer, macFromBytes } from '../bytes/bytes.js';
import type { Named } from './entry-places.js';
import type { Mac } from '@wardrobe/kloset-model';

const MAC_BYTES = 32;
const FIRST_PATH_BYTES = 64;

/** A leaf of the tree that stands in a batch as a whole: its entries from `first` up to before `end`. */
export type WholeLeaf = { readonly id: Mac; readonly first: number; readonly end: number };

/** Some entries of a tree in its order, as a few flat pieces of memory. */
export class EntryBatch {
  readonly #macs: Uint8Array;
  /** The same memory. */
  readonly #macBuffer: Buffer;
  readonly #ends: Uint32Array;
  #paths: Uint8Array;
  #count = 0;
  readonly #leaves: { readonly id: Mac; readonly first: number; readonly isKnown: boolean }[] = [];

  constructor(capacity: number) {
    this.#macs = new Uint8Array(capacity * MAC_BYTES);
    this.#macBuffer = asBuffer(this.#macs);
    this.#ends = new Uint32Array(capacity);
    this.#paths = new Uint8Array(capacity * FIRST_PATH_BYTES);
  }

  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count === this.#ends.length;
  }

  /** The entries that are added from here on are those of a leaf, from its first one on. `isKnown`: all of them were found fine before. */
  startLeaf(id: Mac, isKnown: boolean): void {
    this.#leaves.push({ id, first: this.#count, isKnown });
  }

  /** Leaves that are not known yet. The last one may go on in another batch: it is left out. */
  *newLeaves(): Generator<WholeLeaf> {
    for (const [number, { id, first, isKnown }] of this.#leaves.entries()) {
      const next = this.#leaves[number + 1];
      if (next !== undefined && !isKnown) yield { id, first, end: next.first };
    }
  }

  /** Entries of known leaves, each part from `first` up to before `end`. */
  *knownParts(): Generator<{ readonly first: number; readonly end: number }> {
    for (const [number, { first, isKnown }] of this.#leaves.entries()) if (isKnown) yield { first, end: this.#leaves[number + 1]?.first ?? this.#count };
  }

  add(path: Uint8Array, mac: Mac): void {
    const start = this.#startOf(this.#count);
    const end = start + path.length;
    if (end > this.#paths.length) {
      const larger = new Uint8Array(2 * end);
      larger.set(this.#paths.subarray(0, start));
      this.#paths = larger;
    }
    this.#paths.set(path, start);
    this.#ends[this.#count] = end;
    this.#macBuffer.write(mac, this.#count * MAC_BYTES, 'hex');
    this.#count += 1;
  }

  /** A view. */
  path(index: number): Uint8Array {
    return this.#paths.subarray(this.#startOf(index), this.#ends[index]);
  }

  /** A view. */
  mac(index: number): Uint8Array {
    return this.#macs.subarray(index * MAC_BYTES, (index + 1) * MAC_BYTES);
  }

  named(index: number): Named {
    return { path: this.path(index), mac: macFromBytes(this.mac(index)) };
  }

  #startOf(index: number): number {
    return index === 0 ? 0 : (this.#ends[index - 1] as number);
  }
}
