import { asBuffer } from '../../bytes/bytes.js';

/**
 * A byte string held as text, one character U+0000 … U+00FF a byte. Names and paths of a walk travel in this form: it takes a third of the memory of a
 * `Uint8Array` each, and `<` on it is the order of bytes. Never shown to anybody as it is.
 */
export type ByteText = string;

export function byteTextOf(bytes: Uint8Array): ByteText {
  return asBuffer(bytes).toString('latin1');
}

export function bytesOfText(text: ByteText): Uint8Array {
  return Buffer.from(text, 'latin1');
}

/** The text that the bytes stand for; bad UTF-8 becomes U+FFFD. */
export function shownText(text: ByteText): string {
  return Buffer.from(text, 'latin1').toString('utf8');
}

/** The text that the bytes are in UTF-8, or null when they are not valid UTF-8. */
export function exactText(text: ByteText): string | null {
  if (isAscii(text)) return text;
  const shown = shownText(text);
  return Buffer.from(shown, 'utf8').toString('latin1') === text ? shown : null;
}

function isAscii(text: ByteText): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/** Bytes of a text in UTF-8. */
export function byteTextOfString(text: string): ByteText {
  return Buffer.from(text, 'utf8').toString('latin1');
}

export function joinPath(directory: ByteText, name: ByteText): ByteText {
  return directory === '/' ? `/${name}` : `${directory}/${name}`;
}

/** Parent of a clean absolute path; of the root the root. */
export function parentOf(path: ByteText): ByteText {
  const at = path.lastIndexOf('/');
  return at <= 0 ? '/' : path.slice(0, at);
}

/** Last component; of the root `/`. */
export function nameOf(path: ByteText): ByteText {
  return path === '/' ? path : path.slice(path.lastIndexOf('/') + 1);
}

/** Whether `path` is `directory` or lies below it; both clean. */
export function isAtOrBelowText(path: ByteText, directory: ByteText): boolean {
  return directory === '/' || path === directory || path.startsWith(`${directory}/`);
}
