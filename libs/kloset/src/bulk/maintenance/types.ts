import type { PackfileId, SnapshotId, StateId } from '@wardrobe/kloset-model';
import type { StoreLine, WriterEnvironment } from '../../repository/writer-types.js';
import type { LockInfo } from '../../repository/types.js';

/** What a machine is known to have seen. `names`: how hosts and people call it; `caches`: the states that each of its caches has merged. */
export type KnownMachine = {
  readonly names: readonly string[];
  readonly caches: readonly { readonly cache: string; readonly states: ReadonlySet<string> }[];
  /** Why what it saw cannot be told: a cache that could not be read. */
  readonly problem: string | null;
};

export type MaintenanceOptions = {
  /** Time between the colouring of a packfile and its removal; default 30 days, in a store for plakar 1.1 alone 7 days. */
  readonly graceMs?: number | undefined;
  /** Every machine that uses the store. Without them nothing is removed from a store that plakar 1.0 can use. */
  readonly machines?: readonly KnownMachine[] | undefined;
  /** Names of machines that do not count any more. */
  readonly retired?: readonly string[] | undefined;
  /** Take packfiles of hidden snapshots for garbage too. */
  readonly discardHidden?: boolean | undefined;
  readonly nowMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: MaintenanceProgress) => void) | undefined;
};
export type MaintenanceProgress = { readonly phase: 'snapshots' | 'orphans' | 'store again' | 'remove'; readonly done: number; readonly total: number };

export type RunOptions = Omit<MaintenanceOptions, 'nowMs'> & {
  /** Waits for other locks instead of giving up. */
  readonly wait?: boolean | undefined;
  readonly onWait?: ((by: LockInfo) => void) | undefined;
  readonly environment?: Partial<WriterEnvironment> | undefined;
};

/** Size 0: the store names the packfile and does not hold it. `isOrphan`: no state names it. */
export type PlannedPackfile = { readonly id: PackfileId; readonly sizeBytes: number; readonly isOrphan: boolean };
export type ColouredPackfile = PlannedPackfile & { readonly colouredAtMs: number; readonly dueAtMs: number };
export type KeptPackfile = PlannedPackfile & { readonly why: string };

/**
 * A packfile that is scheduled for deletion and that a live snapshot needs. `uncolour`: its colour is deleted; `store-again`: its blobs go into new packfiles;
 * `both`: other machines may merge the deletion of the colour before the colour. `blobs`: how many are stored again.
 */
export type Healing = PlannedPackfile & { readonly snapshot: SnapshotId; readonly way: 'uncolour' | 'store-again' | 'both'; readonly blobs: number };
/** A snapshot whose header lies only in a coloured packfile of a store with 1.0.x clients: plakar does not list it. It is never stored twice. @source 01-store 5.4 */
export type StrandedHeader = { readonly snapshot: SnapshotId; readonly packfile: PackfileId };

/** Why nothing is done. */
export type Refusal = { readonly kind: 'state' | 'snapshot' | 'packfile' | 'store'; readonly id: string; readonly reason: string };

export type MaintenancePlan = {
  readonly line: StoreLine;
  readonly nowMs: number;
  readonly graceMs: number;
  /** With any of them nothing is done. */
  readonly refusals: readonly Refusal[];
  readonly snapshots: number;
  readonly neededPackfiles: number;
  readonly neededBytes: number;
  /** To be scheduled for deletion now. */
  readonly colour: readonly PlannedPackfile[];
  readonly heal: readonly Healing[];
  readonly strandedHeaders: readonly StrandedHeader[];
  /** Scheduled for deletion, and their grace is not over. */
  readonly waiting: readonly ColouredPackfile[];
  /** Their grace is over: removed by this run. */
  readonly sweep: readonly ColouredPackfile[];
  /** Their grace is over, and they stay. */
  readonly held: readonly (ColouredPackfile & { readonly why: string })[];
  /** Deleted by a state, and the file is still there: removed by this run. */
  readonly leftovers: readonly PlannedPackfile[];
  /** Orphans and leftovers that are left alone. */
  readonly kept: readonly KeptPackfile[];
  /** Fresh locks of others: the run waits for them or is refused. */
  readonly locks: readonly LockInfo[];
};

export type MaintenanceResult = {
  readonly plan: MaintenancePlan;
  /** The state that was written; null when there was nothing to say. */
  readonly state: StateId | null;
  readonly coloured: number;
  readonly uncoloured: number;
  readonly blobsStoredAgain: number;
  readonly removed: number;
  readonly removedBytes: number;
};
