import { type Mac, nameText } from '@wardrobe/kloset-model';
import { decode } from '../../codec/codec.js';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import { object as objectTable } from '../../format/snapshot-object.js';
import type { BlobSource } from '../../repository/types.js';
import { toObject } from '../../snapshot/content.js';
import type { Abortable } from '../../snapshot/source.js';
import type { StoredContent } from '../../snapshot/write/types.js';

/** Reading, and what may be built upon: `RepositoryWriter.has`. */
export type Existing = { readonly blobs: Pick<BlobSource, 'getMany'>; readonly has: BlobSource['has'] };

/** Those of some objects that can be built upon: they and all their chunks are there and not scheduled for deletion. Chunks are not read. */
export async function wholeContents({ blobs, has }: Existing, objects: Iterable<Mac>, options: Abortable = {}): Promise<ReadonlyMap<Mac, StoredContent>> {
  const found = new Map<Mac, StoredContent>();
  const ids = [...new Set(objects)].filter((id) => has(SNAPSHOT_BLOB.object, id));
  for await (const got of blobs.getMany(SNAPSHOT_BLOB.object, ids, options)) {
    if ('error' in got) continue;
    const record = decode(objectTable, got.bytes, { kind: 'object', file: got.id });
    if (!(record.chunks ?? []).every((chunk) => has(SNAPSHOT_BLOB.chunk, chunk.contentMAC))) continue;
    const { sizeBytes, chunks, entropy } = toObject(record, got.id);
    found.set(got.id, { object: got.id, sizeBytes, chunks: chunks.length, entropy, contentType: nameText(record.content_type) });
  }
  return found;
}
