import { Base64Decoder } from './base64.js';

/** What stands beside the data in an answer or request: ids, an error text, sizes. */
const REST_LIMIT_CHARACTERS = 1 << 16;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** The key, just before its text; plakar's programs take it in any case. */
const DATA_KEY = /[{,\s]"data"\s*:\s*$/i;

/**
 * Takes a JSON object apart as it comes: the text of its `Data` member, base64, is decoded piece by piece, all the rest is kept as a small object. A packfile
 * travels in such a text, and is never held whole.
 * @source 04-remote-stores 6
 */
export class DataScanner {
  readonly #decoder = new Base64Decoder();
  #rest = '';
  #inText = false;
  #escaped = false;
  #inData = false;
  #dataSeen = false;

  /** Decoded bytes of the data in this piece. @throws SyntaxError */
  push(piece: Uint8Array): Uint8Array[] {
    const found: Uint8Array[] = [];
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    for (let at = 0; at < bytes.length; ) {
      if (this.#inData) at = this.#scanData(bytes, at, found);
      else at = this.#scanRest(bytes, at);
    }
    return found;
  }

  /** The object without its data: `Data` is null, or `""` when there was some. @throws SyntaxError it is not whole, or no object */
  end(): Readonly<Record<string, unknown>> {
    this.#decoder.end();
    const value: unknown = JSON.parse(Buffer.from(this.#rest, 'latin1').toString('utf8'));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new SyntaxError('no JSON object');
    return value as Readonly<Record<string, unknown>>;
  }

  #scanData(bytes: Buffer, from: number, found: Uint8Array[]): number {
    const end = bytes.indexOf(QUOTE, from);
    const to = end === -1 ? bytes.length : end;
    // Some encoders write a slash as `\/`.
    const decoded = this.#decoder.push(bytes.toString('latin1', from, to).replaceAll('\\', ''));
    if (decoded.length > 0) found.push(decoded);
    if (end === -1) return to;
    this.#inData = false;
    this.#keep('"');
    return to + 1;
  }

  #scanRest(bytes: Buffer, at: number): number {
    const byte = bytes[at] as number;
    const character = String.fromCharCode(byte);
    if (this.#inText) {
      if (this.#escaped) this.#escaped = false;
      else if (byte === BACKSLASH) this.#escaped = true;
      else if (byte === QUOTE) this.#inText = false;
    } else if (byte === QUOTE) {
      if (!this.#dataSeen && DATA_KEY.test(this.#rest.slice(-40))) this.#inData = this.#dataSeen = true;
      else this.#inText = true;
    }
    this.#keep(character);
    return at + 1;
  }

  #keep(character: string): void {
    this.#rest += character;
    if (this.#rest.length > REST_LIMIT_CHARACTERS) throw new SyntaxError('more beside the data than can be');
  }
}
