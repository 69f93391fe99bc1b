const SIZE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const;

/** 1024-based size as plakar prints it: `7 B`, `512 B`, `9.6 MiB`, `293 KiB`; one decimal below ten units. @source 02-snapshot 7.3 */
export function sizeText(bytes: number | bigint): string {
  const value = Number(bytes);
  if (!(value >= 10)) return `${value} B`;
  // The exponent comes from the exact size: rounding must not turn 1023.9 KiB into another unit.
  let exponent = 0;
  let scaled = value;
  while (scaled >= 1024 && exponent < SIZE_UNITS.length - 1) {
    scaled /= 1024;
    exponent++;
  }
  const rounded = Math.floor(scaled * 10 + 0.5) / 10;
  return `${rounded < 10 ? rounded.toFixed(1) : rounded.toFixed(0)} ${SIZE_UNITS[exponent]}`;
}

const MILLION = 1_000_000n;
const SECOND_NS = 1_000_000_000n;

function trimmedFraction(value: bigint, unit: bigint): string {
  const digits = (value % unit)
    .toString()
    .padStart(unit.toString().length - 1, '0')
    .replace(/0+$/, '');
  return `${value / unit}${digits === '' ? '' : `.${digits}`}`;
}

/** A duration in Go's form: `0s`, `55.318937ms`, `1m5s`, `2h0m3.5s`. */
export function durationText(ns: bigint): string {
  if (ns < 0n) return `-${durationText(-ns)}`;
  if (ns === 0n) return '0s';
  if (ns < 1000n) return `${ns}ns`;
  if (ns < MILLION) return `${trimmedFraction(ns, 1000n)}µs`;
  if (ns < SECOND_NS) return `${trimmedFraction(ns, MILLION)}ms`;
  const totalSeconds = ns / SECOND_NS;
  const hours = totalSeconds / 3600n;
  const minutes = (totalSeconds % 3600n) / 60n;
  const seconds = `${trimmedFraction(ns % (60n * SECOND_NS), SECOND_NS)}s`;
  if (hours > 0n) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0n ? `${minutes}m${seconds}` : seconds;
}

/** Rounded to whole seconds, halves away from zero, as `ls` prints it. */
export function durationSecondsText(ns: bigint): string {
  const half = ns < 0n ? -SECOND_NS / 2n : SECOND_NS / 2n;
  return durationText(((ns + half) / SECOND_NS) * SECOND_NS);
}

/** RFC 3339 in UTC; with `fraction` down to nanoseconds, trailing zeros dropped. Years outside 0 … 9999 give the plain number of seconds. */
export function timestampText(ns: bigint, options: { readonly fraction?: boolean } = {}): string {
  const seconds = ns >= 0n ? ns / SECOND_NS : -((-ns + SECOND_NS - 1n) / SECOND_NS);
  const rest = ns - seconds * SECOND_NS;
  if (seconds < -62_167_219_200n || seconds > 253_402_300_799n) return `${seconds}s`;
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  const digits = options.fraction === true ? rest.toString().padStart(9, '0').replace(/0+$/, '') : '';
  return `${whole}${digits === '' ? '' : `.${digits}`}Z`;
}
