import type { Mac } from '@wardrobe/kloset-model';
import { equalBytes } from '../../bytes/bytes.js';
import { encode } from '../../codec/codec.js';
import { snapshotHeader } from '../../format/snapshot-header.js';
import { nameBytes } from '@wardrobe/kloset-model';
import type { Repository } from '../../repository/types.js';
import type { EqualTrees } from './paired-items.js';
import { isProvenPair } from './provenance.js';
import type { RawSnapshot } from './raw-snapshot.js';

/** A snapshot of the source and its copy in the target, proven equal in an earlier run: what did not change since need not be read again. */
export type EqualCopies = { readonly ours: RawSnapshot; readonly theirs: RawSnapshot };

/** Whether two stores have one key: then equal MACs are equal blobs. */
export function haveOneKey(source: Repository, target: Repository): boolean {
  const probe = nameBytes('wardrobe');
  return source.config.hashing === target.config.hashing && source.mac(probe) === target.mac(probe);
}

/**
 * Whether two snapshots of one id may be taken for equal without reading them: their context tells that one is a proven copy of the other or both are of a
 * third, or, with one key, their headers are the same bytes.
 */
export function areEqual(stores: { readonly source: Repository; readonly target: Repository }, { ours, theirs }: EqualCopies): boolean {
  if (haveOneKey(stores.source, stores.target)) return equalBytes(encode(snapshotHeader, ours.header), encode(snapshotHeader, theirs.header));
  return isProvenPair(
    { repository: stores.source.id, id: ours.context.header.id, context: ours.context.header.context },
    { repository: stores.target.id, id: theirs.context.header.id, context: theirs.context.header.context },
  );
}

export async function equalFiles(pair: EqualCopies | null): Promise<EqualTrees | null> {
  return pair === null ? null : { ours: await pair.ours.context.files(), theirs: await pair.theirs.context.files() };
}

export async function equalXattrs(pair: EqualCopies | null): Promise<EqualTrees | null> {
  return pair === null ? null : { ours: await pair.ours.context.xattrs(), theirs: await pair.theirs.context.xattrs() };
}

/** Whether a whole tree is that of the earlier copy, in the source and in the target. */
export function isSameTree(pair: EqualCopies | null, now: EqualCopies, tree: (raw: RawSnapshot) => Mac): boolean {
  return pair !== null && tree(pair.ours) === tree(now.ours) && tree(pair.theirs) === tree(now.theirs);
}
