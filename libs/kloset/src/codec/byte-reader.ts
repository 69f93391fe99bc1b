import { DecodeError, type Place, TooLargeError } from '../errors/errors.js';

/** Heap that decoded values may take: a constant, and a multiple of the input. Far above any record plakar writes. */
const BUDGET_BASE_BYTES = 8 << 20;
const BUDGET_PER_INPUT_BYTE = 16;

/**
 * A cursor over bytes that never reads past their end. Fixed-width methods are little-endian; those ending in `BE` are big-endian (msgpack).
 * Every failure is a `DecodeError` that carries `what` and the offset.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #budgetBytes: number;

  constructor(
    bytes: Uint8Array,
    readonly what: string,
    readonly place: Place = {},
  ) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#budgetBytes = BUDGET_BASE_BYTES + BUDGET_PER_INPUT_BYTE * bytes.length;
  }

  get offset(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  /** Throws; typed `never` so that it can end an expression. */
  fail(detail: string): never {
    throw new DecodeError(this.what, `${detail} at offset ${this.#at}`, { ...this.place, offset: (this.place.offset ?? 0) + this.#at });
  }

  expectEnd(): void {
    if (this.remaining > 0) this.fail(`${this.remaining} bytes too many`);
  }

  /** Accounts for heap about to be taken by decoded values. @throws TooLargeError when a small input unfolds to far more than it could honestly hold */
  spend(heapBytes: number): void {
    this.#budgetBytes -= heapBytes;
    if (this.#budgetBytes < 0) throw new TooLargeError(`${this.what}: decoded size`, heapBytes, BUDGET_BASE_BYTES + BUDGET_PER_INPUT_BYTE * this.#bytes.length);
  }

  /** The next `lengthBytes` bytes as a view (not a copy). */
  take(lengthBytes: number): Uint8Array {
    const start = this.#advance(lengthBytes);
    return this.#bytes.subarray(start, start + lengthBytes);
  }

  skip(lengthBytes: number): void {
    this.#advance(lengthBytes);
  }

  /** The next byte without moving. */
  peekU8(): number {
    if (this.remaining < 1) this.fail('ends too early');
    return this.#view.getUint8(this.#at);
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#advance(8), true);
  }

  i64(): bigint {
    return this.#view.getBigInt64(this.#advance(8), true);
  }

  u16BE(): number {
    return this.#view.getUint16(this.#advance(2));
  }

  u32BE(): number {
    return this.#view.getUint32(this.#advance(4));
  }

  u64BE(): bigint {
    return this.#view.getBigUint64(this.#advance(8));
  }

  i8(): number {
    return this.#view.getInt8(this.#advance(1));
  }

  i16BE(): number {
    return this.#view.getInt16(this.#advance(2));
  }

  i32BE(): number {
    return this.#view.getInt32(this.#advance(4));
  }

  i64BE(): bigint {
    return this.#view.getBigInt64(this.#advance(8));
  }

  f32BE(): number {
    return this.#view.getFloat32(this.#advance(4));
  }

  f64BE(): number {
    return this.#view.getFloat64(this.#advance(8));
  }

  #advance(lengthBytes: number): number {
    if (lengthBytes > this.remaining) this.fail(`ends too early: ${lengthBytes} bytes wanted, ${this.remaining} left`);
    const start = this.#at;
    this.#at = start + lengthBytes;
    return start;
  }
}
