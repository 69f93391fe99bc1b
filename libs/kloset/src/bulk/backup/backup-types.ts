import type { SnapshotId } from '@wardrobe/kloset-model';
import type { LockInfo } from '../../repository/types.js';
import type { CommitResult, RepositoryWriter, WriterEnvironment } from '../../repository/writer-types.js';
import type { AccountNames } from './account-names.js';
import type { ContentPipeline } from './content-pipeline.js';
import type { EarlyWalk } from './early-walk.js';
import type { JobSize } from './late-pipeline.js';
import type { XattrReader } from './xattr-reader.js';

/** What to back up and what to write about it. */
export type BackupRequest = {
  /** Absolute paths, raw bytes. */
  readonly paths: readonly Uint8Array[];
  /** Lines of exclusion rules in order: first those of ignore files. @source 02-snapshot 6.2 */
  readonly rules?: readonly string[] | undefined;
  readonly oneFileSystem?: boolean | undefined;
  /** Default true. */
  readonly xattrs?: boolean | undefined;
  /** Compare with the newest snapshot of the same source and read only what changed; default true. */
  readonly usePrevious?: boolean | undefined;
  /** The host that the files are of. */
  readonly origin: string;
  /** Absent ones get what the store's line writes by default. @source 02-snapshot 1.2 */
  readonly labels?: Partial<Record<'name' | 'category' | 'environment' | 'perimeter' | 'job', string | undefined>> | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly context?: readonly { readonly key: string; readonly value: string }[] | undefined;
  /** Instead of the start of the run. */
  readonly timestampNs?: bigint | undefined;
  /** The store's own folder on this machine, if it is one: left out. */
  readonly storeDirectory?: string | undefined;
};

export type BackupCounts = {
  readonly files: number;
  readonly directories: number;
  readonly symlinks: number;
  readonly specials: number;
  /** Files among `files` that were not read because they are as they were. */
  readonly unchanged: number;
  /** Contents of all files. */
  readonly sizeBytes: number;
  /** Read from disk; in a plan: that would be read. */
  readonly readBytes: number;
  readonly xattrs: number;
  readonly errors: number;
};

export type BackupSummary = BackupCounts & {
  readonly snapshot: SnapshotId;
  /** What it was compared with. */
  readonly previous: SnapshotId | null;
  readonly packfiles: number;
  readonly writtenBytes: number;
  readonly durationMs: number;
};

export type BackupPlan = BackupCounts & { readonly previous: SnapshotId | null };

/** Told of what happens on the way. Paths are raw bytes. */
export type BackupEvents = {
  readonly onProgress?: ((counts: BackupCounts) => void) | undefined;
  /** Recorded in the snapshot's error list; the rest goes on. */
  readonly onError?: ((path: Uint8Array, message: string) => void) | undefined;
  /** Worth a line: the store's own folder left out, rules that match nothing, attributes that cannot be read. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** Something was published on the way; `interrupted`: what the end of the run leaves for the next one. */
  readonly onCheckpoint?: ((result: CommitResult, why: 'hourly' | 'interrupted') => void) | undefined;
};

export type BackupOptions = BackupEvents & {
  readonly signal?: AbortSignal | undefined;
  /** Waits while maintenance holds the store. */
  readonly wait?: boolean | undefined;
  readonly onWait?: ((by: LockInfo) => void) | undefined;
  readonly environment?: Partial<WriterEnvironment> | undefined;
  /** How contents are stored; default: by the size of the job. Called when the first content comes. */
  readonly pipeline?: ((writer: RepositoryWriter, job: JobSize) => ContentPipeline | Promise<ContentPipeline>) | undefined;
  /** Threads that read and store; default: one a processor. 1: this thread alone. */
  readonly threads?: number | undefined;
  /** Default: those of this system. `null`: no attributes can be read. */
  readonly accounts?: AccountNames | undefined;
  readonly xattrReader?: XattrReader | null | undefined;
  /** The walk of the same request, begun before. */
  readonly walk?: EarlyWalk | undefined;
  readonly checkpointMs?: number | undefined;
  /** Folder of this machine for notes that make the next run faster; may be emptied at any time. */
  readonly proofDirectory?: string | undefined;
};
