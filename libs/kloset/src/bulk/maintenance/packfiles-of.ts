import type { PackfileId, SnapshotId } from '@wardrobe/kloset-model';
import type { Repository } from '../../repository/types.js';
import { LiveBlobs } from './live-blobs.js';
import { NeedsWalk, type NeedsProblem } from './walk-needs.js';

/** `problem`: the snapshot could not be read to its ends, so the list may lack some. */
export type PackfilesOf = { readonly snapshot: SnapshotId; readonly packfiles: readonly PackfileId[]; readonly problem: NeedsProblem | null };

/**
 * Packfiles that one snapshot needs, sorted: every one with a copy of a blob that it names. Reads its trees, entries and objects, no content.
 * @throws StoreError the store does not answer
 */
export async function packfilesOf(
  repository: Repository,
  snapshot: SnapshotId,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<PackfilesOf> {
  const live = new LiveBlobs(repository.view);
  const { problem } = await new NeedsWalk(live, repository, options).walk(snapshot, 0);
  return { snapshot, packfiles: [...live.needed()].map(({ id }) => id).sort(), problem };
}
