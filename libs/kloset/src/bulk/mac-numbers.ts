import { grown } from '../bytes/grown.js';

/** Bytes of a MAC that are kept: 128 bits tell honest hashes apart. */
export const KEPT_BYTES = 16;
const FIRST_SLOTS = 1024;
const FIRST_MACS = 768;

/** Numbers MACs, or other hashes of at least 16 bytes, in the order in which they come: 21 to 43 bytes each, no object a MAC. */
export class MacNumbers {
  #macs = new Uint8Array(FIRST_MACS * KEPT_BYTES);
  /** One more than a number; 0: free. */
  #slots = new Uint32Array(FIRST_SLOTS);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** -1: it has none. */
  find(mac: Uint8Array): number {
    return (this.#slots[this.#slotOf(mac, 0)] as number) - 1;
  }

  /** The number that it has, or is given now. */
  add(mac: Uint8Array): number {
    const slot = this.#slotOf(mac, 0);
    const known = (this.#slots[slot] as number) - 1;
    if (known >= 0) return known;
    const number = this.#count++;
    if (this.#count * KEPT_BYTES > this.#macs.length) this.#macs = grown(this.#macs, new Uint8Array(this.#macs.length * 2));
    this.#macs.set(mac.subarray(0, KEPT_BYTES), number * KEPT_BYTES);
    this.#slots[slot] = number + 1;
    if (this.#count * 4 > this.#slots.length * 3) this.#grow();
    return number;
  }

  /** The slot that holds the MAC at `at`, or the free one where it belongs. */
  #slotOf(bytes: Uint8Array, at: number): number {
    const mask = this.#slots.length - 1;
    const start = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | (((bytes[at + 3] as number) & 0x7f) << 24);
    for (let slot = start & mask; ; slot = (slot + 1) & mask) {
      const number = (this.#slots[slot] as number) - 1;
      if (number < 0 || this.#holds(number, bytes, at)) return slot;
    }
  }

  #holds(number: number, bytes: Uint8Array, at: number): boolean {
    for (let i = 0; i < KEPT_BYTES; i++) if (this.#macs[number * KEPT_BYTES + i] !== bytes[at + i]) return false;
    return true;
  }

  #grow(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    for (let number = 0; number < this.#count; number++) this.#slots[this.#slotOf(this.#macs, number * KEPT_BYTES)] = number + 1;
  }
}
