import { usage } from './failures.js';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** `26h`, `5m`, `1h30m`, `2d` in milliseconds. */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|min|s|m|h|d|w)/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== text) throw usage(`'${text}' is not a duration.`, 'Write it like 26h, 5m or 1h30m.');
  return parts.reduce((sum, [, value, unit]) => sum + Number(value) * (UNIT_MS[unit ?? ''] ?? 0), 0);
}

/** RFC 3339 or a date, in milliseconds. */
export function parseTime(text: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw usage(`'${text}' is not a time.`, 'Write it like 2026-11-23T09:41:00Z.');
  return ms;
}
