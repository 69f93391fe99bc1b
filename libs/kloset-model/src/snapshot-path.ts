import { cleanPath, nameBytes } from './byte-names.js';
import { percentDecode } from './percent.js';

/** A parsed `SNAP[:PATH]`. `path` is null when the backup's root is meant; else raw bytes, absolute or relative to that root. */
export type SnapshotPath = { readonly prefix: string; readonly path: Uint8Array | null };

const PREFIX = /^[0-9a-f]{0,64}$/;

/**
 * `SNAP[:PATH]`, split at the first colon; PATH takes `%XX` for any byte. An argument that starts with `/` has an empty prefix, which fits every snapshot.
 * @throws TypeError the part before the colon is not a hex prefix
 * @source 02-snapshot 7.1
 */
export function parseSnapshotPath(text: string): SnapshotPath {
  if (text.startsWith('/')) return { prefix: '', path: percentDecode(text) };
  const colon = text.indexOf(':');
  const prefix = (colon < 0 ? text : text.slice(0, colon)).toLowerCase();
  if (!PREFIX.test(prefix)) throw new TypeError(`not a snapshot id: ${JSON.stringify(text.slice(0, 80))}`);
  const path = colon < 0 ? '' : text.slice(colon + 1);
  return { prefix, path: path === '' ? null : percentDecode(path) };
}

/** The clean absolute path that is meant, for a snapshot whose backup root is `root`. */
export function resolveSnapshotPath(path: Uint8Array | null, root: Uint8Array | string): Uint8Array {
  const base = cleanPath(typeof root === 'string' ? nameBytes(root) : root);
  return path === null ? base : cleanPath(path, base);
}
