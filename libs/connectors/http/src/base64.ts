/** A multiple of three: groups stand for themselves, so that the encodings of the pieces make up the encoding of the whole. */
const PIECE_BYTES = 3 << 16;

export function base64LengthBytes(lengthBytes: number): number {
  return Math.ceil(lengthBytes / 3) * 4;
}

/** Standard base64 of a stream, encoded as it goes. */
export async function* encodeBase64(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest = Buffer.alloc(0);
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; at += PIECE_BYTES) {
      const joined = Buffer.concat([rest, piece.subarray(at, at + PIECE_BYTES)]);
      const whole = joined.length - (joined.length % 3);
      if (whole > 0) yield Buffer.from(joined.toString('base64', 0, whole), 'latin1');
      rest = joined.subarray(whole);
    }
  }
  if (rest.length > 0) yield Buffer.from(rest.toString('base64'), 'latin1');
}

const DIGITS = /^[A-Za-z0-9+/]*$/;

/** Decodes base64 that comes in pieces cut anywhere. Strict: other characters, or anything behind the padding, are refused. */
export class Base64Decoder {
  #rest = '';
  #isPadded = false;

  /** @throws SyntaxError not base64 */
  push(text: string): Uint8Array {
    const joined = this.#rest + text;
    const whole = joined.length - (joined.length % 4);
    this.#rest = joined.slice(whole);
    return this.#decode(joined.slice(0, whole));
  }

  /** @throws SyntaxError it ends within a group */
  end(): void {
    if (this.#rest !== '') throw new SyntaxError('base64 that ends too early');
  }

  #decode(text: string): Uint8Array {
    if (text === '') return new Uint8Array(0);
    if (this.#isPadded) throw new SyntaxError('base64 goes on behind its padding');
    const digits = text.replace(/={1,2}$/, '');
    this.#isPadded = digits.length < text.length;
    if (!DIGITS.test(digits)) throw new SyntaxError('not base64');
    return Buffer.from(text, 'base64');
  }
}
