import { KlosetError } from '../../errors/errors.js';
import { HEADER_BYTES } from '../../format/envelope.js';
import { BLOB_LIMIT_BYTES, GAP_BYTES, PARALLEL_READS, RANGE_BYTES } from '../../repository/limits.js';
import { parallel } from '../../repository/parallel.js';
import type { BlobSource, Repository } from '../../repository/types.js';
import { isOfTheLine } from './line-failure.js';
import type { LiveBlobs, Place } from './live-blobs.js';

/** Where bytes come from: the store in long reads, and for what fails there every other copy, one by one. */
export type RowSource = {
  readonly repository: Pick<Repository, 'store' | 'openStored'>;
  readonly blobs: BlobSource;
  readonly signal: AbortSignal | undefined;
};

export type RowVisitor = {
  /** Decoded and verified. */
  readonly onBlob: (place: Place, bytes: Uint8Array) => void;
  readonly onError: (place: Place, error: KlosetError) => void;
};

type Range = { readonly start: number; end: number; readonly places: Place[] };

/** Copies of blobs, read in the order in which they lie and handed over in no order; neighbours are read in one go, and nothing is awaited for a single blob. */
export async function readRows(source: RowSource, rows: { readonly live: LiveBlobs; readonly handles: readonly number[] }, visitor: RowVisitor): Promise<void> {
  const places = rows.handles.map((handle) => rows.live.place(handle));
  places.sort((a, b) => a.ordinal - b.ordinal || a.offset - b.offset);
  for await (const { range, bytes } of parallel(joinRanges(places), PARALLEL_READS, (range) => readRange(source, range))) {
    source.signal?.throwIfAborted();
    for (const place of range.places) {
      const plain = bytes === null ? null : openAt(source, place, bytes.subarray(place.offset - range.start, place.offset - range.start + place.lengthBytes));
      if (plain !== null) visitor.onBlob(place, plain);
      else await readAnyCopy(source, place, visitor);
    }
  }
}

function* joinRanges(places: readonly Place[]): Generator<Range> {
  let current: Range | null = null;
  for (const place of places) {
    const isNeighbour =
      current !== null &&
      current.places[0]?.ordinal === place.ordinal &&
      place.offset - current.end <= GAP_BYTES &&
      place.offset + place.lengthBytes - current.start <= RANGE_BYTES;
    if (current !== null && isNeighbour) {
      current.places.push(place);
      current.end = Math.max(current.end, place.offset + place.lengthBytes);
      continue;
    }
    if (current !== null) yield current;
    current = { start: place.offset, end: place.offset + place.lengthBytes, places: [place] };
  }
  if (current !== null) yield current;
}

/** Null when the range cannot be read: its blobs are then tried one by one. */
async function readRange(source: RowSource, range: Range): Promise<{ readonly range: Range; readonly bytes: Uint8Array | null }> {
  const packfile = (range.places[0] as Place).packfile;
  const lengthBytes = range.end - range.start;
  if (lengthBytes > BLOB_LIMIT_BYTES) return { range, bytes: null };
  try {
    const bytes = await source.repository.store.readRange('packfile', packfile, range.start + HEADER_BYTES, lengthBytes, { signal: source.signal });
    return { range, bytes };
  } catch (error) {
    if (source.signal?.aborted === true || !(error instanceof KlosetError)) throw error;
    return { range, bytes: null };
  }
}

function openAt(source: RowSource, place: Place, stored: Uint8Array): Uint8Array | null {
  try {
    return source.repository.openStored(place, stored);
  } catch (error) {
    if (error instanceof KlosetError) return null;
    throw error;
  }
}

async function readAnyCopy(source: RowSource, place: Place, visitor: RowVisitor): Promise<void> {
  let bytes: Uint8Array;
  try {
    bytes = await source.blobs.get(place.type, place.id, { signal: source.signal });
  } catch (error) {
    if (source.signal?.aborted === true || !(error instanceof KlosetError) || isOfTheLine(error)) throw error;
    visitor.onError(place, error);
    return;
  }
  visitor.onBlob(place, bytes);
}
