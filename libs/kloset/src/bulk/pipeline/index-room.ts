import { sharedMemory } from '@wardrobe/kernel';
import { MAX_INDEX_BYTES } from './bulk-memory.js';

const HEAD_BYTES = 4;
const EMPTY = 0;
const TAKEN = 1;

/** Memory for one room. */
export function newIndexRoom(): SharedArrayBuffer {
  return sharedMemory(HEAD_BYTES + MAX_INDEX_BYTES);
}

/**
 * Hands the index of a packfile from the thread that filled it to the one that publishes it, in memory that both see. Megabytes that one thread allocates and
 * another gives up would pile up in the system's allocator.
 */
export class IndexRoom {
  readonly #state: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(room: SharedArrayBuffer) {
    this.#state = new Int32Array(room, 0, 1);
    this.#bytes = new Uint8Array(room, HEAD_BYTES, MAX_INDEX_BYTES);
  }

  /** Lays an index down and returns it as it lies there; null while the last one has not been taken. */
  put(index: Uint8Array): Uint8Array | null {
    if (index.length > this.#bytes.length || Atomics.compareExchange(this.#state, 0, EMPTY, TAKEN) !== EMPTY) return null;
    this.#bytes.set(index);
    return this.#bytes.subarray(0, index.length);
  }

  /** What was laid down is not needed any more. */
  clear(): void {
    Atomics.store(this.#state, 0, EMPTY);
  }
}
