import { sharedMemory } from '@wardrobe/kernel';

/**
 * Which blobs are stored already, shared by all threads: open addressing over shared memory, in segments so that it can grow while threads use it.
 *
 * A slot is 5 words: 0–3 a print of 128 bits of the blob's type and id, 4 where it lies: 0 the slot is free, -1 it is being written, 1 this run stores it, from 2
 * on a known packfile by number. A slot is taken by exchanging word 4, and never given up. The print folds all 256 bits of the id with numbers that only this
 * run knows: nobody can make up two files whose prints agree.
 */
const SLOT_WORDS = 5;
const KEY_WORDS = 4;
const WHERE = 4;
const FREE = 0;
const BUSY = -1;
const THIS_RUN = 1;
const FIRST_PACKFILE = 2;
/** Words before the first slot: number of taken slots, two words of a secret seed. */
const HEAD_WORDS = 3;
/** A segment takes no more above this load; blobs then go unnoticed, and are stored twice at worst. */
const FULL_LOAD = 0.9;
const GROW_LOAD = 0.75;
const SPINS = 1000;

export type DedupSegment = SharedArrayBuffer;

/** Memory for `blobs` blobs at a comfortable load. `seed` must be secret: no file may be made to fill one chain. */
export function newSegment(blobs: number, seed: readonly [number, number]): DedupSegment {
  const slots = Math.ceil(Math.max(blobs, 1 << 14) / GROW_LOAD);
  const buffer = sharedMemory((HEAD_WORDS + slots * SLOT_WORDS) * 4);
  new Int32Array(buffer).set(seed, 1);
  return buffer;
}

export class DedupTable {
  readonly #segments: Int32Array[];
  readonly #factors: Int32Array;
  /** The print that is being looked for. */
  readonly #print = new Int32Array(KEY_WORDS);

  /** All segments have the same seed; there is at least one. */
  constructor(segments: readonly DedupSegment[]) {
    this.#segments = segments.map((segment) => new Int32Array(segment));
    this.#factors = secretFactors(this.#last[1] as number, this.#last[2] as number);
  }

  addSegment(segment: DedupSegment): void {
    this.#segments.push(new Int32Array(segment));
  }

  /** Gives its memory up. Nothing may be asked afterwards. */
  release(): void {
    this.#segments.length = 0;
  }

  /** The last segment is loaded as far as it should be: time to add one. */
  get isFull(): boolean {
    const last = this.#last;
    return Atomics.load(last, 0) > slotsOf(last) * GROW_LOAD;
  }

  get count(): number {
    return this.#segments.reduce((sum, segment) => sum + Atomics.load(segment, 0), 0);
  }

  /** Number of the known packfile that holds the blob, -1 when this run stores it, or null. `words[at … at+8)` is its id. */
  find(type: number, words: Int32Array, at: number): number | null {
    this.#makePrint(type, words, at);
    for (const segment of this.#segments) {
      const where = this.#probe(segment, FREE);
      if (where !== FREE) return where === THIS_RUN ? -1 : where - FIRST_PACKFILE;
    }
    return null;
  }

  /** As `find`; a blob that is not there is entered as stored by this run, which is then the caller's duty. Two threads may both be told to store it. */
  claim(type: number, words: Int32Array, at: number): number | null {
    this.#makePrint(type, words, at);
    for (const segment of this.#segments) {
      const isLast = segment === this.#last;
      const where = this.#probe(segment, isLast ? THIS_RUN : FREE);
      if (where !== FREE) return where === THIS_RUN ? -1 : where - FIRST_PACKFILE;
    }
    return null;
  }

  /** Enters a blob that lies in packfile number `packfile`, or null for this run. */
  seed(type: number, words: Int32Array | Uint32Array, at: number, packfile: number | null): void {
    this.#makePrint(type, words, at);
    this.#probe(this.#last, packfile === null ? THIS_RUN : packfile + FIRST_PACKFILE);
  }

  get #last(): Int32Array {
    return this.#segments[this.#segments.length - 1] as Int32Array;
  }

  #makePrint(type: number, words: Int32Array | Uint32Array, at: number): void {
    const print = this.#print;
    for (let word = 0; word < KEY_WORDS; word++) {
      const folded = words[at + KEY_WORDS + word] as number;
      print[word] = (words[at + word] as number) ^ Math.imul(folded ^ (folded >>> 15), this.#factors[word] as number);
    }
    print[0] = (print[0] as number) ^ Math.imul(type, 0x9e3779b1);
  }

  /** Where the blob of the print lies, or FREE; then it was entered with `enter`, unless that is FREE or there is no room. */
  #probe(segment: Int32Array, enter: number): number {
    const print = this.#print;
    const slots = slotsOf(segment);
    let slot = hash(segment, print) % slots;
    for (let tried = 0; tried < slots; ) {
      const start = HEAD_WORDS + slot * SLOT_WORDS;
      const where = settled(segment, start + WHERE);
      if (where === FREE) {
        if (enter === FREE || Atomics.load(segment, 0) > slots * FULL_LOAD) return FREE;
        // Somebody else was quicker: look at what stands there now.
        if (Atomics.compareExchange(segment, start + WHERE, FREE, BUSY) !== FREE) continue;
        for (let word = 0; word < KEY_WORDS; word++) segment[start + word] = print[word] as number;
        Atomics.store(segment, start + WHERE, enter);
        Atomics.add(segment, 0, 1);
        return FREE;
      }
      if (where !== BUSY && isSame(segment, start, print)) return where;
      slot = slot + 1 === slots ? 0 : slot + 1;
      tried += 1;
    }
    return FREE;
  }
}

function slotsOf(segment: Int32Array): number {
  return Math.floor((segment.length - HEAD_WORDS) / SLOT_WORDS);
}

/** Four odd numbers out of the seed. */
function secretFactors(first: number, second: number): Int32Array {
  const factors = new Int32Array(KEY_WORDS);
  let state = first;
  for (let word = 0; word < KEY_WORDS; word++) {
    state = Math.imul(state ^ (state >>> 16) ^ second, 0x85ebca6b) + 0x6d2b79f5;
    state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
    factors[word] = (state ^ (state >>> 16)) | 1;
  }
  return factors;
}

function hash(segment: Int32Array, print: Int32Array): number {
  const mixed = Math.imul((print[0] as number) ^ (segment[1] as number), 0x9e3779b1) ^ Math.imul((print[1] as number) ^ (segment[2] as number), 0x85ebca77);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

/** Waits a moment for a slot that is being written. After that it counts as taken by something else: a blob stored twice does no harm. */
function settled(segment: Int32Array, at: number): number {
  let where = Atomics.load(segment, at);
  for (let spin = 0; where === BUSY && spin < SPINS; spin++) where = Atomics.load(segment, at);
  return where;
}

function isSame(segment: Int32Array, start: number, print: Int32Array): boolean {
  for (let word = 0; word < KEY_WORDS; word++) if (segment[start + word] !== print[word]) return false;
  return true;
}
