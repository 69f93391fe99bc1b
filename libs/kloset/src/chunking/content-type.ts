import { charsetOfPlain, CHARSET_HEAD_BYTES } from './content-type-charset.js';
import type { Head, TypeRule } from './content-type-head.js';
import { charsetOfHtml, charsetOfXml } from './content-type-markup.js';
import { TYPE_RULES } from './content-type-rules.js';

/** As many bytes of a content as its type depends on. */
export const CONTENT_TYPE_BYTES = 3072;

const UNKNOWN = 'application/octet-stream';

const CHARSETS: Readonly<Record<string, (text: string) => string>> = {
  'text/plain': (text) => charsetOfPlain(text.slice(0, CHARSET_HEAD_BYTES)),
  'text/html': charsetOfHtml,
  'text/xml': charsetOfXml,
};

/** Rules by first byte, each list in the order of all; the last list is for a content without any. */
const RULES_OF_FIRST: readonly (readonly TypeRule[])[] = Array.from({ length: 257 }, (_, first) =>
  TYPE_RULES.filter((rule) => rule.first === undefined || (first < 256 && rule.first.includes(String.fromCharCode(first)))),
);

/**
 * MIME type of a content by its first bytes (the first chunk, or at least `CONTENT_TYPE_BYTES` of it), as plakar enters it into objects:
 * of texts with the character set, `application/octet-stream` when nothing is known.
 * @source 02-snapshot 4.4; the answers are those of Go's mimetype 1.4.13
 */
export function detectContentType(firstBytes: Uint8Array): string {
  const length = Math.min(firstBytes.length, CONTENT_TYPE_BYTES);
  const text = Buffer.from(firstBytes.buffer, firstBytes.byteOffset, length).toString('latin1');
  const head: Head = { text, whole: length < CONTENT_TYPE_BYTES };
  let found = firstMatch(RULES_OF_FIRST[firstBytes[0] ?? 256] ?? [], head);
  if (found === undefined) return UNKNOWN;
  for (let next = found; ; ) {
    const child = firstMatch(next.children ?? [], head);
    if (child === undefined) break;
    next = child;
    found = child;
  }
  const charset = CHARSETS[found.type]?.(text) ?? '';
  // A declared name is whatever bytes stand there.
  return charset === '' ? found.type : `${found.type}; charset=${Buffer.from(charset, 'latin1').toString('utf8')}`;
}

function firstMatch(rules: readonly TypeRule[], head: Head): TypeRule | undefined {
  for (const rule of rules) if (rule.matches(head)) return rule;
  return undefined;
}
