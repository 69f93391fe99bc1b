import type { PackfileId } from '@wardrobe/kloset-model';
import { WordReader } from '../codec/word-reader.js';
import { HEADER_BYTES } from '../format/envelope.js';
import { packfileIndexRecord } from '../format/packfile.js';
import type { Repository } from '../repository/types.js';
import { checkPlaces } from '../repository/verify-packfile.js';
import type { BlobRows } from './blob-rows.js';
import type { ContentProofs } from './content-proofs.js';

/** `contents`: as `PackedContents` tells them of this packfile. */
type ProvenContents = { readonly contents: Uint16Array; readonly proofs: ContentProofs };

/**
 * What the states say of a packfile against its own plain index, which is proven: nearly all records agree and cost no object; only where one does not, all
 * are compared the careful way. Contents that were proven there are noted when all agree: then each blob has its only place in this file.
 * @throws IntegrityError as `checkPlaces`
 */
export function checkPlacesFast(
  rows: BlobRows,
  repository: Pick<Repository, 'view' | 'store'>,
  { id, index, proven }: { readonly id: PackfileId; readonly index: Uint8Array; readonly proven: ProvenContents | null },
): void {
  const { view, store } = repository;
  const objects: number[] = [];
  const onRow = (row: number, record: number): void => {
    if (proven !== null && proven.contents[record] !== 0) objects.push(row, record);
  };
  if (agree(rows, { index, path: store.localPath?.('packfile', id), onRow })) {
    for (let at = 0; at < objects.length; at += 2) proven?.proofs.add(objects[at] as number, proven.contents[objects[at + 1] as number] as number);
    return;
  }
  const placed: Parameters<typeof checkPlaces>[1]['placed'] = (type, blob) => view.locations(type, blob).find((location) => location.packfile === id);
  checkPlaces(index, { id, isKnown: view.isPackfileKnown(id), placed });
}

/** Whether every record has its only place in this file, and there. */
function agree(
  rows: BlobRows,
  { index, path, onRow }: { readonly index: Uint8Array; readonly path: string | undefined; readonly onRow: (row: number, record: number) => void },
): boolean {
  const { offsets, sizeBytes } = packfileIndexRecord;
  const reader = new WordReader(index);
  for (let at = 0; at < index.length; at += sizeBytes) {
    const type = reader.u32(at + offsets.type);
    const row = type > 0xff ? -1 : rows.locate(type, index, at + offsets.id);
    if (row < 0) return false;
    const offset = reader.u32(at + offsets.offset + 4) * 0x100000000 + reader.u32(at + offsets.offset);
    const isThere = rows.position === offset + HEADER_BYTES && rows.lengthBytes === reader.u32(at + offsets.lengthBytes);
    if (!isThere || rows.files[rows.file] !== path) return false;
    onRow(row, at / sizeBytes);
  }
  return index.length > 0;
}
