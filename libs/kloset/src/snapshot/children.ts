import { byteName, cleanPath, concatBytes, equalBytes, type Mac, nameText, SLASH, startsWithBytes } from '@wardrobe/kloset-model';
import { scanTree } from '../btree/scan.js';
import { PATH_ORDER } from '../btree/tree.js';
import { InvalidInputError, KlosetError } from '../errors/errors.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import { findDirpack, type SnapshotContext } from './context.js';
import { createFrameReader, type DirpackFrame, dirpackFrames, type FrameReader } from './dirpack.js';
import { expectPath, isRootPath, readEntry } from './entry.js';
import { lookupEntry, recoverEntry } from './lookup.js';
import type { Abortable } from './source.js';
import type { ListingsAhead } from './listings-ahead.js';
import type { DamagedEntry, Entry, ListedEntry } from './types.js';

/** Entries fetched at a time when a listing comes from the tree. */
const ENTRIES_PER_READ = 128;

/**
 * Children in byte order of the name. The packed listing comes first; where it is absent, damaged or not a listing of this directory, the tree goes on
 * after the last good name. Names whose record nothing holds come as `DamagedEntry`; a tree node that cannot be read comes as one with the directory's
 * own path and an empty name: unknown many names are missing there.
 * @throws NotFoundError no such path; InvalidInputError not a directory
 */
export async function* listChildren(context: SnapshotContext, rawPath: Uint8Array, options: Abortable = {}): AsyncGenerator<Entry | DamagedEntry> {
  for await (const batch of childBatches(context, rawPath, { ...options, form: WHOLE_ENTRIES })) for (const child of batch) yield child;
}

/** How much is read of the entries in packed listings; the tree gives whole ones. */
export type EntryForm<T> = { reader(context: SnapshotContext, directory: Uint8Array): FrameReader<T> };
export const WHOLE_ENTRIES: EntryForm<Entry> = { reader: createFrameReader };
export type ListingOptions<T> = Abortable & { readonly form: EntryForm<T>; readonly ahead?: ListingsAhead };

/** The same, some at a time: every step of an asynchronous generator costs about as much as an entry. */
export async function* childBatches<T extends ListedEntry>(
  context: SnapshotContext,
  rawPath: Uint8Array,
  options: ListingOptions<T>,
): AsyncGenerator<readonly (T | Entry | DamagedEntry)[]> {
  const directory = cleanPath(rawPath);
  const pack = yield* packedChildren(context, directory, options);
  if (pack.complete) return;
  let isEmpty = pack.lastName === null;
  for await (const child of treeChildren(context, directory, { after: pack.lastName, signal: options.signal })) {
    isEmpty = false;
    yield [child];
  }
  if (isEmpty) await expectDirectory(context, directory, options);
}

/** Entries of a packed listing that are decoded together. */
const FRAMES_PER_BATCH = 256;

async function* packedChildren<T extends ListedEntry>(
  context: SnapshotContext,
  directory: Uint8Array,
  options: ListingOptions<T>,
): AsyncGenerator<readonly T[], { readonly complete: boolean; readonly lastName: Uint8Array | null }> {
  let lastName: Uint8Array | null = null;
  try {
    const pack = await (options.ahead?.find(directory, options) ?? findDirpack(context, directory, options));
    if (pack === null) return { complete: false, lastName };
    const reader = options.form.reader(context, directory);
    for await (const frames of dirpackFrames(context, pack, options)) {
      for (let first = 0; first < frames.length; first += FRAMES_PER_BATCH) {
        const { entries, failure } = readFrames(reader, frames.slice(first, first + FRAMES_PER_BATCH));
        if (entries.length > 0) yield entries;
        lastName = entries.at(-1)?.name.bytes ?? lastName;
        if (failure !== null) throw failure;
      }
    }
    options.ahead?.done(pack);
    return { complete: true, lastName };
  } catch (error) {
    // Not lost: the tree lists the same directory. `check` reports the damaged listing.
    if (error instanceof KlosetError) return { complete: false, lastName };
    throw error;
  }
}

/** Entries up to the first that cannot be read. */
function readFrames<T>(reader: FrameReader<T>, frames: readonly DirpackFrame[]): { readonly entries: readonly T[]; readonly failure: KlosetError | null } {
  const entries: T[] = [];
  try {
    for (const frame of frames) entries.push(reader.read(frame));
    return { entries, failure: null };
  } catch (error) {
    if (!(error instanceof KlosetError)) throw error;
    return { entries, failure: error };
  }
}

/** @throws NotFoundError no such path; InvalidInputError not a directory */
export async function expectDirectory(context: SnapshotContext, directory: Uint8Array, options: Abortable = {}): Promise<void> {
  const entry = await lookupEntry(context, directory, options);
  if (entry.type !== 'directory') throw new InvalidInputError(`${nameText(directory)} is not a directory`);
}

/** A child as the tree names it, its record not read; or a node of the tree that cannot be read. */
export type NamedChild = { readonly path: Uint8Array; readonly mac: Mac } | { readonly gap: KlosetError };

/** Children of a clean directory as the tree names them, in order. @source 02-snapshot 2.5 */
export async function* namedChildren(
  context: SnapshotContext,
  directory: Uint8Array,
  options: Abortable & { readonly after?: Uint8Array | null } = {},
): AsyncGenerator<NamedChild> {
  const prefix = isRootPath(directory) ? directory : concatBytes(directory, Uint8Array.of(SLASH));
  const after = options.after ?? null;
  const from = after === null ? prefix : concatBytes(prefix, after);
  const isChild = (key: Uint8Array): boolean => startsWithBytes(key, prefix) && key.indexOf(SLASH, prefix.length) < 0;
  for await (const item of scanTree(await context.files(), { from, signal: options.signal })) {
    if ('error' in item) {
      const isPast = item.from !== null && PATH_ORDER(item.from, prefix) > 0 && !isChild(item.from);
      if (isPast) return;
      yield { gap: item.error };
      continue;
    }
    if (equalBytes(item.key, prefix) || (after !== null && equalBytes(item.key, from))) continue;
    if (!isChild(item.key)) return;
    yield { path: item.key, mac: item.value };
  }
}

/** Children from the tree alone, their records fetched in groups. */
export async function* treeChildren(
  context: SnapshotContext,
  directory: Uint8Array,
  options: Abortable & { readonly after?: Uint8Array | null } = {},
): AsyncGenerator<Entry | DamagedEntry> {
  let batch: { readonly path: Uint8Array; readonly mac: Mac }[] = [];
  for await (const child of namedChildren(context, directory, options)) {
    if ('gap' in child) {
      yield* readChildren(context, batch, options);
      batch = [];
      yield { path: byteName(directory), name: byteName(new Uint8Array(0)), damaged: child.gap };
      continue;
    }
    batch.push(child);
    if (batch.length < ENTRIES_PER_READ) continue;
    yield* readChildren(context, batch, options);
    batch = [];
  }
  yield* readChildren(context, batch, options);
}

/** The entries of named children in order; a blob that is absent or damaged is looked for in the packed listing. */
export async function* readChildren(
  context: SnapshotContext,
  named: readonly { readonly path: Uint8Array; readonly mac: Mac }[],
  options: Abortable,
): AsyncGenerator<Entry | DamagedEntry> {
  if (named.length === 0) return;
  let next = 0;
  for await (const got of context.source.getMany(
    SNAPSHOT_BLOB.vfsEntry,
    named.map((child) => child.mac),
    options,
  )) {
    const child = named[next++];
    if (child === undefined) return;
    yield 'error' in got ? await recovered(context, { ...child, error: got.error }, options) : await decoded(context, { ...child, bytes: got.bytes }, options);
  }
}

async function decoded(
  context: SnapshotContext,
  child: { readonly path: Uint8Array; readonly mac: Mac; readonly bytes: Uint8Array },
  options: Abortable,
): Promise<Entry | DamagedEntry> {
  try {
    return expectPath(readEntry(child.bytes, child.mac), child.path);
  } catch (error) {
    if (!(error instanceof KlosetError)) throw error;
    return recovered(context, { ...child, error }, options);
  }
}

async function recovered(
  context: SnapshotContext,
  child: { readonly path: Uint8Array; readonly mac: Mac; readonly error: KlosetError },
  options: Abortable,
): Promise<Entry | DamagedEntry> {
  const entry = await recoverEntry(context, child, options);
  const name = child.path.subarray(child.path.lastIndexOf(SLASH) + 1);
  return entry ?? { path: byteName(child.path), name: byteName(name), damaged: child.error };
}
