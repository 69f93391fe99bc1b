import { byteName } from '@wardrobe/kloset-model';
import { KlosetError } from '../errors/errors.js';
import { childBatches, type ListingOptions, WHOLE_ENTRIES } from './children.js';
import type { SnapshotContext } from './context.js';
import { isDamaged } from './entry.js';
import { ListingsAhead } from './listings-ahead.js';
import { lookupEntry } from './lookup.js';
import type { Abortable } from './source.js';
import type { DamagedEntry, Entry, ListedEntry } from './types.js';

/**
 * `path` and everything below it in file order: a directory, then its children in byte order of the name, each followed by its own. Holds one listing a
 * level. A directory whose listing fails is followed by a `DamagedEntry` with its path and an empty name.
 * @throws NotFoundError no such path; what reading its own entry throws
 */
export async function* walkTree(context: SnapshotContext, path: Uint8Array, options: Abortable = {}): AsyncGenerator<Entry | DamagedEntry> {
  for await (const batch of walkBatches(context, path, { ...options, form: WHOLE_ENTRIES })) for (const entry of batch) yield entry;
}

/** The same, some at a time, in the form that is asked for. */
export async function* walkBatches<T extends ListedEntry>(context: SnapshotContext, path: Uint8Array, given: ListingOptions<T>): AsyncGenerator<Batch<T>> {
  const options = { ...given, ahead: new ListingsAhead(context) };
  const top = await lookupEntry(context, path, options);
  yield [top];
  if (top.type !== 'directory') return;
  const levels: Level<T>[] = [levelOf(context, top, options)];
  try {
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      if (level.at === level.batch.length) {
        options.signal?.throwIfAborted();
        const next = await level.batches.next();
        if (next.done === true) levels.pop();
        else Object.assign(level, { batch: next.value, at: 0 });
        continue;
      }
      const directory = level.batch.findIndex((child, at) => at >= (level as Level<T>).at && !isDamaged(child) && child.type === 'directory');
      const end = directory < 0 ? level.batch.length : directory + 1;
      yield level.batch.slice(level.at, end);
      level.at = end;
      if (directory >= 0) levels.push(levelOf(context, level.batch[directory] as T, options));
    }
  } finally {
    for (const level of levels) await level.batches.return(undefined);
  }
}

type Batch<T> = readonly (T | Entry | DamagedEntry)[];
/** A directory that is being walked: children read so far, and how many of them were handed out. */
type Level<T> = { batch: Batch<T>; at: number; readonly batches: AsyncGenerator<Batch<T>> };

function levelOf<T extends ListedEntry>(context: SnapshotContext, directory: ListedEntry, options: ListingOptions<T>): Level<T> {
  return { batch: [], at: 0, batches: safeBatches(context, directory, options) };
}

async function* safeBatches<T extends ListedEntry>(context: SnapshotContext, directory: ListedEntry, options: ListingOptions<T>): AsyncGenerator<Batch<T>> {
  try {
    yield* childBatches(context, directory.path.bytes, options);
  } catch (error) {
    if (!(error instanceof KlosetError)) throw error;
    yield [{ path: directory.path, name: byteName(new Uint8Array(0)), damaged: error }];
  }
}
