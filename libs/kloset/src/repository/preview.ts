import type { Mac } from '@wardrobe/kloset-model';
import { LocatedSource } from './located-source.js';
import type { NewBlobs } from './new-blobs.js';
import type { BlobLocation, BlobSource, Repository } from './types.js';
import type { Preview } from './writer-types.js';

/** What is published together with what a run has stored. `has`: what may be built upon. */
export function previewOf(repository: Repository, blobs: NewBlobs, has: BlobSource['has']): Preview {
  const { view, keys, store, secret } = repository;
  const locations = (type: number, id: Mac): readonly BlobLocation[] => [...blobs.locations(type, id), ...view.locations(type, id)];
  const source = new LocatedSource(keys, locations);
  return {
    get: (type, id, options) => source.get(type, id, options),
    getMany: (type, ids, options) => source.getMany(type, ids, options),
    has,
    mac: (bytes) => repository.mac(bytes),
    createMac: () => repository.createMac(),
    store,
    secret,
    view: { locations },
  };
}
