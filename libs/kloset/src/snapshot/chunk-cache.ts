import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import { IntegrityError } from '../errors/errors.js';
import type { Abortable, SnapshotSource } from './source.js';
import type { ChunkInfo } from './types.js';

/** Chunks of directory listings read last, so that the next page of the same directory costs no read. */
export interface ChunkCache {
  get(chunk: ChunkInfo, options?: Abortable): Promise<Uint8Array>;
  /** Takes bytes that are proven to be the chunk's. */
  keep(chunk: ChunkInfo, bytes: Uint8Array): void;
  /** It will not be asked for again. */
  drop(chunk: ChunkInfo): void;
}

/** Three of the largest chunks that plakar cuts. */
const CAPACITY_BYTES = 24 << 20;

export function createChunkCache(source: SnapshotSource): ChunkCache {
  const held = new Map<string, Uint8Array>();
  let heldBytes = 0;
  const drop = (mac: string): void => {
    heldBytes -= held.get(mac)?.length ?? 0;
    held.delete(mac);
  };
  const keep = (chunk: ChunkInfo, bytes: Uint8Array): void => {
    if (!held.has(chunk.mac)) heldBytes += bytes.length;
    held.set(chunk.mac, bytes);
    for (const oldest of held.keys()) {
      if (heldBytes <= CAPACITY_BYTES || held.size === 1) break;
      drop(oldest);
    }
  };
  return {
    async get(chunk, options = {}) {
      const known = held.get(chunk.mac);
      if (known !== undefined) {
        held.delete(chunk.mac);
        held.set(chunk.mac, known);
        return known;
      }
      const bytes = await source.get(SNAPSHOT_BLOB.chunk, chunk.mac, options);
      if (bytes.length !== chunk.lengthBytes)
        throw new IntegrityError(`chunk ${chunk.mac}`, `${bytes.length} bytes where its object says ${chunk.lengthBytes}`, { kind: 'chunk', file: chunk.mac });
      keep(chunk, bytes);
      return bytes;
    },
    keep,
    drop: (chunk) => drop(chunk.mac),
  };
}
