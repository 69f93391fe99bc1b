import { Prisma } from '../generated/client.js';
import type { Json } from '../types.js';

/** A nullable JSON column: SQL null for null. */
export function jsonOrNull(value: Json): Prisma.InputJsonValue | typeof Prisma.DbNull {
  return value === null ? Prisma.DbNull : (value as Prisma.InputJsonValue);
}

export function jsonOf(value: Json): Prisma.InputJsonValue {
  return (value ?? {}) as Prisma.InputJsonValue;
}

/** Value for a `$n::jsonb` parameter; strings are cleaned as by `storableText`. */
export function jsonText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  const text = JSON.stringify(value);
  return MAY_BE_UNSTORABLE.test(text) ? JSON.stringify(value, (_, item: unknown) => (typeof item === 'string' ? storableText(item) : item)) : text;
}

/** How JSON spells U+0000 and lone surrogates. */
const MAY_BE_UNSTORABLE = /\\u(?:0000|d[89a-f])/i;
const UNSTORABLE = /\0|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** PostgreSQL text holds neither U+0000 nor lone surrogates: each becomes U+FFFD. */
export function storableText(text: string): string {
  return text.replace(UNSTORABLE, '\ufffd');
}
