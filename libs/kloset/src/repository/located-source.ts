import type { Mac } from '@wardrobe/kloset-model';
import type { ReadOptions } from '../store/store.js';
import { type FindLocations, readBlob } from './blob-reader.js';
import type { Keys } from './keys.js';
import { readMany } from './read-many.js';
import type { BlobResult, BlobSource } from './types.js';

/** Blobs wherever `find` says they lie. */
export class LocatedSource implements BlobSource {
  readonly #keys: Keys;
  readonly #find: FindLocations;

  constructor(keys: Keys, find: FindLocations) {
    this.#keys = keys;
    this.#find = find;
  }

  get(type: number, id: Mac, options: ReadOptions = {}): Promise<Uint8Array> {
    return readBlob(this.#keys, { type, id, locations: this.#find(type, id) }, options);
  }

  getMany(type: number, ids: readonly Mac[], options: ReadOptions = {}): AsyncIterable<BlobResult> {
    return readMany(this.#keys, { type, ids, find: this.#find }, options);
  }

  has(type: number, id: Mac): boolean {
    return this.#find(type, id).length > 0;
  }
}
