import type { Mac, PackfileId, SnapshotId, StateId } from '@wardrobe/kloset-model';
import { ByteReader } from '../codec/byte-reader.js';
import { colouredEntry, deleteEntry, ENTRY_TYPE, locationEntry, packfileEntry } from '../format/state.js';
import type { StateRecord } from './state-record.js';

/** A colour that counts: the earliest not cancelled by an uncolouring. */
export type Colour = { readonly whenNs: bigint; readonly states: readonly StateId[] };

/** All small facts of the readable states, merged as a set: the order of the states does not matter. @source 01-store 5.5 */
export type Facts = {
  /** Packfile id → states with an entry for it; tombstoned ones are left out. */
  readonly packfiles: ReadonlyMap<PackfileId, readonly StateId[]>;
  /** Every packfile that some state enters, tombstoned or not. */
  isEntered(packfile: PackfileId): boolean;
  readonly tombstones: ReadonlySet<PackfileId>;
  colour(type: number, id: Mac): Colour | null;
  /** Ids of one resource type with a colour that counts. */
  coloured(type: number): Iterable<readonly [Mac, Colour]>;
  /** Snapshot id → states that hold a location of it, with the packfiles they name. */
  readonly snapshots: ReadonlyMap<SnapshotId, readonly SnapshotClaim[]>;
  readonly byState: ReadonlyMap<StateId, StateFacts>;
  /** Delete entries of packfiles and colours; those of locations are in the tables. */
  readonly deletes: readonly DeleteClaim[];
  /** States that enter a packfile, tombstoned or not. */
  entrants(packfile: PackfileId): readonly StateId[];
  /** States that colour something, cancelled or not. */
  colourists(type: number, id: Mac): readonly StateId[];
};

/** What one state deletes: a packfile (`packfile`) or a colour (of `type` and `blob`). */
export type DeleteClaim = { readonly state: StateId; readonly removes: number; readonly type: number; readonly blob: Mac; readonly packfile: PackfileId };
export type SnapshotClaim = { readonly snapshot: SnapshotId; readonly state: StateId; readonly packfile: PackfileId };
export type StateFacts = { readonly snapshots: readonly SnapshotClaim[]; readonly colouredSnapshots: readonly SnapshotId[] };

type ColourClaim = { readonly whenNs: bigint; readonly state: StateId };
type Collected = {
  readonly entered: Map<PackfileId, StateId[]>;
  readonly tombstones: Set<PackfileId>;
  readonly colours: Map<number, Map<Mac, ColourClaim[]>>;
  readonly uncolouredAtNs: Map<string, bigint>;
  readonly snapshots: Map<SnapshotId, SnapshotClaim[]>;
  readonly byState: Map<StateId, StateFacts>;
  readonly deletes: DeleteClaim[];
};

const SNAPSHOT = 5;

/** Merges the residues of states. The records come from `parseState`, so their residues are known to be well formed. */
export function mergeFacts(records: Iterable<StateRecord>): Facts {
  const collected: Collected = {
    entered: new Map(),
    tombstones: new Set(),
    colours: new Map(),
    uncolouredAtNs: new Map(),
    snapshots: new Map(),
    byState: new Map(),
    deletes: [],
  };
  const sorted = [...records].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  for (const record of sorted) collect(record, collected);
  const colours = validColours(collected);
  const packfiles = new Map([...collected.entered].filter(([id]) => !collected.tombstones.has(id)));
  return {
    packfiles,
    isEntered: (packfile) => collected.entered.has(packfile),
    tombstones: collected.tombstones,
    colour: (type, id) => colours.get(type)?.get(id) ?? null,
    coloured: (type) => colours.get(type) ?? [],
    snapshots: collected.snapshots,
    byState: collected.byState,
    deletes: collected.deletes,
    entrants: (packfile) => collected.entered.get(packfile) ?? [],
    colourists: (type, id) => (collected.colours.get(type)?.get(id) ?? []).map((claim) => claim.state),
  };
}

function collect(record: StateRecord, into: Collected): void {
  const reader = new ByteReader(record.residue, 'state', { kind: 'state', file: record.id });
  const snapshots: SnapshotClaim[] = [];
  const colouredSnapshots: SnapshotId[] = [];
  while (reader.remaining > 0) {
    const type = reader.u8();
    reader.skip(4);
    if (type === ENTRY_TYPE.packfile) {
      push(into.entered, packfileEntry.read(reader).packfile, record.id);
    } else if (type === ENTRY_TYPE.coloured) {
      const entry = colouredEntry.read(reader);
      push(colourMap(into, entry.type), entry.id, { whenNs: entry.whenNs, state: record.id });
      if (entry.type === SNAPSHOT) colouredSnapshots.push(entry.id);
    } else if (type === ENTRY_TYPE.location) {
      const entry = locationEntry.read(reader);
      const claim = { snapshot: entry.blob, state: record.id, packfile: entry.packfile };
      push(into.snapshots, entry.blob, claim);
      snapshots.push(claim);
    } else if (type === ENTRY_TYPE.delete) {
      collectDelete(reader, record, into);
    } else {
      reader.fail(`a residue holds an entry of type ${type}`);
    }
  }
  into.byState.set(record.id, { snapshots, colouredSnapshots });
}

function collectDelete(reader: ByteReader, record: StateRecord, into: Collected): void {
  const entry = deleteEntry.read(reader);
  into.deletes.push({ ...entry, state: record.id });
  if (entry.removes === ENTRY_TYPE.packfile) {
    into.tombstones.add(entry.packfile);
    return;
  }
  const key = `${entry.type}:${entry.blob}`;
  const known = into.uncolouredAtNs.get(key);
  if (known === undefined || known < record.timestampNs) into.uncolouredAtNs.set(key, record.timestampNs);
}

/** An uncolouring cancels the colours up to the time of its state; of those left the earliest counts. */
function validColours(collected: Collected): Map<number, Map<Mac, Colour>> {
  const valid = new Map<number, Map<Mac, Colour>>();
  for (const [type, claimsById] of collected.colours) {
    const colours = new Map<Mac, Colour>();
    for (const [id, claims] of claimsById) {
      const cancelledUntil = collected.uncolouredAtNs.get(`${type}:${id}`);
      const left = cancelledUntil === undefined ? claims : claims.filter((claim) => claim.whenNs > cancelledUntil);
      const first = left[0];
      if (first === undefined) continue;
      const whenNs = left.reduce((earliest, claim) => (claim.whenNs < earliest ? claim.whenNs : earliest), first.whenNs);
      colours.set(id, { whenNs, states: [...new Set(left.map((claim) => claim.state))] });
    }
    valid.set(type, colours);
  }
  return valid;
}

function colourMap(into: Collected, type: number): Map<Mac, ColourClaim[]> {
  const known = into.colours.get(type);
  if (known !== undefined) return known;
  const made = new Map<Mac, ColourClaim[]>();
  into.colours.set(type, made);
  return made;
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else if (list.at(-1) !== value) list.push(value);
}
