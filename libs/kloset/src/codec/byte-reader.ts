import { keepShape } from '../bytes/keep-shape.js';
import { DecodeError, type Place, TooLargeError } from '../errors/errors.js';

/** Heap that decoded values may take: a constant, and a multiple of the input. Far above any record plakar writes. */
const BUDGET_BASE_BYTES = 8 << 20;
const BUDGET_PER_INPUT_BYTE = 16;
const WORD = 2 ** 32;
/** Upper words of numbers below 2^53. */
const SAFE_HIGH = 2 ** 21;

/**
 * A cursor over bytes that never reads past their end. Fixed-width methods are little-endian; those ending in `BE` are big-endian (msgpack).
 * Every failure is a `DecodeError` that carries `what` and the offset.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #wide: DataView | null = null;
  #at = 0;
  #budgetBytes: number;

  constructor(
    bytes: Uint8Array,
    readonly what: string,
    readonly place: Place = {},
    /** Where the bytes begin in what is read piece by piece: for messages. */
    readonly base = 0,
  ) {
    this.#bytes = bytes;
    this.#budgetBytes = BUDGET_BASE_BYTES + BUDGET_PER_INPUT_BYTE * bytes.length;
  }

  /** Made when it is first needed: most records are read without. */
  get #view(): DataView {
    this.#wide ??= new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength);
    return this.#wide;
  }

  get offset(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  /** Throws; typed `never` so that it can end an expression. */
  fail(detail: string): never {
    const at = this.base + this.#at;
    throw new DecodeError(this.what, `${detail} at offset ${at}`, { ...this.place, offset: (this.place.offset ?? 0) + at });
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

  /** What was read from an offset on, as a view. */
  passed(from: number): Uint8Array {
    return this.#bytes.subarray(from, this.#at);
  }

  skip(lengthBytes: number): void {
    this.#advance(lengthBytes);
  }

  /** Moves behind `expected` where exactly these bytes come next; else stays. */
  takeIf(expected: Uint8Array): boolean {
    const bytes = this.#bytes;
    const at = this.#at;
    const length = expected.length;
    if (bytes.length - at < length) return false;
    for (let index = 0; index < length; index += 1) if (bytes[at + index] !== expected[index]) return false;
    this.#at = at + length;
    return true;
  }

  /** The next byte without moving. */
  peekU8(): number {
    if (this.remaining < 1) this.fail('ends too early');
    return this.#bytes[this.#at] as number;
  }

  u8(): number {
    return this.#bytes[this.#advance(1)] as number;
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
    const at = this.#advance(2);
    return ((this.#bytes[at] as number) << 8) | (this.#bytes[at + 1] as number);
  }

  u32BE(): number {
    return this.#wordAt(this.#advance(4));
  }

  /** The upper and the lower half of a `u64BE`. */
  wordsBE(): readonly [number, number] {
    const at = this.#advance(8);
    return [this.#wordAt(at), this.#wordAt(at + 4)];
  }

  u64BE(): bigint {
    const [high, low] = this.wordsBE();
    return high < SAFE_HIGH ? BigInt(high * WORD + low) : (BigInt(high) << 32n) | BigInt(low);
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
    return BigInt.asIntN(64, this.u64BE());
  }

  f32BE(): number {
    return this.#view.getFloat32(this.#advance(4));
  }

  f64BE(): number {
    return this.#view.getFloat64(this.#advance(8));
  }

  #wordAt(at: number): number {
    const bytes = this.#bytes;
    return (((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) >>> 0;
  }

  #advance(lengthBytes: number): number {
    if (lengthBytes > this.remaining) this.fail(`ends too early: ${lengthBytes} bytes wanted, ${this.remaining} left`);
    const start = this.#at;
    this.#at = start + lengthBytes;
    return start;
  }
}

const kept = new ByteReader(new Uint8Array(8), 'kept');
kept.u64();
keepShape(kept);
