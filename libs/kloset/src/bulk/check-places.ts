import type { PackfileId } from '@wardrobe/kloset-model';
import { WordReader } from '../codec/word-reader.js';
import { HEADER_BYTES } from '../format/envelope.js';
import { packfileIndexRecord } from '../format/packfile.js';
import type { Repository } from '../repository/types.js';
import { checkPlaces } from '../repository/verify-packfile.js';
import type { BlobRows } from './blob-rows.js';

/**
 * What the states say of a packfile against its own plain index, which is proven: nearly all records agree and cost no object; only where one does not, all
 * are compared the careful way.
 * @throws IntegrityError as `checkPlaces`
 */
export function checkPlacesFast(
  rows: BlobRows,
  repository: Pick<Repository, 'view' | 'store'>,
  { id, index }: { readonly id: PackfileId; readonly index: Uint8Array },
): void {
  const { view, store } = repository;
  if (agree(rows, index, store.localPath?.('packfile', id))) return;
  const placed: Parameters<typeof checkPlaces>[1]['placed'] = (type, blob) => view.locations(type, blob).find((location) => location.packfile === id);
  checkPlaces(index, { id, isKnown: view.isPackfileKnown(id), placed });
}

/** Whether every record has its only place in this file, and there. */
function agree(rows: BlobRows, index: Uint8Array, path: string | undefined): boolean {
  const { offsets, sizeBytes } = packfileIndexRecord;
  const reader = new WordReader(index);
  for (let at = 0; at < index.length; at += sizeBytes) {
    const type = reader.u32(at + offsets.type);
    if (type > 0xff || rows.locate(type, index, at + offsets.id) < 0) return false;
    const offset = reader.u32(at + offsets.offset + 4) * 0x100000000 + reader.u32(at + offsets.offset);
    const isThere = rows.position === offset + HEADER_BYTES && rows.lengthBytes === reader.u32(at + offsets.lengthBytes);
    if (!isThere || rows.files[rows.file] !== path) return false;
  }
  return index.length > 0;
}
