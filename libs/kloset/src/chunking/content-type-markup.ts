import { CHARSET_HEAD_BYTES, charsetOfMark, charsetOfPlain } from './content-type-charset.js';

/** A place in a text that moves on. Beyond the end it reads as 0. */
type Cursor = { readonly text: string; place: number };

/** `more` is false behind the last attribute of a tag, and where the text breaks off. */
type Attribute = { readonly name: string; readonly value: string; readonly more: boolean };

const NO_ATTRIBUTE: Attribute = { name: '', value: '', more: false };
const [TAB, NEWLINE, FEED, RETURN, SPACE] = [0x09, 0x0a, 0x0c, 0x0d, 0x20];
const [QUOTE, APOSTROPHE, SLASH, EQUALS, GREATER] = [0x22, 0x27, 0x2f, 0x3d, 0x3e];

export function isWhite(code: number): boolean {
  return code === SPACE || code === NEWLINE || code === TAB || code === RETURN || code === FEED;
}

/** Without white space in front, of the five kinds that markup knows. */
export function trimStart(text: string): string {
  let place = 0;
  while (isWhite(text.charCodeAt(place))) place += 1;
  return text.slice(place);
}

/** SVG, with or without the declaration of XML in front. */
export function isSvg(text: string): boolean {
  const body = trimStart(text);
  return isBareSvg(body) || isDeclaredSvg(body);
}

/** Character set of an HTML text: of its mark, of a `meta` element, or of the text itself. */
export function charsetOfHtml(text: string): string {
  const head = text.slice(0, CHARSET_HEAD_BYTES);
  const marked = charsetOfMark(head);
  if (marked !== '') return marked;
  const declared = charsetOfMeta(head);
  return declared !== '' ? declared : charsetOfPlain(head);
}

/** Character set of an XML text: of its declaration, or of the text itself. */
export function charsetOfXml(text: string): string {
  const head = text.slice(0, CHARSET_HEAD_BYTES);
  const declared = charsetOfDeclaration(head);
  return declared !== '' ? declared : charsetOfPlain(head);
}

function isBareSvg(text: string): boolean {
  const cursor = { text, place: 0 };
  while (skipComment(cursor));
  if (!text.startsWith('<svg', cursor.place)) return false;
  for (const { name, value } of attributes(cursor)) if (name === 'xmlns' && value === 'http://www.w3.org/2000/svg') return true;
  return false;
}

function isDeclaredSvg(text: string): boolean {
  if (!text.startsWith('<?xml')) return false;
  const cursor = { text, place: 0 };
  for (const { name } of attributes(cursor)) if (name === 'version') return text.includes('<svg', cursor.place);
  return false;
}

function charsetOfDeclaration(text: string): string {
  const cursor = { text, place: 0 };
  for (;;) {
    while (isWhite(peek(cursor))) cursor.place += 1;
    if (text.length - cursor.place <= '<?xml'.length) return '';
    const found = text.indexOf('<?xml', cursor.place);
    if (found < 0) return '';
    cursor.place = found + '<?xml'.length;
    for (const { name, value } of attributes(cursor)) if (name.startsWith('encoding') && value !== '') return value;
  }
}

/** After the encoding sniffing of the HTML standard: `meta` elements before the body, comments skipped. */
function charsetOfMeta(text: string): string {
  const cursor = { text, place: 0 };
  for (;;) {
    if (skipComment(cursor)) continue;
    if (text.length - cursor.place <= '<meta'.length || startsWithWord(cursor, '<BODY')) return '';
    if (!startsWithWord(cursor, '<META')) {
      cursor.place += 1;
      continue;
    }
    cursor.place += '<meta'.length;
    const next = pop(cursor);
    if (!isWhite(next) && next !== SLASH) return '';
    const charset = charsetOfAttributes(cursor);
    if (charset !== null) return charset;
  }
}

/** Null when the element says nothing about the character set. */
function charsetOfAttributes(cursor: Cursor): string | null {
  const seen = new Set<string>();
  let [charset, known, needsPragma, hasPragma] = ['', false, false, false];
  for (const { name, value } of attributes(cursor)) {
    const lower = name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
    if (seen.has(lower)) continue;
    if (name === '' && value === '' && (!known || (needsPragma && !hasPragma))) continue;
    seen.add(lower);
    if (lower === 'http-equiv') hasPragma ||= value.slice(0, 12).toUpperCase() === 'CONTENT-TYPE';
    if (lower === 'content') {
      charset = charsetInContent(value);
      if (charset !== '') [known, needsPragma] = [true, true];
    }
    if (lower === 'charset') [charset, known, needsPragma] = [value, true, false];
  }
  return known && (!needsPragma || hasPragma) ? charset : null;
}

/** Of `text/html; charset=…`. */
function charsetInContent(value: string): string {
  let rest = value;
  for (;;) {
    const found = rest.indexOf('charset');
    if (found < 0) return '';
    rest = trimStart(rest.slice(found + 'charset'.length));
    const isAssigned = rest.startsWith('=');
    // Whatever stands there is consumed, also when it is no sign of equality.
    rest = rest.slice(1);
    if (!isAssigned) continue;
    rest = trimStart(rest);
    const quote = rest.charAt(0);
    if (quote === '' || quote === '\0') return '';
    const end = quote === '"' || quote === "'" ? rest.indexOf(quote, 1) : rest.search(/[;\t\n\f\r ]/);
    const from = quote === '"' || quote === "'" ? 1 : 0;
    return trimmed(rest.slice(from, end < 0 ? undefined : end));
  }
}

/** Attributes up to the end of a tag. The name of the tag itself counts as one when the cursor stands before it. */
function* attributes(cursor: Cursor): Generator<Attribute> {
  for (;;) {
    const attribute = nextAttribute(cursor);
    yield attribute;
    if (!attribute.more) return;
  }
}

function nextAttribute(cursor: Cursor): Attribute {
  while (isWhite(peek(cursor)) || peek(cursor) === SLASH) cursor.place += 1;
  if (peek(cursor) === GREATER) return NO_ATTRIBUTE;
  const start = cursor.place;
  for (;;) {
    const place = cursor.place;
    const code = pop(cursor);
    if (code === 0) return NO_ATTRIBUTE;
    const name = () => cursor.text.slice(start, place);
    if (code === EQUALS && place > start) return { name: name(), ...attributeValue(cursor) };
    if (isWhite(code)) return { name: name(), ...valueBehindSpace(cursor) };
    if (code === SLASH || code === GREATER) return { name: name(), value: '', more: false };
  }
}

function valueBehindSpace(cursor: Cursor): { readonly value: string; readonly more: boolean } {
  while (isWhite(peek(cursor))) cursor.place += 1;
  if (peek(cursor) !== EQUALS) return { value: '', more: true };
  cursor.place += 1;
  return attributeValue(cursor);
}

function attributeValue(cursor: Cursor): { readonly value: string; readonly more: boolean } {
  while (isWhite(peek(cursor))) cursor.place += 1;
  const start = cursor.place;
  const first = pop(cursor);
  if (first === 0 || first === GREATER) return { value: '', more: false };
  if (first === QUOTE || first === APOSTROPHE) return quotedValue(cursor, first);
  for (;;) {
    const place = cursor.place;
    const code = pop(cursor);
    if (code === 0) return { value: '', more: false };
    if (isWhite(code) || code === GREATER) return { value: cursor.text.slice(start, place), more: code !== GREATER };
  }
}

function quotedValue(cursor: Cursor, quote: number): { readonly value: string; readonly more: boolean } {
  const end = cursor.text.indexOf(String.fromCharCode(quote), cursor.place);
  if (end < 0) {
    cursor.place = cursor.text.length;
    return { value: '', more: false };
  }
  const value = cursor.text.slice(cursor.place, end);
  cursor.place = end + 1;
  const next = peek(cursor);
  return { value, more: next !== 0 && next !== GREATER };
}

function skipComment(cursor: Cursor): boolean {
  if (!cursor.text.startsWith('<!--', cursor.place)) return false;
  // The dashes of its beginning may be those of its end.
  const end = cursor.text.indexOf('-->', cursor.place + 2);
  if (end < 0) return false;
  cursor.place = end + 3;
  return true;
}

function startsWithWord(cursor: Cursor, upperCase: string): boolean {
  return cursor.text.slice(cursor.place, cursor.place + upperCase.length).toUpperCase() === upperCase;
}

/** Without white space around, of the six ASCII kinds. */
function trimmed(text: string): string {
  return text.replace(/^[\t\n\v\f\r ]+|[\t\n\v\f\r ]+$/g, '');
}

function peek(cursor: Cursor): number {
  return cursor.place < cursor.text.length ? cursor.text.charCodeAt(cursor.place) : 0;
}

/** At the end it stays where it is. */
function pop(cursor: Cursor): number {
  const code = peek(cursor);
  if (cursor.place < cursor.text.length) cursor.place += 1;
  return code;
}
