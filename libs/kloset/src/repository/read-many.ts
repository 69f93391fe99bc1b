import type { Mac } from '@wardrobe/kloset-model';
import { KlosetError } from '../errors/errors.js';
import { HEADER_BYTES } from '../format/envelope.js';
import type { ReadOptions } from '../store/store.js';
import { type FindLocations, type Location, openBlob, readBlob } from './blob-reader.js';
import type { Keys } from './keys.js';
import { GAP_BYTES, PARALLEL_READS, RANGE_BYTES, WINDOW_BYTES, WINDOW_IDS } from './limits.js';
import { parallel } from './parallel.js';
import type { BlobResult } from './types.js';

export type ManyRequest = { readonly type: number; readonly ids: readonly Mac[]; readonly find: FindLocations };

type Wanted = { readonly id: Mac; readonly locations: readonly Location[] };
/** Neighbouring blobs of one packfile, read in one go. */
type Range = {
  readonly packfile: Location['packfile'];
  readonly start: number;
  end: number;
  readonly items: { readonly wanted: Wanted; readonly location: Location }[];
};
type Window = { readonly wanted: readonly Wanted[]; readonly stored: ReadonlyMap<Wanted, Uint8Array> };

/**
 * Blobs in the order asked. Ids are taken in windows of bounded size; inside one, reads are grouped by packfile and neighbours joined. The next window is
 * fetched while this one is handed out. A blob that fails in its first place is tried in the others; its error takes its place.
 */
export async function* readMany(keys: Keys, request: ManyRequest, options: ReadOptions): AsyncGenerator<BlobResult> {
  const windows = splitWindows(request);
  let next = startNext(keys, windows, options);
  try {
    while (next !== null) {
      const window: Window = await next;
      next = startNext(keys, windows, options);
      for (const wanted of window.wanted) yield await openWanted(keys, { type: request.type, wanted, stored: window.stored.get(wanted) }, options);
    }
  } finally {
    if (next !== null) await Promise.allSettled([next]);
  }
}

function startNext(keys: Keys, windows: Iterator<readonly Wanted[]>, options: ReadOptions): Promise<Window> | null {
  const wanted = windows.next();
  if (wanted.done === true) return null;
  const fetched = fetchWindow(keys, wanted.value, options);
  // The failure is met when the window's turn comes; until then it must not count as unhandled.
  fetched.catch(() => undefined);
  return fetched;
}

function* splitWindows(request: ManyRequest): Generator<readonly Wanted[]> {
  let window: Wanted[] = [];
  let bytes = 0;
  for (const id of request.ids) {
    const locations = request.find(request.type, id);
    const lengthBytes = locations[0]?.lengthBytes ?? 0;
    if (window.length > 0 && (window.length >= WINDOW_IDS || bytes + lengthBytes > WINDOW_BYTES)) {
      yield window;
      window = [];
      bytes = 0;
    }
    window.push({ id, locations });
    bytes += lengthBytes;
  }
  if (window.length > 0) yield window;
}

async function fetchWindow(keys: Keys, wanted: readonly Wanted[], options: ReadOptions): Promise<Window> {
  const stored = new Map<Wanted, Uint8Array>();
  for await (const { range, bytes } of parallel(joinRanges(wanted), PARALLEL_READS, (range) => readRange(keys, range, options))) {
    if (bytes === null) continue;
    for (const { wanted: item, location } of range.items)
      stored.set(item, bytes.subarray(location.offset - range.start, location.offset - range.start + location.lengthBytes));
  }
  return { wanted, stored };
}

/** Ranges over the first location of each blob, none much longer than `RANGE_BYTES` unless one blob is. A blob larger than a window is read alone, later. */
function joinRanges(wanted: readonly Wanted[]): readonly Range[] {
  const items = wanted.flatMap((item) => {
    const [location] = item.locations;
    return location === undefined || location.lengthBytes > WINDOW_BYTES ? [] : [{ wanted: item, location }];
  });
  items.sort((a, b) =>
    a.location.packfile < b.location.packfile ? -1 : a.location.packfile > b.location.packfile ? 1 : a.location.offset - b.location.offset,
  );
  const ranges: Range[] = [];
  for (const item of items) {
    const { packfile, offset, lengthBytes } = item.location;
    const last = ranges.at(-1);
    if (last !== undefined && last.packfile === packfile && offset - last.end <= GAP_BYTES && offset + lengthBytes - last.start <= RANGE_BYTES) {
      last.items.push(item);
      last.end = Math.max(last.end, offset + lengthBytes);
    } else {
      ranges.push({ packfile, start: offset, end: offset + lengthBytes, items: [item] });
    }
  }
  return ranges;
}

/** Null when the range cannot be read: its blobs are then tried one by one. */
async function readRange(keys: Keys, range: Range, options: ReadOptions): Promise<{ range: Range; bytes: Uint8Array | null }> {
  try {
    const { packfile, start, end } = range;
    return { range, bytes: await keys.ranges.read(packfile, { offset: start + HEADER_BYTES, lengthBytes: end - start }, options) };
  } catch (error) {
    if (options.signal?.aborted === true || !(error instanceof KlosetError)) throw error;
    return { range, bytes: null };
  }
}

async function openWanted(
  keys: Keys,
  item: { readonly type: number; readonly wanted: Wanted; readonly stored: Uint8Array | undefined },
  options: ReadOptions,
): Promise<BlobResult> {
  const { id, locations } = item.wanted;
  options.signal?.throwIfAborted();
  const opened = item.stored === undefined ? null : tryOpen(keys, { type: item.type, id }, item.stored);
  if (opened !== null) return { id, bytes: opened };
  try {
    return { id, bytes: await readBlob(keys, { type: item.type, id, locations }, options) };
  } catch (error) {
    if (options.signal?.aborted === true || !(error instanceof KlosetError)) throw error;
    return { id, error };
  }
}

/** Null when the bytes do not open: the caller then goes through all locations and gets the reason. */
function tryOpen(keys: Keys, blob: { readonly type: number; readonly id: Mac }, stored: Uint8Array): Uint8Array | null {
  try {
    return openBlob(keys, blob, stored);
  } catch (error) {
    if (error instanceof KlosetError) return null;
    throw error;
  }
}
