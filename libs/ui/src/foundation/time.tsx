'use client';
import { useNow } from './clock.js';
import { agoWord } from './format.js';
import { useTimes } from './times-provider.js';

/** "38 s ago" with the absolute time on hover; `never` when there is none. */
export function RelativeTime({ at, never = 'never' }: { readonly at: string | null; readonly never?: string }) {
  const now = useNow();
  const times = useTimes();
  if (at === null) return <span>{never}</span>;
  const ms = Date.parse(at);
  return (
    <time dateTime={at} title={times.exact(ms)} suppressHydrationWarning>
      {agoWord(ms, now)}
    </time>
  );
}

/** Time of day for the last 20 hours, else the day. Absolute time on hover. */
export function ShortTime({ at, never = 'none' }: { readonly at: string | null; readonly never?: string }) {
  const now = useNow();
  const times = useTimes();
  if (at === null) return <span className="faint">{never}</span>;
  const ms = Date.parse(at);
  return (
    <time dateTime={at} title={times.exact(ms)} suppressHydrationWarning>
      {now - ms < 20 * 3_600_000 && now >= ms ? times.clock(ms) : times.day(ms, now)}
    </time>
  );
}

/** "23 Nov 2026, 08:52 UTC"; the seconds and the name of the zone on hover. */
export function FullTime({ at }: { readonly at: string }) {
  const times = useTimes();
  const ms = Date.parse(at);
  return (
    <time dateTime={at} title={times.exact(ms)} suppressHydrationWarning>
      {times.full(ms)}
    </time>
  );
}
