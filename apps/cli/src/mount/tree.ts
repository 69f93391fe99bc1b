import { type DamagedEntry, type Entry, isDamaged, NotFoundError, openSnapshot, type Repository, type Snapshot, type SnapshotHeader } from '@wardrobe/kloset';
import { baseName, concatBytes, equalBytes, joinComponents, nameBytes, nameText, pathComponents, timestampText } from '@wardrobe/kloset-model';

/** One thing under the mount point. */
export type Node = {
  readonly name: Uint8Array;
  readonly kind: 'directory' | 'file';
  readonly sizeBytes: bigint;
  readonly mtimeNs: bigint;
  readonly contentType: string | null;
  /** Changes whenever the content does. */
  readonly tag: string;
  /** Content from `start` to before `end`, verified chunk by chunk. Files only. */
  readonly content: ((start: number, end: number, signal: AbortSignal) => AsyncIterable<Uint8Array>) | null;
};
/** `damaged`: its record cannot be read; it is listed with the failure and never as if it were absent. */
export type Listed = Node | { readonly name: Uint8Array; readonly damaged: string };

export interface MountTree {
  /** Path as raw components below the mount point. @throws NotFoundError, and whatever reading the store throws */
  node(path: readonly Uint8Array[], signal: AbortSignal): Promise<Node>;
  children(path: readonly Uint8Array[], signal: AbortSignal): AsyncIterable<Listed>;
}

/** The content of one directory of one snapshot. Links to files are followed inside the snapshot, because the protocol knows none. */
export function snapshotTree(snapshot: Snapshot, root: Uint8Array): MountTree {
  const pathOf = (path: readonly Uint8Array[]): Uint8Array => joinComponents([...pathComponents(root), ...path]);
  return {
    node: async (path, signal) => nodeOf(snapshot, await snapshot.entry(pathOf(path), { followLinks: true, signal }), path.at(-1)),
    async *children(path, signal) {
      for await (const entry of snapshot.children(pathOf(path), { signal })) {
        const listed = await listedOf(snapshot, entry, signal);
        if (listed !== null) yield listed;
      }
    },
  };
}

/** A folder a snapshot, named by time and id, newest first. New snapshots appear without mounting again. */
export function storeTree(repository: Repository, headers: () => Promise<readonly SnapshotHeader[]>): MountTree {
  const opened = new Map<string, Promise<MountTree>>();
  const treeOf = async (name: Uint8Array, signal: AbortSignal): Promise<{ tree: MountTree; header: SnapshotHeader }> => {
    const header = (await headers()).find((one) => equalBytes(folderName(one), name));
    if (header === undefined) throw new NotFoundError('path', nameText(name));
    let tree = opened.get(header.id);
    if (tree === undefined) {
      tree = openSnapshot(repository, header.id, { signal }).then((snapshot) => snapshotTree(snapshot, nameBytes('/')));
      opened.set(header.id, tree);
      tree.catch(() => opened.delete(header.id));
    }
    return { tree: await tree, header };
  };
  return {
    async node(path, signal) {
      const [first, ...rest] = path;
      if (first === undefined) return folder(nameBytes(''), 0n, repository.id);
      const { tree, header } = await treeOf(first, signal);
      return rest.length === 0 ? folder(first, header.timestampNs, header.id) : tree.node(rest, signal);
    },
    async *children(path, signal) {
      const [first, ...rest] = path;
      if (first !== undefined) return yield* (await treeOf(first, signal)).tree.children(rest, signal);
      for (const header of await headers()) yield folder(folderName(header), header.timestampNs, header.id);
    },
  };
}

/** `2026-11-23T02-00-36Z 10430242`: sorts by time, and every system can hold it. */
export function folderName(header: SnapshotHeader): Uint8Array {
  return nameBytes(`${timestampText(header.timestampNs).replaceAll(':', '-')} ${header.id.slice(0, 8)}`);
}

function folder(name: Uint8Array, mtimeNs: bigint, tag: string): Node {
  return { name, kind: 'directory', sizeBytes: 0n, mtimeNs, contentType: null, tag, content: null };
}

/** Null for what is neither file nor directory, and for links to directories: the protocol knows no links, and a reader would walk in circles. */
async function listedOf(snapshot: Snapshot, entry: Entry | DamagedEntry, signal: AbortSignal): Promise<Listed | null> {
  if (isDamaged(entry)) return { name: entry.name.bytes, damaged: entry.damaged.message };
  if (entry.type === 'file' || entry.type === 'directory') return nodeOf(snapshot, entry, entry.name.bytes);
  if (entry.type !== 'symlink') return null;
  try {
    const target = await snapshot.entry(entry.path.bytes, { followLinks: true, signal });
    return target.type === 'file' ? nodeOf(snapshot, target, entry.name.bytes) : null;
  } catch (error) {
    if (error instanceof NotFoundError && error.kind === 'path') return null;
    throw error;
  }
}

function nodeOf(snapshot: Snapshot, entry: Entry, name: Uint8Array | undefined): Node {
  const shown = name ?? baseName(entry.path.bytes);
  if (entry.type === 'directory') return folder(shown, entry.mtimeNs, entry.mac);
  const { object } = entry;
  if (entry.type !== 'file' || object === null) throw new NotFoundError('path', nameText(concatBytes(entry.path.bytes)));
  return {
    name: shown,
    kind: 'file',
    sizeBytes: entry.sizeBytes,
    mtimeNs: entry.mtimeNs,
    contentType: entry.contentType,
    tag: object,
    async *content(start, end, signal) {
      yield* snapshot.content(await snapshot.object(object, { signal }), { start, end, signal });
    },
  };
}
