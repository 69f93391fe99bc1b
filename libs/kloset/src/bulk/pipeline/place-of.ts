import type { Mac } from '@wardrobe/kloset-model';
import { HEADER_BYTES } from '../../format/envelope.js';
import type { Repository } from '../../repository/types.js';
import type { Preview } from '../../repository/writer-types.js';
import type { SnapshotSource } from '../../snapshot/source.js';
import type { WantedBlob } from './readers.js';

/** Of a repository what reading on threads needs. */
export type Threadable = SnapshotSource &
  Pick<Repository, 'store' | 'secret'> & { readonly view: Pick<Repository['view'], 'locations' | 'counts'> | Preview['view'] };

/** Where a blob lies first, in a file of this machine; null when it lies nowhere, or not here. */
export function placeOf(repository: Threadable, type: number, mac: Mac): WantedBlob | null {
  const location = repository.view.locations(type, mac)[0];
  const file = location === undefined ? undefined : repository.store.localPath?.('packfile', location.packfile);
  if (location === undefined || file === undefined) return null;
  return { file, position: location.offset + HEADER_BYTES, lengthBytes: location.lengthBytes, mac };
}
