import type { Mac, PackfileId, SnapshotId } from '@wardrobe/kloset-model';
import { BLOB_TYPE } from '../format/state.js';
import type { Facts } from './facts.js';
import type { Layer } from './layer.js';

/** A merged view, as far as these questions need it. */
export type Merged = {
  readonly layers: readonly Layer[];
  readonly facts: Facts;
  isPackfileKnown(id: PackfileId): boolean;
  locations(type: number, id: Mac): readonly { readonly packfile: PackfileId; readonly coloured: boolean }[];
};

/** What hangs on one packfile: whether some blob does, and which snapshots. */
export type Stake = { hasBlob: boolean; readonly snapshots: Set<SnapshotId> };

/** A packfile that is scheduled for deletion and holds what a live snapshot needs. Structurally the `ColouredInUse` of the repository's types. */
export type ColouredInUse = { readonly packfile: PackfileId; readonly snapshots: readonly SnapshotId[] };

/**
 * Coloured packfiles with blobs that lie in no other packfile, and that a live snapshot's own state brought: a backup uploads only what it needs. Found without
 * reading a tree, so what a snapshot shares with older ones is not looked at.
 */
export function findColouredInUse(merged: Merged, live: ReadonlySet<SnapshotId>): readonly ColouredInUse[] {
  const { facts } = merged;
  const owners = new Map<PackfileId, readonly SnapshotId[]>();
  for (const [packfile] of facts.coloured(BLOB_TYPE.packfile)) {
    const snapshots = facts.entrants(packfile).filter((state) => live.has(state));
    if (snapshots.length > 0 && merged.isPackfileKnown(packfile)) owners.set(packfile, snapshots);
  }
  const stakes = stakesOf(merged, new Set(owners.keys()));
  return [...owners].flatMap(([packfile, snapshots]) => {
    const stake = stakes.get(packfile);
    return stake !== undefined && (stake.hasBlob || stake.snapshots.size > 0) ? [{ packfile, snapshots: [...snapshots].sort() }] : [];
  });
}

type Item = { readonly type: number; readonly blob: Mac };

/** For each packfile what it holds that counts, by default what only it holds: a blob is enough to know, snapshots are all named. */
export function stakesOf(
  merged: Merged,
  packfiles: ReadonlySet<PackfileId>,
  counts: (merged: Merged, item: Item, packfile: PackfileId) => boolean = hangsOn,
): ReadonlyMap<PackfileId, Stake> {
  const stakes = new Map<PackfileId, Stake>();
  if (packfiles.size === 0) return stakes;
  for (const { table } of merged.layers) {
    const wanted = Uint8Array.from({ length: table.packfiles.count }, (_, number) => (packfiles.has(table.packfiles.mac(number)) ? 1 : 0));
    for (const index of table.rowsIn(wanted)) {
      const row = table.read(index);
      const packfile = table.packfiles.mac(row.packfile);
      const stake = stakes.get(packfile) ?? { hasBlob: false, snapshots: new Set() };
      stakes.set(packfile, stake);
      const isNews = row.type === BLOB_TYPE.snapshot || (row.type !== BLOB_TYPE.padding && !stake.hasBlob);
      if (!row.stated || row.tombstoned || !isNews) continue;
      const blob = table.blob(index);
      if (!counts(merged, { type: row.type, blob }, packfile)) continue;
      if (row.type === BLOB_TYPE.snapshot) stake.snapshots.add(blob);
      else stake.hasBlob = true;
    }
  }
  return stakes;
}

/** No other packfile makes it available, and it is not a snapshot that was removed. */
export function hangsOn(merged: Merged, item: Item, packfile: PackfileId): boolean {
  const { type, blob } = item;
  if (isRemoved(merged, item)) return false;
  return merged.locations(type, blob).every((location) => location.coloured || location.packfile === packfile);
}

/** A snapshot that was removed. */
export function isRemoved({ facts }: Merged, { type, blob }: Item): boolean {
  return type === BLOB_TYPE.snapshot && facts.colour(type, blob) !== null;
}
