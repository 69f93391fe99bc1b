import type { Mac } from '@wardrobe/kloset-model';
import { macToBytes } from '../bytes/bytes.js';

/** Bytes of a MAC that are kept: 128 bits tell honest hashes apart. */
const KEPT_BYTES = 16;
const FIRST_CAPACITY = 1024;

/** MACs in one flat table: about 32 bytes each, no object a MAC. */
export class MacSet {
  #slots = new Uint8Array(FIRST_CAPACITY * KEPT_BYTES);
  #used = new Uint8Array(FIRST_CAPACITY);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(mac: Mac): boolean {
    return this.hasBytes(macToBytes(mac));
  }

  add(mac: Mac): void {
    this.addBytes(macToBytes(mac));
  }

  hasBytes(bytes: Uint8Array): boolean {
    return this.#used[this.#slotOf(bytes)] === 1;
  }

  addBytes(bytes: Uint8Array): void {
    const slot = this.#slotOf(bytes);
    if (this.#used[slot] === 1) return;
    this.#put(slot, bytes);
    if (this.#size * 4 > this.#used.length * 3) this.#grow();
  }

  #put(slot: number, bytes: Uint8Array): void {
    this.#slots.set(bytes.subarray(0, KEPT_BYTES), slot * KEPT_BYTES);
    this.#used[slot] = 1;
    this.#size += 1;
  }

  /** The slot that holds these bytes, or the free one where they belong. */
  #slotOf(bytes: Uint8Array): number {
    const mask = this.#used.length - 1;
    const start = (bytes[0] as number) | ((bytes[1] as number) << 8) | ((bytes[2] as number) << 16) | (((bytes[3] as number) & 0x7f) << 24);
    for (let slot = start & mask; ; slot = (slot + 1) & mask) {
      if (this.#used[slot] === 0 || this.#holds(slot, bytes)) return slot;
    }
  }

  #holds(slot: number, bytes: Uint8Array): boolean {
    const at = slot * KEPT_BYTES;
    for (let i = 0; i < KEPT_BYTES; i++) if (this.#slots[at + i] !== bytes[i]) return false;
    return true;
  }

  #grow(): void {
    const slots = this.#slots;
    const used = this.#used;
    this.#slots = new Uint8Array(slots.length * 2);
    this.#used = new Uint8Array(used.length * 2);
    this.#size = 0;
    for (let slot = 0; slot < used.length; slot++) {
      if (used[slot] !== 1) continue;
      const bytes = slots.subarray(slot * KEPT_BYTES, (slot + 1) * KEPT_BYTES);
      this.#put(this.#slotOf(bytes), bytes);
    }
  }
}
