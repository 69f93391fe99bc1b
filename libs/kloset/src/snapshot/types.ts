import type { Mac, SnapshotId } from '@wardrobe/kloset-model';
import type { KlosetError } from '../errors/errors.js';

/** Names and paths are bytes. `text` replaces bad UTF-8 by U+FFFD; `bytes` are exact. */
export type ByteName = { readonly bytes: Uint8Array; readonly text: string };

export type EntryType = 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'device' | 'irregular';

/** One VFS entry as the engine hands it out. @source 02-snapshot 3 */
export type Entry = {
  readonly path: ByteName;
  readonly name: ByteName;
  readonly type: EntryType;
  /** Go's os.FileMode bits as stored. */
  readonly goMode: number;
  /** POSIX permission bits with setuid, setgid and sticky: 0 … 0o7777. */
  readonly permissions: number;
  readonly uid: bigint;
  readonly gid: bigint;
  readonly user: string;
  readonly group: string;
  readonly sizeBytes: bigint;
  readonly mtimeNs: bigint;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly nlink: number;
  readonly symlinkTarget: ByteName | null;
  /** Null for entries without content. */
  readonly object: Mac | null;
  readonly contentType: string | null;
  readonly extendedAttributes: readonly ByteName[];
  /** Id of the entry blob. */
  readonly mac: Mac;
};

/** What a listing shows of an entry. */
export type ListedEntry = Pick<Entry, 'path' | 'name' | 'type' | 'goMode' | 'user' | 'group' | 'sizeBytes' | 'mtimeNs' | 'symlinkTarget'>;

export type SnapshotSummary = {
  readonly sizeBytes: bigint;
  readonly files: bigint;
  readonly directories: bigint;
  readonly symlinks: bigint;
  readonly others: bigint;
  readonly errors: bigint;
};

/** Header of a snapshot. @source 02-snapshot 1.2 */
export type SnapshotHeader = {
  readonly id: SnapshotId;
  readonly timestampNs: bigint;
  readonly durationNs: bigint;
  readonly name: string;
  readonly category: string;
  readonly environment: string;
  readonly perimeter: string;
  readonly job: string;
  /** Empty, and none, in snapshots of line 1.0. */
  readonly dataset: string;
  readonly dataClasses: readonly string[];
  readonly tags: readonly string[];
  readonly context: readonly { readonly key: string; readonly value: string }[];
  readonly hostname: string;
  readonly username: string;
  readonly machineId: string;
  readonly operatingSystem: string;
  readonly client: string;
  readonly source: { readonly type: string; readonly origin: string; readonly directory: ByteName };
  readonly roots: { readonly vfs: Mac; readonly xattrs: Mac; readonly errors: Mac };
  readonly indexes: readonly { readonly name: string; readonly type: string; readonly value: Mac }[];
  readonly summary: SnapshotSummary;
  readonly signed: boolean;
};

export type ChunkInfo = { readonly mac: Mac; readonly lengthBytes: number; readonly entropy: number };
export type ObjectInfo = {
  readonly mac: Mac;
  readonly contentMac: Mac;
  readonly chunks: readonly ChunkInfo[];
  readonly contentType: string;
  readonly entropy: number;
  readonly sizeBytes: number;
};

/** One finding of a check, yielded and not thrown. `path` null: concerns the snapshot as a whole. */
export type CheckProblem = {
  readonly snapshot: SnapshotId;
  readonly path: ByteName | null;
  readonly what: 'header' | 'tree' | 'entry' | 'object' | 'chunk' | 'xattr' | 'errors' | 'index';
  readonly id: Mac | null;
  readonly error: KlosetError;
};

export type DirectoryPage = { readonly entries: readonly (Entry | DamagedEntry)[]; readonly total: number | null; readonly nextCursor: string | null };
/** An entry whose record cannot be read: its name is known from the tree. */
export type DamagedEntry = { readonly path: ByteName; readonly name: ByteName; readonly damaged: KlosetError };

export interface Snapshot {
  readonly header: SnapshotHeader;
  /** One entry by cleaned absolute path; links are not followed unless asked. @throws NotFoundError */
  entry(path: Uint8Array, options?: { readonly followLinks?: boolean; readonly signal?: AbortSignal | undefined }): Promise<Entry>;
  /** Children in UTF-8 byte order of the name; dirpack first, tree as the fall-back (02-snapshot 2.5, 9.1). */
  children(path: Uint8Array, options?: { readonly signal?: AbortSignal | undefined }): AsyncIterable<Entry | DamagedEntry>;
  /** A directory of any size by offset or after a name; reads only what the page needs. */
  page(
    path: Uint8Array,
    options: { readonly offset?: number; readonly afterName?: Uint8Array; readonly limit: number; readonly signal?: AbortSignal | undefined },
  ): Promise<DirectoryPage>;
  /** `path` and everything below it, parents before children. */
  walk(path: Uint8Array, options?: { readonly signal?: AbortSignal | undefined }): AsyncIterable<Entry | DamagedEntry>;
  /** The same, or the children alone, some at a time and only with what a listing shows: several times as fast. */
  listing(
    path: Uint8Array,
    options?: { readonly recursive?: boolean | undefined; readonly signal?: AbortSignal | undefined },
  ): AsyncIterable<readonly (ListedEntry | DamagedEntry)[]>;
  object(mac: Mac, options?: { readonly signal?: AbortSignal | undefined }): Promise<ObjectInfo>;
  /** Content in order; verified chunk by chunk, and as a whole when read from 0 to the end: then the last piece is held back until the object's MAC is proven. */
  content(
    object: ObjectInfo,
    options?: { readonly start?: number; readonly end?: number; readonly signal?: AbortSignal | undefined },
  ): AsyncIterable<Uint8Array>;
  xattrs(options?: {
    readonly signal?: AbortSignal | undefined;
  }): AsyncIterable<{ readonly path: ByteName; readonly name: ByteName; readonly kind: number; readonly sizeBytes: number; readonly object: Mac }>;
  errors(options?: {
    readonly below?: Uint8Array;
    readonly signal?: AbortSignal | undefined;
  }): AsyncIterable<{ readonly path: ByteName; readonly message: string }>;
  /** What the writer counted for a directory; null when the snapshot does not say. @throws NotFoundError */
  summary(path: Uint8Array, options?: { readonly signal?: AbortSignal | undefined }): Promise<(SnapshotSummary & { readonly children: bigint }) | null>;
  /** Reads a whole directory once and keeps where each entry lies, for jumps and for orders other than by name. */
  directoryIndex(
    path: Uint8Array,
    options?: {
      readonly signal?: AbortSignal | undefined;
      readonly onProgress?: ((progress: { readonly doneBytes: number; readonly totalBytes: number }) => void) | undefined;
    },
  ): Promise<DirectoryIndex>;
}

export type DirectoryOrder = { readonly by: 'name' | 'size' | 'mtime' | 'type'; readonly descending?: boolean | undefined };

/** Where the entries of one directory lie, as flat arrays in order of the name: about 60 bytes an entry, no names. */
export interface DirectoryIndex {
  readonly count: number;
  /** Entries `offset` … `offset + limit` in the order asked; equal ones by name. Directories come first when ordered by type. */
  page(
    order: DirectoryOrder,
    range: { readonly offset: number; readonly limit: number; readonly signal?: AbortSignal | undefined },
  ): Promise<readonly (Entry | DamagedEntry)[]>;
}
