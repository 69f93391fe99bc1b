import type { Mac, PackfileId, SnapshotId, StateId } from '@wardrobe/kloset-model';
import { ByteReader } from '../../codec/byte-reader.js';
import { colouredEntry, deleteEntry, ENTRY_TYPE, locationEntry, packfileEntry } from '../../format/state.js';
import type { StateView } from '../../repository/types.js';

export type SaidColour = { readonly type: number; readonly id: Mac; readonly whenNs: bigint };
export type SaidDelete = { readonly removes: number; readonly type: number; readonly blob: Mac; readonly packfile: PackfileId };
export type Residue = {
  readonly packfiles: readonly { readonly packfile: PackfileId; readonly whenNs: bigint }[];
  readonly snapshots: readonly { readonly id: SnapshotId; readonly packfile: PackfileId }[];
  readonly colours: readonly SaidColour[];
  readonly deletes: readonly SaidDelete[];
};

/** What a state says besides locations, with the locations of snapshots. */
export function readResidue(residue: Uint8Array): Residue {
  const reader = new ByteReader(residue, 'state');
  const packfiles: { packfile: PackfileId; whenNs: bigint }[] = [];
  const snapshots: { id: SnapshotId; packfile: PackfileId }[] = [];
  const colours: SaidColour[] = [];
  const deletes: SaidDelete[] = [];
  while (reader.remaining > 0) {
    const type = reader.u8();
    const payload = new ByteReader(reader.take(reader.u32()), 'state entry');
    if (type === ENTRY_TYPE.packfile) packfiles.push(packfileEntry.read(payload));
    else if (type === ENTRY_TYPE.coloured) colours.push(colouredEntry.read(payload));
    else if (type === ENTRY_TYPE.delete) deletes.push(deleteEntry.read(payload));
    else if (type === ENTRY_TYPE.location) {
      const { blob, packfile } = locationEntry.read(payload);
      snapshots.push({ id: blob, packfile });
    }
  }
  return { packfiles, snapshots, colours, deletes };
}

/** Which state says what: the merged view keeps only what follows from all of them. */
export type Said = {
  /** By `type:id`. */
  readonly colours: ReadonlyMap<string, readonly { readonly state: StateId; readonly whenNs: bigint }[]>;
  readonly entrants: ReadonlyMap<PackfileId, readonly StateId[]>;
  readonly headers: ReadonlyMap<SnapshotId, readonly { readonly state: StateId; readonly packfile: PackfileId }[]>;
  readonly deletes: readonly (SaidDelete & { readonly state: StateId })[];
};

export function whoSays(view: StateView): Said {
  const colours = new Map<string, { state: StateId; whenNs: bigint }[]>();
  const entrants = new Map<PackfileId, StateId[]>();
  const headers = new Map<SnapshotId, { state: StateId; packfile: PackfileId }[]>();
  const deletes: (SaidDelete & { readonly state: StateId })[] = [];
  for (const { records } of view.layers)
    for (const record of records) {
      const state = record.id;
      const residue = readResidue(record.residue);
      for (const { packfile } of residue.packfiles) push(entrants, packfile, state);
      for (const { id, packfile } of residue.snapshots) push(headers, id, { state, packfile });
      for (const { type, id, whenNs } of residue.colours) push(colours, `${type}:${id}`, { state, whenNs });
      for (const said of residue.deletes) deletes.push({ ...said, state });
    }
  return { colours, entrants, headers, deletes };
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
