import { blake3Hash, createBlake3 } from '@wardrobe/kernel';
import type { Mac } from '@wardrobe/kloset-model';
import { macFromBytes } from '../../bytes/bytes.js';
import { IntegrityError, KlosetError, NotFoundError } from '../../errors/errors.js';
import { blobTypeName, SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import type { SnapshotSource } from '../source.js';

/** Blobs in memory, for tests and benchmarks: the real keyed hash, every blob checked as a repository does. */
export type MemorySource = SnapshotSource & {
  /** Stores a blob under its MAC, or under `id` for headers. */
  put(type: number, bytes: Uint8Array, id?: Mac): Mac;
  /** Damage: other bytes under the same id, or none. */
  replace(type: number, id: Mac, bytes: Uint8Array): void;
  remove(type: number, id: Mac): void;
  ids(type: number): readonly Mac[];
  /** The stored bytes, unchecked. */
  peek(type: number, id: Mac): Uint8Array;
  /** Blobs read so far, for tests that count reads. */
  readonly reads: { count: number };
};

/** `unchecked`: blobs are handed out without a look at their MAC, as a writer with the key could forge them. */
export function memorySource(macKey: Uint8Array, options: { readonly unchecked?: boolean } = {}): MemorySource {
  const blobs = new Map<string, Uint8Array>();
  const reads = { count: 0 };
  const mac = (bytes: Uint8Array): Mac => macFromBytes(blake3Hash(bytes, macKey));
  const key = (type: number, id: Mac): string => `${type}:${id}`;
  const get = async (type: number, id: Mac, signal?: AbortSignal): Promise<Uint8Array> => {
    signal?.throwIfAborted();
    reads.count += 1;
    const bytes = blobs.get(key(type, id));
    if (bytes === undefined) throw new NotFoundError('blob', id);
    const isNamedByContent = type !== SNAPSHOT_BLOB.header && type !== SNAPSHOT_BLOB.signature;
    if (options.unchecked !== true && isNamedByContent && mac(bytes) !== id)
      throw new IntegrityError(`${blobTypeName(type)} ${id}`, 'its bytes have another MAC', { kind: blobTypeName(type), file: id });
    return bytes;
  };
  return {
    mac,
    reads,
    createMac() {
      const hash = createBlake3(macKey);
      return { update: (bytes) => void hash.update(bytes), digest: () => macFromBytes(hash.digest()) };
    },
    has: (type, id) => blobs.has(key(type, id)),
    get: (type, id, options) => get(type, id, options?.signal),
    async *getMany(type, ids, options) {
      for (const id of ids)
        yield await get(type, id, options?.signal).then(
          (bytes) => ({ id, bytes }),
          (error: unknown) => failed(id, error),
        );
    },
    put(type, bytes, id = mac(bytes)) {
      blobs.set(key(type, id), bytes.slice());
      return id;
    },
    replace: (type, id, bytes) => void blobs.set(key(type, id), bytes),
    remove: (type, id) => void blobs.delete(key(type, id)),
    peek: (type, id) => blobs.get(key(type, id)) ?? new Uint8Array(0),
    ids: (type) => [...blobs.keys()].filter((name) => name.startsWith(`${type}:`)).map((name) => name.slice(name.indexOf(':') + 1) as Mac),
  };
}

function failed(id: Mac, error: unknown): { readonly id: Mac; readonly error: KlosetError } {
  if (error instanceof KlosetError) return { id, error };
  throw error;
}
