import type { Abortable } from '../snapshot/source.js';
import type { Entry, Snapshot } from '../snapshot/types.js';
import { isBinary, unifiedDiff } from './diff-text.js';

/** Larger contents are not held in memory to be compared line by line. */
const TEXT_LIMIT_BYTES = 32 * 1024 * 1024;

export type ContentSide = {
  /** As shown in the diff's head. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Reads the whole. */
  readonly read: () => Promise<Uint8Array>;
};

/** How two contents differ: lines of a unified diff (bytes in latin1), or only that they do. */
export type ContentDiff = { readonly kind: 'text'; readonly lines: readonly string[] } | { readonly kind: 'binary' | 'large' };

/** A file of a snapshot as one side. @throws what reading its object throws */
export async function contentSide(
  at: { readonly snapshot: Snapshot; readonly entry: Entry; readonly name: string },
  options: Abortable = {},
): Promise<ContentSide> {
  const { snapshot, entry, name } = at;
  const object = entry.object === null ? null : await snapshot.object(entry.object, options);
  return {
    name,
    sizeBytes: object?.sizeBytes ?? 0,
    read: async () => {
      const pieces: Uint8Array[] = [];
      if (object !== null) for await (const piece of snapshot.content(object, options)) pieces.push(piece);
      return Buffer.concat(pieces);
    },
  };
}

/** Two contents, line by line where they are text. @throws KlosetError a content cannot be read */
export async function diffContents(before: ContentSide, after: ContentSide): Promise<ContentDiff> {
  if (before.sizeBytes > TEXT_LIMIT_BYTES || after.sizeBytes > TEXT_LIMIT_BYTES) return { kind: 'large' };
  const [a, b] = [await before.read(), await after.read()];
  if (isBinary(a) || isBinary(b)) return { kind: 'binary' };
  return { kind: 'text', lines: unifiedDiff({ name: before.name, content: a }, { name: after.name, content: b }) };
}
