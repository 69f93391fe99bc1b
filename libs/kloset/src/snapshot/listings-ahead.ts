import type { Mac } from '@wardrobe/kloset-model';
import { scanItems } from '../btree/scan.js';
import { findKey } from '../btree/tree.js';
import { KlosetError } from '../errors/errors.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import { readObject, decodeObject } from './content.js';
import type { SnapshotContext } from './context.js';
import type { Abortable } from './source.js';
import type { ChunkInfo, ObjectInfo } from './types.js';

/** Listings fetched together: few at first, more while they are used. */
const FIRST_WINDOW = 4;
const LARGEST_WINDOW = 128;
const WINDOW_BYTES = 4 << 20;
/** A listing larger than this is read by itself, piece after piece. */
const LISTING_BYTES = 256 << 10;
/** Listings that wait for their turn: the order of a walk and that of the index differ where names hold characters below the slash. */
const KEPT_LISTINGS = 4 * LARGEST_WINDOW;

/**
 * Packed listings of the directories that a walk reaches next, read many at a time in the order of the index. Only saves time: what cannot be had this way
 * is read when its turn comes, and fails then.
 */
export class ListingsAhead {
  readonly #context: SnapshotContext;
  readonly #objects = new Map<Mac, ObjectInfo>();
  #window = FIRST_WINDOW;
  #used = 0;
  #isUsable = true;

  constructor(context: SnapshotContext) {
    this.#context = context;
  }

  /** As `findDirpack`. */
  async find(directory: Uint8Array, options: Abortable): Promise<ObjectInfo | null> {
    const tree = await this.#context.dirpacks();
    const id = tree === null ? null : await findKey(tree, directory, options);
    if (id === null) return null;
    if (this.#isUsable && !this.#objects.has(id)) await this.#fetch(directory, options);
    const known = this.#objects.get(id);
    if (known === undefined) return readObject(this.#context.source, id, options);
    this.#used += 1;
    return known;
  }

  /** The listing was read: its bytes need not be kept. */
  done(object: ObjectInfo): void {
    if (!this.#objects.delete(object.mac)) return;
    for (const chunk of object.chunks) this.#context.chunks.drop(chunk);
  }

  async #fetch(directory: Uint8Array, options: Abortable): Promise<void> {
    this.#window = Math.min(LARGEST_WINDOW, Math.max(FIRST_WINDOW, 2 * this.#used));
    this.#used = 0;
    try {
      const objects = await this.#readObjects(await this.#idsFrom(directory, options), options);
      await this.#readChunks(objects, options);
    } catch (error) {
      if (options.signal?.aborted === true || !(error instanceof KlosetError)) throw error;
      // The index is damaged further on, or its store fails: the walk goes on one by one and meets it where it matters.
      this.#isUsable = false;
    }
  }

  async #idsFrom(directory: Uint8Array, options: Abortable): Promise<Mac[]> {
    const tree = await this.#context.dirpacks();
    const ids = new Set<Mac>();
    if (tree === null) return [];
    let left = this.#window;
    for await (const { value } of scanItems(tree, { from: directory, signal: options.signal })) {
      if (!this.#objects.has(value)) ids.add(value);
      left -= 1;
      if (left === 0) break;
    }
    return [...ids];
  }

  async #readObjects(ids: readonly Mac[], options: Abortable): Promise<ObjectInfo[]> {
    const objects: ObjectInfo[] = [];
    for await (const got of this.#context.source.getMany(SNAPSHOT_BLOB.object, ids, options)) {
      if ('error' in got) continue;
      const object = decodeObject(got.bytes, got.id);
      objects.push(object);
      this.#objects.set(object.mac, object);
    }
    for (const [oldest, { chunks }] of this.#objects) {
      if (this.#objects.size <= KEPT_LISTINGS) break;
      this.#objects.delete(oldest);
      for (const chunk of chunks) this.#context.chunks.drop(chunk);
    }
    return objects;
  }

  async #readChunks(objects: readonly ObjectInfo[], options: Abortable): Promise<void> {
    const wanted = new Map<Mac, ChunkInfo>();
    let bytes = 0;
    for (const { chunks, sizeBytes } of objects) {
      if (sizeBytes > LISTING_BYTES || bytes + sizeBytes > WINDOW_BYTES) continue;
      bytes += sizeBytes;
      for (const chunk of chunks) if (chunk.lengthBytes > 0) wanted.set(chunk.mac, chunk);
    }
    for await (const got of this.#context.source.getMany(SNAPSHOT_BLOB.chunk, [...wanted.keys()], options)) {
      const chunk = wanted.get(got.id);
      if ('bytes' in got && got.bytes.length === chunk?.lengthBytes) this.#context.chunks.keep(chunk, got.bytes);
    }
  }
}
