import type { ColumnView } from '../matrix-kernel/index.js';

/** A label of the time axis; `x` in CSS pixels. */
export type AxisTick = { readonly x: number; readonly text: string };

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const MONTH = new Intl.DateTimeFormat('en-GB', { month: 'short', year: 'numeric', timeZone: 'UTC' });
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });
const SECONDS = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', timeZone: 'UTC' });
const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' });

/** Ticks where the label changes, not nearer than `gap` pixels to each other: months over a year, days, hours, then seconds. UTC. */
export function axisTicks(times: Float64Array, view: ColumnView, size: { readonly width: number; readonly gap: number }): AxisTick[] {
  const first = Math.floor(view.from);
  const end = Math.min(times.length, Math.ceil(view.to));
  if (end <= first || size.width <= 0) return [];
  const label = labelFor((times[end - 1] as number) - (times[first] as number));
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

function labelFor(spanMs: number): (ms: number) => string {
  if (spanMs > 400 * DAY_MS) return (ms) => MONTH.format(ms);
  if (spanMs > 3 * DAY_MS) return (ms) => DAY.format(ms);
  if (spanMs > MINUTE_MS * 10) return (ms) => `${DAY.format(ms)} ${CLOCK.format(ms)}`;
  return (ms) => SECONDS.format(ms);
}
