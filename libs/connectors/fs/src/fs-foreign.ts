import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isMac } from '@wardrobe/kloset-model';
import type { ForeignFile, ReadOptions } from '@wardrobe/store-connector';
import { errorCode, storeError } from './fs-errors.js';

const BUCKETED = new Set(['packfiles', 'states']);
/** A store is three levels deep; a foreign folder is named but not searched further than this. */
const MAX_DEPTH = 4;

/** Files that are no items: leftovers `tmp.*`, foreign names, items in a bucket that is not theirs. Paths are relative, with `/`. */
export async function* listForeignFiles(root: string, options: ReadOptions): AsyncIterable<ForeignFile> {
  const folders: string[][] = [[]];
  for (let parts = folders.pop(); parts !== undefined; parts = folders.pop()) {
    options.signal?.throwIfAborted();
    for (const entry of await readFolder(join(root, ...parts), options)) {
      const path = [...parts, entry.name];
      if (entry.isDirectory() && path.length < MAX_DEPTH) folders.push(path);
      else if (!isItem(path, entry)) yield { path: path.join('/'), sizeBytes: await sizeOf(join(root, ...path), options) };
    }
  }
}

function isItem(path: readonly string[], entry: Dirent): boolean {
  if (!entry.isFile()) return false;
  const [kind, second, third] = path;
  if (path.length === 1) return kind === 'CONFIG';
  if (path.length === 2) return kind === 'locks' && isMac(second ?? '');
  return path.length === 3 && BUCKETED.has(kind ?? '') && isMac(third ?? '') && third?.slice(0, 2) === second;
}

async function readFolder(folder: string, options: ReadOptions): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw storeError(error, folder, options.signal);
  }
}

async function sizeOf(path: string, options: ReadOptions): Promise<number> {
  try {
    return (await lstat(path)).size;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 0;
    throw storeError(error, path, options.signal);
  }
}
