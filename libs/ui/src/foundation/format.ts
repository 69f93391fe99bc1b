import { spanWord } from '@wardrobe/words';

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** 4812 -> "4.7 KiB". Binary units; whole bytes and values from 100 up have no fraction. */
export function bytesWord(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(1)} ${UNITS[unit]}`;
}

/** "38 s ago"; "in 5 min" for the future. What is less than a second old or less than a minute ahead is "now": the page's clock ticks slowly. */
export function agoWord(thenMs: number, nowMs: number): string {
  const span = nowMs - thenMs;
  if (span < 1000 && span > -60_000) return 'now';
  return span >= 0 ? `${spanWord(span)} ago` : `in ${spanWord(-span)}`;
}
