'use client';
import { dayWord } from '@wardrobe/words';
import { useNow } from './clock.js';
import { agoWord, clockTime, fullTime } from './format.js';

/** "38 s ago" with the absolute time on hover; `never` when there is none. */
export function RelativeTime({ at, never = 'never' }: { readonly at: string | null; readonly never?: string }) {
  const now = useNow();
  if (at === null) return <span>{never}</span>;
  const ms = Date.parse(at);
  return (
    <time dateTime={at} title={fullTime(ms)}>
      {agoWord(ms, now)}
    </time>
  );
}

/** Time of day for the last 20 hours, else the day. Absolute time on hover. */
export function ShortTime({ at, never = 'none' }: { readonly at: string | null; readonly never?: string }) {
  const now = useNow();
  if (at === null) return <span className="faint">{never}</span>;
  const ms = Date.parse(at);
  return (
    <time dateTime={at} title={fullTime(ms)}>
      {now - ms < 20 * 3_600_000 && now >= ms ? clockTime(ms) : dayWord(ms, now)}
    </time>
  );
}

/** "23 Nov 2026, 08:52 UTC". */
export function FullTime({ at }: { readonly at: string }) {
  return <time dateTime={at}>{fullTime(Date.parse(at))}</time>;
}
