import { asBuffer, macFromBytes } from '../bytes/bytes.js';
import type { Named } from './entry-places.js';
import type { Mac } from '@wardrobe/kloset-model';

const MAC_BYTES = 32;
const FIRST_PATH_BYTES = 64;
/** At most, as plakar and Wardrobe write them. @source 02-snapshot 2.2 */
const LEAF_ENTRIES = 50;

/**
 * Entries of one leaf, from `first` up to before `end`. `leaf`: its number (`KnownLeaves`); `isKnown`: all of them were found fine before; `isWhole`: all of the
 * leaf's entries are there.
 */
export type LeafPart = { readonly leaf: number; readonly first: number; readonly end: number; readonly isKnown: boolean; readonly isWhole: boolean };
type OpenLeaf = { readonly leaf: number; readonly isKnown: boolean };
type Started = OpenLeaf & { readonly first: number; readonly isStart: boolean };

/** Some entries of a tree in its order, as a few flat pieces of memory. */
export class EntryBatch {
  readonly #macs: Uint8Array;
  /** The same memory. */
  readonly #macBuffer: Buffer;
  readonly #ends: Uint32Array;
  #paths: Uint8Array;
  #count = 0;
  readonly #leaves: Started[] = [];
  #isEndWhole = false;

  /** `open`: the leaf that the first entries are of, if the batch before ended inside of one. */
  constructor(capacity: number, open: OpenLeaf | null = null) {
    this.#macs = new Uint8Array(capacity * MAC_BYTES);
    this.#macBuffer = asBuffer(this.#macs);
    this.#ends = new Uint32Array(capacity);
    this.#paths = new Uint8Array(capacity * FIRST_PATH_BYTES);
    if (open !== null) this.#leaves.push({ ...open, first: 0, isStart: false });
  }

  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count === this.#ends.length;
  }

  /** No leaf of the usual size has room any more. */
  get isAlmostFull(): boolean {
    return this.#count + LEAF_ENTRIES > this.#ends.length;
  }

  /** The entries that are added from here on are those of a leaf, from its first one on. */
  startLeaf(leaf: number, isKnown: boolean): void {
    this.#leaves.push({ leaf, isKnown, first: this.#count, isStart: true });
  }

  /** The last leaf has no more entries. */
  endLeaf(): void {
    this.#isEndWhole = true;
  }

  /** The leaf of the last entry. */
  get lastLeaf(): OpenLeaf | null {
    return this.#leaves.at(-1) ?? null;
  }

  *leaves(): Generator<LeafPart> {
    for (const [number, { leaf, first, isKnown, isStart }] of this.#leaves.entries()) {
      const next = this.#leaves[number + 1];
      yield { leaf, first, end: next?.first ?? this.#count, isKnown, isWhole: isStart && (next !== undefined || this.#isEndWhole) };
    }
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
