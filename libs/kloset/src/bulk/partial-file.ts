import { constants, ftruncateSync, linkSync, lstatSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { errnoOf } from './local-error.js';
import { dataRuns } from './sparse.js';

/** How a file is made that gets its name later. */
export const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
export const PARTIAL_PREFIX = '.wardrobe-partial-';

export const CANNOT_LINK: ReadonlySet<string | null> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** Writes a piece of a file at its place, long runs of zeros left out; the place behind what was written last, or `writtenTo` when all was left out. */
export function writePiece(fd: number, piece: Uint8Array, { position, writtenTo }: { readonly position: number; readonly writtenTo: number }): number {
  let behind = writtenTo;
  for (const [start, end] of dataRuns(piece, position)) {
    for (let at = start; at < end; ) at += writeSync(fd, piece, at, end - at, position + at);
    behind = position + end;
  }
  return behind;
}

/** The whole of a small file. */
export function writeWhole(fd: number, content: Uint8Array): void {
  if (writePiece(fd, content, { position: 0, writtenTo: 0 }) < content.length) ftruncateSync(fd, content.length);
}

/**
 * Gives a file that has one name only its final one. Without leave to replace a hard link is made first: unlike renaming it fails when the name is taken.
 * @throws errno errors
 */
export function giveNameSync(partial: Buffer, final: Buffer, mayReplace: boolean): void {
  if (mayReplace) {
    renameSync(partial, final);
    return;
  }
  try {
    linkSync(partial, final);
  } catch (error) {
    if (!CANNOT_LINK.has(errnoOf(error)) || lstatSync(final, { throwIfNoEntry: false }) !== undefined) throw error;
    renameSync(partial, final);
    return;
  }
  unlinkSync(partial);
}

/** @returns true, for it is gone. @throws errno errors */
export function removeIfThereSync(path: Buffer): true {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  return true;
}
