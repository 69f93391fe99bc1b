import type { Mac, SnapshotId } from '@wardrobe/kloset-model';
import type { KlosetError } from '../errors/errors.js';
import type { SampleChoice } from './check-sample.js';
import type { ContentProofs } from './content-proofs.js';
import type { Readers } from './pipeline/readers.js';

export type CheckOptions = {
  /** Snapshots to check, in this order. */
  readonly snapshots: readonly SnapshotId[];
  /** Only what lies at or below this path. Default: everything, all trees and indexes included. */
  readonly path?: Uint8Array | undefined;
  /** Chunks must exist; their bytes are not read. */
  readonly fast?: boolean | undefined;
  /** Read only this share of the objects; of the others, chunks must exist. */
  readonly sample?: SampleChoice | undefined;
  /** Chunks that are known to be damaged, from `checkStore`: with `fast` they count as such wherever they are needed. */
  readonly damagedChunks?: ReadonlyMap<Mac, KlosetError> | undefined;
  /** The tree of files was proven by the caller: attributes, errors and indexes are left. */
  readonly withoutFiles?: boolean | undefined;
  /** Contents that `checkStore` has proven just before: they are not read again. Not with `fast` or `sample`. */
  readonly contents?: ContentProofs | undefined;
  /** Do not prove signatures. */
  readonly withoutSignatures?: boolean | undefined;
  /** Threads of the repository's that are the caller's (`readersFor`). Default: some of its own. */
  readonly readers?: Readers | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((summary: CheckSummary) => void) | undefined;
};

/** Counts so far. Objects and chunks are counted when read: what several snapshots share is read once. */
export type CheckSummary = {
  readonly snapshots: number;
  readonly damagedSnapshots: number;
  readonly entries: number;
  readonly objects: number;
  /** Of the objects those whose content was not read, because of `fast` or `sample`. */
  readonly objectsNotRead: number;
  readonly chunks: number;
  readonly bytes: number;
  readonly problems: number;
};
