import type { Mac, SnapshotId } from '@wardrobe/kloset-model';
import type { SnapshotHeader } from '../../snapshot/types.js';
import type { Repository } from '../../repository/types.js';
import { listingSource } from './listing-source.js';
import type { Survey } from './survey.js';
import type { LostBlob, PlanRepairOptions, RecoverySource } from './types.js';
import { keyOf, type Need, type NeedPlace, type SnapshotWalk } from './walk.js';

/** Lost blobs that were found elsewhere: by which source. The bytes are not kept, they are read again when they are stored. */
export interface Recovery {
  /** Whether everything that a snapshot needs can be had. */
  isMendable(walk: SnapshotWalk): Promise<boolean>;
  /** Who has the bytes of a blob that is gone, proven by their MAC; null when nobody does. */
  find(walk: SnapshotWalk, need: Need): Promise<RecoverySource | null>;
  /** The bytes, for looking further. */
  bytesOf(lost: LostBlob): Promise<Uint8Array | null>;
}

export function createRecovery(survey: Survey, options: PlanRepairOptions): Recovery {
  const sources = allSources(survey.repository, options.sources);
  const found = new Map<string, RecoverySource>();
  const searched = new Set<string>();
  const search = async (lost: LostBlob): Promise<{ readonly source: RecoverySource; readonly bytes: Uint8Array } | null> => {
    const known = found.get(keyOf(lost.type, lost.id));
    for (const source of known === undefined ? sources : [known]) {
      const bytes = await recoverBytes(survey.repository, { source, lost }, options.signal);
      if (bytes === null) continue;
      found.set(keyOf(lost.type, lost.id), source);
      return { source, bytes };
    }
    return null;
  };
  const find = async (walk: SnapshotWalk, need: Need): Promise<RecoverySource | null> => {
    const known = found.get(keyOf(need.type, need.id));
    const place = `${walk.id}:${keyOf(need.type, need.id)}`;
    if (known !== undefined || searched.has(place)) return known ?? null;
    searched.add(place);
    return (await search(lostBlobOf(walk, need)))?.source ?? null;
  };
  return {
    find,
    bytesOf: async (lost) => (await search(lost))?.bytes ?? null,
    async isMendable(walk) {
      for (const need of walk.needs.values()) {
        if (isAtHand(need)) continue;
        if ((await find(walk, need)) === null) return false;
      }
      return true;
    },
  };
}

/** The store itself first: its trees tell what its listings said. */
export function allSources(repository: Repository, given: readonly RecoverySource[] | undefined): readonly RecoverySource[] {
  return [listingSource(repository), ...(given ?? [])];
}

/** Its bytes can be read from the store, although not by everybody. */
export function isAtHand(need: Need): boolean {
  return need.recovered !== null || (need.standing !== 'gone' && !need.damaged);
}

export function lostBlobOf(walk: { readonly id: SnapshotId; readonly header: SnapshotHeader | null }, need: LostNeed): LostBlob {
  const root = walk.header?.source.directory.bytes ?? new Uint8Array([0x2f]);
  const places = need.places
    .filter(({ kind }) => kind === 'content' || kind === 'listing')
    .map(({ path, offset, lengthBytes, kind }) => ({ snapshot: walk.id, path, root, offset, lengthBytes, isListing: kind === 'listing' }));
  return { type: need.type, id: need.id, places };
}

export type LostNeed = { readonly type: number; readonly id: Mac; readonly places: readonly NeedPlace[] };

/** Bytes whose MAC is the blob's id; null when the source has none. */
export async function recoverBytes(
  repository: { mac(bytes: Uint8Array): Mac },
  from: { readonly source: RecoverySource; readonly lost: LostBlob },
  signal: AbortSignal | undefined,
): Promise<Uint8Array | null> {
  for await (const bytes of from.source.candidates(from.lost, { signal })) if (repository.mac(bytes) === from.lost.id) return bytes;
  return null;
}
