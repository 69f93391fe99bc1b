import { ownMemory } from '@wardrobe/kernel';

const SLAB_BYTES = 4 << 20;
/** So much comes from the ordinary allocator before: most tables stay small. */
const ORDINARY_BYTES = 1 << 20;

export type PagePlace = { readonly buffer: ArrayBuffer; readonly offset: number };

/** Zeroed pages of one size, for what grows page by page. Those of large tables lie in memory that the system gets back when the table is given up. */
export class PageSlabs {
  readonly #pageBytes: number;
  #taken = 0;
  #slab: ArrayBuffer | null = null;
  #used = 0;

  /** `pageBytes`: a multiple of 4, far less than 4 MiB. */
  constructor(pageBytes: number) {
    this.#pageBytes = pageBytes;
  }

  next(): PagePlace {
    const lengthBytes = this.#pageBytes;
    this.#taken += lengthBytes;
    if (this.#taken <= ORDINARY_BYTES) return { buffer: new ArrayBuffer(lengthBytes), offset: 0 };
    if (this.#slab === null || this.#used + lengthBytes > SLAB_BYTES) {
      this.#slab = ownMemory(SLAB_BYTES);
      this.#used = 0;
    }
    const place = { buffer: this.#slab, offset: this.#used };
    this.#used += lengthBytes;
    return place;
  }
}
