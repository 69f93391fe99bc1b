import type { PackfileId } from '@wardrobe/kloset-model';
import { WordReader } from '../codec/word-reader.js';
import { HEADER_BYTES } from '../format/envelope.js';
import { packfileIndexRecord } from '../format/packfile.js';
import type { Repository } from '../repository/types.js';
import { checkPlaces } from '../repository/verify-packfile.js';
import type { BlobRows } from './blob-rows.js';

/**
 * What the states say of a packfile against its own plain index, which is proven: nearly all records agree and cost no object; only where one does not, all
 * are compared the careful way. Returns the rows of all records where all agree: then each blob has its only place in this file; else null.
 * @throws IntegrityError as `checkPlaces`
 */
export function checkPlacesFast(
  rows: BlobRows,
  repository: Pick<Repository, 'view' | 'store'>,
  { id, index }: { readonly id: PackfileId; readonly index: Uint8Array },
): Uint32Array | null {
  const { view, store } = repository;
  const found = agreed(rows, index, store.localPath?.('packfile', id));
  if (found !== null) return found;
  const placed: Parameters<typeof checkPlaces>[1]['placed'] = (type, blob) => view.locations(type, blob).find((location) => location.packfile === id);
  checkPlaces(index, { id, isKnown: view.isPackfileKnown(id), placed });
  return null;
}

/** The rows of the records, if each has its only place in this file, and there; else null. */
function agreed(rows: BlobRows, index: Uint8Array, path: string | undefined): Uint32Array | null {
  const { offsets, sizeBytes } = packfileIndexRecord;
  const reader = new WordReader(index);
  const found = new Uint32Array(index.length / sizeBytes);
  for (let at = 0; at < index.length; at += sizeBytes) {
    const type = reader.u32(at + offsets.type);
    const row = type > 0xff ? -1 : rows.locate(type, index, at + offsets.id);
    if (row < 0) return null;
    const offset = reader.size64(at + offsets.offset);
    const isThere = rows.position === offset + HEADER_BYTES && rows.lengthBytes === reader.u32(at + offsets.lengthBytes);
    if (!isThere || rows.files[rows.file] !== path) return null;
    found[at / sizeBytes] = row;
  }
  return index.length > 0 ? found : null;
}
