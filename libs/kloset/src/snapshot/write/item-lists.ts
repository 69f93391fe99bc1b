import type { Mac } from '@wardrobe/kloset-model';
import { createTreeShape, persistTree } from '../../btree/build.js';
import { asBuffer, compareBytes, concatBytes, macFromBytes } from '../../bytes/bytes.js';
import { encode } from '../../codec/codec.js';
import { V1_0_0 } from '../../codec/version.js';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import { errorItem, xattrItem } from '../../format/snapshot-items.js';
import type { BlobSink } from '../../repository/writer-types.js';
import { ByteArena, Interned, NumberPages } from './byte-arena.js';
import type { PathOrder } from './path-order.js';
import { type PathTable, ROOT } from './path-table.js';
import type { StoredContent } from './types.js';

export type ItemContext = { readonly sink: BlobSink; readonly paths: PathTable; readonly order: PathOrder; readonly pause: () => Promise<void> };

const MAC_BYTES = 32;
const ITEMS_PER_PAUSE = 256;
const SLASH = 0x2f;

/** Errors by path; of several of one path the last counts. */
export class ErrorList {
  readonly #nodes = new NumberPages();
  readonly #places = new NumberPages();
  readonly #messages = new ByteArena();

  /** Errors that were told, those of one path each. */
  get length(): number {
    return this.#nodes.length;
  }

  add(node: number, message: Uint8Array): void {
    const item = new Uint8Array(4 + message.length);
    new DataView(item.buffer).setUint32(0, message.length);
    item.set(message, 4);
    this.#nodes.push(node);
    this.#places.push(this.#messages.append(item));
  }

  /** Writes the items and their tree; keys in ascending BYTES order, in which they are inserted. */
  async persist(context: ItemContext): Promise<Mac> {
    const sorted = this.#sorted(context.order.rankByBytes);
    const macs = new MacArray(sorted.length);
    const shape = createTreeShape();
    for (let rank = 0; rank < sorted.length; rank++) {
      const item = sorted[rank] as number;
      const record = { version: V1_0_0, name: context.paths.path(this.#nodes.get(item)), error: this.#message(item) };
      macs.set(rank, context.sink.put(SNAPSHOT_BLOB.errorEntry, encode(errorItem, record)));
      shape.insert(rank);
      if (rank % ITEMS_PER_PAUSE === 0) await context.pause();
    }
    return persistTree(shape, {
      sink: context.sink,
      types: { root: SNAPSHOT_BLOB.errorRoot, node: SNAPSHOT_BLOB.errorNode },
      keyOf: (rank) => context.paths.pathView(this.#nodes.get(sorted[rank] as number)),
      valueOf: (rank) => macs.get(rank),
      pause: context.pause,
    });
  }

  #sorted(rankByBytes: () => Uint32Array): Uint32Array {
    const items = Uint32Array.from({ length: this.length }, (_, item) => item);
    if (items.length === 0) return items;
    const ranks = rankByBytes();
    const rank = (item: number): number => ranks[this.#nodes.get(item)] as number;
    items.sort((a, b) => rank(a) - rank(b) || a - b);
    return items.filter((item, at) => at + 1 === items.length || this.#nodes.get(items[at + 1] as number) !== this.#nodes.get(item));
  }

  #message(item: number): Uint8Array {
    const place = this.#places.get(item);
    const lengthBytes = this.#messages.view(place, 4).readUInt32BE();
    return this.#messages.view(place, 4 + lengthBytes).subarray(4);
  }
}

/** Separator between name and kind in a key. @source 02-snapshot 3.6 */
const SEPARATORS = [0x3a, 0x40, 0x25] as const;
const OTHER_SEPARATOR = 0x23;

/** Extended attributes by path and name; the first of a kind counts. */
export class XattrList {
  readonly #nodes = new NumberPages();
  readonly #kinds = new NumberPages();
  /** MAC of the value's object and its size. */
  readonly #values = new ByteArena();
  readonly #places = new NumberPages();
  /** Names with their separator. */
  readonly #names = new Interned<{ readonly name: Uint8Array; readonly kind: number; readonly tail: Uint8Array }>();

  add(node: number, attribute: { readonly name: Uint8Array; readonly kind: number; readonly value: StoredContent }): void {
    const { kind, value } = attribute;
    const name = attribute.name.slice();
    const tail = concatBytes([name, Uint8Array.of(SEPARATORS[kind] ?? OTHER_SEPARATOR)]);
    this.#nodes.push(node);
    this.#kinds.push(this.#names.number(`${kind} ${asBuffer(name).toString('hex')}`, { name, kind, tail }));
    const stored = Buffer.alloc(MAC_BYTES + 8);
    stored.write(value.object, 'hex');
    stored.writeDoubleLE(value.sizeBytes, MAC_BYTES);
    this.#places.push(this.#values.append(stored));
  }

  /** Writes the items and their tree: PATH order of the whole key, inserted in ascending BYTES order. @source 02-snapshot 2.7, 9.2 */
  async persist(context: ItemContext): Promise<Mac> {
    const sorted = this.#sorted(context);
    const macs = new MacArray(sorted.length);
    for (let at = 0; at < sorted.length; at++) {
      macs.set(at, context.sink.put(SNAPSHOT_BLOB.xattrEntry, this.#payload(context, sorted[at] as number)));
      if (at % ITEMS_PER_PAUSE === 0) await context.pause();
    }
    const { ranks, places } = byDepth(sorted, (item) => this.#slashes(context.paths, item));
    const shape = createTreeShape();
    for (const rank of ranks) shape.insert(rank);
    return persistTree(shape, {
      sink: context.sink,
      types: { root: SNAPSHOT_BLOB.xattrRoot, node: SNAPSHOT_BLOB.xattrNode },
      keyOf: (rank) => this.#key(context.paths, sorted[places[rank] as number] as number),
      valueOf: (rank) => macs.get(places[rank] as number),
      pause: context.pause,
    });
  }

  #payload({ paths }: ItemContext, item: number): Uint8Array {
    const { name, kind } = this.#names.value(this.#kinds.get(item));
    const stored = this.#values.view(this.#places.get(item), MAC_BYTES + 8);
    const size = BigInt(stored.readDoubleLE(MAC_BYTES));
    const object = macFromBytes(stored.subarray(0, MAC_BYTES));
    return encode(xattrItem, { version: V1_0_0, path: paths.path(this.#nodes.get(item)), name, size, type: kind, object });
  }

  #key(paths: PathTable, item: number): Uint8Array {
    return concatBytes([paths.path(this.#nodes.get(item)), this.#names.value(this.#kinds.get(item)).tail]);
  }

  #slashes(paths: PathTable, item: number): number {
    let count = 0;
    for (const byte of this.#names.value(this.#kinds.get(item)).tail) if (byte === SLASH) count += 1;
    for (let node = this.#nodes.get(item); node !== ROOT; node = paths.parent(node)) count += 1;
    return this.#nodes.get(item) === ROOT ? count + 1 : count;
  }

  /** Items in BYTES order of the key, of equal keys the first. Paths that are no prefix of one another decide alone. */
  #sorted({ paths, order }: ItemContext): Uint32Array {
    const items = Uint32Array.from({ length: this.#nodes.length }, (_, item) => item);
    if (items.length === 0) return items;
    const ranks = order.rankByBytes();
    const compare = (a: number, b: number): number => {
      const nodeA = this.#nodes.get(a);
      const nodeB = this.#nodes.get(b);
      if (nodeA === nodeB) return compareBytes(this.#names.value(this.#kinds.get(a)).tail, this.#names.value(this.#kinds.get(b)).tail);
      const byPath = (ranks[nodeA] as number) - (ranks[nodeB] as number);
      const isPrefix = byPath < 0 ? isPathPrefix(paths, nodeA, nodeB) : isPathPrefix(paths, nodeB, nodeA);
      return isPrefix ? compareBytes(this.#key(paths, a), this.#key(paths, b)) : byPath;
    };
    items.sort((a, b) => compare(a, b) || a - b);
    return items.filter((item, at) => at === 0 || compare(items[at - 1] as number, item) !== 0);
  }
}

/** Whether the bytes of one path begin another: as its parent, or as the beginning of a name beside it. */
function isPathPrefix(paths: PathTable, short: number, long: number): boolean {
  if (short === ROOT) return true;
  const depth = depthOf(paths, short);
  let above = long;
  for (let steps = depthOf(paths, long) - depth; steps > 0; steps--) above = paths.parent(above);
  if (paths.parent(above) !== paths.parent(short)) return false;
  const name = paths.name(short);
  const other = paths.name(above);
  return other.length >= name.length && compareBytes(other.subarray(0, name.length), name) === 0;
}

function depthOf(paths: PathTable, node: number): number {
  let depth = 0;
  for (let at = node; at !== ROOT; at = paths.parent(at)) depth += 1;
  return depth;
}

/** Stable sort of sorted items by a small number: the rank of each, and the item of each rank. */
function byDepth(sorted: Uint32Array, depth: (item: number) => number): { readonly ranks: Uint32Array; readonly places: Uint32Array } {
  const depths = sorted.map(depth);
  const places = Uint32Array.from(sorted.keys()).sort((a, b) => (depths[a] as number) - (depths[b] as number) || a - b);
  const ranks = new Uint32Array(sorted.length);
  places.forEach((place, rank) => {
    ranks[place] = rank;
  });
  return { ranks, places };
}

/** MACs, 32 bytes each. */
export class MacArray {
  readonly #bytes: Buffer;

  constructor(length: number) {
    this.#bytes = Buffer.alloc(length * MAC_BYTES);
  }

  /** A view. */
  get(index: number): Uint8Array {
    return this.#bytes.subarray(index * MAC_BYTES, (index + 1) * MAC_BYTES);
  }

  set(index: number, mac: Mac): void {
    this.#bytes.write(mac, index * MAC_BYTES, 'hex');
  }
}
