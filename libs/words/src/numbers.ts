/** A formatter that is made when it is needed first: the first of a process takes as long as a tenth of a short command. */
function late<T>(make: () => T): () => T {
  let made: T | null = null;
  return () => {
    made ??= make();
    return made;
  };
}

const NUMBER = late(() => new Intl.NumberFormat('en-US'));
/** Below it there is nothing to set apart. */
const THOUSAND = 1000;

/** 9994 -> "9,994". */
export function figure(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < THOUSAND ? `${value}` : NUMBER().format(value);
}

/** `counted(1, 'snapshot')` -> "1 snapshot"; `counted(2, 'entry', 'entries')` -> "2 entries". */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${figure(value)} ${value === 1 ? one : many}`;
}

/** "a", "a and b", "a, b and 3 more". Shows at most `limit` items. */
export function listed(items: readonly string[], limit = 3): string {
  if (items.length <= 1) return items[0] ?? '';
  if (items.length <= limit) return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
  return `${items.slice(0, limit - 1).join(', ')} and ${figure(items.length - limit + 1)} more`;
}

const DAY = late(() => new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' }));
const DAY_AND_YEAR = late(() => new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' }));

/** "20 Nov", with the year when it is not the year of `nowMs`. UTC. */
export function dayWord(ms: number, nowMs: number): string {
  const sameYear = new Date(ms).getUTCFullYear() === new Date(nowMs).getUTCFullYear();
  return (sameYear ? DAY() : DAY_AND_YEAR()).format(ms);
}

const STEPS: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
];

/** Rough span with its unit: "9 d", "26 h", "38 min", "12 s". Two days and more are counted in days. */
export function spanWord(ms: number): string {
  const positive = Math.max(0, ms);
  for (const [unit, size] of STEPS) {
    const limit = unit === 'd' ? 2 * size : size;
    if (positive >= limit) return `${figure(Math.floor(positive / size))} ${unit}`;
  }
  return '0 s';
}
