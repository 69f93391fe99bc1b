import { nameBytes, type Mac } from '@wardrobe/kloset-model';
import { encode } from '../../codec/codec.js';
import { V1_0_0 } from '../../codec/version.js';
import { object } from '../../format/snapshot-object.js';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import type { StoreWriter } from './store-writer.js';

export type StoredObject = { readonly id: Mac; readonly chunks: number; readonly sizeBytes: number };

/** Stores a content whose chunks come one by one, none of them kept. */
export function storeObject(writer: Pick<StoreWriter, 'put' | 'createMac'>, pieces: Iterable<Uint8Array>): StoredObject {
  const whole = writer.createMac();
  const chunks: { version: number; contentMAC: Mac; length: number; entropy: number; flags: number }[] = [];
  let sizeBytes = 0;
  for (const piece of pieces) {
    whole.update(piece);
    sizeBytes += piece.length;
    chunks.push({ version: V1_0_0, contentMAC: writer.put(SNAPSHOT_BLOB.chunk, piece), length: piece.length, entropy: 0, flags: 0 });
  }
  const record = { version: V1_0_0, contentMAC: whole.digest(), chunks, content_type: nameBytes('application/octet-stream'), entropy: 0, flags: 0 };
  return { id: writer.put(SNAPSHOT_BLOB.object, encode(object, record)), chunks: chunks.length, sizeBytes };
}
