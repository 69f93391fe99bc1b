import { byteName, cleanPath, entryTypeOf, type EntryTypeName, type Mac, nameText } from '@wardrobe/kloset-model';
import { macFromBytes, macToBytes } from '../bytes/bytes.js';
import { decode, type Infer } from '../codec/codec.js';
import * as mp from '../codec/msgpack.js';
import { map } from '../codec/msgpack-map.js';
import { InvalidInputError, KlosetError } from '../errors/errors.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import { treeChildren, expectDirectory } from './children.js';
import { findDirpack, type SnapshotContext } from './context.js';
import { dirpackFrameAt, dirpackFrames, readFrame } from './dirpack.js';
import { isDamaged, readEntry } from './entry.js';
import { readNamedEntry } from './lookup.js';
import type { Abortable } from './source.js';
import type { DamagedEntry, DirectoryIndex, DirectoryOrder, Entry, ObjectInfo } from './types.js';

export type DirectoryIndexOptions = Abortable & {
  readonly onProgress?: ((progress: { readonly doneBytes: number; readonly totalBytes: number }) => void) | undefined;
};

/** The members of an entry that an order needs; the others are passed over. */
const sortKeys = map('vfs-entry', { file_info: map('file-info', { size: mp.i64, mode: mp.u32, mod_time: mp.timestamp }) });
type SortKeys = Infer<typeof sortKeys>['file_info'];

const TYPE_RANK: Readonly<Record<EntryTypeName, number>> = { directory: 0, file: 1, symlink: 2, fifo: 3, socket: 4, device: 5, irregular: 6 };
const SECOND_NS = 1_000_000_000n;
const MAC_BYTES = 32;

/**
 * Reads a directory once, from its packed listing or else from the tree.
 * @throws NotFoundError no such path; InvalidInputError not a directory
 */
export async function buildDirectoryIndex(context: SnapshotContext, rawPath: Uint8Array, options: DirectoryIndexOptions = {}): Promise<DirectoryIndex> {
  const directory = cleanPath(rawPath);
  try {
    const pack = await findDirpack(context, directory, options);
    if (pack !== null) return await packedIndex(context, pack, options);
  } catch (error) {
    if (!(error instanceof KlosetError)) throw error;
    // The tree lists the same directory; `check` reports the damaged listing.
  }
  return treeIndex(context, directory, options);
}

async function packedIndex(context: SnapshotContext, pack: ObjectInfo, options: DirectoryIndexOptions): Promise<DirectoryIndex> {
  const columns = new Columns();
  const starts: number[] = [];
  let macs = new Uint8Array(256 * MAC_BYTES);
  for await (const frames of dirpackFrames(context, pack, options)) {
    for (const frame of frames) {
      columns.add(decode(sortKeys, frame.payload, { kind: 'dirpack', file: pack.mac }).file_info);
      if (starts.length * MAC_BYTES === macs.length) macs = larger(macs, new Uint8Array(macs.length * 2));
      macs.set(frame.mac, starts.length * MAC_BYTES);
      starts.push(frame.start);
    }
    options.onProgress?.({ doneBytes: frames.at(-1)?.end ?? 0, totalBytes: pack.sizeBytes });
    await breathe();
  }
  const places: PackedPlaces = { pack, starts: Float64Array.from([...starts, pack.sizeBytes]), macs };
  return columns.index((wanted, signal) => packedEntries(context, places, { wanted, signal }));
}

type PackedPlaces = { readonly pack: ObjectInfo; readonly starts: Float64Array; readonly macs: Uint8Array };

/**
 * Entries scattered over a listing. Their own records are far smaller than the chunks of the listing that hold them; a record that nothing stores (v1.1 on top
 * of a v1.0 parent), or that is damaged, is taken from its frame.
 */
async function packedEntries(
  context: SnapshotContext,
  places: PackedPlaces,
  page: { readonly wanted: readonly number[]; readonly signal: AbortSignal | undefined },
): Promise<Entry[]> {
  const { pack, starts, macs } = places;
  const ids = page.wanted.map((place) => macFromBytes(macs.subarray(place * MAC_BYTES, (place + 1) * MAC_BYTES)));
  const entries: Entry[] = [];
  for await (const got of context.source.getMany(SNAPSHOT_BLOB.vfsEntry, ids, { signal: page.signal })) {
    const place = page.wanted[entries.length] as number;
    if ('bytes' in got) entries.push(readEntry(got.bytes, got.id));
    else {
      const frame = await dirpackFrameAt(context, pack, { start: starts[place] as number, end: starts[place + 1] as number, signal: page.signal });
      entries.push(readFrame(context, frame));
    }
  }
  return entries;
}

async function treeIndex(context: SnapshotContext, directory: Uint8Array, options: DirectoryIndexOptions): Promise<DirectoryIndex> {
  const columns = new Columns();
  const slots: ({ readonly path: Uint8Array; readonly mac: Uint8Array } | DamagedEntry)[] = [];
  for await (const entry of treeChildren(context, directory, { signal: options.signal })) {
    if (isDamaged(entry)) columns.add({ size: -1n, mode: 0, mod_time: 0n });
    else columns.add({ size: entry.sizeBytes, mode: entry.goMode, mod_time: entry.mtimeNs });
    slots.push(isDamaged(entry) ? entry : { path: entry.path.bytes, mac: macToBytes(entry.mac) });
  }
  if (slots.length === 0) await expectDirectory(context, directory, options);
  return columns.index(async (wanted, signal) => {
    const entries: (Entry | DamagedEntry)[] = [];
    for (const place of wanted) {
      const slot = slots[place];
      if (slot === undefined) throw new InvalidInputError(`${nameText(directory)} has no entry ${place}`);
      entries.push('damaged' in slot ? slot : await readOrDamaged(context, { path: slot.path, mac: macFromBytes(slot.mac) }, { signal }));
    }
    return entries;
  });
}

async function readOrDamaged(
  context: SnapshotContext,
  named: { readonly path: Uint8Array; readonly mac: Mac },
  options: Abortable,
): Promise<Entry | DamagedEntry> {
  try {
    return await readNamedEntry(context, named, options);
  } catch (error) {
    if (!(error instanceof KlosetError)) throw error;
    return { path: byteName(named.path), name: byteName(named.path.subarray(named.path.lastIndexOf(0x2f) + 1)), damaged: error };
  }
}

/** Lets the event loop turn: a listing of a million entries must not hold up everyone else. */
function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

type ReadPlaces = (places: readonly number[], signal: AbortSignal | undefined) => Promise<readonly (Entry | DamagedEntry)[]>;

/** Sizes, times and types of the entries in order of the name. */
class Columns {
  #sizes = new Float64Array(256);
  #seconds = new Float64Array(256);
  #nanoseconds = new Uint32Array(256);
  #types = new Uint8Array(256);
  #count = 0;

  add(keys: SortKeys): void {
    if (this.#count === this.#sizes.length) this.#grow();
    const nanoseconds = ((keys.mod_time % SECOND_NS) + SECOND_NS) % SECOND_NS;
    this.#sizes[this.#count] = Number(keys.size);
    this.#seconds[this.#count] = Number((keys.mod_time - nanoseconds) / SECOND_NS);
    this.#nanoseconds[this.#count] = Number(nanoseconds);
    this.#types[this.#count] = TYPE_RANK[entryTypeOf(keys.mode)];
    this.#count += 1;
  }

  index(read: ReadPlaces): DirectoryIndex {
    const orders = new Map<string, Uint32Array>();
    const count = this.#count;
    return {
      count,
      page: async (order, range) => {
        const places = orders.get(order.by) ?? this.#order(order.by);
        orders.set(order.by, places);
        const end = Math.min(count, range.offset + range.limit);
        const wanted: number[] = [];
        for (let i = range.offset; i < end; i++) wanted.push(places[order.descending === true ? count - 1 - i : i] as number);
        return read(wanted, range.signal);
      },
    };
  }

  #order(by: DirectoryOrder['by']): Uint32Array {
    const places = Uint32Array.from({ length: this.#count }, (_, place) => place);
    if (by === 'name') return places;
    const [first, second] = { size: [this.#sizes, null], mtime: [this.#seconds, this.#nanoseconds], type: [this.#types, null] }[by] as [
      ArrayLike<number>,
      ArrayLike<number> | null,
    ];
    return places.sort((a, b) => (first[a] as number) - (first[b] as number) || (second === null ? 0 : (second[a] as number) - (second[b] as number)) || a - b);
  }

  #grow(): void {
    this.#sizes = larger(this.#sizes, new Float64Array(this.#count * 2));
    this.#seconds = larger(this.#seconds, new Float64Array(this.#count * 2));
    this.#nanoseconds = larger(this.#nanoseconds, new Uint32Array(this.#count * 2));
    this.#types = larger(this.#types, new Uint8Array(this.#count * 2));
  }
}

function larger<T extends { set(values: ArrayLike<number>): void }>(from: ArrayLike<number>, to: T): T {
  to.set(from);
  return to;
}
