/** One line of the hex view. */
export type HexLine = { readonly offset: string; readonly bytes: string; readonly text: string };

const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** A line of `width` bytes from `start`; bytes that are not there (yet) are blank. `digits` is the width of the offset. */
export function hexLine(bytes: Uint8Array, { start, width, digits }: { readonly start: number; readonly width: number; readonly digits: number }): HexLine {
  let hex = '';
  let text = '';
  for (let index = 0; index < width; index++) {
    const byte = bytes[index];
    if (index > 0) hex += index % 8 === 0 ? '  ' : ' ';
    hex += byte === undefined ? '  ' : (DIGITS[byte] ?? '');
    if (byte !== undefined) text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
  }
  return { offset: start.toString(16).padStart(digits, '0'), bytes: hex, text };
}

/** Digits that the offsets of a file need; at least 8. */
export function offsetDigits(sizeBytes: number): number {
  return Math.max(8, Math.max(0, sizeBytes - 1).toString(16).length);
}

/** "0x1f" or "31" as an offset inside the file; null when it is none. */
export function parseOffset(text: string, sizeBytes: number): number | null {
  const trimmed = text.trim().toLowerCase();
  if (!/^(0x[0-9a-f]+|\d+)$/.test(trimmed)) return null;
  const offset = Number(trimmed);
  return Number.isSafeInteger(offset) && offset < sizeBytes ? offset : null;
}
