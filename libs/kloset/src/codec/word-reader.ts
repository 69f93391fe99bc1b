import { keepShape } from '../bytes/keep-shape.js';

/** Fast little-endian access to checked bytes at any offset, for hot loops that read columns of a table (`struct.offsets`). */
export class WordReader {
  readonly #view: DataView;
  readonly #pair = new Uint32Array(16);

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(at: number): number {
    return this.#view.getUint8(at);
  }

  u32(at: number): number {
    return this.#view.getUint32(at, true);
  }

  /** A length or place of 64 bits, exact up to 2^53. */
  size64(at: number): number {
    return this.u32(at + 4) * 0x100000000 + this.u32(at);
  }

  /** Two 32-byte ids one after the other as 16 words. The array is used again by the next call. */
  twoMacs(at: number): Uint32Array {
    for (let word = 0; word < 16; word += 1) this.#pair[word] = this.#view.getUint32(at + word * 4, true);
    return this.#pair;
  }
}

keepShape(new WordReader(new Uint8Array(0)));

/** An id as 8 little-endian words, padded to 16. */
export function macWords(hexBytes: Uint8Array): Uint32Array {
  const words = new Uint32Array(16);
  const view = new DataView(hexBytes.buffer, hexBytes.byteOffset, hexBytes.byteLength);
  for (let word = 0; word < 8; word += 1) words[word] = view.getUint32(word * 4, true);
  return words;
}

/** The bytes of 8 words as `macWords` and `WordReader` read them, whatever the byte order of the machine. */
export function wordsToBytes(words: Uint32Array, at: number): Uint8Array {
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  for (let word = 0; word < 8; word += 1) view.setUint32(word * 4, words[at + word] as number, true);
  return bytes;
}
