import type { Mac } from '@wardrobe/kloset-model';
import type { KeyOrder, NodeSource, Tree, TreeNode } from '../btree/tree.js';
import { type Codec, decode } from '../codec/codec.js';
import { blobTypeName } from '../format/snapshot-blob-types.js';
import { treeNode, treeRoot } from '../format/snapshot-tree.js';
import type { BlobSource, Repository } from '../repository/types.js';

/** Blobs and the keyed hash of their store: all that reading a snapshot needs. A `Repository` is one. */
export type SnapshotSource = BlobSource & Pick<Repository, 'mac' | 'createMac'> & Partial<Pick<Repository, 'proves'>>;

export type Abortable = { readonly signal?: AbortSignal | undefined };

/** Joins blobs from elsewhere (`withOrphans`) with the keyed hash of their repository. */
export function snapshotSource(repository: Pick<SnapshotSource, 'mac' | 'createMac' | 'proves'>, blobs: BlobSource): SnapshotSource {
  return {
    get: (type, id, options) => blobs.get(type, id, options),
    getMany: (type, ids, options) => blobs.getMany(type, ids, options),
    has: (type, id) => blobs.has(type, id),
    mac: (bytes) => repository.mac(bytes),
    ...(repository.proves === undefined ? {} : { proves: (bytes, mac) => repository.proves?.(bytes, mac) === true }),
    createMac: () => repository.createMac(),
  };
}

/** One blob decoded by its table. @throws NotFoundError, IntegrityError, DecodeError, StoreError */
export async function readRecord<T>(
  source: BlobSource,
  blob: { readonly type: number; readonly id: Mac; readonly codec: Codec<T> },
  options: Abortable = {},
): Promise<T> {
  const bytes = await source.get(blob.type, blob.id, options);
  return decode(blob.codec, bytes, { kind: blobTypeName(blob.type), file: blob.id });
}

/** Nodes kept per tree: the upper levels of any tree that is browsed. */
const CACHED_NODES = 512;

/** Decoded nodes of one blob type, the most recently used ones kept. */
export function blobNodes(source: BlobSource, type: number): NodeSource {
  const cached = new Map<Mac, TreeNode>();
  return {
    async get(id, options) {
      const known = cached.get(id);
      if (known !== undefined) {
        cached.delete(id);
        cached.set(id, known);
        return known;
      }
      const record = await readRecord(source, { type, id, codec: treeNode }, options);
      const node = { keys: record.keys ?? [], pointers: record.pointers ?? [], values: record.values ?? [] };
      cached.set(id, node);
      if (cached.size > CACHED_NODES)
        for (const oldest of cached.keys()) {
          cached.delete(oldest);
          break;
        }
      return node;
    },
  };
}

/** Reads a tree's root record. @throws NotFoundError, IntegrityError, DecodeError */
export async function openTree(
  source: BlobSource,
  tree: { readonly rootType: number; readonly nodeType: number; readonly id: Mac; readonly order: KeyOrder | null },
  options: Abortable = {},
): Promise<Tree> {
  const root = await readRecord(source, { type: tree.rootType, id: tree.id, codec: treeRoot }, options);
  return { root: root.Root, nodes: blobNodes(source, tree.nodeType), order: tree.order, what: blobTypeName(tree.nodeType) };
}

/** The value of `make`, made once; a failure is not remembered. Takes no signal: one caller's abort must not end another's read. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    if (made === null) {
      const attempt = make();
      made = attempt;
      attempt.catch(() => {
        if (made === attempt) made = null;
      });
    }
    return made;
  };
}
