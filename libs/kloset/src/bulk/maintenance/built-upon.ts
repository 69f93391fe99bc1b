import type { Mac, PackfileId } from '@wardrobe/kloset-model';
import { macWords } from '../../codec/word-reader.js';
import { KlosetError } from '../../errors/errors.js';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import type { Repository } from '../../repository/types.js';
import { snapshotSource } from '../../snapshot/source.js';
import type { LiveBlobs } from './live-blobs.js';
import { objectReferences } from './references.js';
import { readRows } from './row-reader.js';

/** `due`: about to be removed. `leading`: may be available for some machine. `staying`: available to all, and left so. */
export type Removal = {
  readonly due: ReadonlySet<PackfileId>;
  readonly leading: ReadonlySet<PackfileId>;
  readonly staying: ReadonlySet<PackfileId>;
  readonly signal: AbortSignal | undefined;
};

/** Objects handed to one pass of reading. */
const BATCH = 1 << 12;

/**
 * Which packfiles about to be removed plakar 1.0 may build upon without looking, and an object that leads it there: it takes a file that did not change for
 * stored when its object is available, and never asks for the object's chunks. Objects that no snapshot needs stay available as long as their packfile does; a
 * backup upon one of them would lack for ever what is removed now. Objects that cannot be read lead nowhere.
 * @source 02-snapshot 6.3
 */
export async function builtUpon(repository: Repository, live: LiveBlobs, removal: Removal): Promise<ReadonlyMap<PackfileId, Mac>> {
  const { due, leading, staying, signal } = removal;
  const found = new Map<PackfileId, Mac>();
  const source = { repository, blobs: snapshotSource(repository, repository), signal };
  const lookAt = (object: Mac, chunk: Uint8Array): void => {
    const holders = live.holders(SNAPSHOT_BLOB.chunk, macWords(chunk));
    if (holders.some((id) => staying.has(id))) return;
    for (const id of holders) if (due.has(id) && !found.has(id)) found.set(id, object);
  };
  const read = (handles: readonly number[]): Promise<void> =>
    readRows(
      source,
      { live, handles },
      {
        onBlob: ({ id }, bytes) => unlessDamaged(() => objectReferences(bytes, (chunk) => lookAt(id, chunk))),
        onError: () => undefined,
      },
    );
  let batch: number[] = [];
  for (const handle of live.unneeded(SNAPSHOT_BLOB.object, leading)) {
    batch.push(handle);
    if (batch.length < BATCH) continue;
    signal?.throwIfAborted();
    await read(batch);
    batch = [];
  }
  await read(batch);
  return found;
}

function unlessDamaged(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof KlosetError)) throw error;
  }
}
