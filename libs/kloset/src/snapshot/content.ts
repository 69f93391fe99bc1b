import { type Mac, nameText } from '@wardrobe/kloset-model';
import { decode } from '../codec/codec.js';
import { IntegrityError, InvalidInputError, KlosetError, TooLargeError } from '../errors/errors.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import { object, type ObjectRecord } from '../format/snapshot-object.js';
import type { BlobResult } from '../repository/types.js';
import { type Abortable, readRecord, type SnapshotSource } from './source.js';
import type { ChunkInfo, ObjectInfo } from './types.js';

/** Chunks asked for at a time, and their bytes: the source reads neighbours in one go, and holds what its windows hold. */
const CHUNKS_PER_READ = 1024;
const BYTES_PER_READ = 256 << 20;

/** @throws NotFoundError, IntegrityError, DecodeError; TooLargeError sizes beyond 2^53 */
export async function readObject(source: SnapshotSource, id: Mac, options: Abortable = {}): Promise<ObjectInfo> {
  return toObject(await readRecord(source, { type: SNAPSHOT_BLOB.object, id, codec: object }, options), id);
}

/** Objects that are asked for together, each once, or why one cannot be had. */
export async function readObjects(source: SnapshotSource, ids: readonly Mac[], options: Abortable): Promise<ReadonlyMap<Mac, ObjectInfo | KlosetError>> {
  const objects = new Map<Mac, ObjectInfo | KlosetError>();
  for await (const got of source.getMany(SNAPSHOT_BLOB.object, [...new Set(ids)], options)) objects.set(got.id, objectOf(got));
  return objects;
}

/** The object in what was read, or what is wrong with it. */
export function objectOf(got: BlobResult): ObjectInfo | KlosetError {
  if ('error' in got) return got.error;
  try {
    return decodeObject(got.bytes, got.id);
  } catch (error) {
    if (error instanceof KlosetError) return error;
    throw error;
  }
}

/** @throws DecodeError; TooLargeError sizes beyond 2^53 */
export function decodeObject(bytes: Uint8Array, id: Mac): ObjectInfo {
  return toObject(decode(object, bytes, { kind: 'object', file: id }), id);
}

export function toObject(record: ObjectRecord, id: Mac): ObjectInfo {
  let sizeBytes = 0;
  const chunks = (record.chunks ?? []).map((chunk): ChunkInfo => {
    sizeBytes += chunk.length;
    return { mac: chunk.contentMAC, lengthBytes: chunk.length, entropy: chunk.entropy };
  });
  if (!Number.isSafeInteger(sizeBytes)) throw new TooLargeError(`object ${id}`, sizeBytes, Number.MAX_SAFE_INTEGER);
  return { mac: id, contentMac: record.contentMAC, chunks, contentType: nameText(record.content_type), entropy: record.entropy, sizeBytes };
}

/**
 * Bytes [start, end) of a content in order, one piece a chunk. Every chunk is proven by its MAC and length. Read from 0 to the end the whole is proven
 * too, and the last piece is held back until then: whoever got every piece has the right content.
 * @throws NotFoundError, IntegrityError, DecodeError, StoreError; InvalidInputError a range outside the content
 */
export async function* readContent(
  source: SnapshotSource,
  content: ObjectInfo,
  options: Abortable & { readonly start?: number; readonly end?: number } = {},
): AsyncGenerator<Uint8Array> {
  const start = options.start ?? 0;
  const end = options.end ?? content.sizeBytes;
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start || end > content.sizeBytes) {
    throw new InvalidInputError(`bytes ${start} to ${end} of a content of ${content.sizeBytes}`);
  }
  const pieces = readPieces(source, content, { start, end, signal: options.signal });
  if (start === 0 && end === content.sizeBytes) yield* provenWhole(source, content, pieces);
  else yield* pieces;
}

async function* provenWhole(source: SnapshotSource, content: ObjectInfo, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  // The MAC of one chunk is the MAC of the whole when there are no others: proven already.
  const filled = content.chunks.filter((chunk) => chunk.lengthBytes > 0);
  const hash = filled.length === 1 && filled[0]?.mac === content.contentMac ? null : source.createMac();
  let held: Uint8Array | null = null;
  for await (const piece of pieces) {
    hash?.update(piece);
    if (held !== null) yield held;
    held = piece;
  }
  if (hash !== null && hash.digest() !== content.contentMac)
    throw new IntegrityError(`object ${content.mac}`, 'its chunks are whole and do not make the content it names', { kind: 'object', file: content.mac });
  if (held !== null) yield held;
}

async function* readPieces(
  source: SnapshotSource,
  content: ObjectInfo,
  range: { readonly start: number; readonly end: number; readonly signal: AbortSignal | undefined },
): AsyncGenerator<Uint8Array> {
  for (const batch of chunkBatches(chunksInRange(content, range), ({ chunk }) => chunk.lengthBytes)) {
    let next = 0;
    for await (const got of source.getMany(
      SNAPSHOT_BLOB.chunk,
      batch.map((item) => item.chunk.mac),
      { signal: range.signal },
    )) {
      range.signal?.throwIfAborted();
      const item = batch[next++];
      if (item === undefined) break;
      if ('error' in got) throw got.error;
      expectLength(item.chunk, got.bytes);
      yield got.bytes.subarray(Math.max(0, range.start - item.offset), Math.min(item.chunk.lengthBytes, range.end - item.offset));
    }
    range.signal?.throwIfAborted();
    if (next < batch.length) throw new IntegrityError(`object ${content.mac}`, 'fewer chunks came than it has', { kind: 'object', file: content.mac });
  }
}

/** Chunks of a content in parts that are read together. */
export function* chunkBatches<T>(chunks: Iterable<T>, lengthOf: (chunk: T) => number): Generator<readonly T[]> {
  let batch: T[] = [];
  let sizeBytes = 0;
  for (const chunk of chunks) {
    if (batch.length > 0 && (batch.length >= CHUNKS_PER_READ || sizeBytes + lengthOf(chunk) > BYTES_PER_READ)) {
      yield batch;
      batch = [];
      sizeBytes = 0;
    }
    batch.push(chunk);
    sizeBytes += lengthOf(chunk);
  }
  if (batch.length > 0) yield batch;
}

type PlacedChunk = { readonly chunk: ChunkInfo; readonly offset: number };

/** Chunks without bytes are left out: their content is known. */
function chunksInRange(content: ObjectInfo, range: { readonly start: number; readonly end: number }): PlacedChunk[] {
  const placed: PlacedChunk[] = [];
  let offset = 0;
  for (const chunk of content.chunks) {
    const isWanted = chunk.lengthBytes > 0 && offset < range.end && offset + chunk.lengthBytes > range.start;
    if (isWanted) placed.push({ chunk, offset });
    offset += chunk.lengthBytes;
  }
  return placed;
}

function expectLength(chunk: ChunkInfo, bytes: Uint8Array): void {
  if (bytes.length !== chunk.lengthBytes)
    throw new IntegrityError(`chunk ${chunk.mac}`, `${bytes.length} bytes where its object says ${chunk.lengthBytes}`, { kind: 'chunk', file: chunk.mac });
}
