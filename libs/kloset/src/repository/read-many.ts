import type { Mac } from '@wardrobe/kloset-model';
import { KlosetError } from '../errors/errors.js';
import { HEADER_BYTES } from '../format/envelope.js';
import type { ReadOptions } from '../store/store.js';
import { type FindLocations, type Location, openBlob, readBlob } from './blob-reader.js';
import type { Keys } from './keys.js';
import { GAP_BYTES, RANGE_BYTES, WINDOW_BYTES } from './limits.js';
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
 * Blobs in the order asked. Ids are taken in windows of bounded size; inside one, reads are grouped by packfile and neighbours joined. The next windows are
 * fetched while one is handed out, as many as the line wants under way. A blob that fails in its first place is tried in the others; its error takes its place.
 */
export async function* readMany(keys: Keys, request: ManyRequest, options: ReadOptions): AsyncGenerator<BlobResult> {
  const windows = splitWindows(keys, request);
  const underWay: UnderWay[] = [];
  const fill = (): void => {
    while (underWay.reduce((sum, { costBytes }) => sum + costBytes, 0) < keys.ranges.windows.aheadBytes) {
      const next = windows.next();
      if (next.done === true) return;
      const fetched = fetchWindow(keys, next.value.wanted, options);
      // The failure is met when the window's turn comes; until then it must not count as unhandled.
      fetched.catch(() => undefined);
      underWay.push({ fetched, costBytes: Math.max(LEAST_COST_BYTES, next.value.lengthBytes) });
    }
  };
  try {
    fill();
    for (let next = underWay[0]; next !== undefined; next = underWay[0]) {
      const window = await next.fetched;
      underWay.shift();
      fill();
      for (const wanted of window.wanted) yield await openWanted(keys, { type: request.type, wanted, stored: window.stored.get(wanted) }, options);
    }
  } finally {
    await Promise.allSettled(underWay.map(({ fetched }) => fetched));
  }
}

/**
 * Stored bytes of blobs by id, not to be changed, for who opens them elsewhere; read as `readMany` reads a window. Missing are those that cannot be read in
 * their first place, and those larger than a window: the ordinary way reads them, or says why not. Rejects only for the signal.
 */
export async function readStored(keys: Keys, request: ManyRequest, options: ReadOptions): Promise<ReadonlyMap<Mac, Uint8Array>> {
  const wanted = [...new Set(request.ids)].map((id) => ({ id, locations: request.find(request.type, id) }));
  const { stored } = await fetchWindow(keys, wanted, options);
  return new Map([...stored].map(([{ id }, bytes]) => [id, bytes]));
}

/** What a window costs at least, whatever it holds. */
const LEAST_COST_BYTES = 256 << 10;

type Split = { readonly wanted: readonly Wanted[]; readonly lengthBytes: number };
type UnderWay = { readonly fetched: Promise<Window>; readonly costBytes: number };

function* splitWindows(keys: Keys, request: ManyRequest): Generator<Split> {
  const { windowBytes, windowIds } = keys.ranges.windows;
  let wanted: Wanted[] = [];
  let bytes = 0;
  for (const id of request.ids) {
    const locations = request.find(request.type, id);
    const lengthBytes = locations[0]?.lengthBytes ?? 0;
    if (wanted.length > 0 && (wanted.length >= windowIds || bytes + lengthBytes > windowBytes)) {
      yield { wanted, lengthBytes: bytes };
      wanted = [];
      bytes = 0;
    }
    wanted.push({ id, locations });
    bytes += lengthBytes;
  }
  if (wanted.length > 0) yield { wanted, lengthBytes: bytes };
}

async function fetchWindow(keys: Keys, wanted: readonly Wanted[], options: ReadOptions): Promise<Window> {
  const stored = new Map<Wanted, Uint8Array>();
  for await (const { range, bytes } of parallel(joinRanges(wanted), keys.ranges.windows.parallelRanges, (range) => readRange(keys, range, options))) {
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
