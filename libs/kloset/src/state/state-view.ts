import type { Mac, PackfileId, SnapshotId, StateId } from '@wardrobe/kloset-model';
import { macToBytes } from '../bytes/bytes.js';
import { versionText } from '../codec/version.js';
import { macWords } from '../codec/word-reader.js';
import { BLOB_TYPE } from '../format/state.js';
import { type Colour, type Facts, mergeFacts } from './facts.js';
import type { Layer } from './layer.js';
import { findMergeHazards, type MergeHazard } from './merge-hazards.js';
import { type ColouredInUse, findColouredInUse, type Merged } from './sole-holders.js';
import { findCopies, type LostState } from './state-copies.js';
import type { LocationTable, Row } from './location-table.js';
import type { StateRecord } from './state-record.js';

/**
 * The merge of all readable states, independent of their order. Structurally the `StateView` of the repository's types.
 * @source 01-store 5.4, 5.5
 */
export class MergedView {
  readonly states;
  readonly unreadable: readonly LostState[];
  readonly live;
  readonly deleted;
  readonly counts: { readonly locations: number; readonly packfiles: number };
  readonly #facts: Facts;
  #hazards: readonly MergeHazard[] | null = null;
  #colouredInUse: readonly ColouredInUse[] | null = null;

  constructor(
    readonly layers: readonly Layer[],
    unreadable: readonly LostState[],
  ) {
    const records = layers.flatMap((layer) => layer.records);
    this.#facts = mergeFacts(records);
    const copies = findCopies(records);
    this.unreadable = [...unreadable, ...copies];
    const copied = new Set(copies.map((copy) => copy.id));
    this.states = records
      .filter((record) => !copied.has(record.id))
      .map((record) => this.#describe(record))
      .sort((a, b) => Number(a.timestampNs - b.timestampNs) || (a.id < b.id ? -1 : 1));
    this.live = this.#liveSnapshots();
    this.deleted = this.#deletedSnapshots();
    this.counts = { locations: layers.reduce((sum, layer) => sum + layer.table.count, 0), packfiles: this.#facts.packfiles.size };
  }

  isPackfileKnown(id: PackfileId): boolean {
    return this.#facts.packfiles.has(id);
  }

  isPackfileColoured(id: PackfileId): boolean {
    return this.#facts.colour(BLOB_TYPE.packfile, id) !== null;
  }

  isPackfileTombstoned(id: PackfileId): boolean {
    return this.#facts.tombstones.has(id);
  }

  colours(type: 4 | 5): Iterable<readonly [Mac, Colour]> {
    return this.#facts.coloured(type);
  }

  *packfiles(): Iterable<{ readonly id: PackfileId; readonly coloured: boolean; readonly states: readonly StateId[] }> {
    for (const [id, states] of this.#facts.packfiles) yield { id, coloured: this.isPackfileColoured(id), states };
  }

  locations(type: number, id: Mac): (FoundLocation & { readonly coloured: boolean })[] {
    const words = macWords(macToBytes(id));
    const rows = this.#rows(type, words);
    // Nearly every blob lies in one place, and backups ask for very many.
    if (rows.length === 0) return [];
    const [only] = rows;
    return rows.length === 1 && only !== undefined ? this.#soleLocation(only) : this.#manyLocations(rows);
  }

  #rows(type: number, words: Uint32Array): FoundRow[] {
    const rows: FoundRow[] = [];
    for (const { table } of this.layers) for (const index of table.find(type, words)) rows.push({ table, index });
    return rows;
  }

  #soleLocation({ table, index }: FoundRow): (FoundLocation & { readonly coloured: boolean })[] {
    const { packfile: number, offset, lengthBytes, version, stated, tombstoned } = table.read(index);
    const packfile = table.packfiles.mac(number);
    if (!stated || tombstoned || !this.isPackfileKnown(packfile)) return [];
    return [{ packfile, offset, lengthBytes, version, coloured: this.isPackfileColoured(packfile) }];
  }

  #manyLocations(rows: readonly FoundRow[]): (FoundLocation & { readonly coloured: boolean })[] {
    const found = new Map<PackfileId, FoundLocation>();
    const tombstoned = new Set<PackfileId>();
    for (const { table, index } of rows) {
      const row = table.read(index);
      const packfile = table.packfiles.mac(row.packfile);
      if (row.tombstoned) tombstoned.add(packfile);
      if (row.stated && this.isPackfileKnown(packfile)) keepFirst(found, { packfile, row });
    }
    const locations = [...found.values()]
      .filter((location) => !tombstoned.has(location.packfile))
      .map((location) => ({ ...location, coloured: this.isPackfileColoured(location.packfile) }));
    return locations.sort((a, b) => Number(a.coloured) - Number(b.coloured) || (a.packfile < b.packfile ? -1 : 1));
  }

  isAvailable(type: number, id: Mac): boolean {
    return this.locations(type, id).some((location) => !location.coloured);
  }

  eachAvailable(visit: (type: number, words: Uint32Array, at: number) => void): void {
    const deleted = this.#deletedLocations();
    for (const { table } of this.layers) {
      const usable = new Uint8Array(table.packfiles.count);
      for (let number = 0; number < usable.length; number += 1) {
        const packfile = table.packfiles.mac(number);
        usable[number] = this.isPackfileKnown(packfile) && !this.isPackfileColoured(packfile) ? 1 : 0;
      }
      table.each(({ index, type, block, at }) => {
        if (usable[block[at + 8] as number] === 0 || !table.read(index).stated) return;
        // Where a location was ever deleted, only the careful way tells.
        if (deleted.size === 0 || !deleted.has(table.blob(index)) || this.isAvailable(type, table.blob(index))) visit(type, block, at);
      });
    }
  }

  #deletedLocations(): Set<Mac> {
    const blobs = new Set<Mac>();
    for (const { table } of this.layers) for (const index of table.tombstones()) blobs.add(table.blob(index));
    return blobs;
  }

  mergeHazards(): readonly MergeHazard[] {
    this.#hazards ??= findMergeHazards(this.#merged());
    return this.#hazards;
  }

  colouredInUse(): readonly ColouredInUse[] {
    this.#colouredInUse ??= findColouredInUse(this.#merged(), new Set(this.live.map((snapshot) => snapshot.id)));
    return this.#colouredInUse;
  }

  #merged(): Merged {
    return {
      layers: this.layers,
      facts: this.#facts,
      isPackfileKnown: (id) => this.isPackfileKnown(id),
      locations: (type, id) => this.locations(type, id),
    };
  }

  #describe(record: StateRecord) {
    const facts = this.#facts.byState.get(record.id);
    const snapshots = (facts?.snapshots ?? []).filter((claim) => this.#facts.isEntered(claim.packfile)).map((claim) => claim.snapshot);
    return {
      id: record.id,
      version: versionText(record.version) as '1.0.0' | '1.1.0',
      timestampNs: record.timestampNs,
      parent: record.parent,
      serial: record.serial,
      sizeBytes: record.sizeBytes,
      snapshots: [...new Set(snapshots)],
      colouredSnapshots: facts?.colouredSnapshots ?? [],
      counts: record.counts,
    };
  }

  #liveSnapshots() {
    const live: { id: SnapshotId; packfiles: PackfileId[]; states: StateId[]; scheduledForDeletion: boolean }[] = [];
    for (const [id, claims] of this.#facts.snapshots) {
      const locations = this.locations(BLOB_TYPE.snapshot, id);
      if (locations.length === 0 || this.#facts.colour(BLOB_TYPE.snapshot, id) !== null) continue;
      const packfiles = locations.map((location) => location.packfile);
      const states = claims.filter((claim) => packfiles.includes(claim.packfile)).map((claim) => claim.state);
      live.push({ id, packfiles, states: [...new Set(states)], scheduledForDeletion: locations.every((location) => location.coloured) });
    }
    return live;
  }

  #deletedSnapshots() {
    return [...this.#facts.coloured(BLOB_TYPE.snapshot)].map(([id, colour]) => ({
      id: id as SnapshotId,
      whenNs: colour.whenNs,
      states: colour.states,
      packfiles: this.locations(BLOB_TYPE.snapshot, id).map((location) => location.packfile),
    }));
  }
}

type FoundRow = { readonly table: LocationTable; readonly index: number };
type FoundLocation = { readonly packfile: PackfileId; readonly offset: number; readonly lengthBytes: number; readonly version: number };

/** Of unequal claims in several layers the smallest wins, as inside one table. */
function keepFirst(found: Map<PackfileId, FoundLocation>, claim: { readonly packfile: PackfileId; readonly row: Row }): void {
  const { packfile, row } = claim;
  const known = found.get(packfile);
  const order = known === undefined ? -1 : row.offset - known.offset || row.lengthBytes - known.lengthBytes || row.version - known.version;
  if (order < 0) found.set(packfile, { packfile, offset: row.offset, lengthBytes: row.lengthBytes, version: row.version });
}
