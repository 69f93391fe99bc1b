import { TooLargeError } from '../../errors/errors.js';
import { SpillFile } from './spill-file.js';

const PAGE_BITS = 18;
const PAGE_BYTES = 1 << PAGE_BITS;
const MAX_PAGES = 2 ** 32 / PAGE_BYTES;
/** 8 MiB: about 130,000 entries. */
const PAGES_IN_MEMORY = 32;
/** Memory of a page that was written out is used again only after so many more: a view stays good for a while. */
const SPARES = 4;

type Page = { readonly bytes: Buffer; wasUsed: boolean; hasChanged: boolean };

/**
 * Many small byte strings in pages, of which only some are in memory and the others in a temporary file. Good for strings that are asked for in about the order in
 * which they came, or in any order that stays within a few pages at a time. A place is a number below 2^32.
 */
export class SpillingArena {
  readonly #limit: number;
  /** Null: in the file. */
  readonly #pages: (Page | null)[] = [];
  /** Numbers of the pages in memory. */
  #resident: number[] = [];
  readonly #spares: Buffer[] = [];
  #hand = 0;
  #used = PAGE_BYTES;
  #file: SpillFile | null = null;
  #isOpen = true;

  /** `pagesInMemory`: at least 2. */
  constructor(pagesInMemory = PAGES_IN_MEMORY) {
    this.#limit = pagesInMemory;
  }

  /** Appends; strings are at most a page long, longer ones have a page of their own. @throws TooLargeError beyond 4 GiB in all; DiskFullError, StoreError */
  append(bytes: Uint8Array): number {
    if (bytes.length > PAGE_BYTES) throw new TooLargeError('an entry', bytes.length, PAGE_BYTES);
    if (this.#used + bytes.length > PAGE_BYTES) {
      if (this.#pages.length === MAX_PAGES) throw new TooLargeError('the entries of a snapshot', 2 ** 32, 2 ** 32);
      this.#pages.push(null);
      this.#enter(this.#pages.length - 1, { bytes: this.#room(), wasUsed: true, hasChanged: true });
      this.#used = 0;
    }
    const place = (this.#pages.length - 1) * PAGE_BYTES + this.#used;
    this.#used += bytes.length;
    this.change(place).set(bytes, this.at(place));
    return place;
  }

  /** The page that holds a place, for reading: good until some other pages were asked for. */
  page(place: number): Buffer {
    return this.#pageOf(place).bytes;
  }

  /** The page that holds a place, for writing at once. */
  change(place: number): Buffer {
    const page = this.#pageOf(place);
    page.hasChanged = true;
    return page.bytes;
  }

  /** Where in its page a place lies. */
  at(place: number): number {
    return place % PAGE_BYTES;
  }

  view(place: number, lengthBytes: number): Buffer {
    const at = this.at(place);
    return this.page(place).subarray(at, at + lengthBytes);
  }

  /** Gives up everything. */
  close(): void {
    this.#isOpen = false;
    this.#pages.fill(null);
    this.#resident = [];
    this.#file?.close();
  }

  #pageOf(place: number): Page {
    const number = Math.floor(place / PAGE_BYTES);
    const page = this.#pages[number] ?? this.#load(number);
    page.wasUsed = true;
    return page;
  }

  #load(number: number): Page {
    if (this.#file === null || !this.#isOpen) throw new TypeError('the entries were given up');
    const page = { bytes: this.#room(), wasUsed: true, hasChanged: false };
    this.#file.read(page.bytes, number * PAGE_BYTES);
    this.#enter(number, page);
    return page;
  }

  #enter(number: number, page: Page): void {
    this.#pages[number] = page;
    this.#resident.push(number);
  }

  /** Memory for one page: the one that has not been used for longest makes room. */
  #room(): Buffer {
    if (this.#resident.length < this.#limit) return Buffer.allocUnsafeSlow(PAGE_BYTES);
    for (;;) {
      this.#hand = (this.#hand + 1) % this.#resident.length;
      const page = this.#pages[this.#resident[this.#hand] as number] as Page;
      if (!page.wasUsed) break;
      page.wasUsed = false;
    }
    this.#writeOut(this.#hand);
    return this.#spares.length > SPARES ? (this.#spares.shift() as Buffer) : Buffer.allocUnsafeSlow(PAGE_BYTES);
  }

  #writeOut(index: number): void {
    const number = this.#resident[index] as number;
    const page = this.#pages[number] as Page;
    this.#file ??= new SpillFile();
    if (page.hasChanged) this.#file.write(page.bytes, number * PAGE_BYTES);
    this.#pages[number] = null;
    this.#resident[index] = this.#resident[this.#resident.length - 1] as number;
    this.#resident.pop();
    this.#spares.push(page.bytes);
  }
}
