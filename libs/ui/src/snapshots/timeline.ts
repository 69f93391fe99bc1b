import { dayOf } from './filter.js';

export type DayCount = { readonly day: string; readonly count: number; readonly bytes: number };

/** One bar: days `from` to `until`, both inclusive. */
export type Bar = { readonly from: string; readonly until: string; readonly count: number; readonly bytes: number };

export type Timeline = { readonly bars: readonly Bar[]; readonly unit: 'day' | 'week' | 'month'; readonly most: number };

const DAY_MS = 86_400_000;
/** A young store shows its emptiness before the first snapshot too, not one broad bar. */
const FEWEST_DAYS = 30;
/** Days a bar stands for; a month is always 30 days here, so that all bars are equally long. */
const UNITS = [
  ['day', 1],
  ['week', 7],
  ['month', 30],
] as const;

/** Days as at most `bars` bars up to today. Days without a snapshot count; gaps are what one looks for. */
export function timelineBars(days: readonly DayCount[], nowMs: number, bars = 160): Timeline {
  const sorted = days.filter((day) => day.count > 0).toSorted((a, b) => (a.day < b.day ? -1 : 1));
  const first = sorted[0];
  if (first === undefined) return { bars: [], unit: 'day', most: 0 };
  const end = Math.max(Date.parse(dayOf(nowMs)), Date.parse(sorted.at(-1)?.day ?? first.day));
  const start = Math.min(Date.parse(first.day), end - (FEWEST_DAYS - 1) * DAY_MS);
  const total = Math.round((end - start) / DAY_MS) + 1;
  const [unit, length] = UNITS.find(([, size]) => total / size <= bars) ?? (['month', Math.ceil(total / bars / 30) * 30] as const);
  const made = Array.from({ length: Math.ceil(total / length) }, () => ({ count: 0, bytes: 0 }));
  // Bars are counted back from today, so that the newest is whole.
  const offset = made.length * length - total;
  for (const day of sorted) {
    const bar = made[Math.floor((Math.round((Date.parse(day.day) - start) / DAY_MS) + offset) / length)];
    if (bar === undefined) continue;
    bar.count += day.count;
    bar.bytes += day.bytes;
  }
  return {
    unit,
    most: Math.max(...made.map((bar) => bar.count)),
    bars: made.map((bar, index) => ({
      ...bar,
      from: dayOf(start + (index * length - offset) * DAY_MS),
      until: dayOf(start + ((index + 1) * length - offset - 1) * DAY_MS),
    })),
  };
}

/** Bars that a range of days covers at least in part: `[first, end)`; null when the range is open on both sides or misses them. */
export function barsInRange(bars: readonly Bar[], { since, until }: { readonly since: string; readonly until: string }): [number, number] | null {
  if (since === '' && until === '') return null;
  const first = since === '' ? 0 : bars.findIndex((bar) => bar.until >= since);
  const end = until === '' ? bars.length : bars.findLastIndex((bar) => bar.from <= until) + 1;
  return first < 0 || end <= first ? null : [first, end];
}

/** About `wanted` labels: "Nov 2023", or "12 Oct" when bars are days; the last says "now". */
export function timelineLabels({ bars, unit }: Timeline, wanted: number): string[] {
  if (bars.length < 2) return bars.map(() => 'now');
  const format = unit === 'day' ? DAY : MONTH;
  const count = Math.min(wanted, bars.length);
  return Array.from({ length: count }, (_, index) =>
    index === count - 1 ? 'now' : format.format(Date.parse(bars[Math.round((index * (bars.length - 1)) / (count - 1))]?.from ?? '')),
  );
}

const MONTH = new Intl.DateTimeFormat('en-GB', { month: 'short', year: 'numeric', timeZone: 'UTC' });
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });
