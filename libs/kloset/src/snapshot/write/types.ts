import type { Mac, SnapshotId } from '@wardrobe/kloset-model';
import type { SummaryRecord } from '../../format/snapshot-summary.js';
import type { BlobSink, StoreLine } from '../../repository/writer-types.js';
import type { MoreFields } from './entry-payload.js';

/** A content that is in the store, chunks and object. */
export type StoredContent = {
  readonly object: Mac;
  readonly sizeBytes: number;
  readonly chunks: number;
  /** Bits per byte, of the whole content. @source 02-snapshot 4.3 */
  readonly entropy: number;
  readonly contentType: string;
};

/** What lstat says of one name. */
export type NewStat = {
  readonly sizeBytes: bigint;
  /** Go's os.FileMode bits. */
  readonly goMode: number;
  readonly mtimeNs: bigint;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly uid: bigint;
  readonly gid: bigint;
  readonly nlink: number;
  readonly user: Uint8Array;
  readonly group: Uint8Array;
};

/** One name to enter into a snapshot. */
export type NewEntry = {
  /** Absolute and clean, raw bytes. */
  readonly path: Uint8Array;
  readonly stat: NewStat;
  readonly symlinkTarget: Uint8Array | null;
  /** Null for what has no content. */
  readonly content: StoredContent | null;
  /** Sorted by bytes. */
  readonly xattrNames: readonly Uint8Array[];
  /** What only copies of foreign snapshots have. */
  readonly more?: MoreFields | null;
};

export type NewHeader = {
  readonly id: SnapshotId;
  readonly timestampNs: bigint;
  readonly durationNs: bigint;
  readonly name: string;
  readonly category: string;
  readonly environment: string;
  readonly perimeter: string;
  readonly job: string;
  readonly tags: readonly string[];
  readonly context: readonly { readonly key: string; readonly value: string }[];
  readonly source: { readonly type: string; readonly origin: string; readonly directory: Uint8Array };
};

/**
 * Collects the entries of one snapshot in any order and writes its trees and its header. Takes about 35 bytes of memory an entry and its name, whatever its content; what else is known of it lies in a temporary file.
 * Parents that were not added are made up. Of two entries of one path the first counts.
 * @source 02-snapshot 2.7, 3, 6.4
 */
export interface SnapshotWriter {
  add(entry: NewEntry): void;
  /** Of several errors of a path the last counts. */
  addError(path: Uint8Array, message: string | Uint8Array): void;
  /** `kind`: 0 (the default) attribute, 1 alternate stream, 2 custom. */
  addXattr(path: Uint8Array, name: Uint8Array, value: StoredContent, kind?: number): void;
  readonly entries: number;
  readonly errors: number;
  /** Writes everything; the header blob comes last. Calls `pause` between directories and nodes: there the caller may upload what is full. */
  finish(header: NewHeader, options?: FinishOptions): Promise<SnapshotId>;
  /** Writes everything but the header. Once, instead of `finish`. @throws InvalidInputError a path lies below one that is no directory */
  finishTrees(options?: FinishOptions): Promise<WrittenTrees>;
  /** Gives up what was collected and not written; safe at any time. */
  close(): void;
}

export type FinishOptions = { readonly pause?: () => Promise<void>; readonly signal?: AbortSignal | undefined };

/** What the header of a snapshot says of its trees. */
export type WrittenTrees = {
  readonly roots: { readonly root: Mac; readonly xattrs: Mac; readonly errors: Mac };
  readonly indexes: readonly { readonly name: 'content-type' | 'dirpack' | 'summary'; readonly value: Mac }[];
  /** That of `/`. */
  readonly summary: SummaryRecord;
};

/**
 * Which form the snapshot takes. Line 1.1: that of plakar 1.1. Line 1.0: that of plakar 1.0, and beside it the 1.1 encoding of every entry as additional blobs,
 * so that the next backup of either line on top of it is whole. @source 02-snapshot 9.1
 */
export type SnapshotWriterOptions = {
  readonly sink: BlobSink;
  readonly line: StoreLine;
  readonly chunking: { readonly algorithm: string; readonly minSize: number; readonly normalSize: number; readonly maxSize: number };
  /** Pages of 256 KiB of what is known of entries that are held in memory, at least 2; the rest lies in a temporary file. Default: 32. */
  readonly entryPages?: number | undefined;
};
