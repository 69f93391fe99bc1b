import type { Mac } from '@wardrobe/kloset-model';
import { IntegrityError } from '../../errors/errors.js';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import { readContent, decodeObject } from '../../snapshot/content.js';
import type { Abortable, SnapshotSource } from '../../snapshot/source.js';
import type { ObjectInfo } from '../../snapshot/types.js';

const BATCH = 256;

/** Reads contents and proves each by its MACs, those of a single chunk together. @throws IntegrityError, NotFoundError, DecodeError the first that is not whole */
export async function readBack(source: SnapshotSource, objects: Iterable<Mac>, options: Abortable = {}): Promise<void> {
  let batch: Mac[] = [];
  for (const object of objects) {
    batch.push(object);
    if (batch.length < BATCH) continue;
    await readBatch(source, batch, options);
    batch = [];
  }
  await readBatch(source, batch, options);
}

async function readBatch(source: SnapshotSource, objects: readonly Mac[], options: Abortable): Promise<void> {
  const single: ObjectInfo[] = [];
  const others: ObjectInfo[] = [];
  for await (const got of source.getMany(SNAPSHOT_BLOB.object, objects, options)) {
    if ('error' in got) throw got.error;
    const info = decodeObject(got.bytes, got.id);
    (info.chunks.length === 1 && info.chunks[0]?.mac === info.contentMac ? single : others).push(info);
  }
  let next = 0;
  const chunks = single.map((info) => info.contentMac);
  for await (const got of source.getMany(SNAPSHOT_BLOB.chunk, chunks, options)) {
    if ('error' in got) throw got.error;
    if (got.bytes.length !== single[next++]?.sizeBytes)
      throw new IntegrityError(`chunk ${got.id}`, `${got.bytes.length} bytes where its object says otherwise`, { kind: 'chunk', file: got.id });
  }
  for (const info of others) for await (const _piece of readContent(source, info, options));
}
