/**
 * Names are bytes: a file system promises no encoding, so names, paths and link targets travel as bytes and are shown as text.
 * Everything here runs in the browser too (no Buffer).
 */

const encoder = new TextEncoder();
// A byte order mark is part of a name: without ignoreBOM the decoder would swallow it.
const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export const SLASH = 0x2f;
const DOT = 0x2e;

/** Exact bytes and the text to show; bad UTF-8 shows as U+FFFD. */
export type NameText = { readonly bytes: Uint8Array; readonly text: string };

/** Text of a byte name; invalid UTF-8 becomes U+FFFD. Not reversible when `isExactText` is false. */
export function nameText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** Bytes of a text as UTF-8. */
export function nameBytes(text: string): Uint8Array {
  return encoder.encode(text);
}

export function byteName(bytes: Uint8Array): NameText {
  return { bytes, text: nameText(bytes) };
}

/** Whether the bytes are valid UTF-8, so that the text says everything. */
export function isExactText(bytes: Uint8Array): boolean {
  try {
    strictDecoder.decode(bytes);
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

/** Unsigned comparison byte by byte, the shorter first: negative, 0 or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compareBytes(a, b) === 0;
}

export function startsWithBytes(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return bytes.length >= prefix.length && compareBytes(bytes.subarray(0, prefix.length), prefix) === 0;
}

/** Joins byte strings. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

export function countSlashes(bytes: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] === SLASH) count++;
  return count;
}

/** Order of the VFS tree: fewer slashes first, then bytes. @source 02-snapshot 2.3 */
export function comparePathOrder(a: Uint8Array, b: Uint8Array): number {
  return countSlashes(a) - countSlashes(b) || compareBytes(a, b);
}

function isDots(component: Uint8Array, count: 1 | 2): boolean {
  return component.length === count && component.every((byte) => byte === DOT);
}

/** Components between slashes, empty ones left out. */
export function pathComponents(path: Uint8Array): Uint8Array[] {
  const components: Uint8Array[] = [];
  let start = 0;
  for (let i = 0; i <= path.length; i++) {
    if (i < path.length && path[i] !== SLASH) continue;
    if (i > start) components.push(path.subarray(start, i));
    start = i + 1;
  }
  return components;
}

/** The clean absolute path of components; no component gives `/`. */
export function joinComponents(components: readonly Uint8Array[]): Uint8Array {
  if (components.length === 0) return Uint8Array.of(SLASH);
  let length = 0;
  for (const component of components) length += component.length + 1;
  const path = new Uint8Array(length);
  let at = 0;
  for (const component of components) {
    path[at] = SLASH;
    path.set(component, at + 1);
    at += component.length + 1;
  }
  return path;
}

/**
 * Absolute and without `.`, `..`, doubled or trailing slashes. A path without a leading slash is taken from `base` (default the root);
 * `..` above the root stays at the root, so that no path leaves the tree.
 */
export function cleanPath(path: Uint8Array, base: Uint8Array = Uint8Array.of(SLASH)): Uint8Array {
  const clean: Uint8Array[] = path[0] === SLASH ? [] : pathComponents(base);
  for (const component of pathComponents(path)) {
    if (isDots(component, 1)) continue;
    if (isDots(component, 2)) clean.pop();
    else clean.push(component);
  }
  return joinComponents(clean);
}

/** Absolute, without empty components, dots or a slash at its end: what `cleanPath` leaves as it is. */
export function isCleanPath(path: Uint8Array): boolean {
  if (path[0] !== SLASH) return false;
  if (path.length === 1) return true;
  let start = 1;
  for (let i = 1; i <= path.length; i++) {
    if (i < path.length && path[i] !== SLASH) continue;
    const lengthBytes = i - start;
    if (lengthBytes === 0 || (path[start] === DOT && (lengthBytes === 1 || (lengthBytes === 2 && path[start + 1] === DOT)))) return false;
    start = i + 1;
  }
  return true;
}

/** Last component; of the root the root itself, `/`. */
export function baseName(path: Uint8Array): Uint8Array {
  if (path.length === 1 && path[0] === SLASH) return path;
  return path.subarray(path.lastIndexOf(SLASH) + 1);
}

/** Parent of a clean absolute path; of the root the root. */
export function parentPath(path: Uint8Array): Uint8Array {
  const at = path.lastIndexOf(SLASH);
  return at <= 0 ? Uint8Array.of(SLASH) : path.subarray(0, at);
}

/** A clean directory path and one name. */
export function childPath(directory: Uint8Array, name: Uint8Array): Uint8Array {
  return directory.length === 1 ? concatBytes(directory, name) : concatBytes(directory, Uint8Array.of(SLASH), name);
}

/** Whether `path` is `directory` or lies below it; both clean. */
export function isAtOrBelow(path: Uint8Array, directory: Uint8Array): boolean {
  if (directory.length === 1) return true;
  return startsWithBytes(path, directory) && (path.length === directory.length || path[directory.length] === SLASH);
}

/** A name that can stand for one entry of a directory. @source 02-snapshot 2.5 */
export function isPlainName(name: Uint8Array): boolean {
  return name.length > 0 && !isDots(name, 1) && !isDots(name, 2) && !name.includes(SLASH);
}
