import { SLASH } from './byte-names.js';

const HEX = '0123456789ABCDEF';
const encoder = new TextEncoder();

function isUnreserved(byte: number): boolean {
  const isLetter = (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
  const isDigit = byte >= 0x30 && byte <= 0x39;
  return isLetter || isDigit || byte === 0x2d || byte === 0x2e || byte === 0x5f || byte === 0x7e;
}

function escapeBytes(bytes: Uint8Array, keepSlash: boolean): string {
  let text = '';
  for (const byte of bytes) {
    if (isUnreserved(byte) || (keepSlash && byte === SLASH)) text += String.fromCharCode(byte);
    else text += `%${HEX[byte >> 4]}${HEX[byte & 15]}`;
  }
  return text;
}

/** A name as one URL component: every byte that is not unreserved (RFC 3986) as `%XX`. */
export function percentEncodeName(name: Uint8Array): string {
  return escapeBytes(name, false);
}

/** A path for a URL or for `SNAP:path`: slashes stay, every other byte that is not unreserved is `%XX`. Reversible for any bytes. */
export function percentEncodePath(path: Uint8Array): string {
  return escapeBytes(path, true);
}

function hexValue(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** Bytes of a text with `%XX` escapes. A `%` without two hex digits stands for itself, other characters for their UTF-8. */
export function percentDecode(text: string): Uint8Array {
  const source = encoder.encode(text);
  const bytes = new Uint8Array(source.length);
  let length = 0;
  for (let i = 0; i < source.length; i++) {
    const byte = source[i] as number;
    const high = byte === 0x25 ? hexValue(source[i + 1]) : -1;
    const low = high < 0 ? -1 : hexValue(source[i + 2]);
    bytes[length++] = low < 0 ? byte : (high << 4) | low;
    if (low >= 0) i += 2;
  }
  return bytes.slice(0, length);
}
