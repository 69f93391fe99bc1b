import { isMac, type Mac } from '@wardrobe/kloset-model';
import { type ForeignFile, type ListedItem, type ResourceKind, StoreError } from '@wardrobe/store-connector';
import type { FileEntry } from 'ssh2';
import { BUCKETS, FOLDERS, isItemPath, itemPath, under } from './layout.js';
import type { Line } from './line.js';
import { attributesOrNull, entryAttributes, isFile, isFolder, type RemoteAttributes, readFolder, type Way } from './remote-file.js';
import type { Session } from './session.js';
import { requestError, STATUS, statusOf } from './sftp-errors.js';
import { inParallel } from './slots.js';

/** A store's root on the server, with the line to it and the signal of one call. */
export type ListingInput = { readonly session: Session; readonly root: string; readonly signal: AbortSignal | undefined };

type Found = { readonly id: Mac; readonly bucket: string; readonly attributes: RemoteAttributes };

/** A store is three levels deep; a foreign folder is named but not searched further than this. */
const MAX_DEPTH = 4;
const STATS_AHEAD = 64;
/** Folders that are opened at once where the server does not say how many it keeps: most keep as many as they are asked for. */
const HANDLES = 320;
const FOREIGN_HANDLES = 64;

/** Items of a flat folder; one that is not there holds none. */
export async function* listFlat(input: ListingInput, folder: string): AsyncIterable<ListedItem> {
  for (const found of await itemsOf(input, folder)) yield listed(found.id, found.attributes);
}

/**
 * Items of all buckets. The 256 buckets are asked for by name, all at once as far as the server keeps so many open, while the folder above them tells
 * which other folders there are. `misplaced` is given the items in a bucket that is not theirs, by path, once all were read.
 */
export async function* listBuckets(input: ListingInput, kind: ResourceKind, misplaced: (found: ReadonlyMap<Mac, string>) => void): AsyncIterable<ListedItem> {
  const above = under(input.root, FOLDERS[kind]);
  const namesAbove = (): Promise<readonly FileEntry[] | null> => requested(input, above, (way) => readFolder(way, above));
  const names = unlessRefused(namesAbove());
  // Awaited below; the buckets may fail first.
  names.catch(() => undefined);
  const elsewhere = new Map<Mac, Found & { readonly path: string }>();
  const keep = (found: Found) => {
    if (!elsewhere.has(found.id)) elsewhere.set(found.id, { ...found, path: under(above, found.bucket, found.id) });
  };
  for await (const items of bucketsOf(input, above)) {
    for (const found of items) {
      if (found.id.startsWith(found.bucket)) yield listed(found.id, found.attributes);
      else keep(found);
    }
  }
  const named = await names;
  const entries = named === REFUSED ? await namesAbove() : named;
  if (entries === null) throw new StoreError(`the folder ${above} of the store is not there`, { retryable: true });
  for (const entry of entries) {
    if (BUCKETS.includes(entry.filename) || !(await isFolderEntry(input, above, entry))) continue;
    for (const found of await itemsOf(input, under(above, entry.filename), entry.filename)) keep(found);
  }
  misplaced(new Map([...elsewhere].map(([id, { path }]) => [id, path])));
  for (const [id, { attributes }] of elsewhere) {
    const own = itemPath(input.root, kind, id);
    const placed = await requested(input, own, (way) => attributesOrNull(way, own));
    if (placed === null || !isFile(placed)) yield listed(id, attributes);
  }
}

const REFUSED = Symbol('refused');

/** The server's refusal of one folder as a value: it may not keep so many open at a time. */
async function unlessRefused<T>(listing: Promise<T>): Promise<T | typeof REFUSED> {
  try {
    return await listing;
  } catch (error) {
    if (!(error instanceof StoreError) || error.fault !== 'server') throw error;
    return REFUSED;
  }
}

/** What lies in each bucket. Those that the server refuses are asked for again, few at a time: it may not keep so many folders open. */
async function* bucketsOf(input: ListingInput, above: string): AsyncIterable<readonly Found[]> {
  const handles = async (): Promise<number> => (await input.session.run(async (line) => line.maxHandles, input.signal)) ?? HANDLES;
  const refused: string[] = [];
  const itemsIn = async (bucket: string): Promise<readonly Found[]> => {
    const items = await unlessRefused(itemsOf(input, under(above, bucket), bucket));
    if (items !== REFUSED) return items;
    refused.push(bucket);
    return [];
  };
  yield* inParallel(BUCKETS, (await handles()) - 1, itemsIn);
  if (refused.length === 0) return;
  await input.session.run(async (line) => line.refusedHandle(), input.signal);
  yield* inParallel(refused, (await handles()) - 1, (bucket) => itemsOf(input, under(above, bucket), bucket));
}

/** Files that are no items: leftovers, foreign names, items in a bucket that is not theirs. Paths are relative to the root. */
export async function* listForeignFiles(input: ListingInput): AsyncIterable<ForeignFile> {
  const maxHandles = (await input.session.run(async (line) => line.maxHandles, input.signal)) ?? FOREIGN_HANDLES;
  let level: readonly (readonly string[])[] = [[]];
  while (level.length > 0) {
    const next: (readonly string[])[] = [];
    const read = (parts: readonly string[]) => foreignIn(input, parts);
    for await (const { files, folders } of inParallel(level, maxHandles, read)) {
      yield* files;
      next.push(...folders);
    }
    level = next;
  }
}

type Level = { readonly files: readonly ForeignFile[]; readonly folders: readonly (readonly string[])[] };

async function foreignIn(input: ListingInput, parts: readonly string[]): Promise<Level> {
  const path = parts.length === 0 ? input.root : under(input.root, ...parts);
  const files: ForeignFile[] = [];
  const folders: (readonly string[])[] = [];
  const entries = (await requested(input, path, (way) => readFolder(way, path))) ?? [];
  for (const entry of entries) {
    const attributes = await described(input, path, entry);
    const found = [...parts, entry.filename];
    if (attributes === null) continue;
    if (isFolder(attributes) && found.length < MAX_DEPTH) folders.push(found);
    else if (!isFile(attributes) || !isItemPath(found)) files.push({ path: found.join('/'), sizeBytes: attributes.size });
  }
  return { files, folders };
}

/** Regular files with the name of an item. A bucket that is not there, or is none, holds none. */
async function itemsOf(input: ListingInput, folder: string, bucket = ''): Promise<readonly Found[]> {
  const entries = await requested(input, folder, async (way) => {
    try {
      return await readFolder(way, folder);
    } catch (error) {
      if (statusOf(error) === STATUS.failure && (await isNoFolder(way, folder))) return null;
      throw error;
    }
  });
  const found: Found[] = [];
  const named = (entries ?? []).filter((entry) => isMac(entry.filename));
  for await (const item of inParallel(named, STATS_AHEAD, async (entry) => ({ entry, attributes: await described(input, folder, entry) }))) {
    if (item.attributes !== null && isFile(item.attributes)) found.push({ id: item.entry.filename as Mac, bucket, attributes: item.attributes });
  }
  return found;
}

async function isNoFolder(way: Way, path: string): Promise<boolean> {
  const found = await attributesOrNull(way, path);
  return found !== null && !isFolder(found);
}

async function isFolderEntry(input: ListingInput, folder: string, entry: FileEntry): Promise<boolean> {
  const attributes = await described(input, folder, entry);
  return attributes !== null && isFolder(attributes);
}

/** Mostly told by the listing itself. */
function described(input: ListingInput, folder: string, entry: FileEntry): Promise<RemoteAttributes | null> {
  const known: Partial<RemoteAttributes> = entry.attrs;
  if (known.mode !== undefined && known.size !== undefined) return Promise.resolve(entry.attrs);
  return requested(input, folder, (way) => entryAttributes(way, folder, entry));
}

async function requested<T>({ session, signal }: ListingInput, what: string, work: (way: Way) => Promise<T>): Promise<T> {
  try {
    return await session.run((line: Line) => work({ line, signal }), signal);
  } catch (error) {
    throw requestError(error, what, 'read');
  }
}

/** Times have whole seconds here: bytes replaced by as many within one second keep the stamp. */
function listed(id: Mac, { size, mtime }: RemoteAttributes): ListedItem {
  return { id, sizeBytes: size, stamp: `${size}.${mtime}` };
}
