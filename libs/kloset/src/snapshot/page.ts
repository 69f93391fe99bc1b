import { byteName, cleanPath, compareBytes, type Mac, percentEncodeName, percentEncodePath } from '@wardrobe/kloset-model';
import { InvalidInputError, KlosetError } from '../errors/errors.js';
import { expectDirectory, namedChildren, readChildren } from './children.js';
import { findDirpack, type SnapshotContext } from './context.js';
import { createFrameReader, type DirpackFrame, dirpackFrameAt, dirpackFrames, readFrame } from './dirpack.js';
import { FramePositions } from './frame-positions.js';
import type { Abortable } from './source.js';
import { countChildren } from './summary.js';
import type { DamagedEntry, DirectoryPage, Entry, ObjectInfo } from './types.js';

export type PageOptions = Abortable & { readonly offset?: number; readonly afterName?: Uint8Array; readonly limit: number };

/** Most entries of one page. */
const MAX_LIMIT = 10_000;
/** Directories whose listing is remembered, and names in each whose place is. */
const REMEMBERED_DIRECTORIES = 16;
const REMEMBERED_NAMES = 256;

type OpenDirectory = {
  readonly pack: ObjectInfo;
  readonly positions: FramePositions /** Place after a page's last name. */;
  readonly places: Map<string, number>;
  total: number | null;
};

/** Reads directories a page at a time and remembers where the frames of the last ones lie. */
export interface PageReader {
  page(path: Uint8Array, options: PageOptions): Promise<DirectoryPage>;
}

/**
 * Pages from the packed listing read the frames up to the page once, and later none but the page's own; where the listing is absent or fails, the tree is
 * asked. `nextCursor` is the last name, percent-encoded: `percentDecode(nextCursor)` is the next `afterName`.
 */
export function createPageReader(context: SnapshotContext): PageReader {
  const open = new Map<string, OpenDirectory>();
  return {
    async page(rawPath, options) {
      const directory = cleanPath(rawPath);
      checkPage(options);
      try {
        const opened = await openDirectory(context, { open, directory }, options);
        if (opened !== null) return await packedPage(context, { directory, opened }, options);
      } catch (error) {
        if (!(error instanceof KlosetError)) throw error;
        open.delete(percentEncodePath(directory));
      }
      return treePage(context, directory, options);
    },
  };
}

function checkPage(options: PageOptions): void {
  const isPlace = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
  if (!isPlace(options.limit) || options.limit === 0 || options.limit > MAX_LIMIT)
    throw new InvalidInputError(`a page of ${options.limit} entries; 1 to ${MAX_LIMIT} are possible`);
  if (!isPlace(options.offset ?? 0)) throw new InvalidInputError(`a page at offset ${options.offset}`);
}

async function openDirectory(
  context: SnapshotContext,
  place: { readonly open: Map<string, OpenDirectory>; readonly directory: Uint8Array },
  options: Abortable,
): Promise<OpenDirectory | null> {
  const key = percentEncodePath(place.directory);
  const known = place.open.get(key);
  if (known !== undefined) {
    place.open.delete(key);
    place.open.set(key, known);
    return known;
  }
  const pack = await findDirpack(context, place.directory, options);
  if (pack === null) return null;
  const opened: OpenDirectory = { pack, positions: new FramePositions(), places: new Map(), total: await countChildren(context, place.directory, options) };
  place.open.set(key, opened);
  if (place.open.size > REMEMBERED_DIRECTORIES)
    for (const oldest of place.open.keys()) {
      place.open.delete(oldest);
      break;
    }
  return opened;
}

async function packedPage(
  context: SnapshotContext,
  place: { readonly directory: Uint8Array; readonly opened: OpenDirectory },
  options: PageOptions,
): Promise<DirectoryPage> {
  const { opened } = place;
  const first =
    options.afterName === undefined ? (options.offset ?? 0) : await placeAfter(context, opened, { name: options.afterName, signal: options.signal });
  const reader = createFrameReader(context, place.directory);
  const entries: Entry[] = [];
  let end = 0;
  for await (const { frame, index } of framesFrom(context, opened, { index: first, signal: options.signal })) {
    if (index < first) continue;
    entries.push(reader.read(frame));
    end = frame.end;
    if (entries.length === options.limit) break;
  }
  const last = entries.at(-1);
  const hasMore = last !== undefined && end < opened.pack.sizeBytes;
  if (last !== undefined) rememberPlace(opened, last.name.bytes, first + entries.length);
  const total = opened.positions.isComplete ? opened.positions.count : opened.total;
  return { entries, total, nextCursor: hasMore ? percentEncodeName(last.name.bytes) : null };
}

/** Frames with their numbers, from the last known place not behind `index` on; what is passed over is remembered. */
async function* framesFrom(
  context: SnapshotContext,
  opened: OpenDirectory,
  from: { readonly index: number; readonly signal: AbortSignal | undefined },
): AsyncGenerator<{ readonly frame: DirpackFrame; readonly index: number }> {
  const { positions, pack } = opened;
  const isKnown = from.index < positions.count;
  let index = isKnown ? from.index : positions.count;
  const start = isKnown ? positions.at(index) : positions.nextByte;
  for await (const frames of dirpackFrames(context, pack, { from: start, signal: from.signal })) {
    for (const frame of frames) positions.add(frame);
    if (positions.nextByte >= pack.sizeBytes) positions.isComplete = true;
    for (const frame of frames) yield { frame, index: index++ };
  }
  if (positions.nextByte >= pack.sizeBytes) positions.isComplete = true;
}

/** Number of the first frame whose name comes after `name`: the places of all frames once, then a binary search among them. */
async function placeAfter(
  context: SnapshotContext,
  opened: OpenDirectory,
  after: { readonly name: Uint8Array; readonly signal: AbortSignal | undefined },
): Promise<number> {
  const { positions, pack } = opened;
  const known = opened.places.get(percentEncodeName(after.name));
  if (known !== undefined) return known;
  while (!positions.isComplete) for await (const _frame of framesFrom(context, opened, { index: positions.count, signal: after.signal }));
  let low = 0;
  let high = positions.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const end = middle + 1 < positions.count ? positions.at(middle + 1) : pack.sizeBytes;
    const frame = await dirpackFrameAt(context, pack, { start: positions.at(middle), end, signal: after.signal });
    if (compareBytes(readFrame(context, frame).name.bytes, after.name) > 0) high = middle;
    else low = middle + 1;
  }
  return low;
}

function rememberPlace(opened: OpenDirectory, name: Uint8Array, place: number): void {
  opened.places.set(percentEncodeName(name), place);
  if (opened.places.size > REMEMBERED_NAMES)
    for (const oldest of opened.places.keys()) {
      opened.places.delete(oldest);
      break;
    }
}

async function treePage(context: SnapshotContext, directory: Uint8Array, options: PageOptions): Promise<DirectoryPage> {
  const offset = options.afterName === undefined ? (options.offset ?? 0) : 0;
  const named: { readonly path: Uint8Array; readonly mac: Mac }[] = [];
  const gaps: DamagedEntry[] = [];
  let passed = 0;
  let hasMore = false;
  for await (const child of namedChildren(context, directory, { after: options.afterName ?? null, signal: options.signal })) {
    if ('gap' in child) gaps.push({ path: byteName(directory), name: byteName(new Uint8Array(0)), damaged: child.gap });
    else if (passed < offset) passed += 1;
    else if (named.length === options.limit) {
      hasMore = true;
      break;
    } else named.push(child);
  }
  if (named.length === 0 && gaps.length === 0 && passed === 0 && options.afterName === undefined) await expectDirectory(context, directory, options);
  const entries: (Entry | DamagedEntry)[] = [];
  for await (const entry of readChildren(context, named, options)) entries.push(entry);
  const last = entries.at(-1);
  const isWhole = !hasMore && gaps.length === 0 && options.afterName === undefined;
  const total = isWhole ? passed + named.length : await countChildren(context, directory, options);
  return { entries: [...entries, ...gaps], total, nextCursor: hasMore && last !== undefined ? percentEncodeName(last.name.bytes) : null };
}
