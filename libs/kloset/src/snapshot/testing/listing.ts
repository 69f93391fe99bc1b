import { isDamaged } from '../entry.js';
import type { DamagedEntry, ListedEntry, Snapshot } from '../types.js';

/** What `ls` shows, as plain values: lines of whole entries and of listed ones can be compared. */
export function shown(entry: ListedEntry | DamagedEntry): Record<string, unknown> {
  const { path, name } = entry;
  const names = { path: path.text, pathBytes: Buffer.from(path.bytes).toString('hex'), name: name.text, nameBytes: Buffer.from(name.bytes).toString('hex') };
  if (isDamaged(entry)) return { ...names, damaged: entry.damaged.message };
  const { type, goMode, user, group, sizeBytes, mtimeNs, symlinkTarget } = entry;
  return { ...names, type, goMode, user, group, sizeBytes, mtimeNs, target: symlinkTarget === null ? null : Buffer.from(symlinkTarget.bytes).toString('hex') };
}

/** Every listed entry, put into plain values when it came. */
export async function listedLines(snapshot: Snapshot, path: Uint8Array, recursive: boolean): Promise<Record<string, unknown>[]> {
  const lines: Record<string, unknown>[] = [];
  for await (const batch of snapshot.listing(path, { recursive })) lines.push(...batch.map(shown));
  return lines;
}

/** The same from whole entries. */
export async function walkedLines(snapshot: Snapshot, path: Uint8Array, recursive: boolean): Promise<Record<string, unknown>[]> {
  const lines: Record<string, unknown>[] = [];
  for await (const entry of recursive ? snapshot.walk(path) : snapshot.children(path)) lines.push(shown(entry));
  return lines;
}
