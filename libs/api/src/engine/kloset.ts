import {
  type BlobSource,
  fsStore,
  type OpenOptions,
  openRepository as open,
  openSnapshot as openSnapshotOf,
  type Repository,
  type Snapshot,
  snapshotSource,
  type Store,
} from '@wardrobe/kloset';
import type { SnapshotId } from '@wardrobe/kloset-model';

/** The entry points of the engine that this library uses, in one place. */
export function storeAt(location: string): Store {
  return fsStore(location);
}

export function openRepository(store: Store, options: OpenOptions): Promise<Repository> {
  return open(store, options);
}

export function openSnapshot(source: BlobSource, repository: Repository, id: SnapshotId, signal: AbortSignal): Promise<Snapshot> {
  return openSnapshotOf(source === repository ? repository : snapshotSource(repository, source), id, { signal });
}
