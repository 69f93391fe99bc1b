import { type Mac, nameText, type SnapshotId } from '@wardrobe/kloset-model';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import { snapshotHeader, type SnapshotHeaderRecord } from '../../format/snapshot-header.js';
import { object } from '../../format/snapshot-object.js';
import type { BlobSink, StoreLine } from '../../repository/writer-types.js';
import { isDamaged, readEntryRecord } from '../entry.js';
import { openSnapshot } from '../open.js';
import { readRecord, type SnapshotSource } from '../source.js';
import { createSnapshotWriter } from '../write/writer.js';
import { statOf } from '../write/stat-of.js';
import type { NewEntry, SnapshotWriter, SnapshotWriterOptions, StoredContent, WrittenTrees } from '../write/types.js';

/** A sink in memory with the keyed hash of a store. */
export type MemorySink = BlobSink & { readonly blobs: Map<string, Uint8Array> };

export function memorySink(hash: Pick<SnapshotSource, 'mac' | 'createMac'>): MemorySink {
  const blobs = new Map<string, Uint8Array>();
  const put = (type: number, bytes: Uint8Array, id: Mac = hash.mac(bytes)): Mac => {
    blobs.set(`${type}:${id}`, bytes.slice());
    return id;
  };
  return { blobs, put, putAgain: put, has: (type, id) => blobs.has(`${type}:${id}`), mac: (bytes) => hash.mac(bytes), createMac: () => hash.createMac() };
}

async function storedContent(source: SnapshotSource, id: Mac): Promise<StoredContent> {
  const record = await readRecord(source, { type: SNAPSHOT_BLOB.object, id, codec: object });
  const chunks = record.chunks ?? [];
  const sizeBytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  return { object: id, sizeBytes, chunks: chunks.length, entropy: record.entropy, contentType: nameText(record.content_type) };
}

/** Feeds everything that a snapshot holds to a writer, in the order of a walk from `/`. */
export async function feedSnapshot(source: SnapshotSource, id: SnapshotId, writer: SnapshotWriter): Promise<void> {
  const snapshot = await openSnapshot(source, id);
  for await (const entry of snapshot.walk(Uint8Array.of(0x2f))) {
    if (isDamaged(entry)) throw entry.damaged;
    writer.add(await newEntry(source, entry));
  }
  for await (const error of snapshot.errors()) writer.addError(error.path.bytes, error.message);
  for await (const xattr of snapshot.xattrs()) writer.addXattr(xattr.path.bytes, xattr.name.bytes, await storedContent(source, xattr.object), xattr.kind);
}

async function newEntry(source: SnapshotSource, entry: { readonly mac: Mac; readonly path: { readonly bytes: Uint8Array } }): Promise<NewEntry> {
  const record = readEntryRecord(await source.get(SNAPSHOT_BLOB.vfsEntry, entry.mac), entry.mac);
  return {
    path: entry.path.bytes,
    stat: statOf(record.file_info),
    symlinkTarget: record.symlink_target,
    content: /^0+$/.test(record.object) ? null : await storedContent(source, record.object),
    xattrNames: record.extended_attributes,
  };
}

export type Rebuilt = { readonly sink: MemorySink; readonly trees: WrittenTrees; readonly original: SnapshotHeaderRecord };

/** Writes a snapshot once more into memory, from what reading it gives. */
export async function rebuildSnapshot(
  source: SnapshotSource,
  id: SnapshotId,
  options: { readonly line: StoreLine; readonly chunking: SnapshotWriterOptions['chunking'] },
): Promise<Rebuilt> {
  const sink = memorySink(source);
  const writer = createSnapshotWriter({ sink, ...options });
  await feedSnapshot(source, id, writer);
  const original = await readRecord(source, { type: SNAPSHOT_BLOB.header, id, codec: snapshotHeader });
  return { sink, trees: await writer.finishTrees(), original };
}
