import { createHash } from 'node:crypto';
import type { Mac, NameText } from '@wardrobe/kloset-model';
import { macFromBytes, macToBytes } from '../bytes/bytes.js';
import type { Xattr } from '../snapshot/items.js';

const KEY_BYTES = 16;
const MAC_BYTES = 32;
const ROW_BYTES = KEY_BYTES + MAC_BYTES + 4;
const FIRST_ROWS = 256;

/** Where the value of an attribute is. */
export type XattrValue = { readonly name: NameText; readonly object: Mac };

/**
 * The attributes of a whole snapshot by path, in flat memory: 56 bytes each, no object an attribute; a path stands there by 128 bits of its hash. Add all, then ask.
 */
export class XattrTable {
  #rows = new Uint8Array(FIRST_ROWS * ROW_BYTES);
  #count = 0;
  readonly #names: NameText[] = [];
  readonly #nameNumbers = new Map<string, number>();
  #order: Uint32Array | null = null;

  add({ path, name, object }: Pick<Xattr, 'path' | 'name' | 'object'>): void {
    const at = this.#count * ROW_BYTES;
    if (at === this.#rows.length) {
      const larger = new Uint8Array(this.#rows.length * 2);
      larger.set(this.#rows);
      this.#rows = larger;
    }
    this.#rows.set(keyOf(path.bytes), at);
    this.#rows.set(macToBytes(object), at + KEY_BYTES);
    Buffer.from(this.#rows.buffer).writeUInt32LE(this.#numberOf(name), at + KEY_BYTES + MAC_BYTES);
    this.#count += 1;
    this.#order = null;
  }

  find(path: Uint8Array): readonly XattrValue[] {
    const key = keyOf(path);
    this.#order ??= this.#sorted();
    const order = this.#order;
    const values: XattrValue[] = [];
    for (let place = this.#firstOf(order, key); place < order.length; place++) {
      const at = (order[place] as number) * ROW_BYTES;
      if (this.#compare(at, key) !== 0) break;
      const name = this.#names[Buffer.from(this.#rows.buffer).readUInt32LE(at + KEY_BYTES + MAC_BYTES)];
      if (name !== undefined) values.push({ name, object: macFromBytes(this.#rows.slice(at + KEY_BYTES, at + KEY_BYTES + MAC_BYTES)) });
    }
    return values;
  }

  #numberOf(name: NameText): number {
    const key = Buffer.from(name.bytes).toString('latin1');
    const known = this.#nameNumbers.get(key);
    if (known !== undefined) return known;
    this.#nameNumbers.set(key, this.#names.length);
    return this.#names.push(name) - 1;
  }

  #sorted(): Uint32Array {
    const rows = Buffer.from(this.#rows.buffer);
    const order = Uint32Array.from({ length: this.#count }, (_, row) => row);
    return order.sort((a, b) => rows.compare(rows, b * ROW_BYTES, b * ROW_BYTES + KEY_BYTES, a * ROW_BYTES, a * ROW_BYTES + KEY_BYTES) || a - b);
  }

  #firstOf(order: Uint32Array, key: Uint8Array): number {
    let [low, high] = [0, order.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#compare((order[middle] as number) * ROW_BYTES, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #compare(at: number, key: Uint8Array): number {
    return Buffer.compare(this.#rows.subarray(at, at + KEY_BYTES), key);
  }
}

function keyOf(path: Uint8Array): Uint8Array {
  return createHash('sha256').update(path).digest().subarray(0, KEY_BYTES);
}
