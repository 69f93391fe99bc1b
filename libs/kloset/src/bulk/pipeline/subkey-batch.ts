import { createDecipheriv } from 'node:crypto';
import type { Kernel } from '@wardrobe/kernel';

/** Units whose keys are unwrapped together at most, and from how many on that is worth it. */
export const SUBKEYS_TOGETHER = 1024;
const LEAST = 12;
const STEPS = 24;
const ADDRESS_BYTES = 4;
const SUBKEY_BYTES = 32;
const BLOCK_BYTES = 16;
export const SUBKEY_ROOM = SUBKEYS_TOGETHER * (ADDRESS_BYTES + SUBKEY_BYTES + BLOCK_BYTES);

/**
 * Subkeys of units that lie in a thread's memory, unwrapped in lockstep: one call to the processor's own AES for each step of all of them. `at`: address of
 * `SUBKEY_ROOM` bytes, a multiple of 16. @source RFC 3394, 2.2.2
 */
export class SubkeyBatch {
  readonly #kernel: Kernel;
  readonly #aes: ReturnType<typeof createDecipheriv>;
  /** Addresses of the units, upwards. The key of a unit whose address is taken out does not unwrap. */
  readonly #units: Uint32Array;
  readonly #at: { readonly units: number; readonly keys: number; readonly blocks: number };
  #count = 0;
  #unwrapped = 0;
  #next = 0;

  constructor(kernel: Kernel, secret: Uint8Array, at: number) {
    this.#kernel = kernel;
    // Blocks do not depend on each other and none is kept back without padding: one object serves all.
    this.#aes = createDecipheriv('aes-256-ecb', secret, null).setAutoPadding(false);
    this.#units = new Uint32Array(kernel.memory.buffer, at, SUBKEYS_TOGETHER);
    const keys = at + SUBKEYS_TOGETHER * ADDRESS_BYTES;
    this.#at = { units: at, keys, blocks: keys + SUBKEYS_TOGETHER * SUBKEY_BYTES };
  }

  clear(): void {
    this.#count = 0;
    this.#unwrapped = 0;
    this.#next = 0;
  }

  add(unit: number): void {
    if (this.#count < SUBKEYS_TOGETHER) this.#units[this.#count++] = unit;
  }

  unwrap(): void {
    const count = this.#count;
    if (count < LEAST) return;
    const { call, bytes } = this.#kernel;
    const { units, keys, blocks } = this.#at;
    const encrypted = bytes.subarray(blocks, blocks + count * BLOCK_BYTES);
    call.unwrapStart(units, count, keys, blocks);
    for (let step = STEPS; step > 0; step--) {
      bytes.set(this.#aes.update(encrypted), blocks);
      call.unwrapStep(units, count, keys, blocks, step);
    }
    this.#unwrapped = count;
  }

  /** Address of the key of a unit; 0: not known. Units are to be asked for in their order. */
  find(unit: number): number {
    let next = this.#next;
    while (next < this.#unwrapped && (this.#units[next] as number) < unit) next += 1;
    this.#next = next;
    return next < this.#unwrapped && this.#units[next] === unit ? this.#at.keys + next * SUBKEY_BYTES : 0;
  }
}
