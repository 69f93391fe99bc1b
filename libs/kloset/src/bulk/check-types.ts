import type { SnapshotId } from '@wardrobe/kloset-model';

export type CheckOptions = {
  /** Snapshots to check, in this order. */
  readonly snapshots: readonly SnapshotId[];
  /** Only what lies at or below this path. Default: everything, all trees and indexes included. */
  readonly path?: Uint8Array | undefined;
  /** Chunks must exist; their bytes are not read. */
  readonly fast?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((summary: CheckSummary) => void) | undefined;
};

/** Counts so far. Objects and chunks are counted when read: what several snapshots share is read once. */
export type CheckSummary = {
  readonly snapshots: number;
  readonly damagedSnapshots: number;
  readonly entries: number;
  readonly objects: number;
  readonly chunks: number;
  readonly bytes: number;
  readonly problems: number;
};
