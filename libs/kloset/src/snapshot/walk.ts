import type { SnapshotContext } from './context.js';
import { childBatches } from './children.js';
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
  const levels: Level[] = [levelOf(context, top, options)];
  try {
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      const child = level.batch[level.at++];
      if (child === undefined) {
        options.signal?.throwIfAborted();
        const next = await level.batches.next();
        if (next.done === true) levels.pop();
        else Object.assign(level, { batch: next.value, at: 0 });
        continue;
      }
      yield child;
      if (!isDamaged(child) && child.type === 'directory') levels.push(levelOf(context, child, options));
    }
  } finally {
    for (const level of levels) await level.batches.return(undefined);
  }
}

type Batch = readonly (Entry | DamagedEntry)[];
/** A directory that is being walked: children read so far, and how many of them were handed out. */
type Level = { batch: Batch; at: number; readonly batches: AsyncGenerator<Batch> };

function levelOf(context: SnapshotContext, directory: Entry, options: Abortable): Level {
  return { batch: [], at: 0, batches: safeBatches(context, directory, options) };
}

async function* safeBatches(context: SnapshotContext, directory: Entry, options: Abortable): AsyncGenerator<Batch> {
  try {
    yield* childBatches(context, directory.path.bytes, options);
  } catch (error) {
    if (!(error instanceof KlosetError)) throw error;
    yield [{ path: directory.path, name: byteName(new Uint8Array(0)), damaged: error }];
  }
}
