import type { Mac } from '@wardrobe/kloset-model';
import { macToBytes } from '../bytes/bytes.js';
import { MacNumbers } from './mac-numbers.js';

/** MACs in one flat table: about 32 bytes each, no object a MAC. */
export class MacSet {
  readonly #numbers = new MacNumbers();

  get size(): number {
    return this.#numbers.count;
  }

  has(mac: Mac): boolean {
    return this.hasBytes(macToBytes(mac));
  }

  add(mac: Mac): void {
    this.addBytes(macToBytes(mac));
  }

  hasBytes(bytes: Uint8Array): boolean {
    return this.#numbers.find(bytes) >= 0;
  }

  addBytes(bytes: Uint8Array): void {
    this.#numbers.add(bytes);
  }
}
