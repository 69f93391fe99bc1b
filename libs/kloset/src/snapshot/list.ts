import type { SnapshotId } from '@wardrobe/kloset-model';
import { KlosetError } from '../errors/errors.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import type { Repository } from '../repository/types.js';
import { readHeader } from './header.js';
import type { Abortable, SnapshotSource } from './source.js';
import type { SnapshotHeader } from './types.js';

export type ListedSnapshot = { readonly header: SnapshotHeader } | { readonly id: SnapshotId; readonly error: KlosetError };

/** Headers of all live snapshots, in no order: sort by `timestampNs`. A header that cannot be read is an item of its own and hides no other. */
export function listSnapshots(repository: Repository, options: Abortable = {}): AsyncIterable<ListedSnapshot> {
  return readHeaders(
    repository,
    repository.view.live.map((snapshot) => snapshot.id),
    options,
  );
}

/** Headers of the given snapshots in the order asked; deleted and hidden ones too, if the source finds them. */
export async function* readHeaders(source: SnapshotSource, ids: readonly SnapshotId[], options: Abortable = {}): AsyncGenerator<ListedSnapshot> {
  for await (const got of source.getMany(SNAPSHOT_BLOB.header, ids, options)) {
    if ('error' in got) yield got;
    else yield decodeHeader(got);
  }
}

function decodeHeader(got: { readonly id: SnapshotId; readonly bytes: Uint8Array }): ListedSnapshot {
  try {
    return { header: readHeader(got.bytes, got.id) };
  } catch (error) {
    if (!(error instanceof KlosetError)) throw error;
    return { id: got.id, error };
  }
}
