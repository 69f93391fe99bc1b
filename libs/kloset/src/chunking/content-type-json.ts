import { isWhite } from './content-type-markup.js';

/** What marks a special kind of JSON: a key, by its path from the top, and the texts its value may have (any, when none are given). */
export type JsonMark = { readonly path: readonly string[]; readonly values?: readonly string[] };

/**
 * Whether a text is JSON, an object or (without marks) also a list, as far as it goes. Of a text that breaks off everything there must have been looked at.
 * Lenient where plakar's detector is lenient, and its notion of the path is kept: a list that has members stays in the path after its end.
 */
export function isJson(text: string, whole: boolean, marks: readonly JsonMark[] = []): boolean {
  let place = 0;
  while (isWhite(text.charCodeAt(place))) place += 1;
  const first = text.charAt(place);
  if (first !== '{' && (first !== '[' || marks.length > 0)) return false;
  const scan = new JsonScan(text, marks);
  const end = scan.value(0);
  if (!scan.isMarked) return false;
  return whole ? end === text.length : scan.looked === text.length;
}

/** One JSON value a line; at least two lines, at least one of them an object or a list. */
export function isJsonLines(text: string): boolean {
  let [lines, structured] = [0, 0];
  for (const line of linesOf(text)) {
    const scan = new JsonScan(line, []);
    scan.value(0);
    if (scan.looked !== line.length) return false;
    if (/^[ \t\r\n]*[[{]/.test(line)) structured += 1;
    lines += 1;
  }
  return lines > 1 && structured > 0;
}

/** Lines without their ends; nothing follows a last end. */
export function* linesOf(text: string): Generator<string> {
  for (let place = 0; place < text.length; ) {
    const found = text.indexOf('\n', place);
    const end = found < 0 ? text.length : found;
    const line = text.slice(place, end);
    yield line.endsWith('\r') ? line.slice(0, -1) : line;
    place = end + 1;
  }
}

const FAILED = -1;
const NUMBER = /-?\d*(?:\.\d*)?/y;
const EXPONENT = /[eE][+-]?\d*/y;
const ESCAPES = new Set('"\\/bfnrt');
const CONSTANTS: Readonly<Record<string, string>> = { t: 'true', f: 'false', n: 'null' };

class JsonScan {
  /** How many bytes were looked at; more than there are, where the text was looked at twice. */
  looked = 0;
  isMarked: boolean;
  private readonly path: string[] = [];

  constructor(
    private readonly text: string,
    private readonly marks: readonly JsonMark[],
  ) {
    this.isMarked = marks.length === 0;
  }

  /** Where the value at a place ends. One that is broken ends behind its first character, if it has an opening one; at `from` itself without. */
  value(from: number): number {
    const start = this.space(from);
    const first = this.text.charAt(start);
    if (first === '') return from;
    const opens = first === '"' || first === '[' || first === '{';
    if (opens) this.looked += 1;
    const end = this.behind(first, start);
    if (end === FAILED) return opens ? start + 1 : start;
    return this.space(end);
  }

  private behind(first: string, start: number): number {
    if (first === '"') return this.string(start + 1);
    if (first === '[') return this.list(start + 1);
    if (first === '{') return this.object(start + 1);
    const constant = CONSTANTS[first];
    return constant === undefined ? this.number(start) : this.constant(start, constant);
  }

  private list(from: number): number {
    this.push('[');
    let place = from;
    while (place < this.text.length) {
      place = this.space(place);
      if (this.text.charAt(place) === ']') {
        this.looked += 1;
        this.pop();
        return place + 1;
      }
      const end = place < this.text.length ? this.value(place) : place;
      if (end === place) return FAILED;
      const next = this.text.charAt(end);
      if (next !== ',' && next !== ']') return FAILED;
      this.looked += 1;
      place = end + 1;
      if (next === ']') return place;
    }
    return FAILED;
  }

  private object(from: number): number {
    let place = from;
    while (place < this.text.length) {
      place = this.space(place);
      const next = this.text.charAt(place);
      if (next !== '}' && next !== '"') return FAILED;
      this.looked += 1;
      if (next === '}') return place + 1;
      const end = this.member(place + 1);
      if (end === FAILED) return FAILED;
      const behind = this.text.charAt(end);
      if (behind !== ',' && behind !== '}') return FAILED;
      this.pop();
      this.looked += 1;
      place = end + 1;
      if (behind === '}') return place;
    }
    return FAILED;
  }

  /** A key from behind its quote, the colon, and the value. */
  private member(from: number): number {
    const keyEnd = this.string(from);
    if (keyEnd === FAILED) return FAILED;
    this.push(this.text.slice(from, keyEnd - 1));
    const mark = this.isMarked
      ? undefined
      : this.marks.find(({ path }) => path.length === this.path.length && path.every((name, index) => name === this.path[index]));
    const colon = this.space(keyEnd);
    if (this.text.charAt(colon) !== ':') return FAILED;
    this.looked += 1;
    const start = this.space(colon + 1);
    const end = start < this.text.length ? this.value(start) : start;
    if (end === start) return FAILED;
    if (mark !== undefined && (mark.values?.includes(this.text.slice(start, end).trim()) ?? true)) this.isMarked = true;
    return end;
  }

  private string(from: number): number {
    for (let place = from; place < this.text.length; ) {
      const character = this.text.charAt(place);
      place += 1;
      this.looked += 1;
      if (character === '"') return place;
      if (character !== '\\') continue;
      const escaped = this.text.charAt(place);
      if (escaped !== 'u' && !ESCAPES.has(escaped)) return FAILED;
      place += 1;
      this.looked += 1;
      for (let digits = 0; escaped === 'u' && digits < 4 && place < this.text.length; digits += 1) {
        if (!/[0-9a-fA-F]/.test(this.text.charAt(place))) return FAILED;
        place += 1;
        this.looked += 1;
      }
    }
    return FAILED;
  }

  /** More than JSON allows: leading zeros, a point at either end. */
  private number(start: number): number {
    NUMBER.lastIndex = start;
    const mantissa = NUMBER.exec(this.text)?.[0] ?? '';
    this.looked += mantissa.length;
    const end = start + mantissa.length;
    if (!/\d/.test(mantissa)) return FAILED;
    EXPONENT.lastIndex = end;
    const exponent = EXPONENT.exec(this.text)?.[0] ?? '';
    this.looked += exponent.length;
    return exponent === '' || /\d/.test(exponent) ? end + exponent.length : FAILED;
  }

  private constant(start: number, expected: string): number {
    for (let index = 0; index < expected.length; index += 1) {
      if (this.text.charAt(start + index) !== expected.charAt(index)) return FAILED;
      this.looked += 1;
    }
    return start + expected.length;
  }

  private space(from: number): number {
    let place = from;
    for (let code = this.text.charCodeAt(place); code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09; code = this.text.charCodeAt(place))
      place += 1;
    this.looked += place - from;
    return place;
  }

  private push(name: string): void {
    if (this.marks.length > 0) this.path.push(name);
  }

  private pop(): void {
    if (this.marks.length > 0) this.path.pop();
  }
}
