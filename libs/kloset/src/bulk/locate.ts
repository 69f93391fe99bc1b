import { baseName, byteName, equalBytes, isAtOrBelow } from '@wardrobe/kloset-model';
import { scanTree } from '../btree/scan.js';
import type { KlosetError } from '../errors/errors.js';
import { contextOf } from '../snapshot/open.js';
import type { ByteName, Snapshot } from '../snapshot/types.js';
import { byteTextOf } from './backup/byte-text.js';
import { ruleName } from './backup/exclusion-rules.js';
import { parseGlob } from './backup/glob.js';

export type NamePatterns = (name: Uint8Array) => boolean;

/**
 * Whether a base name is one of the patterns or matches it as a shell pattern: `*`, `?`, `[a-z]`, `[^a-z]`, `\x`. A malformed pattern stands for itself only.
 * @source 02-snapshot 7.3
 */
export function namePatterns(patterns: readonly Uint8Array[]): NamePatterns {
  const globs = patterns.flatMap((pattern) => parseGlob(ruleName(byteTextOf(pattern))) ?? []);
  return (name) => {
    if (patterns.some((pattern) => equalBytes(pattern, name))) return true;
    const characters = ruleName(byteTextOf(name));
    return globs.some((glob) => glob.matches(characters));
  };
}

/** A path found, or a part of the tree that cannot be read: unknown many names from `from` on are hidden there. */
export type Located = { readonly path: ByteName } | { readonly error: KlosetError; readonly from: ByteName | null };

/** Paths of a snapshot at or below `below` whose base name matches, in the order of its tree. Reads only the tree's nodes, no entry. */
export async function* locatePaths(
  snapshot: Snapshot,
  matches: NamePatterns,
  options: { readonly below?: Uint8Array | undefined; readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<Located> {
  const { below, signal } = options;
  for await (const item of scanTree(await contextOf(snapshot).files(), { signal })) {
    if ('error' in item) yield { error: item.error, from: item.from === null ? null : byteName(item.from) };
    else if ((below === undefined || isAtOrBelow(item.key, below)) && matches(baseName(item.key))) yield { path: byteName(item.key) };
  }
}
