import { TooLargeError } from '../../errors/errors.js';

const PAGE_BITS = 18;
const PAGE_BYTES = 1 << PAGE_BITS;
const MAX_PAGES = 2 ** 32 / PAGE_BYTES;

/** Many small byte strings in a few large pages: growing copies nothing. A place is a number below 2^32. */
export class ByteArena {
  readonly #pages: Buffer[] = [];
  #used = PAGE_BYTES;

  /** Room for `lengthBytes` in one piece. @throws TooLargeError beyond 4 GiB in all */
  reserve(lengthBytes: number): number {
    if (this.#used + lengthBytes > PAGE_BYTES) {
      if (this.#pages.length === MAX_PAGES) throw new TooLargeError('memory for the names of a snapshot', 2 ** 32, 2 ** 32);
      this.#pages.push(Buffer.alloc(Math.max(PAGE_BYTES, lengthBytes)));
      this.#used = 0;
    }
    const place = (this.#pages.length - 1) * PAGE_BYTES + this.#used;
    this.#used = Math.min(PAGE_BYTES, this.#used + lengthBytes);
    return place;
  }

  append(bytes: Uint8Array): number {
    const place = this.reserve(bytes.length);
    this.page(place).set(bytes, this.at(place));
    return place;
  }

  /** The page that holds a place. */
  page(place: number): Buffer {
    return this.#pages[Math.floor(place / PAGE_BYTES)] as Buffer;
  }

  /** Where in its page a place lies. */
  at(place: number): number {
    return place % PAGE_BYTES;
  }

  view(place: number, lengthBytes: number): Buffer {
    const at = this.at(place);
    return this.page(place).subarray(at, at + lengthBytes);
  }
}

const PAGE_ITEMS = 1 << 14;

/** A list of numbers below 2^32 that grows without copying. */
export class NumberPages {
  readonly #pages: Uint32Array[] = [];
  length = 0;

  push(value: number): void {
    if (this.length % PAGE_ITEMS === 0) this.#pages.push(new Uint32Array(PAGE_ITEMS));
    (this.#pages[this.#pages.length - 1] as Uint32Array)[this.length % PAGE_ITEMS] = value;
    this.length += 1;
  }

  get(index: number): number {
    return (this.#pages[Math.floor(index / PAGE_ITEMS)] as Uint32Array)[index % PAGE_ITEMS] as number;
  }

  set(index: number, value: number): void {
    (this.#pages[Math.floor(index / PAGE_ITEMS)] as Uint32Array)[index % PAGE_ITEMS] = value;
  }
}

/** Values that come again and again, each kept once and known by a small number. */
export class Interned<T> {
  readonly #numbers = new Map<string, number>();
  readonly #values: T[] = [];

  /** `key` tells values apart. */
  number(key: string, value: T): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.#values.length);
    this.#values.push(value);
    return this.#values.length - 1;
  }

  value(number: number): T {
    return this.#values[number] as T;
  }

  get values(): readonly T[] {
    return this.#values;
  }
}

/** A copy of a few bytes in pooled memory: a million small buffers of their own would be a million calls of the system's allocator. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  const pooled = Buffer.from(bytes);
  return new Uint8Array(pooled.buffer, pooled.byteOffset, pooled.length);
}
