import type { BlobPackers } from '../../repository/writer-types.js';
import type { StoredContent } from '../../snapshot/write/types.js';

/** A regular file on this machine whose content is to be stored. */
export type FileJob = {
  /** Where it lies on disk, raw bytes. */
  readonly path: Uint8Array;
  /** What lstat said: decides batching only, the file is read to its end. */
  readonly sizeBytes: number;
};

/** `error`: the message for the snapshot's error list, such as `open /srv/a: permission denied`; the file then has no entry. */
export type FileResult = { readonly content: StoredContent } | { readonly error: string };

/**
 * Reads, cuts, dedups and stores contents. One implementation works on this thread and serves small jobs and tests; another spreads the work over threads.
 * @source 02-snapshot 4, 5, 6.4
 */
export interface ContentPipeline {
  /**
   * Results in the order of the jobs. Several calls may run at once; the pipeline bounds what it holds in memory, whatever is handed in.
   * A file that cannot be read is a result. @throws StoreError, DiskFullError the store cannot take more: the whole run ends
   */
  store(jobs: readonly FileJob[], options?: { readonly signal?: AbortSignal | undefined }): Promise<readonly FileResult[]>;
  /** Bytes read so far, for progress. */
  readonly bytesRead: number;
  /** Waits for what runs and hands what was stored to the writer. No `store` after it. */
  finish(): Promise<void>;
  /** After `finish`: what stored contents packs the blobs of trees from now on, where that is worth it; what only contents needed is given up. */
  intoPackers?(): Promise<BlobPackers | null>;
  /** Ends threads and removes spooled files; safe after `finish` and after a failure. */
  close(): Promise<void>;
}
