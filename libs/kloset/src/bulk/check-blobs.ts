import type { Mac, PackfileId } from '@wardrobe/kloset-model';
import { IntegrityError, KlosetError } from '../errors/errors.js';
import { HEADER_BYTES } from '../format/envelope.js';
import { BLOB_TYPE } from '../format/state.js';
import { packfileRecords } from '../packfile/packfile-tail.js';
import { openBlob } from '../repository/blob-reader.js';
import { BLOB_LIMIT_BYTES, RANGE_BYTES } from '../repository/limits.js';
import { readPackfileIndex } from '../repository/orphans.js';
import { mayBeTheLine } from '../repository/second-reading.js';
import type { Repository } from '../repository/types.js';

export type BlobProblem = { readonly type: number; readonly id: Mac; readonly error: KlosetError };
type Placed = { readonly type: number; readonly id: Mac; readonly offset: number; readonly lengthBytes: number };

/**
 * Every blob of a packfile, as its own index places them: decrypted, decompressed and proven by its MAC, whether or not anything needs it. Yields those that
 * are damaged, and how many bytes were read so far. Holds a few MiB.
 * @throws IntegrityError, DecodeError its index cannot be read; NotFoundError, StoreError
 */
export async function* proveBlobs(
  repository: Repository,
  packfile: PackfileId,
  options: { readonly signal?: AbortSignal | undefined; readonly onBlobs?: ((count: number) => void) | undefined } = {},
): AsyncGenerator<BlobProblem> {
  const { signal } = options;
  const sizeBytes = await repository.store.sizeBytes('packfile', packfile, { signal });
  const { index } = await readPackfileIndex(repository.keys, { id: packfile, sizeBytes }, { signal });
  const records: Placed[] = [];
  for (const { type, id, offset, lengthBytes } of packfileRecords(index))
    if (type !== BLOB_TYPE.padding && type <= 0xff) records.push({ type, id, offset, lengthBytes });
  records.sort((a, b) => a.offset - b.offset);
  for (const range of rangesOf(records)) {
    signal?.throwIfAborted();
    const first = range[0] as Placed;
    const end = range.reduce((furthest, { offset, lengthBytes }) => Math.max(furthest, offset + lengthBytes), 0);
    const bytes = await repository.store.readRange('packfile', packfile, first.offset + HEADER_BYTES, end - first.offset, { signal });
    for (const placed of range) {
      const stored = bytes.subarray(placed.offset - first.offset, placed.offset - first.offset + placed.lengthBytes);
      let error = faultOf(repository, placed, stored);
      if (mayBeTheLine(repository.store, error)) error = faultOf(repository, placed, await storedAnew(repository, { packfile, placed }, signal));
      if (error !== null) yield { type: placed.type, id: placed.id, error: inPackfile(error, packfile) };
    }
    options.onBlobs?.(range.length);
  }
}

/** Over a line a blob is fetched once more before it counts as damaged. */
function storedAnew(
  { store }: Repository,
  { packfile, placed }: { readonly packfile: PackfileId; readonly placed: Placed },
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  return store.readRange('packfile', packfile, placed.offset + HEADER_BYTES, placed.lengthBytes, { signal, fresh: true });
}

/** Neighbours together, up to a bounded length. */
function* rangesOf(records: readonly Placed[]): Generator<Placed[]> {
  let range: Placed[] = [];
  for (const record of records) {
    if (record.lengthBytes > BLOB_LIMIT_BYTES) throw new IntegrityError('packfile', `a blob of ${record.lengthBytes} bytes`);
    const first = range[0];
    if (first !== undefined && record.offset + record.lengthBytes - first.offset > RANGE_BYTES) {
      yield range;
      range = [];
    }
    range.push(record);
  }
  if (range.length > 0) yield range;
}

function faultOf(repository: Repository, placed: Placed, stored: Uint8Array): KlosetError | null {
  try {
    openBlob(repository.keys, placed, stored);
    return null;
  } catch (error) {
    if (error instanceof KlosetError) return error;
    throw error;
  }
}

function inPackfile(error: KlosetError, packfile: PackfileId): KlosetError {
  return error instanceof IntegrityError
    ? new IntegrityError(error.what, `${error.detail} (packfile ${packfile})`, { kind: 'packfile', file: packfile }, { cause: error })
    : error;
}
