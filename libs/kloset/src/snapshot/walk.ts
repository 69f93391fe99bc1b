import type { SnapshotContext } from './context.js';
import { listChildren } from './children.js';
import { isDamaged } from './entry.js';
import { lookupEntry } from './lookup.js';
import { byteName } from '@wardrobe/kloset-model';
import { KlosetError } from '../errors/errors.js';
import type { Abortable } from './source.js';
import type { DamagedEntry, Entry } from './types.js';

/**
 * `path` and everything below it in file order: a directory, then its children in byte order of the name, each followed by its own. Holds one listing a
 * level. A directory whose listing fails is followed by a `DamagedEntry` with its path and an empty name.
 * @throws NotFoundError no such path; what reading its own entry throws
 */
export async function* walkTree(context: SnapshotContext, path: Uint8Array, options: Abortable = {}): AsyncGenerator<Entry | DamagedEntry> {
  const top = await lookupEntry(context, path, options);
  yield top;
  if (top.type !== 'directory') return;
  const levels = [{ directory: top, children: safeChildren(context, top, options) }];
  try {
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      options.signal?.throwIfAborted();
      const next = await level.children.next();
      if (next.done === true) {
        levels.pop();
        continue;
      }
      yield next.value;
      if (!isDamaged(next.value) && next.value.type === 'directory')
        levels.push({ directory: next.value, children: safeChildren(context, next.value, options) });
    }
  } finally {
    for (const level of levels) await level.children.return(undefined);
  }
}

async function* safeChildren(context: SnapshotContext, directory: Entry, options: Abortable): AsyncGenerator<Entry | DamagedEntry> {
  try {
    yield* listChildren(context, directory.path.bytes, options);
  } catch (error) {
    if (!(error instanceof KlosetError)) throw error;
    yield { path: directory.path, name: byteName(new Uint8Array(0)), damaged: error };
  }
}
