import { asBuffer } from '../bytes/bytes.js';
import { diffLines, type LineChange } from './diff-lines.js';

const CONTEXT_LINES = 3;
const LOOKED_AT_BYTES = 8000;
const LF = 0x0a;

/** Control characters other than tab, line feed, form feed and return: such a content is not shown as text. @source 02-snapshot 7.6 */
export function isBinary(content: Uint8Array): boolean {
  return content.subarray(0, LOOKED_AT_BYTES).some((byte) => (byte < 0x20 && byte !== 0x09 && byte !== LF && byte !== 0x0c && byte !== 0x0d) || byte === 0x7f);
}

export type TextSide = { readonly name: string; readonly content: Uint8Array };

/** The lines of a unified diff with three lines around each change, without their line feeds; none when the contents are equal. Lines are bytes, in latin1. */
export function unifiedDiff(before: TextSide, after: TextSide): string[] {
  const numbers = new Map<string, number>();
  const [a, b] = [splitLines(before.content), splitLines(after.content)];
  const changes = diffLines(numbered(a, numbers), numbered(b, numbers));
  if (changes.length === 0) return [];
  const lines = [`--- ${byteText(before.name)}`, `+++ ${byteText(after.name)}`];
  for (const hunk of hunksOf(changes, a.length)) lines.push(...hunkLines(hunk, { a, b }));
  return lines;
}

function byteText(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** Lines with their line feeds; the last may lack it. */
function splitLines(content: Uint8Array): string[] {
  const text = asBuffer(content).toString('latin1');
  const lines: string[] = [];
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at) + 1;
    lines.push(text.slice(at, end === 0 ? undefined : end));
    if (end === 0) break;
    at = end;
  }
  return lines;
}

function numbered(lines: readonly string[], numbers: Map<string, number>): Int32Array {
  return Int32Array.from(lines, (line) => {
    const known = numbers.get(line);
    if (known !== undefined) return known;
    numbers.set(line, numbers.size);
    return numbers.size - 1;
  });
}

/** Changes whose surroundings touch are shown together. */
function* hunksOf(
  changes: readonly LineChange[],
  length: number,
): Generator<{ readonly changes: readonly LineChange[]; readonly aStart: number; readonly aEnd: number }> {
  let group: LineChange[] = [];
  const hunk = () => ({
    changes: group,
    aStart: Math.max(0, (group[0] as LineChange).aStart - CONTEXT_LINES),
    aEnd: Math.min(length, (group.at(-1) as LineChange).aEnd + CONTEXT_LINES),
  });
  for (const change of changes) {
    const last = group.at(-1);
    if (last !== undefined && change.aStart - last.aEnd > 2 * CONTEXT_LINES) {
      yield hunk();
      group = [];
    }
    group.push(change);
  }
  yield hunk();
}

function hunkLines(
  { changes, aStart, aEnd }: { readonly changes: readonly LineChange[]; readonly aStart: number; readonly aEnd: number },
  { a, b }: { readonly a: readonly string[]; readonly b: readonly string[] },
): string[] {
  const [first, last] = [changes[0] as LineChange, changes.at(-1) as LineChange];
  const bStart = first.bStart - (first.aStart - aStart);
  const bEnd = last.bEnd + (aEnd - last.aEnd);
  const lines = [`@@ -${range(aStart, aEnd)} +${range(bStart, bEnd)} @@`];
  const add = (sign: string, line: string): void => {
    lines.push(`${sign}${line.replace(/\n$/, '')}`);
    if (!line.endsWith('\n')) lines.push('\\ No newline at end of file');
  };
  let at = aStart;
  for (const change of changes) {
    for (; at < change.aStart; at++) add(' ', a[at] as string);
    for (; at < change.aEnd; at++) add('-', a[at] as string);
    for (let line = change.bStart; line < change.bEnd; line++) add('+', b[line] as string);
  }
  for (; at < aEnd; at++) add(' ', a[at] as string);
  return lines;
}

/** First line and count; an empty range is named by the line before it. */
function range(start: number, end: number): string {
  const count = end - start;
  if (count === 1) return String(start + 1);
  return `${count === 0 ? start : start + 1},${count}`;
}
