import { Prisma } from '../generated/client.js';
import type { Json } from '../types.js';

/** A nullable JSON column: SQL null for null. */
export function jsonOrNull(value: Json): Prisma.InputJsonValue | typeof Prisma.DbNull {
  return value === null ? Prisma.DbNull : (value as Prisma.InputJsonValue);
}

export function jsonOf(value: Json): Prisma.InputJsonValue {
  return (value ?? {}) as Prisma.InputJsonValue;
}

/** Value for a `$n::jsonb` parameter. */
export function jsonText(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}
