import { type ReadOptions, StoreError } from '@wardrobe/store-connector';
import type { ItemName } from './protocol.js';

/** States read to learn their size are kept until they are asked for, up to this. */
const KEPT_BYTES = 32 << 20;
/** What lies behind a known place of a packfile is read and counted when it cannot be more than this. */
const LAST_READ_BYTES = 64 << 10;
const FIRST_GUESS_BYTES = 64 << 20;
const LARGEST_BYTES = 2 ** 42;

type Source = {
  part(item: ItemName, range: { readonly offset: number; readonly lengthBytes: number }, options: ReadOptions): Promise<Uint8Array>;
  whole(item: ItemName, options: ReadOptions): AsyncIterable<Uint8Array>;
};

/**
 * Sizes from servers that do not tell them (plakar's): a state or lock is read and counted, the end of a packfile is closed in on with single bytes. What a listing
 * learned of states and packfiles is remembered: their bytes never change under their id.
 */
export class SizeFinder {
  readonly #ask: (item: ItemName, options: ReadOptions) => Promise<number | null>;
  readonly #source: Source;
  readonly #known = new Map<string, number>();
  readonly #kept = new Map<string, Uint8Array>();
  #keptBytes = 0;

  constructor(ask: (item: ItemName, options: ReadOptions) => Promise<number | null>, source: Source) {
    this.#ask = ask;
    this.#source = source;
  }

  async find(item: ItemName, options: ReadOptions): Promise<number> {
    return (await this.#ask(item, options)) ?? (item.kind === 'packfile' ? await this.#closeIn(item, options) : (await this.#readWhole(item, options)).length);
  }

  async findListed(item: ItemName, options: ReadOptions): Promise<number> {
    if (item.kind === 'lock') return this.find(item, options);
    const name = nameOf(item);
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const sizeBytes = item.kind === 'packfile' ? await this.find(item, options) : await this.#readAndKeep(item, options);
    this.#known.set(name, sizeBytes);
    return sizeBytes;
  }

  /** What was read to learn a size, once. */
  take(item: ItemName): Uint8Array | null {
    const name = nameOf(item);
    const bytes = this.#kept.get(name) ?? null;
    if (bytes === null) return null;
    this.#kept.delete(name);
    this.#keptBytes -= bytes.length;
    return bytes;
  }

  forget(item: ItemName): void {
    this.take(item);
    this.#known.delete(nameOf(item));
  }

  clear(): void {
    this.#kept.clear();
    this.#keptBytes = 0;
  }

  async #readAndKeep(item: ItemName, options: ReadOptions): Promise<number> {
    const { length, bytes } = await this.#readWhole(item, options);
    if (bytes !== null && this.#keptBytes + length <= KEPT_BYTES) {
      this.#kept.set(nameOf(item), bytes);
      this.#keptBytes += length;
    }
    return length;
  }

  /** `bytes` null: too many to be held. */
  async #readWhole(item: ItemName, options: ReadOptions): Promise<{ readonly length: number; readonly bytes: Uint8Array | null }> {
    let pieces: Uint8Array[] = [];
    let length = 0;
    for await (const piece of this.#source.whole(item, options)) {
      length += piece.length;
      if (length <= KEPT_BYTES) pieces.push(piece);
      else pieces = [];
    }
    return { length, bytes: length <= KEPT_BYTES ? Buffer.concat(pieces) : null };
  }

  /** About ten small requests: doubling, then halving, then the rest read whole. */
  async #closeIn(item: ItemName, options: ReadOptions): Promise<number> {
    const has = async (offset: number): Promise<boolean> => (await this.#source.part(item, { offset, lengthBytes: 1 }, options)).length > 0;
    let [from, to] = [0, FIRST_GUESS_BYTES];
    while (await has(to)) {
      [from, to] = [to, to * 2];
      if (to > LARGEST_BYTES) throw new StoreError(`${item.kind} ${item.id} seems to have no end`, { fault: 'server' });
    }
    while (to - from > LAST_READ_BYTES) {
      const middle = Math.floor((from + to) / 2);
      if (await has(middle)) from = middle;
      else to = middle;
    }
    return from + (await this.#source.part(item, { offset: from, lengthBytes: LAST_READ_BYTES }, options)).length;
  }
}

function nameOf({ kind, id }: ItemName): string {
  return `${kind}/${id}`;
}
