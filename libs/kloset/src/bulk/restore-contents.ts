import type { Mac } from '@wardrobe/kloset-model';
import { concatBytes } from '../bytes/bytes.js';
import { IntegrityError, KlosetError } from '../errors/errors.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import { isDamaged } from '../snapshot/entry.js';
import { readObjects } from '../snapshot/content.js';
import type { Abortable, SnapshotSource } from '../snapshot/source.js';
import type { DamagedEntry, Entry, ObjectInfo } from '../snapshot/types.js';
import type { FileMakers } from './pipeline/make-request.js';

/** Files up to this size are read many at a time; larger ones are streamed. */
const SMALL_BYTES = 256 * 1024;
const BATCH_ENTRIES = 256;
const BATCH_BYTES = 8 * 1024 * 1024;

/** Proven contents by object, or why one cannot be had. Objects that are not in it are to be streamed. */
export type Contents = ReadonlyMap<Mac, Uint8Array | KlosetError>;

/** Entries in their order, in batches of so many entries, or so many bytes: the contents that are read or made together fit in memory. */
export async function* batchEntries(
  entries: AsyncIterable<Entry | DamagedEntry>,
  makers: Pick<FileMakers, 'largestBytes' | 'batches'> | null = null,
): AsyncGenerator<readonly (Entry | DamagedEntry)[]> {
  const countedBytes = makers?.largestBytes ?? SMALL_BYTES;
  const limitBytes = makers?.batches.sizeBytes ?? BATCH_BYTES;
  let batch: (Entry | DamagedEntry)[] = [];
  let bytes = 0;
  for await (const entry of entries) {
    batch.push(entry);
    if (!isDamaged(entry) && entry.type === 'file' && entry.sizeBytes <= countedBytes) bytes += Number(entry.sizeBytes);
    if (batch.length < BATCH_ENTRIES && bytes < limitBytes) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

export function isSmall(entry: Entry): boolean {
  return entry.type === 'file' && entry.object !== null && entry.sizeBytes <= SMALL_BYTES;
}

/** Reads the contents of small files together: their objects, then their chunks. A content is proven as a whole. */
export async function readSmallContents(source: SnapshotSource, objects: readonly Mac[], options: Abortable): Promise<Contents> {
  const contents = new Map<Mac, Uint8Array | KlosetError>();
  const known: ObjectInfo[] = [];
  for (const [id, read] of await readObjects(source, objects, options)) {
    if (read instanceof KlosetError) contents.set(id, read);
    else if (read.sizeBytes <= SMALL_BYTES) known.push(read);
  }
  const chunks = source
    .getMany(
      SNAPSHOT_BLOB.chunk,
      known.flatMap((object) => object.chunks.map(({ mac }) => mac)),
      options,
    )
    [Symbol.asyncIterator]();
  for (const object of known) {
    const pieces: Uint8Array[] = [];
    let failure: KlosetError | null = null;
    for (const chunk of object.chunks) {
      const got = await chunks.next();
      if (got.done === true) throw new TypeError('fewer blobs than asked for');
      if ('error' in got.value) failure ??= got.value.error;
      else if (got.value.bytes.length !== chunk.lengthBytes) failure ??= wrongLength(chunk.mac, got.value.bytes.length, chunk.lengthBytes);
      else pieces.push(got.value.bytes);
    }
    contents.set(object.mac, failure ?? proven(source, object, pieces));
  }
  return contents;
}

function wrongLength(chunk: Mac, found: number, told: number): KlosetError {
  return new IntegrityError(`chunk ${chunk}`, `${found} bytes where its object says ${told}`, { kind: 'chunk', file: chunk });
}

/** The chunks were proven one by one; a content of one chunk has that chunk's MAC. */
function proven(source: SnapshotSource, object: ObjectInfo, pieces: readonly Uint8Array[]): Uint8Array | KlosetError {
  const [only] = pieces;
  const bytes = only !== undefined && pieces.length === 1 ? only : concatBytes(pieces);
  if (object.chunks.length === 1 && object.chunks[0]?.mac === object.contentMac) return bytes;
  if (source.mac(bytes) === object.contentMac) return bytes;
  return new IntegrityError(`object ${object.mac}`, 'its chunks are whole and do not make the content it names', { kind: 'object', file: object.mac });
}
