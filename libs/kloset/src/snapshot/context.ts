import type { Mac } from '@wardrobe/kloset-model';
import { BYTES_ORDER, findKey, PATH_ORDER, type Tree } from '../btree/tree.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import { createChunkCache, type ChunkCache } from './chunk-cache.js';
import { readObject } from './content.js';
import { indexRoot } from './header.js';
import { type Abortable, once, openTree, type SnapshotSource } from './source.js';
import type { ObjectInfo, SnapshotHeader } from './types.js';

/** What the parts of one open snapshot share: its blobs, its trees (opened when first used) and a little memory of what was read last. */
export type SnapshotContext = {
  readonly source: SnapshotSource;
  readonly header: SnapshotHeader;
  readonly chunks: ChunkCache;
  /** Paths to entries, in PATH order. */
  readonly files: () => Promise<Tree>;
  /** Directories to their packed listings; null when the snapshot has no such index. */
  readonly dirpacks: () => Promise<Tree | null>;
  /** Directories to their summaries (v1.1); null when the snapshot has no such index. */
  readonly summaries: () => Promise<Tree | null>;
  /** Written in PATH order by both lines; read by full scan only. @source 02-snapshot 9.2 */
  readonly xattrs: () => Promise<Tree>;
  readonly errors: () => Promise<Tree>;
};

export function createContext(source: SnapshotSource, header: SnapshotHeader): SnapshotContext {
  const tree = (rootType: number, nodeType: number, id: Mac, order: Tree['order']) => once(() => openTree(source, { rootType, nodeType, id, order }));
  const index = (name: string) => {
    const id = indexRoot(header, name);
    return id === null ? async () => null : tree(SNAPSHOT_BLOB.indexRoot, SNAPSHOT_BLOB.indexNode, id, BYTES_ORDER);
  };
  return {
    source,
    header,
    chunks: createChunkCache(source),
    files: tree(SNAPSHOT_BLOB.vfsRoot, SNAPSHOT_BLOB.vfsNode, header.roots.vfs, PATH_ORDER),
    dirpacks: index('dirpack'),
    summaries: index('summary'),
    xattrs: tree(SNAPSHOT_BLOB.xattrRoot, SNAPSHOT_BLOB.xattrNode, header.roots.xattrs, null),
    errors: tree(SNAPSHOT_BLOB.errorRoot, SNAPSHOT_BLOB.errorNode, header.roots.errors, BYTES_ORDER),
  };
}

/** The packed listing of a directory, or null when there is none. @throws NotFoundError, IntegrityError, DecodeError it is named and cannot be read */
export async function findDirpack(context: SnapshotContext, directory: Uint8Array, options: Abortable = {}): Promise<ObjectInfo | null> {
  const tree = await context.dirpacks();
  const id = tree === null ? null : await findKey(tree, directory, options);
  return id === null ? null : readObject(context.source, id, options);
}
