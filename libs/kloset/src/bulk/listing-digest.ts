import { blake3Hash } from '@wardrobe/kernel';

const MAC_BYTES = 32;
const CHILD_BYTES = MAC_BYTES + 1;
const CHILDREN_PER_BLOCK = 256;

/**
 * One hash over the children of a directory in their order: the MAC of each one's entry, and whether it is a directory. The tree's children and those of a
 * packed listing have the same hash when they are the same.
 */
export class ListingDigest {
  readonly #block = new Uint8Array(MAC_BYTES + CHILDREN_PER_BLOCK * CHILD_BYTES);
  #at = MAC_BYTES;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Begins anew. */
  start(): void {
    this.#block.fill(0, 0, MAC_BYTES);
    this.#at = MAC_BYTES;
    this.#count = 0;
  }

  add(mac: Uint8Array, isDirectory: boolean): void {
    if (this.#at === this.#block.length) this.#fold();
    this.#block.set(mac, this.#at);
    this.#block[this.#at + MAC_BYTES] = isDirectory ? 1 : 0;
    this.#at += CHILD_BYTES;
    this.#count += 1;
  }

  finish(): Uint8Array {
    return blake3Hash(this.#block.subarray(0, this.#at));
  }

  #fold(): void {
    this.#block.set(this.finish());
    this.#at = MAC_BYTES;
  }
}
