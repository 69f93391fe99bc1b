import type { Mac, PackfileId, SnapshotId, StateId } from '@wardrobe/kloset-model';
import { macToBytes } from '../bytes/bytes.js';
import { macWords } from '../codec/word-reader.js';
import { BLOB_TYPE, ENTRY_TYPE } from '../format/state.js';
import type { Layer } from './layer.js';
import { hangsOn, isRemoved, type Merged, stakesOf } from './sole-holders.js';
import { StateOrder } from './state-order.js';

/** Structurally the `MergeHazard` of the repository's types. */
export type MergeHazard = {
  readonly state: StateId;
  readonly unordered: readonly StateId[];
  readonly packfiles: readonly PackfileId[];
  readonly snapshots: readonly SnapshotId[];
};

/** A deletion whose place in the order is open, before it is known whether that can change what is visible. */
type Suspect = { readonly state: StateId; readonly unordered: readonly StateId[]; readonly packfile: PackfileId };
type Found = { readonly unordered: Set<StateId>; readonly packfiles: Set<PackfileId>; readonly snapshots: Set<SnapshotId> };

/**
 * Deletes that a plakar machine may merge before what they delete, because parents do not say which comes first, and that then leave it there. Only those that
 * can change which blobs or snapshots are visible, or where a machine looks for them: one that still knows a deleted packfile reads from it and builds upon it
 * though its blobs lie elsewhere too, and lists a snapshot for each packfile that holds it. The tables are looked through only when there is a suspect.
 * @source 01-store 5.2 to 5.5
 */
export function findMergeHazards(merged: Merged): readonly MergeHazard[] {
  const order = new StateOrder(merged.layers.flatMap((layer) => layer.records));
  const found = new Map<StateId, Found>();
  const judge = (suspects: readonly Suspect[], counts: Parameters<typeof stakesOf>[2]): void => {
    const stakes = stakesOf(merged, new Set(suspects.map((suspect) => suspect.packfile)), counts);
    for (const suspect of suspects) {
      const stake = stakes.get(suspect.packfile);
      if (stake !== undefined && (stake.hasBlob || stake.snapshots.size > 0)) note(found, suspect, stake.snapshots);
    }
  };
  judge(packfileSuspects(merged, order), (all, item) => !isRemoved(all, item));
  judge(colourSuspects(merged, order), hangsOn);
  for (const { suspect, snapshots } of locationSuspects(merged, order)) note(found, suspect, snapshots);
  noteSnapshotColours(found, merged, order);
  return [...found].map(([state, hazard]) => ({
    state,
    unordered: [...hazard.unordered].sort(),
    packfiles: [...hazard.packfiles].sort(),
    snapshots: [...hazard.snapshots].sort(),
  }));
}

function note(found: Map<StateId, Found>, suspect: Omit<Suspect, 'packfile'> & { readonly packfile?: PackfileId }, snapshots: Iterable<SnapshotId>): void {
  const known = found.get(suspect.state) ?? { unordered: new Set(), packfiles: new Set(), snapshots: new Set() };
  found.set(suspect.state, known);
  for (const state of suspect.unordered) known.unordered.add(state);
  if (suspect.packfile !== undefined) known.packfiles.add(suspect.packfile);
  for (const snapshot of snapshots) known.snapshots.add(snapshot);
}

/** Deleted packfiles; one that every machine sees coloured, whatever the order, hides its blobs anyway. */
function packfileSuspects({ facts }: Merged, order: StateOrder): Suspect[] {
  const uncoloured = new Set(facts.deletes.filter(isPackfileUncolour).map((claim) => claim.blob));
  const deleters = statesBy(
    facts.deletes.filter((claim) => claim.removes === ENTRY_TYPE.packfile),
    (claim) => claim.packfile,
  );
  return facts.deletes.flatMap((claim) => {
    if (claim.removes !== ENTRY_TYPE.packfile) return [];
    const { state, packfile } = claim;
    if (!uncoloured.has(packfile) && facts.colourists(BLOB_TYPE.packfile, packfile).length > 0) return [];
    const unordered = notSettled(order, { state, brings: facts.entrants(packfile), deletes: deleters.get(packfile) ?? [] });
    return unordered.length === 0 ? [] : [{ state, unordered, packfile }];
  });
}

/** Uncoloured packfiles that are still known: merged before the colour, an uncolouring does nothing. */
function colourSuspects({ facts, isPackfileKnown }: Merged, order: StateOrder): Suspect[] {
  const uncolourers = statesBy(facts.deletes.filter(isPackfileUncolour), (claim) => claim.blob);
  return facts.deletes.flatMap((claim) => {
    if (!isPackfileUncolour(claim) || !isPackfileKnown(claim.blob)) return [];
    const colourists = facts.colourists(BLOB_TYPE.packfile, claim.blob);
    const unordered = notSettled(order, { state: claim.state, brings: colourists, deletes: uncolourers.get(claim.blob) ?? [] });
    return unordered.length === 0 ? [] : [{ state: claim.state, unordered, packfile: claim.blob }];
  });
}

/** Of what may come before or after `state` that which no other deletion is sure to follow: where one is, the end is the same in every order. */
function notSettled(
  order: StateOrder,
  claims: { readonly state: StateId; readonly brings: readonly StateId[]; readonly deletes: readonly StateId[] },
): readonly StateId[] {
  return order.unordered(claims.state, claims.brings).filter((other) => !claims.deletes.some((deleting) => order.follows(deleting, other)));
}

function statesBy<T extends { readonly state: StateId }>(claims: readonly T[], key: (claim: T) => Mac): ReadonlyMap<Mac, readonly StateId[]> {
  const grouped = new Map<Mac, StateId[]>();
  for (const claim of claims) {
    const list = grouped.get(key(claim));
    if (list === undefined) grouped.set(key(claim), [claim.state]);
    else list.push(claim.state);
  }
  return grouped;
}

function isPackfileUncolour(claim: { readonly removes: number; readonly type: number }): boolean {
  return claim.removes === ENTRY_TYPE.coloured && claim.type === BLOB_TYPE.packfile;
}

/**
 * Deleted locations of blobs that lie nowhere else, and of snapshots, which are listed once for each location. Which state deleted one is not kept: all states that delete locations are asked. Which state brought it is
 * taken from its packfile: both come in the same state.
 */
function* locationSuspects(merged: Merged, order: StateOrder): Generator<{ readonly suspect: Suspect; readonly snapshots: readonly SnapshotId[] }> {
  const { layers, facts } = merged;
  const elsewhere = new Map<StateId, number>();
  for (const claim of facts.deletes) elsewhere.set(claim.state, (elsewhere.get(claim.state) ?? 0) + 1);
  const deleting = layers.flatMap((layer) => layer.records.filter((record) => record.counts.deletes > (elsewhere.get(record.id) ?? 0)));
  if (deleting.length === 0) return;
  for (const { table } of layers) {
    for (const index of table.tombstones()) {
      const { type, packfile: number } = table.read(index);
      const packfile = table.packfiles.mac(number);
      const blob = table.blob(index);
      if (type === BLOB_TYPE.padding || !merged.isPackfileKnown(packfile) || facts.colour(BLOB_TYPE.packfile, packfile) !== null) continue;
      if (!isStated(layers, { type, blob }, packfile)) continue;
      if (type === BLOB_TYPE.snapshot ? isRemoved(merged, { type, blob }) : !hangsOn(merged, { type, blob }, packfile)) continue;
      for (const { id } of deleting) {
        const unordered = notSettled(order, { state: id, brings: facts.entrants(packfile), deletes: deleting.map((record) => record.id) });
        if (unordered.length > 0) yield { suspect: { state: id, unordered, packfile }, snapshots: type === BLOB_TYPE.snapshot ? [blob] : [] };
      }
    }
  }
}

function isStated(layers: readonly Layer[], item: { readonly type: number; readonly blob: Mac }, packfile: PackfileId): boolean {
  const words = macWords(macToBytes(item.blob));
  return layers.some(({ table }) =>
    table.find(item.type, words).some((index) => {
      const row = table.read(index);
      return row.stated && table.packfiles.mac(row.packfile) === packfile;
    }),
  );
}

/** Uncoloured snapshots: plakar writes no such entry, another program may. */
function noteSnapshotColours(found: Map<StateId, Found>, { facts, locations }: Merged, order: StateOrder): void {
  for (const { state, removes, type, blob } of facts.deletes) {
    if (removes !== ENTRY_TYPE.coloured || type !== BLOB_TYPE.snapshot || locations(type, blob).length === 0) continue;
    const deletes = facts.deletes.filter((claim) => claim.removes === removes && claim.type === type && claim.blob === blob).map((claim) => claim.state);
    const unordered = notSettled(order, { state, brings: facts.colourists(type, blob), deletes });
    if (unordered.length > 0) note(found, { state, unordered }, [blob]);
  }
}
