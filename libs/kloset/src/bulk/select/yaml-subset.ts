import { DecodeError } from '../../errors/errors.js';

export type YamlValue = string | null | readonly YamlValue[] | { readonly [key: string]: YamlValue };

type Line = { readonly indent: number; readonly text: string; readonly number: number };
type Cursor = { readonly lines: readonly Line[]; at: number };

/**
 * The part of YAML that configuration is written in: nested block mappings and lists, flow lists and mappings on one line, plain and quoted scalars,
 * comments. All scalars are text. Anything else (anchors, tags, multi-line scalars, tabs) is refused by its line, never misread.
 * @throws DecodeError
 */
export function parseYamlSubset(text: string): YamlValue {
  const lines = text.split(/\r?\n/).flatMap((raw, at): Line[] => {
    const bare = withoutComment(raw, at + 1);
    if (bare.trim() === '' || (at === 0 && bare.trim() === '---')) return [];
    const indent = bare.length - bare.trimStart().length;
    if (bare.slice(0, indent).includes('\t')) throw refused(at + 1, 'a tab in the indentation');
    return [{ indent, text: bare.trim(), number: at + 1 }];
  });
  const cursor: Cursor = { lines, at: 0 };
  const first = lines[0];
  if (first === undefined) return null;
  const value = block(cursor, first.indent);
  const rest = lines[cursor.at];
  if (rest !== undefined) throw refused(rest.number, 'an indentation that fits nothing above');
  return value;
}

function refused(line: number, what: string): DecodeError {
  return new DecodeError(`line ${line}`, what);
}

/** A `#` begins a comment at the start or after a space, outside of quotes. */
function withoutComment(raw: string, number: number): string {
  let quote = '';
  for (let at = 0; at < raw.length; at++) {
    const character = raw.charAt(at);
    if (quote !== '') {
      if (character === '\\' && quote === '"') at += 1;
      else if (character === quote) quote = '';
    } else if ((character === '"' || character === "'") && /(^|[\s[{,:])$/.test(raw.slice(0, at))) quote = character;
    else if (character === '#' && /(^|\s)$/.test(raw.slice(0, at))) return raw.slice(0, at);
  }
  if (quote !== '') throw refused(number, 'a quote that does not end');
  return raw;
}

function block(cursor: Cursor, indent: number): YamlValue {
  const line = cursor.lines[cursor.at];
  if (line === undefined) return null;
  if (/^-(\s|$)/.test(line.text)) return sequence(cursor, indent);
  if (keyOf(line) !== null) return mapping(cursor, indent);
  cursor.at += 1;
  return inline(line.text, line.number);
}

function sequence(cursor: Cursor, indent: number): YamlValue {
  const items: YamlValue[] = [];
  for (let line = cursor.lines[cursor.at]; line !== undefined && line.indent === indent && /^-(\s|$)/.test(line.text); line = cursor.lines[cursor.at]) {
    const rest = line.text.slice(1).trim();
    if (rest === '' || keyOf({ ...line, text: rest }) !== null) throw refused(line.number, 'a list of mappings');
    items.push(inline(rest, line.number));
    cursor.at += 1;
  }
  return items;
}

function mapping(cursor: Cursor, indent: number): YamlValue {
  const entries = new Map<string, YamlValue>();
  for (let line = cursor.lines[cursor.at]; line !== undefined && line.indent === indent; line = cursor.lines[cursor.at]) {
    const found = keyOf(line);
    if (found === null) throw refused(line.number, 'something that is no key');
    if (entries.has(found.key)) throw refused(line.number, `the key '${found.key}' a second time`);
    cursor.at += 1;
    const next = cursor.lines[cursor.at];
    const isListBelow = next !== undefined && next.indent === indent && /^-(\s|$)/.test(next.text);
    if (found.rest !== '') entries.set(found.key, inline(found.rest, line.number));
    else if (next !== undefined && (next.indent > indent || isListBelow)) entries.set(found.key, block(cursor, next.indent));
    else entries.set(found.key, null);
  }
  return Object.fromEntries(entries);
}

function keyOf({ text, number }: Line): { readonly key: string; readonly rest: string } | null {
  const match = /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s"'[{#&*!|>%@`?,-][^:]*?|-[^\s:][^:]*?)\s*:(?:\s+(.*))?$/.exec(text);
  if (match === null) return null;
  const key = scalar(match[1] as string, number);
  return { key: key ?? '', rest: match[2] ?? '' };
}

function inline(text: string, number: number): YamlValue {
  const flow = { text, at: 0, number };
  const value = flowValue(flow, '');
  if (flow.at < text.length) throw refused(number, `'${text.slice(flow.at)}' after a value`);
  return value;
}

type Flow = { readonly text: string; at: number; readonly number: number };

function skipSpace(flow: Flow): void {
  while (flow.text.charAt(flow.at) === ' ') flow.at += 1;
}

function flowValue(flow: Flow, ends: string): YamlValue {
  skipSpace(flow);
  const first = flow.text.charAt(flow.at);
  if (first === '[') return flowItems(flow, ']').map(([, value]) => value);
  if (first === '{') return Object.fromEntries(flowItems(flow, '}'));
  return scalar(flowToken(flow, ends), flow.number);
}

/** The items of `[…]`, or of `{…}` with their keys. */
function flowItems(flow: Flow, end: ']' | '}'): [string, YamlValue][] {
  const items: [string, YamlValue][] = [];
  flow.at += 1;
  for (;;) {
    skipSpace(flow);
    if (flow.at >= flow.text.length) throw refused(flow.number, `a list or mapping without its ${end}`);
    if (flow.text.charAt(flow.at) === end) break;
    let key = '';
    if (end === '}') {
      key = scalar(flowToken(flow, ':'), flow.number) ?? '';
      if (flow.text.charAt(flow.at) !== ':') throw refused(flow.number, 'a key without a value');
      flow.at += 1;
    }
    items.push([key, flowValue(flow, `,${end}`)]);
    skipSpace(flow);
    if (flow.text.charAt(flow.at) === ',') flow.at += 1;
    else if (flow.text.charAt(flow.at) !== end) throw refused(flow.number, `a list or mapping without its ${end}`);
  }
  flow.at += 1;
  skipSpace(flow);
  return items;
}

function flowToken(flow: Flow, ends: string): string {
  const start = flow.at;
  const quote = flow.text.charAt(start);
  if (quote === '"' || quote === "'") {
    const pattern = quote === '"' ? /"(?:[^"\\]|\\.)*"/y : /'(?:[^']|'')*'/y;
    pattern.lastIndex = start;
    const match = pattern.exec(flow.text);
    if (match === null) throw refused(flow.number, 'a quote that does not end');
    flow.at = pattern.lastIndex;
    skipSpace(flow);
    return match[0];
  }
  while (flow.at < flow.text.length && !ends.includes(flow.text.charAt(flow.at))) flow.at += 1;
  return flow.text.slice(start, flow.at).trim();
}

function scalar(text: string, number: number): string | null {
  if (text.startsWith('"')) return doubleQuoted(text, number);
  if (text.startsWith("'")) return text.slice(1, -1).replaceAll("''", "'");
  if (text === '' || text === '~' || text === 'null') return null;
  if (/^[&*!|>%@`]/.test(text) || /:\s/.test(text)) throw refused(number, `'${text}', which is beyond the plain YAML that is read here`);
  return text;
}

/** The escapes of JSON. */
function doubleQuoted(text: string, number: number): string {
  try {
    return String(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) throw new DecodeError(`line ${number}`, `the escapes in ${text}`, {}, { cause: error });
    throw error;
  }
}
