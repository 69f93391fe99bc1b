import { type Times, UTC_TIMES } from '../foundation/times.js';
import type { ColumnView } from '../matrix-kernel/index.js';

/** A label of the time axis; `x` in CSS pixels. */
export type AxisTick = { readonly x: number; readonly text: string };

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** Ticks where the label changes, not nearer than `gap` pixels to each other: months over a year, days, hours, then seconds. */
export function axisTicks(times: Float64Array, view: ColumnView, size: { readonly width: number; readonly gap: number; readonly words?: Times }): AxisTick[] {
  const first = Math.floor(view.from);
  const end = Math.min(times.length, Math.ceil(view.to));
  if (end <= first || size.width <= 0) return [];
  const label = labelFor((times[end - 1] as number) - (times[first] as number), size.words ?? UTC_TIMES);
  const ticks: AxisTick[] = [];
  let lastX = Number.NEGATIVE_INFINITY;
  let lastText = '';
  for (let column = first; column < end; column++) {
    const x = ((column - view.from) / (view.to - view.from)) * size.width;
    if (x < 0 || x - lastX < size.gap || x > size.width - size.gap * 0.6) continue;
    const text = label(times[column] as number);
    if (text === lastText) continue;
    ticks.push({ x, text });
    lastText = text;
    lastX = x;
  }
  return ticks;
}

function labelFor(spanMs: number, words: Times): (ms: number) => string {
  if (spanMs > 400 * DAY_MS) return words.month;
  // Without a year to compare with, days have none.
  const day = (ms: number): string => words.day(ms, ms);
  if (spanMs > 3 * DAY_MS) return day;
  return spanMs > MINUTE_MS * 10 ? (ms) => `${day(ms)} ${words.clock(ms)}` : words.seconds;
}
