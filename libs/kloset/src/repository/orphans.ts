import type { Mac, PackfileId, SnapshotId } from '@wardrobe/kloset-model';
import { macToBytes } from '../bytes/bytes.js';
import { macWords } from '../codec/word-reader.js';
import { IntegrityError, KlosetError, NotFoundError, TooLargeError } from '../errors/errors.js';
import { BLOB_TYPE } from '../format/state.js';
import { openPackfileIndex, type PackfileTail, packfileRecords, readPackfileTail, TAIL_BYTES } from '../packfile/packfile-tail.js';
import { type Layer, newLocationTable } from '../state/layer.js';
import type { ListedItem, ReadOptions } from '../store/store.js';
import type { Location } from './blob-reader.js';
import type { Keys } from './keys.js';
import { INDEX_LIMIT_BYTES, PARALLEL_READS } from './limits.js';
import { parallel } from './parallel.js';
import type { OrphanPackfile, OrphanProblem, StateView } from './types.js';
import { readAgainIfWrong } from './second-reading.js';

export type OrphanOptions = ReadOptions & { readonly onProblem?: ((problem: OrphanProblem) => void) | undefined };
export type Orphan = OrphanPackfile;

/** Packfiles that no state names: their footers and indexes, two ranged reads each, remembered once read. */
export class Orphans {
  readonly #keys: Keys;
  readonly #table = newLocationTable();
  /** First padding of each orphan. */
  readonly #paddings = new Map<Mac, PackfileId>();
  readonly #read = new Map<PackfileId, Orphan>();

  constructor(keys: Keys) {
    this.#keys = keys;
  }

  /** The orphans of the store as it is now, those that can be read. @throws StoreError when the packfiles cannot be listed */
  async refresh(view: StateView, options: OrphanOptions): Promise<readonly Orphan[]> {
    const items: ListedItem[] = [];
    for await (const item of this.#keys.store.list('packfile', { signal: options.signal })) {
      if (!view.isPackfileKnown(item.id) && !view.isPackfileTombstoned(item.id)) items.push(item);
    }
    const unread = items.filter((item) => this.#read.get(item.id)?.sizeBytes !== item.sizeBytes);
    for await (const { item, index, error } of parallel(unread, PARALLEL_READS, (item) => this.#readIndex(item, options))) {
      const original = index === null ? null : this.#originalOf(item.id, index, view);
      if (original !== null) options.onProblem?.({ packfile: item.id, error: copyError(item.id, original) });
      else if (index !== null) this.#remember(item, index);
      else if (!(error instanceof NotFoundError)) options.onProblem?.({ packfile: item.id, error });
    }
    const current = items.map((item) => this.#read.get(item.id)).filter((orphan) => orphan !== undefined);
    return current.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  get layer(): Layer {
    return { table: this.#table, records: [] };
  }

  /** Locations in the given orphans. */
  find(type: number, id: Mac, among: ReadonlySet<PackfileId>): readonly Location[] {
    return this.#table.find(type, macWords(macToBytes(id))).flatMap((index) => {
      const row = this.#table.read(index);
      const packfile = this.#table.packfiles.mac(row.packfile);
      return among.has(packfile) ? [{ packfile, offset: row.offset, lengthBytes: row.lengthBytes }] : [];
    });
  }

  async #readIndex(
    item: ListedItem,
    options: ReadOptions,
  ): Promise<{ item: ListedItem; index: OpenedIndex; error: null } | { item: ListedItem; index: null; error: KlosetError }> {
    try {
      return { item, index: await readPackfileIndex(this.#keys, item, options), error: null };
    } catch (error) {
      if (options.signal?.aborted === true || !(error instanceof KlosetError)) throw error;
      return { item, index: null, error };
    }
  }

  /** Padding has random ids: a packfile whose padding lies in another one too is a copy of it, and its own content is lost. */
  #originalOf(id: PackfileId, opened: OpenedIndex, view: StateView): PackfileId | null {
    for (const record of packfileRecords(opened.index)) {
      if (record.type !== BLOB_TYPE.padding) continue;
      const known = view.locations(record.type, record.id)[0]?.packfile ?? this.#paddings.get(record.id);
      if (known !== undefined && known !== id) return known;
      this.#paddings.set(record.id, id);
      return null;
    }
    return null;
  }

  #remember(item: ListedItem, opened: OpenedIndex): void {
    const snapshots = new Set<SnapshotId>();
    const words = new Uint32Array(16);
    words.set(macWords(macToBytes(item.id)).subarray(0, 8), 8);
    for (const record of packfileRecords(opened.index)) {
      if (record.type === BLOB_TYPE.padding || record.type > 0xff) continue;
      if (record.type === BLOB_TYPE.snapshot) snapshots.add(record.id);
      words.set(macWords(macToBytes(record.id)).subarray(0, 8));
      this.#table.insert({
        type: record.type,
        words,
        offset: record.offset,
        lengthBytes: record.lengthBytes,
        version: record.version,
        stated: true,
        tombstoned: false,
      });
    }
    this.#read.set(item.id, {
      id: item.id,
      sizeBytes: item.sizeBytes,
      blobs: opened.tail.count,
      packedAtNs: opened.tail.packedAtNs,
      snapshots: [...snapshots],
    });
  }
}

function copyError(id: PackfileId, original: PackfileId): IntegrityError {
  return new IntegrityError('packfile', `it holds the bytes of packfile ${original}`, { kind: 'packfile', file: id });
}

export type OpenedIndex = { readonly tail: PackfileTail; readonly index: Uint8Array };

/** Footer record and index of one packfile by two ranged reads, verified; over a line once more before it counts as damaged. @throws DecodeError, IntegrityError, TooLargeError, NotFoundError, StoreError */
export function readPackfileIndex(keys: Keys, item: { readonly id: PackfileId; readonly sizeBytes: number }, options: ReadOptions): Promise<OpenedIndex> {
  return readAgainIfWrong(keys.store, options, (again) => readIndexOnce(keys, item, again));
}

async function readIndexOnce(keys: Keys, item: { readonly id: PackfileId; readonly sizeBytes: number }, options: ReadOptions): Promise<OpenedIndex> {
  const place = { kind: 'packfile', file: item.id };
  const tailBytes = Math.min(TAIL_BYTES, item.sizeBytes);
  const tail = readPackfileTail(await keys.store.readRange('packfile', item.id, item.sizeBytes - tailBytes, tailBytes, options), {
    fileBytes: item.sizeBytes,
    codec: keys,
    place,
  });
  if (tail.indexBytes > INDEX_LIMIT_BYTES) throw new TooLargeError('packfile index', tail.indexBytes, INDEX_LIMIT_BYTES);
  const encoded = await keys.store.readRange('packfile', item.id, tail.indexAt, tail.indexBytes, options);
  return { tail, index: openPackfileIndex(encoded, tail, { codec: keys, place }) };
}
