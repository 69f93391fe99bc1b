import type { Mac, PackfileId } from '@wardrobe/kloset-model';
import { macToBytes } from '../../bytes/bytes.js';
import { macWords } from '../../codec/word-reader.js';
import { BLOB_TYPE } from '../../format/state.js';
import type { StateView } from '../../repository/types.js';
import type { Layer } from '../../state/layer.js';
import type { LocationTable, Row } from '../../state/location-table.js';

/** Where one copy of a blob lies. `ordinal` numbers packfiles over all layers. */
export type Place = {
  readonly type: number;
  readonly id: Mac;
  readonly packfile: PackfileId;
  readonly ordinal: number;
  readonly offset: number;
  readonly lengthBytes: number;
  readonly version: number;
};

/** `firstBy`: number of the snapshot that was found first to need it. `isSole`: it is coloured and holds something that lies in no packfile that is not. */
export type NeededPackfile = { readonly id: PackfileId; readonly firstBy: number; readonly isSole: boolean };

/** Answers of `reach` that are no copy of a blob. */
export const REACHED_BEFORE = -1;
export const MISSING = -2;

/** A row of a table is named by its layer and its number. */
const LAYER_STEP = 2 ** 32;
const LIVE = 1;

type Marked = {
  readonly table: LocationTable;
  /** One byte a row: bit 0 live, the others belong to the walker. */
  readonly flags: Uint8Array;
  /** By packfile number of the table: its ordinal, or -1 when its locations do not count. */
  readonly ordinals: Int32Array;
  /** Its copies count only for what lies in no packfile that is known and not coloured. */
  readonly isOrphans: boolean;
};

/**
 * Which blobs of a store something live needs, as one byte for each location that the states (and, where given, the orphans) name. The tables of the view
 * are the open-addressed index: nothing is kept per blob beside that byte.
 */
export class LiveBlobs {
  readonly #layers: readonly Marked[];
  readonly #packfiles: PackfileId[] = [];
  readonly #coloured: boolean[] = [];
  /** By ordinal: number of the first snapshot plus one; 0 nobody. */
  readonly #neededBy: number[] = [];
  readonly #sole: boolean[] = [];
  readonly #tombstones: ReadonlySet<string>;

  /**
   * `orphans`: packfiles that no state names whose locations count too, with their table. `isGone`: told of packfiles that are scheduled for deletion, whether
   * they were removed already: what is said to lie in them counts no more.
   */
  constructor(
    view: StateView,
    orphans?: { readonly layer: Layer; readonly packfiles: ReadonlySet<PackfileId> },
    isGone: (id: PackfileId) => boolean = () => false,
  ) {
    const ordinals = new Map<PackfileId, number>();
    const mark = ({ table }: Layer, counts: (id: PackfileId) => boolean, isOrphans = false): Marked => ({
      table,
      isOrphans,
      flags: new Uint8Array(table.count),
      ordinals: Int32Array.from({ length: table.packfiles.count }, (_, number) => {
        const id = table.packfiles.mac(number);
        return counts(id) ? this.#ordinal(id, ordinals, view) : -1;
      }),
    });
    const counts = (id: PackfileId): boolean => view.isPackfileKnown(id) && !(view.isPackfileColoured(id) && isGone(id));
    const layers = view.layers.map((layer) => mark(layer, counts));
    if (orphans !== undefined) layers.push(mark(orphans.layer, (id) => orphans.packfiles.has(id), true));
    this.#layers = layers;
    this.#tombstones = tombstonesOf(view.layers);
  }

  /**
   * Marks a blob as needed, and with it every packfile that holds a copy: which copy another reader takes cannot be known. Returns the copy to read (one in a
   * packfile that is not coloured before others), `REACHED_BEFORE` when it was reached with the same `flag` (2, 4, … 128; 0 for none), or `MISSING`.
   */
  reach(type: number, words: Uint32Array, use: { readonly snapshot: number; readonly flag: number }): number {
    const wanted = LIVE | use.flag;
    let best = MISSING;
    let bestIsColoured = true;
    for (let layer = 0; layer < this.#layers.length; layer += 1) {
      const { table, flags, ordinals, isOrphans } = this.#layers[layer] as Marked;
      if (isOrphans && !bestIsColoured) continue;
      for (const index of table.find(type, words)) {
        const row = table.read(index);
        const ordinal = ordinals[row.packfile] as number;
        if (ordinal < 0 || !row.stated || this.#isTombstoned(table, index, row)) continue;
        if (((flags[index] as number) & wanted) === wanted) return REACHED_BEFORE;
        flags[index] = (flags[index] as number) | wanted;
        if (this.#neededBy[ordinal] === 0) this.#neededBy[ordinal] = use.snapshot + 1;
        const isColoured = this.#coloured[ordinal] as boolean;
        if (best === MISSING || (bestIsColoured && !isColoured)) {
          best = layer * LAYER_STEP + index;
          bestIsColoured = isColoured;
        }
      }
    }
    if (best !== MISSING && bestIsColoured) this.#markSole(type, words);
    return best;
  }

  place(handle: number): Place {
    const { table, ordinals } = this.#layers[Math.floor(handle / LAYER_STEP)] as Marked;
    const index = handle % LAYER_STEP;
    const row = table.read(index);
    const ordinal = ordinals[row.packfile] as number;
    const packfile = this.#packfiles[ordinal] as PackfileId;
    return { type: row.type, id: table.blob(index), packfile, ordinal, offset: row.offset, lengthBytes: row.lengthBytes, version: row.version };
  }

  /** Packfiles with a copy of something needed. */
  *needed(): Generator<NeededPackfile> {
    for (const [ordinal, id] of this.#packfiles.entries()) {
      const by = this.#neededBy[ordinal] as number;
      if (by > 0) yield { id, firstBy: by - 1, isSole: this.#sole[ordinal] as boolean };
    }
  }

  isLive(type: number, id: Mac): boolean {
    const words = macWords(macToBytes(id));
    return this.#layers.some(({ table, flags }) => table.find(type, words).some((index) => ((flags[index] as number) & LIVE) !== 0));
  }

  /**
   * Blobs in the given coloured packfiles that no packfile without a colour holds: those that are needed, and entries (12), which may be those that plakar
   * 1.1 looks for and no tree names (02-snapshot 9.1). Each once, padding left out.
   */
  *stranded(packfiles: ReadonlySet<PackfileId>): Generator<{ readonly type: number; readonly id: Mac }> {
    const seen = new Set<string>();
    for (const { table, flags, ordinals } of this.#layers) {
      const wanted = Uint8Array.from(ordinals, (ordinal) => (ordinal >= 0 && packfiles.has(this.#packfiles[ordinal] as PackfileId) ? 1 : 0));
      for (const index of table.rowsIn(wanted)) {
        const row = table.read(index);
        if (row.type === BLOB_TYPE.padding || !row.stated || this.#isTombstoned(table, index, row)) continue;
        if (((flags[index] as number) & LIVE) === 0 && row.type !== VFS_ENTRY) continue;
        const id = table.blob(index);
        const key = `${row.type}:${id}`;
        if (seen.has(key) || this.#isAvailable(row.type, id)) continue;
        seen.add(key);
        yield { type: row.type, id };
      }
    }
  }

  /** Blobs of one type in the given packfiles that nothing live needs, every copy. */
  *unneeded(type: number, packfiles: ReadonlySet<PackfileId>): Generator<number> {
    for (const [layer, { table, flags, ordinals }] of this.#layers.entries()) {
      const wanted = Uint8Array.from(ordinals, (ordinal) => (ordinal >= 0 && packfiles.has(this.#packfiles[ordinal] as PackfileId) ? 1 : 0));
      for (const index of table.rowsIn(wanted)) {
        const row = table.read(index);
        if (row.type !== type || ((flags[index] as number) & LIVE) !== 0 || !row.stated || this.#isTombstoned(table, index, row)) continue;
        yield layer * LAYER_STEP + index;
      }
    }
  }

  /** Packfiles that hold a copy of a blob. */
  holders(type: number, words: Uint32Array): PackfileId[] {
    return this.#copies(type, words).map((ordinal) => this.#packfiles[ordinal] as PackfileId);
  }

  #isAvailable(type: number, id: Mac): boolean {
    const words = macWords(macToBytes(id));
    return this.#copies(type, words).some((ordinal) => !this.#coloured[ordinal]);
  }

  /** Packfiles that hold the blob. */
  #copies(type: number, words: Uint32Array): number[] {
    return this.#layers.flatMap(({ table, ordinals }) =>
      table.find(type, words).flatMap((index) => {
        const row = table.read(index);
        const ordinal = ordinals[row.packfile] as number;
        return ordinal < 0 || !row.stated || this.#isTombstoned(table, index, row) ? [] : [ordinal];
      }),
    );
  }

  #markSole(type: number, words: Uint32Array): void {
    for (const ordinal of this.#copies(type, words)) this.#sole[ordinal] = true;
  }

  #isTombstoned(table: LocationTable, index: number, row: Row): boolean {
    return this.#tombstones.size > 0 && this.#tombstones.has(`${row.type}:${table.blob(index)}:${table.packfiles.mac(row.packfile)}`);
  }

  #ordinal(id: PackfileId, ordinals: Map<PackfileId, number>, view: StateView): number {
    const known = ordinals.get(id);
    if (known !== undefined) return known;
    const ordinal = this.#packfiles.push(id) - 1;
    this.#coloured.push(view.isPackfileColoured(id));
    this.#neededBy.push(0);
    this.#sole.push(false);
    ordinals.set(id, ordinal);
    return ordinal;
  }
}

const VFS_ENTRY = 12;

/** Locations that were deleted one by one: only plakar's maintenance does that, to few. */
function tombstonesOf(layers: readonly Layer[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { table } of layers) {
    for (const index of table.tombstones()) {
      const row = table.read(index);
      found.add(`${row.type}:${table.blob(index)}:${table.packfiles.mac(row.packfile)}`);
    }
  }
  return found;
}
