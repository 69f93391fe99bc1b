type Options = Intl.DateTimeFormatOptions;

const DATE: Options = { day: 'numeric', month: 'short', year: 'numeric' };
const CLOCK: Options = { hour: '2-digit', minute: '2-digit' };

/** Absolute times as a reader writes them: by the locale and in the time zone of the reader's browser. All take ms since 1970. */
export type Times = {
  readonly locale: string;
  readonly zone: string;
  /** "23 Nov 2026, 08:52 UTC". */
  readonly full: (ms: number) => string;
  /** "23 Nov 2026, 08:52". */
  readonly plain: (ms: number) => string;
  /** "23 Nov 2026, 09:52:07 GMT+1 (Europe/Berlin)". */
  readonly exact: (ms: number) => string;
  /** "08:52". */
  readonly clock: (ms: number) => string;
  /** "20 Nov", with the year when it is not the year of `nowMs`. */
  readonly day: (ms: number, nowMs: number) => string;
  /** "20 Nov 2026". */
  readonly date: (ms: number) => string;
  /** "Nov 2026". */
  readonly month: (ms: number) => string;
  /** "08:52:07". */
  readonly seconds: (ms: number) => string;
  /** "2026-11-20": equal for two times of one day. */
  readonly dayKey: (ms: number) => string;
  /** "2026-11-20 08:52". */
  readonly stamp: (ms: number) => string;
};

/** Throws RangeError for a locale or zone that this runtime does not know. */
export function timesOf(locale: string, zone: string): Times {
  const formats = new Map<Options, Intl.DateTimeFormat>();
  function format(options: Options, ms: number): string {
    const known = formats.get(options) ?? new Intl.DateTimeFormat(locale, { ...options, timeZone: zone });
    formats.set(options, known);
    // Releases of the locale data disagree about this space; server and browser must not.
    return known.format(ms).replaceAll('\u202f', ' ');
  }
  // Wrong names are told now and not in the middle of a page.
  format(DATE, 0);
  const sortable = new Intl.DateTimeFormat('sv-SE', { ...NUMBERS, timeZone: zone });
  const stamp = (ms: number): string => sortable.format(ms);
  return {
    locale,
    zone,
    full: (ms) => format(FULL, ms),
    plain: (ms) => format(PLAIN, ms),
    exact: (ms) => `${format(EXACT, ms)}${zone === 'UTC' ? '' : ` (${zone})`}`,
    clock: (ms) => format(CLOCK, ms),
    day: (ms, nowMs) => format(stamp(ms).slice(0, 4) === stamp(nowMs).slice(0, 4) ? DAY : DATE, ms),
    date: (ms) => format(DATE, ms),
    month: (ms) => format(MONTH, ms),
    seconds: (ms) => format(SECONDS, ms),
    dayKey: (ms) => stamp(ms).slice(0, 10),
    stamp,
  };
}

const FULL: Options = { ...DATE, ...CLOCK, timeZoneName: 'short' };
const PLAIN: Options = { ...DATE, ...CLOCK };
const EXACT: Options = { ...DATE, ...CLOCK, second: '2-digit', timeZoneName: 'short' };
const SECONDS: Options = { ...CLOCK, second: '2-digit' };
const DAY: Options = { day: 'numeric', month: 'short' };
const MONTH: Options = { month: 'short', year: 'numeric' };
const NUMBERS: Options = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' };

/** Until the reader's zone is known. */
export const UTC_TIMES = timesOf('en-GB', 'UTC');

const SEPARATOR = ' ';

/** "en-GB Europe/Berlin": what the browser tells the server, so that the server writes times as the browser will. */
export function zoneText(times: Pick<Times, 'locale' | 'zone'>): string {
  return `${times.locale}${SEPARATOR}${times.zone}`;
}

/** Times for what `zoneText` wrote; in UTC for anything else. */
export function timesOfText(text: string | null): Times {
  const [, locale, zone] = /^([a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}) ([A-Za-z0-9_+/-]{1,50})$/.exec(text ?? '') ?? [];
  if (locale === undefined || zone === undefined) return UTC_TIMES;
  try {
    return timesOf(locale, zone);
  } catch (error) {
    // A browser may know zones that this server does not.
    if (error instanceof RangeError) return UTC_TIMES;
    throw error;
  }
}
