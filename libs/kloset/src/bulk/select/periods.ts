/** In the order in which rules are looked at: of rules that rank a snapshot alike the first is named as the reason. @source 02-snapshot 7.2 */
export const PERIODS = [
  'minute',
  'hour',
  'day',
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
  'sunday',
  'week',
  'month',
  'year',
] as const;
export type Period = (typeof PERIODS)[number];

const WEEKDAYS: readonly Period[] = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
const DAY_MS = 86_400_000;
const NS_PER_MS = 1_000_000n;
/** 1970-01-01 was a Thursday: days since then, moved so that weeks begin on Mondays. */
const THURSDAY = 3;

/** A span of time, all in UTC: `ordinal` counts spans of that period, so that neighbours differ by one. */
export type Bucket = { readonly ordinal: number; readonly key: string };

type Parts = { readonly date: Date; readonly day: number; readonly weekday: number };

function partsOf(timeNs: bigint): Parts {
  let ms = timeNs / NS_PER_MS;
  if (ms * NS_PER_MS > timeNs) ms -= 1n;
  const date = new Date(Number(ms));
  const day = Math.floor(date.getTime() / DAY_MS);
  return { date, day, weekday: (((day + THURSDAY) % 7) + 7) % 7 };
}

const two = (value: number): string => String(value).padStart(2, '0');
const yearText = (year: number): string => String(year).padStart(4, '0');

/** ISO 8601: a week belongs to the year of its Thursday. */
function isoWeek({ day, weekday }: Parts): { readonly ordinal: number; readonly key: string } {
  const thursday = new Date((day - weekday + THURSDAY) * DAY_MS);
  const year = thursday.getUTCFullYear();
  const firstDay = new Date(0);
  firstDay.setUTCFullYear(year, 0, 1);
  const week = Math.floor((thursday.getTime() - firstDay.getTime()) / DAY_MS / 7) + 1;
  return { ordinal: Math.floor((day + THURSDAY) / 7), key: `${yearText(year)}-W${two(week)}` };
}

/** The bucket of a time; null for a weekday that it does not fall on. */
export function bucketOf(period: Period, timeNs: bigint): Bucket | null {
  const parts = partsOf(timeNs);
  const { date, day } = parts;
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  const dayKey = `${yearText(year)}-${two(month + 1)}-${two(date.getUTCDate())}`;
  switch (period) {
    case 'minute':
      return { ordinal: Math.floor(date.getTime() / 60_000), key: `${dayKey}-${two(date.getUTCHours())}:${two(date.getUTCMinutes())}` };
    case 'hour':
      return { ordinal: Math.floor(date.getTime() / 3_600_000), key: `${dayKey}-${two(date.getUTCHours())}` };
    case 'day':
      return { ordinal: day, key: dayKey };
    case 'week':
      return isoWeek(parts);
    case 'month':
      return { ordinal: year * 12 + month, key: dayKey.slice(0, -3) };
    case 'year':
      return { ordinal: year, key: yearText(year) };
    default: {
      if (WEEKDAYS[parts.weekday] !== period) return null;
      const week = isoWeek(parts);
      return { ordinal: week.ordinal, key: `${week.key}-${period}` };
    }
  }
}

/** The newest bucket of a window that ends now. Of a weekday: that of this week, or the one before while it is still to come. */
export function lastOrdinal(period: Period, nowNs: bigint): number {
  const place = WEEKDAYS.indexOf(period);
  if (place < 0) return (bucketOf(period, nowNs) as Bucket).ordinal;
  const parts = partsOf(nowNs);
  return isoWeek(parts).ordinal - (parts.weekday < place ? 1 : 0);
}
