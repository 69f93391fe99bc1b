import { isUtf8 } from 'node:buffer';
import { byteSet, hasAny, hasOnly } from './content-type-head.js';

/** Only this much of a text decides on its character set. */
export const CHARSET_HEAD_BYTES = 1024;

const MARKS: readonly (readonly [mark: string, charset: string])[] = [
  ['\xef\xbb\xbf', 'utf-8'],
  ['\x00\x00\xfe\xff', 'utf-32be'],
  ['\xff\xfe\x00\x00', 'utf-32le'],
  ['\xfe\xff', 'utf-16be'],
  ['\xff\xfe', 'utf-16le'],
];

/** Characters of plain text: bell to carriage return, escape, printable ASCII, and the one control of the upper half that texts have (NEL). */
const ASCII_TEXT = byteSet([0x07, 0x0d], [0x1b, 0x1b], [0x20, 0x7e], [0x85, 0x85]);
/** The same and the printable upper half of ISO 8859. */
const LATIN_TEXT = byteSet([0x07, 0x0d], [0x1b, 0x1b], [0x20, 0x7e], [0x85, 0x85], [0xa0, 0xff]);
const UPPER_CONTROLS = byteSet([0x80, 0x9f]);
const UPPER_HALF = byteSet([0x80, 0xff]);

/** What a byte order mark says; empty without one. */
export function charsetOfMark(text: string): string {
  return MARKS.find(([mark]) => text.startsWith(mark))?.[1] ?? '';
}

/** Character set of a text without any declaration; empty when it cannot be told, and for no text at all. */
export function charsetOfPlain(text: string): string {
  if (text.length === 0) return '';
  const marked = charsetOfMark(text);
  if (marked !== '') return marked;
  const complete = withoutLastRune(text);
  if (hasAny(complete, UPPER_HALF) && isUtf8(Buffer.from(complete, 'latin1'))) return 'utf-8';
  // ASCII counts as UTF-8.
  if (hasOnly(text, ASCII_TEXT)) return 'utf-8';
  if (!hasOnly(text, LATIN_TEXT)) return '';
  return hasAny(text, UPPER_CONTROLS) ? 'windows-1252' : 'iso-8859-1';
}

/** The head may end within a character: the last one does not count, when it starts among the last three bytes. */
function withoutLastRune(text: string): string {
  for (let index = text.length - 1; index >= 0 && index > text.length - 4; index -= 1) {
    const code = text.charCodeAt(index);
    if (code < 0x80) return text;
    if ((code & 0xc0) !== 0x80) return text.slice(0, index);
  }
  return text;
}
