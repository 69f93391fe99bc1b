import type { Mac, PackfileId, SnapshotId, StateId } from '@wardrobe/kloset-model';
import type { LocationEntry } from '../../format/state.js';
import type { WriterEnvironment } from '../../repository/writer-types.js';
import type { SaidDelete } from './said.js';

/** What a repair can do, as a closed list. */
export const REPAIR_ACTION_KINDS = [
  /** A state file that a machine kept is stored as it is. */
  'publish-state-file',
  /** A lost state is written again, from packfiles and what machines remember. */
  'rebuild-state',
  /** The same, in place of a state file that is damaged. */
  'replace-state',
  /** A damaged state file that nothing can rebuild is removed; only when asked for. */
  'discard-state',
  /** Packfiles in use are taken off the list of what is to be deleted (1.1-only stores). */
  'uncolour',
  /** Blobs that are at risk or lie wrong are stored once more in new packfiles. */
  'store-again',
  /** What must outlive a deletion is stated once more, so that every order of merging gives the same. */
  'restate',
  /** Entries that stand only in packed listings get their blobs. */
  'rebuild-entries',
  /** One of two locations of a snapshot's header is deleted (1.1-only stores). */
  'settle-snapshot',
  /** Lost content found elsewhere, proven by its MAC, is stored again. */
  'recover-content',
  /** A packfile that is gone is marked as such, so that no later backup builds on it. */
  'retire-packfile',
] as const;
export type RepairActionKind = (typeof REPAIR_ACTION_KINDS)[number];

/** What an action puts into the store. Counts and sizes are exact where they are known beforehand, else null. */
export type RepairWrite =
  | {
      readonly what: 'state';
      /** Its name; null where a new random one is taken. */
      readonly id: string | null;
      /** A damaged file of that name gives way to it. */
      readonly replaces: boolean;
      readonly version: '1.0.0' | '1.1.0';
      readonly locations: number;
      readonly packfiles: number;
      readonly coloured: number;
      readonly deletes: number;
    }
  | { readonly what: 'packfiles'; readonly blobs: number; readonly bytes: number | null }
  | { readonly what: 'removal'; readonly id: string };

/** One thing that is wrong and can be mended. Plain data: ids are hex text. */
export type RepairAction = {
  /** Stable as long as the same thing is wrong: the kind and what it is about. */
  readonly key: string;
  readonly kind: RepairActionKind;
  /** Of everything that will be written: a plan whose action differs is another plan. */
  readonly fingerprint: string;
  /** What is wrong, a sentence. */
  readonly wrong: string;
  /** What will be done, a sentence. */
  readonly doing: string;
  /** Why that is known, a sentence each. */
  readonly evidence: readonly string[];
  readonly snapshots: readonly string[];
  /** Names of machines, as the caches and reports given bear them. */
  readonly machines: readonly string[];
  readonly states: readonly string[];
  readonly packfiles: readonly string[];
  readonly writes: readonly RepairWrite[];
  /** It brings back a snapshot that somebody deleted. */
  readonly undeletes: boolean;
  /** Snapshots that the store lists and that it deletes again. */
  readonly redeletes: readonly string[];
  /** It takes packfiles or blobs off the list of the store for good. */
  readonly takesAway: boolean;
};

/** A path in a snapshot that is hit; `text` shows bad UTF-8 as U+FFFD. */
export type RepairPath = { readonly snapshot: string; readonly path: string };

/** One thing that is wrong and cannot be mended with what is at hand. */
export type RepairProblem = {
  readonly key: string;
  readonly wrong: string;
  readonly why: string;
  /** What would help, a sentence. */
  readonly next: string;
  readonly snapshots: readonly string[];
  readonly machines: readonly string[];
  readonly states: readonly string[];
  readonly packfiles: readonly string[];
  /** Every path that is hit. */
  readonly paths: readonly RepairPath[];
};

/** Something that looks like damage, is none or is nobody's business here, and stays as it is. */
export type RepairLeftAlone = {
  readonly key: string;
  readonly what:
    | 'unfinished-backup'
    | 'running-backup'
    | 'deleted-snapshot'
    | 'incomplete-snapshot'
    | 'unpublished-deletion'
    | 'damaged-location'
    | 'not-selected';
  readonly why: string;
  readonly snapshots: readonly string[];
  readonly packfiles: readonly string[];
  readonly machines: readonly string[];
};

/** A lock, or a backup that may still be running, that a repair waits for. Times are ms since the epoch. */
export type RepairWait = {
  readonly lock: string | null;
  readonly host: string;
  readonly exclusive: boolean;
  readonly sinceMs: number;
  /** When it counts as left behind. */
  readonly untilMs: number;
  readonly why: string;
};

/** Everything that is wrong with a store, and what a repair would do about it. Plain data that survives JSON. */
export type RepairPlan = {
  readonly repositoryId: string;
  readonly location: string;
  readonly madeAtMs: number;
  /** The line that decides what may be written. */
  readonly line: '1.0' | '1.1';
  readonly actions: readonly RepairAction[];
  readonly problems: readonly RepairProblem[];
  readonly leftAlone: readonly RepairLeftAlone[];
  readonly waits: readonly RepairWait[];
};

export type RepairProgress = {
  readonly phase: 'states' | 'packfiles' | 'snapshots' | 'content' | 'waiting' | 'writing' | 'proving';
  readonly done: number;
  readonly total: number | null;
};

/**
 * What one cache of one machine, or its report, says about states that the store may lack. Plain data: the engine knows no cache format.
 * A field that the source does not have is empty or null.
 */
export type LostStateEvidence = {
  /** Name of the machine for people. */
  readonly machine: string;
  /** Where this was found, for people: a cache's label or a report. */
  readonly source: string;
  /** States that it merged; `end` is what closes a state, null where the source does not say. */
  readonly states: readonly { readonly id: StateId; readonly end: StateEndFacts | null }[];
  /** Packfile entries: which state brought which packfile, and when. */
  readonly packfiles: readonly { readonly packfile: PackfileId; readonly state: StateId; readonly whenNs: bigint | null }[];
  /** Snapshots (5) and packfiles (4) held as deleted. `state`: the one that says so, where that is known. */
  readonly colours: readonly { readonly type: number; readonly id: Mac; readonly whenNs: bigint | null; readonly state?: StateId | undefined }[];
  /** Delete entries of states of version 1.1.0, which take something off the list for good; only where the source keeps them with their state. */
  readonly deletes?: readonly (SaidDelete & { readonly state: StateId })[] | undefined;
  /** Snapshots that it shows. */
  readonly shown: readonly SnapshotId[];
  /** State files kept beside a cache, as they are; nothing about them is proven yet. */
  readonly stateFiles: readonly { readonly id: StateId; readonly bytes: Uint8Array }[];
};

export type StateEndFacts = { readonly version: '1.0.0' | '1.1.0'; readonly timestampNs: bigint; readonly serial: string; readonly parent: StateId | null };

/** Where lost bytes may still be had. Whatever it gives is believed only when its MAC is right. */
export interface RecoverySource {
  /** For people: "the store at …", "the folder …". */
  readonly name: string;
  /** Candidates for a lost blob, best first; none when it knows of nothing. */
  candidates(lost: LostBlob, options: { readonly signal?: AbortSignal | undefined }): AsyncIterable<Uint8Array>;
}

/** A blob that cannot be had from the store, and where snapshots need it. */
export type LostBlob = {
  readonly type: number;
  readonly id: Mac;
  /** For chunks and objects: the contents that they belong to, and where a chunk lies there. */
  readonly places: readonly LostPlace[];
};
export type LostPlace = {
  readonly snapshot: SnapshotId;
  /** Raw bytes; null for what belongs to no path. */
  readonly path: Uint8Array | null;
  /** Folder that was backed up. */
  readonly root: Uint8Array;
  readonly offset: number;
  /** Of a chunk; 0 for an object. */
  readonly lengthBytes: number;
  /** Part of the packed listing of the folder `path`, not of a file. */
  readonly isListing: boolean;
};

export type PlanRepairOptions = {
  readonly nowMs: number;
  /** Only what concerns these. Default: everything. */
  readonly snapshots?: readonly SnapshotId[] | undefined;
  readonly evidence?: readonly LostStateEvidence[] | undefined;
  readonly sources?: readonly RecoverySource[] | undefined;
  /** Also bring back snapshots that somebody deleted. */
  readonly undelete?: boolean | undefined;
  /** Also delete again what a machine deleted and the store still lists. */
  readonly redelete?: boolean | undefined;
  /** Remove damaged state files that nothing can rebuild: they keep plakar from opening the store. */
  readonly discardDamagedStates?: boolean | undefined;
  /** Read all content of the snapshots, to find what is damaged inside packfiles. Default: what is there is taken as sound. */
  readonly readContent?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: RepairProgress) => void) | undefined;
  readonly onLog?: ((line: string) => void) | undefined;
};

/** `planRepair(repository, options)` and `applyRepair(repository, plan, options)`; the clock of the latter is that of `environment`, by default the system's. */
export type ApplyRepairOptions = Omit<PlanRepairOptions, 'nowMs'> & {
  readonly environment?: Partial<WriterEnvironment> | undefined;
  /** Waits for locks of others and for backups that may be running, instead of giving up. */
  readonly wait?: boolean | undefined;
};

export type RepairProof = {
  readonly snapshot: string;
  readonly isWhole: boolean;
  /** What is wrong with it still, a sentence each. */
  readonly problems: readonly string[];
};

export type RepairResult = {
  readonly applied: readonly RepairAction[];
  /** Actions of the plan that were not needed any more, or that the store has outdated meanwhile. */
  readonly skipped: readonly { readonly action: RepairAction; readonly why: string }[];
  readonly statesWritten: readonly string[];
  readonly packfilesWritten: number;
  readonly bytesWritten: number;
  /** One for each snapshot that an applied action concerns. */
  readonly proofs: readonly RepairProof[];
  /** What is wrong after it: empty of actions when all is mended. */
  readonly left: RepairPlan;
};

/** A location as the index of its packfile gives it. */
export type FoundLocation = Omit<LocationEntry, 'flags'>;
