import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { SnapshotId } from '@wardrobe/kloset-model';
import { asBuffer, concatBytes } from '../../bytes/bytes.js';
import { detectContentType } from '../../chunking/content-type.js';
import { KlosetError } from '../../errors/errors.js';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import type { Repository } from '../../repository/types.js';
import { openSnapshot } from '../../snapshot/open.js';
import type { ObjectInfo, Snapshot } from '../../snapshot/types.js';
import { type BlobMaker, cutAgain } from './cut-again.js';
import type { LostBlob, LostPlace, RecoverySource } from './types.js';

const SLASH = 0x2f;
const PIECE_BYTES = 1 << 20;

/**
 * Another store with the same snapshots: one that was synchronised with this one, or a copy of it. A copy gives any blob; another gives the bytes of file
 * contents, whatever its keys and chunks are.
 */
export function storeSource(other: Repository, maker: BlobMaker): RecoverySource {
  const opened = new Map<SnapshotId, Promise<Snapshot | null>>();
  const openOnce = (id: SnapshotId, signal: AbortSignal | undefined): Promise<Snapshot | null> => {
    const known = opened.get(id) ?? orNull(openSnapshot(other, id, { signal }));
    opened.set(id, known);
    return known;
  };
  return {
    name: `the store ${other.store.location}`,
    async *candidates(lost, { signal }) {
      const same = other.has(lost.type, lost.id) ? await orNull(other.get(lost.type, lost.id, { signal })) : null;
      if (same !== null) yield same;
      for (const place of lost.places) {
        const snapshot = await openOnce(place.snapshot, signal);
        const content = snapshot === null || place.isListing ? null : await orNull(contentAt(snapshot, place, signal));
        if (snapshot === null || content === null) continue;
        const range = { start: place.offset, end: place.offset + place.lengthBytes, signal };
        const isWithin = lost.type === SNAPSHOT_BLOB.chunk && content.sizeBytes >= range.end;
        const bytes = isWithin ? await orNull(joined(snapshot.content(content, range))) : null;
        if (bytes !== null) yield bytes;
        const options = { contentType: content.contentType, entropy: 'measured' } as const;
        yield* untilDamage(cutAgain(maker, { pieces: snapshot.content(content, { signal }), type: lost.type, options }));
      }
    },
  };
}

async function contentAt(snapshot: Snapshot, place: LostPlace, signal: AbortSignal | undefined): Promise<ObjectInfo | null> {
  if (place.path === null) return null;
  const { object } = await snapshot.entry(place.path, { signal });
  return object === null ? null : snapshot.object(object, { signal });
}

async function joined(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) parts.push(piece);
  return concatBytes(parts);
}

async function* untilDamage<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* items;
  } catch (error) {
    // The other store is a source, not what is mended.
    if (!(error instanceof KlosetError)) throw error;
  }
}

/** Null for any damage of the other store: it is a source, not what is mended. */
async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof KlosetError) return null;
    throw error;
  }
}

/**
 * The files themselves, below a folder of this machine: the folder that was backed up, or a root that the absolute paths hang on. First the bytes at the place
 * of the chunk, then what the file is cut into today.
 */
export function diskSource(folder: string, maker: BlobMaker): RecoverySource {
  return {
    name: `the folder ${folder}`,
    async *candidates(lost, { signal }) {
      if (lost.type !== SNAPSHOT_BLOB.chunk && lost.type !== SNAPSHOT_BLOB.object) return;
      for (const place of lost.places)
        for (const path of place.isListing ? [] : pathsBelow(folder, place)) yield* fromFile(path, { lost, place, maker }, signal);
    },
  };
}

function pathsBelow(folder: string, { path, root }: LostPlace): readonly Buffer[] {
  if (path === null) return [];
  const base = Buffer.from(folder.replace(/\/+$/, ''), 'utf8');
  const join = (rest: Uint8Array): Buffer => Buffer.concat(rest[0] === SLASH ? [base, rest] : [base, Buffer.from('/'), rest]);
  const below = root.length > 1 && asBuffer(path).subarray(0, root.length).equals(asBuffer(root)) ? [join(path.subarray(root.length))] : [];
  return [...below, join(path)];
}

async function* fromFile(
  path: Buffer,
  wanted: { readonly lost: LostBlob; readonly place: LostPlace; readonly maker: BlobMaker },
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const file = await openRegular(path);
  if (file === null) return;
  const { lost, place, maker } = wanted;
  try {
    const { size } = await file.stat();
    const isChunk = lost.type === SNAPSHOT_BLOB.chunk;
    if (isChunk && size >= place.offset + place.lengthBytes) yield await readExactly(file, place.offset, place.lengthBytes);
    yield* cutAgain(maker, { pieces: pieces(file, signal), type: lost.type, options: { contentType: detectContentType, entropy: 'measured' } });
  } finally {
    await file.close();
  }
}

/** Null when there is no such regular file, or it may not be read. */
async function openRegular(path: Buffer): Promise<FileHandle | null> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    if ((await file.stat()).isFile()) return file;
    await file.close();
    return null;
  } catch (error) {
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
}

async function* pieces(file: FileHandle, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  for (let at = 0; ; ) {
    signal?.throwIfAborted();
    const piece = await readExactly(file, at, PIECE_BYTES);
    if (piece.length === 0) return;
    at += piece.length;
    yield piece;
  }
}

/** Fewer bytes at the file's end. */
async function readExactly(file: FileHandle, position: number, lengthBytes: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(lengthBytes);
  let filled = 0;
  while (filled < lengthBytes) {
    const { bytesRead } = await file.read(bytes, filled, lengthBytes - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
