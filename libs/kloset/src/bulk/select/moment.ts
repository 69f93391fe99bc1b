import { InvalidInputError } from '../../errors/errors.js';

const NS_PER_MS = 1_000_000n;
const DAY_MS = 86_400_000;

/** A month is 30 days and a year 365: a duration has no calendar. */
const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  sec: 1000,
  second: 1000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
  hour: 3_600_000,
  d: DAY_MS,
  day: DAY_MS,
  w: 7 * DAY_MS,
  week: 7 * DAY_MS,
  mo: 30 * DAY_MS,
  month: 30 * DAY_MS,
  y: 365 * DAY_MS,
  yr: 365 * DAY_MS,
  year: 365 * DAY_MS,
};

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/;
const PLAIN_TIME = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d)(?::(\d\d))?$/;
const PLAIN_DATE = /^(\d{4})([-/])(\d\d)\2(\d\d)$/;
const MAX_DURATION_MS = 100_000 * DAY_MS;

/**
 * A point in time as a filter takes it, in ns: RFC 3339, `YYYY-MM-DD HH:MM[:SS]`, `YYYY-MM-DD` or `YYYY/MM/DD` (all three in UTC), or a duration such as
 * `2d`, `1h30m`, `3 weeks`, which means that long before now.
 * @throws InvalidInputError none of these
 * @source 02-snapshot 7.2
 */
export function parseMoment(text: string, nowMs: number): bigint {
  const full = RFC_3339.exec(text);
  if (full !== null) return rfc3339(full, text);
  const time = PLAIN_TIME.exec(text);
  if (time !== null) return BigInt(utcMs(numbers(time, [1, 2, 3, 4, 5, 6]), text)) * NS_PER_MS;
  const date = PLAIN_DATE.exec(text);
  if (date !== null) return BigInt(utcMs([...numbers(date, [1, 3, 4]), 0, 0, 0], text)) * NS_PER_MS;
  const ms = durationMs(text);
  if (ms === null) throw notATime(text);
  return BigInt(Math.round(nowMs - ms)) * NS_PER_MS;
}

/** A human duration in milliseconds, or null: `2d`, `1h30m`, `3 weeks`, `1 day and 2 hours`. */
export function durationMs(text: string): number | null {
  let rest = text
    .trim()
    .toLowerCase()
    .replace(/\s+ago$/, '');
  let total = 0;
  if (rest === '') return null;
  while (rest !== '') {
    const part = /^(\d+(?:\.\d+)?)\s*([a-z]+)(?:\s*,\s*and\s+|\s*,\s*|\s+and\s+|\s*(?=\d)|$)/.exec(rest);
    const unit = part === null ? undefined : (UNITS_MS[part[2] as string] ?? UNITS_MS[(part[2] as string).replace(/s$/, '')]);
    if (part === null || unit === undefined) return null;
    total += Number(part[1]) * unit;
    rest = rest.slice(part[0].length);
    if (rest === '' && /[,\s]$/.test(part[0])) return null;
  }
  return total <= MAX_DURATION_MS ? total : null;
}

function rfc3339(match: RegExpExecArray, text: string): bigint {
  const ms = utcMs(numbers(match, [1, 2, 3, 4, 5, 6]), text);
  const zone = match[8] as string;
  const offsetMinutes = zone.length === 1 ? 0 : (zone.startsWith('-') ? -1 : 1) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6)));
  if (Math.abs(offsetMinutes) >= 24 * 60 || (zone.length > 1 && Number(zone.slice(4, 6)) > 59)) throw notATime(text);
  const fraction = BigInt((match[7] ?? '').padEnd(9, '0'));
  return BigInt(ms - offsetMinutes * 60_000) * NS_PER_MS + fraction;
}

function numbers(match: RegExpExecArray, groups: readonly number[]): number[] {
  return groups.map((group) => Number(match[group] ?? 0));
}

/** @throws InvalidInputError a day that its month does not have, an hour beyond 23 … */
function utcMs(parts: readonly number[], text: string): number {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const isThatDay = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!isThatDay || date.getUTCHours() !== hour || date.getUTCMinutes() !== minute || date.getUTCSeconds() !== second) throw notATime(text);
  return date.getTime();
}

function notATime(text: string): InvalidInputError {
  return new InvalidInputError(`'${text}' is not a time: write it like 2026-11-23T09:41:00Z, 2026-11-23, "2026-11-23 09:41", 2d or "3 weeks"`);
}
