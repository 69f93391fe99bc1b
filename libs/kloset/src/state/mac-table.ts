import type { Mac } from '@wardrobe/kloset-model';
import { macFromBytes } from '../bytes/bytes.js';
import { wordsToBytes } from '../codec/word-reader.js';

/** Words of 32 bits in a 32-byte id. */
export const MAC_WORDS = 8;

/** Random numbers that no file of a store can know. */
export type Seed = readonly [number, number];

/** Unsigned hash of an id. All words count, so that ids made to agree in some of them do not fall together. */
export function hashWords(words: Uint32Array, at: number, seed: Seed): number {
  let a = seed[0];
  let b = seed[1];
  for (let word = 0; word < MAC_WORDS; word += 2) {
    a = Math.imul((a ^ (words[at + word] as number)) | 0, 0x9e3779b1) ^ (a >>> 15);
    b = Math.imul((b ^ (words[at + word + 1] as number)) | 0, 0x85ebca77) ^ (b >>> 13);
  }
  const hash = Math.imul(a ^ (a >>> 16) ^ Math.imul(b ^ (b >>> 15), 0x27d4eb2f), 0xc2b2ae3d);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** Ids interned as small numbers, in order of arrival: 32 bytes each and a hash table, no object per id. */
export class MacTable {
  #words = new Uint32Array(64 * MAC_WORDS);
  #slots = new Uint32Array(128);
  #count = 0;
  /** Made when first asked for: the same few are asked for again and again. */
  readonly #texts: Mac[] = [];

  constructor(readonly seed: Seed) {}

  get count(): number {
    return this.#count;
  }

  /** Number of the id in `words[at … at+8)`, added when new. */
  intern(words: Uint32Array, at: number): number {
    if ((this.#count + 1) * 2 > this.#slots.length) this.#grow();
    const slot = this.#find(words, at);
    const found = this.#slots[slot] as number;
    if (found !== 0) return found - 1;
    const start = this.#count * MAC_WORDS;
    for (let word = 0; word < MAC_WORDS; word += 1) this.#words[start + word] = words[at + word] as number;
    this.#count += 1;
    this.#slots[slot] = this.#count;
    return this.#count - 1;
  }

  mac(index: number): Mac {
    this.#texts[index] ??= macFromBytes(wordsToBytes(this.#words, index * MAC_WORDS));
    return this.#texts[index];
  }

  /** All ids, 32 bytes each in the machine's byte order, by their numbers. */
  toBytes(): Uint8Array {
    return new Uint8Array(this.#words.buffer, 0, this.#count * 32);
  }

  /** @param bytes a multiple of 32 bytes, as `toBytes` gave them */
  static fromBytes(bytes: Uint8Array, seed: Seed): MacTable {
    const words = new Uint32Array(bytes.slice().buffer);
    const table = new MacTable(seed);
    for (let at = 0; at < words.length; at += MAC_WORDS) table.intern(words, at);
    return table;
  }

  #find(words: Uint32Array, at: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hashWords(words, at, this.seed) & mask; ; slot = (slot + 1) & mask) {
      const index = this.#slots[slot] as number;
      if (index === 0 || this.#equals((index - 1) * MAC_WORDS, words, at)) return slot;
    }
  }

  #equals(start: number, words: Uint32Array, at: number): boolean {
    for (let word = 0; word < MAC_WORDS; word += 1) if (this.#words[start + word] !== words[at + word]) return false;
    return true;
  }

  #grow(): void {
    const words = new Uint32Array(this.#slots.length * MAC_WORDS);
    words.set(this.#words.subarray(0, this.#count * MAC_WORDS));
    this.#words = words;
    this.#slots = new Uint32Array(this.#slots.length * 2);
    for (let index = 0; index < this.#count; index += 1) this.#slots[this.#find(words, index * MAC_WORDS)] = index + 1;
  }
}
