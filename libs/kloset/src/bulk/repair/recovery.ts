import type { Mac, SnapshotId } from '@wardrobe/kloset-model';
import type { Survey } from './survey.js';
import type { LostBlob, PlanRepairOptions, RecoverySource } from './types.js';
import { keyOf, type Need, type SnapshotWalk } from './walk.js';

/** Lost blobs that were found elsewhere: by which source. The bytes are not kept, they are read again when they are stored. */
export interface Recovery {
  /** Whether everything that a snapshot needs can be had. */
  isMendable(walk: SnapshotWalk): Promise<boolean>;
  /** Who has the bytes of a blob that is gone, proven by their MAC; null when nobody does. */
  find(walk: SnapshotWalk, need: Need): Promise<RecoverySource | null>;
}

export function createRecovery(survey: Survey, options: PlanRepairOptions): Recovery {
  const found = new Map<string, RecoverySource | null>();
  const find = async (walk: SnapshotWalk, need: Need): Promise<RecoverySource | null> => {
    const key = keyOf(need.type, need.id);
    const known = found.get(key);
    if (known !== undefined && known !== null) return known;
    const source = await firstWith(survey, lostBlobOf(walk, need), options);
    found.set(key, source);
    return source;
  };
  return {
    find,
    async isMendable(walk) {
      for (const need of walk.needs.values()) {
        if (isAtHand(need)) continue;
        if ((await find(walk, need)) === null) return false;
      }
      return true;
    },
  };
}

/** Its bytes can be read from the store, although not by everybody. */
export function isAtHand(need: Need): boolean {
  return need.recovered !== null || (need.standing !== 'gone' && !need.damaged);
}

export function lostBlobOf(walk: SnapshotWalk, need: Need): LostBlob {
  const root = walk.header?.source.directory.bytes ?? new Uint8Array([0x2f]);
  const places = need.places
    .filter(({ kind }) => kind === 'content')
    .map(({ path, offset, lengthBytes }) => ({ snapshot: walk.id as SnapshotId, path, root, offset, lengthBytes }));
  return { type: need.type, id: need.id, places };
}

async function firstWith(survey: Survey, lost: LostBlob, options: PlanRepairOptions): Promise<RecoverySource | null> {
  for (const source of options.sources ?? []) if ((await recoverBytes(survey.repository, { source, lost }, options.signal)) !== null) return source;
  return null;
}

/** Bytes whose MAC is the blob's id; null when the source has none. */
export async function recoverBytes(
  repository: { mac(bytes: Uint8Array): Mac },
  from: { readonly source: RecoverySource; readonly lost: LostBlob },
  signal: AbortSignal | undefined,
): Promise<Uint8Array | null> {
  for await (const bytes of from.source.candidates(from.lost, { signal })) if (repository.mac(bytes) === from.lost.id) return bytes;
  return null;
}
