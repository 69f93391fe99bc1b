import type { Mac } from '@wardrobe/kloset-model';
import { asBuffer, macFromBytes, macToBytes } from '../../bytes/bytes.js';
import { ByteArena, Interned } from '../../snapshot/write/byte-arena.js';
import type { StoredContent } from '../../snapshot/write/types.js';

const MAC_BYTES = 32;
const RECORD_BYTES = MAC_BYTES * 2 + 8 + 8 + 4 + 4;
const FIRST_SLOTS = 1024;

/** Objects of one store and the contents in another that are equal to them: about 100 bytes each. */
export class ContentMap {
  readonly #records = new ByteArena();
  readonly #types = new Interned<string>();
  /** Places of records and one; 0 is free. */
  #slots = new Float64Array(FIRST_SLOTS);
  size = 0;

  get(object: Mac): StoredContent | null {
    const place = this.#slots[this.#slotOf(macToBytes(object))] as number;
    return place === 0 ? null : this.#read(place - 1);
  }

  /** The last one counts. Returns a number for `at`. */
  set(object: Mac, content: StoredContent): number {
    const key = macToBytes(object);
    const slot = this.#slotOf(key);
    const known = this.#slots[slot] as number;
    const place = known === 0 ? this.#records.reserve(RECORD_BYTES) : known - 1;
    const record = asBuffer(this.#records.view(place, RECORD_BYTES));
    record.set(key);
    record.set(macToBytes(content.object), MAC_BYTES);
    record.writeDoubleLE(content.sizeBytes, MAC_BYTES * 2);
    record.writeDoubleLE(content.entropy, MAC_BYTES * 2 + 8);
    record.writeUInt32LE(content.chunks, MAC_BYTES * 2 + 16);
    record.writeUInt32LE(this.#types.number(content.contentType, content.contentType), MAC_BYTES * 2 + 20);
    if (known !== 0) return place;
    this.#slots[slot] = place + 1;
    this.size += 1;
    if (this.size * 2 > this.#slots.length) this.#grow();
    return place;
  }

  /** What `set` was given. */
  at(number: number): StoredContent {
    return this.#read(number);
  }

  #read(place: number): StoredContent {
    const record = asBuffer(this.#records.view(place, RECORD_BYTES));
    return {
      object: macFromBytes(record.subarray(MAC_BYTES, MAC_BYTES * 2)),
      sizeBytes: record.readDoubleLE(MAC_BYTES * 2),
      entropy: record.readDoubleLE(MAC_BYTES * 2 + 8),
      chunks: record.readUInt32LE(MAC_BYTES * 2 + 16),
      contentType: this.#types.value(record.readUInt32LE(MAC_BYTES * 2 + 20)),
    };
  }

  #slotOf(key: Uint8Array): number {
    const mask = this.#slots.length - 1;
    for (let slot = asBuffer(key).readUInt32LE() & mask; ; slot = (slot + 1) & mask) {
      const place = this.#slots[slot] as number;
      if (place === 0 || asBuffer(this.#records.view(place - 1, MAC_BYTES)).equals(key)) return slot;
    }
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Float64Array(before.length * 2);
    for (const place of before) if (place !== 0) this.#slots[this.#slotOf(this.#records.view(place - 1, MAC_BYTES))] = place;
  }
}
