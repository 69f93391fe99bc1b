/** What a row of a `LocationTable` says when it does not fit there. `kind`: type | flags << 8. */
export type WideRow = { readonly offset: number; readonly lengthBytes: number; readonly kind: number };

const NUMBERS = 3;
const FIRST_ROWS = 64;

/** Such rows by their numbers: 24 bytes each. */
export class WideRows {
  #numbers: Float64Array;
  #count: number;

  /** @param bytes as `toBytes` gave them: a multiple of 24 */
  constructor(bytes?: Uint8Array) {
    this.#numbers = bytes === undefined ? new Float64Array(0) : new Float64Array(bytes.slice().buffer);
    this.#count = this.#numbers.length / NUMBERS;
  }

  get count(): number {
    return this.#count;
  }

  offset(number: number): number {
    return this.#numbers[number * NUMBERS] as number;
  }

  lengthBytes(number: number): number {
    return this.#numbers[number * NUMBERS + 1] as number;
  }

  kind(number: number): number {
    return this.#numbers[number * NUMBERS + 2] as number;
  }

  /** Sets a row; -1 adds one. Returns its number. */
  put(number: number, row: WideRow): number {
    const put = number < 0 ? this.#append() : number;
    this.#numbers.set([row.offset, row.lengthBytes, row.kind], put * NUMBERS);
    return put;
  }

  /** All of them, in the machine's byte order. A view. */
  toBytes(): Uint8Array {
    return new Uint8Array(this.#numbers.buffer, 0, this.#count * WideRows.ROW_BYTES);
  }

  #append(): number {
    if ((this.#count + 1) * NUMBERS > this.#numbers.length) {
      const larger = new Float64Array(NUMBERS * Math.max(FIRST_ROWS, Math.ceil(this.#count * 1.5)));
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#count += 1;
    return this.#count - 1;
  }

  static readonly ROW_BYTES = NUMBERS * 8;
}
