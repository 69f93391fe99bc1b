import { readFileSync } from 'node:fs';
import { parseMac, type SnapshotId } from '@wardrobe/kloset-model';
import { bytesFromHex } from '../../bytes/bytes.js';
import { decode } from '../../codec/codec.js';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import { object } from '../../format/snapshot-object.js';
import { type MemorySource, memorySource } from './memory-source.js';

type VectorFile = {
  readonly stores: Readonly<
    Record<string, { readonly mac_key: string; readonly blobs: readonly { readonly type: number; readonly mac: string; readonly hex: string | null }[] }>
  >;
};

/** A tiny real store, every blob of it in memory. @source fixtures/vectors/snapshot-vectors.json */
export type VectorStore = { readonly name: string; readonly source: MemorySource; readonly snapshot: SnapshotId };

export function vectorStores(): VectorStore[] {
  const file = JSON.parse(readFileSync(new URL('../../../../../fixtures/vectors/snapshot-vectors.json', import.meta.url), 'utf8')) as VectorFile;
  return Object.entries(file.stores).map(([name, store]) => {
    const source = memorySource(bytesFromHex(store.mac_key));
    for (const blob of store.blobs) if (blob.hex !== null) source.put(blob.type, bytesFromHex(blob.hex), parseMac(blob.mac));
    putLargeFile(source);
    return { name, source, snapshot: parseMac(store.blobs.find((blob) => blob.type === 5)?.mac ?? '') };
  });
}

/** The vectors leave out the chunks of one file, whose bytes are lcg(300000, 42). */
function putLargeFile(source: MemorySource): void {
  const bytes = lcg(300_000, 42);
  for (const id of source.ids(SNAPSHOT_BLOB.object)) {
    const chunks = decode(object, source.peek(SNAPSHOT_BLOB.object, id)).chunks ?? [];
    let offset = 0;
    for (const chunk of chunks) {
      if (!source.has(SNAPSHOT_BLOB.chunk, chunk.contentMAC)) source.put(SNAPSHOT_BLOB.chunk, bytes.subarray(offset, offset + chunk.length));
      offset += chunk.length;
    }
  }
}

/** The generator of the spec's inputs. @source 02-snapshot 5 */
export function lcg(lengthBytes: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(lengthBytes);
  let state = seed >>> 0;
  for (let i = 0; i < lengthBytes; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}
