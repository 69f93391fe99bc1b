import { damaged } from './cache-error.js';

/** Reads little-endian fields of untrusted bytes in order; `what` names the record in errors. Every length is checked before use. */
export class ByteReader {
  #position = 0;
  readonly #view: DataView;
  constructor(
    readonly bytes: Uint8Array,
    readonly what: string,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get position(): number {
    return this.#position;
  }

  get remaining(): number {
    return this.bytes.length - this.#position;
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  /** @throws CacheReadError a value above 2^53 - 1 */
  u64(): number {
    const at = this.#advance(8);
    return this.#safe(this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 2 ** 32);
  }

  /** Base-128, low group first, at most 10 bytes. @throws CacheReadError a value above 2^53 - 1 */
  uvarint(): number {
    let value = 0;
    for (let index = 0; index < 10; index++) {
      const byte = this.u8();
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) return this.#safe(value);
    }
    throw damaged(`${this.what}: a number of more than 10 bytes`);
  }

  /** The next bytes as a view; nothing is copied. */
  take(lengthBytes: number): Uint8Array {
    const at = this.#advance(lengthBytes);
    return this.bytes.subarray(at, at + lengthBytes);
  }

  /** A uvarint length and that many bytes. */
  prefixed(): Uint8Array {
    return this.take(this.uvarint());
  }

  #advance(lengthBytes: number): number {
    if (lengthBytes > this.remaining) throw damaged(`${this.what}: ${lengthBytes} bytes wanted, ${this.remaining} left`);
    const at = this.#position;
    this.#position += lengthBytes;
    return at;
  }

  #safe(value: number): number {
    if (!Number.isSafeInteger(value)) throw damaged(`${this.what}: a number above 2^53 - 1`);
    return value;
  }
}

/** Bytes as a string of the same length whose order is byte order. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
