import type { SnapshotId } from '@wardrobe/kloset-model';
import type { KlosetError } from '../../errors/errors.js';
import type { LockInfo } from '../../repository/types.js';
import type { WriterEnvironment } from '../../repository/writer-types.js';
import type { SnapshotHeader } from '../../snapshot/types.js';

/** What is to happen with one snapshot of the source. `deleted`: the target had it, and somebody removed it there; it is not brought back. */
export type SyncStep = { readonly header: SnapshotHeader; readonly action: 'copy' | 'present' | 'deleted' };

export type SyncProgress = {
  readonly snapshot: SnapshotId;
  readonly phase: 'known' | 'contents' | 'trees' | 'compare';
  readonly entries: number;
  /** Bytes of contents read from the source so far. */
  readonly bytes: number;
};

/** One snapshot that was copied: it was proven equal to the original before it became visible. */
export type CopiedSnapshot = {
  readonly snapshot: SnapshotId;
  readonly entries: number;
  readonly errors: number;
  readonly xattrs: number;
  /** Entries that were taken over without reading them in the source: equal ones of an earlier copy stand in the target. */
  readonly kept: number;
  /** Contents read from the source, and their bytes; the others were known to be in the target. */
  readonly contents: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  /** It was signed: the signature does not hold for the new encoding, so the copy has none. */
  readonly signed: boolean;
};

/** `published`: the copy is visible in the target and cannot be read there as it was proven before. Otherwise nothing of it is visible. */
export type FailedSnapshot = { readonly snapshot: SnapshotId; readonly error: KlosetError; readonly published: boolean };

export type SyncResult = CopiedSnapshot | FailedSnapshot;

export type SyncOptions = {
  /** Also compares the bytes of contents that earlier runs copied; without it those copied now are read back. */
  readonly compareAll?: boolean | undefined;
  readonly wait?: boolean | undefined;
  readonly onWait?: ((by: LockInfo) => void) | undefined;
  readonly onProgress?: ((progress: SyncProgress) => void) | undefined;
  readonly environment?: Partial<WriterEnvironment> | undefined;
  readonly signal?: AbortSignal | undefined;
};
