import type { RepositoryId, SnapshotId } from '@wardrobe/kloset-model';

/** Key of the context pair that says where a snapshot was copied from; other programs show it or pass over it. plakar records nothing. @source 02-snapshot 7.8 */
export const SYNCED_FROM = 'SyncedFrom';

/**
 * One copying, from `repository` into `into`, whole and compared before it was published. `snapshot`: its id there. Both are null where an early copy does not say;
 * such a copy was visible before it was compared.
 */
export type Provenance = {
  readonly repository: RepositoryId;
  readonly snapshot: SnapshotId | null;
  readonly into: RepositoryId | null;
  /** RFC 3339, UTC. */
  readonly at: string;
};

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const VALUE = new RegExp(`^(${UUID})(?:/([0-9a-f]{64}) to (${UUID}))? (\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z)$`);

/** The copyings of a snapshot, the first one first: where it was made is the first one's repository. Empty: it was made in the store where it lies. */
export function provenanceOf(context: readonly { readonly key: string; readonly value: string }[]): readonly Provenance[] {
  return context.flatMap(({ key, value }) => {
    const found = key === SYNCED_FROM ? VALUE.exec(value) : null;
    if (found === null) return [];
    const [, repository, snapshot = null, into = null, at = ''] = found;
    return [{ repository: repository as RepositoryId, snapshot: snapshot as SnapshotId | null, into: into as RepositoryId | null, at }];
  });
}

/** One copying as a context value. */
export function provenanceText({ repository, snapshot, into, at }: Provenance): string {
  return snapshot === null || into === null ? `${repository} ${at}` : `${repository}/${snapshot} to ${into} ${at}`;
}

/** Where a snapshot lies, and what its header says. */
export type Placed = {
  readonly repository: RepositoryId;
  readonly id: SnapshotId;
  readonly context: readonly { readonly key: string; readonly value: string }[];
};

/** Whether two snapshots of one id, in two stores, are copies of one another or of a common original, each proven before it was published. */
export function isProvenPair(a: Placed, b: Placed): boolean {
  if (a.repository === b.repository || a.id !== b.id) return false;
  const originals = new Set(placesOf(a));
  return placesOf(b).some((place) => originals.has(place));
}

/** Stores whose snapshot of this id is equal to it. What another program copied, or `dup` made, bears the pairs of its original: there the chain ends. */
function placesOf({ repository, id, context }: Placed): readonly RepositoryId[] {
  const places = [repository];
  for (const copied of [...provenanceOf(context)].reverse()) {
    if (copied.snapshot !== id || copied.into !== places.at(-1)) break;
    places.push(copied.repository);
  }
  return places;
}
