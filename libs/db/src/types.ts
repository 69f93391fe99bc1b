/**
 * Plain types of the queries. Ids of rows are decimal text (64-bit) or UUIDs; ids of the store format are lowercase hex; `num` is the
 * interned 4-byte id of a snapshot, state or packfile within the database. Times are Date.
 */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export type KeyKept = 'none' | 'encrypted' | 'memory';
export type StoreRow = {
  readonly id: string;
  readonly name: string;
  readonly location: string;
  readonly repositoryId: string;
  readonly encrypted: boolean;
  readonly keyKept: KeyKept;
  readonly sealedKey: Uint8Array | null;
  readonly sealedOptions: Uint8Array | null;
  readonly status: string;
  readonly problem: Json;
  readonly line: string;
  readonly refreshIntervalSeconds: number;
  readonly unknownAfterHours: number;
  readonly createdAt: Date;
  readonly lastReadAt: Date | null;
  readonly newestSnapshotAt: Date | null;
  readonly logicalBytes: number | null;
  readonly headline: string | null;
  readonly revision: string;
  /** Of the snapshots' rows alone. */
  readonly columnsRevision: string;
  readonly facts: Json;
};
export type NewStore = Pick<StoreRow, 'name' | 'location' | 'repositoryId' | 'encrypted' | 'keyKept' | 'refreshIntervalSeconds' | 'unknownAfterHours'> & {
  readonly sealedKey?: Uint8Array | null;
  readonly sealedOptions?: Uint8Array | null;
  readonly line?: string;
};
export type StoreChange = Partial<
  Pick<
    StoreRow,
    | 'name'
    | 'location'
    | 'keyKept'
    | 'sealedKey'
    | 'sealedOptions'
    | 'status'
    | 'problem'
    | 'line'
    | 'refreshIntervalSeconds'
    | 'unknownAfterHours'
    | 'lastReadAt'
    | 'newestSnapshotAt'
    | 'logicalBytes'
    | 'headline'
    | 'facts'
  >
>;

export type Availability = 'live' | 'deleted' | 'hidden' | 'unreadable' | 'absent';

/** One state as a reading of the store lists it. */
export type ListedState = {
  readonly id: string;
  readonly version: string | null;
  readonly sizeBytes: number;
  readonly serial: string | null;
  readonly parent: string | null;
  readonly metadataNs: bigint | null;
  readonly readable: boolean;
  readonly error: Json;
  /** Snapshots it brings and colours; ignored for unreadable states (what is known from earlier stays). */
  readonly brings: readonly string[];
  readonly colours: readonly string[];
};
/** One snapshot as a reading of the store sees it. */
export type ListedSnapshot = {
  readonly id: string;
  readonly availability: Exclude<Availability, 'absent'>;
  readonly scheduledForDeletion: boolean;
  readonly deletedAt: Date | null;
  readonly packedAt: Date | null;
  readonly lock: Json;
  readonly packfiles: readonly string[];
  readonly states: readonly string[];
};
export type ListedFinding = {
  readonly kind: string;
  readonly key: string;
  readonly detail: string;
  readonly snapshots: readonly string[];
  readonly facts?: JsonObject;
};
/** The whole outcome of one reading. Lists are complete: what is not in them is gone. */
export type Reading = {
  readonly readAt: Date;
  readonly states: readonly ListedState[];
  readonly snapshots: readonly ListedSnapshot[];
  readonly findings: readonly ListedFinding[];
  /** F and the tombstoned ones, hex. */
  readonly packfiles: Iterable<string>;
  readonly tombstoned: Iterable<string>;
  readonly facts?: JsonObject;
};

export type StateRow = {
  readonly num: number;
  readonly id: string;
  readonly version: string | null;
  readonly sizeBytes: number | null;
  readonly serial: string | null;
  readonly parent: string | null;
  readonly metadataNs: bigint | null;
  readonly firstListedAt: Date | null;
  readonly lastListedAt: Date | null;
  readonly goneAt: Date | null;
  /** Null: only machines know it. */
  readonly readable: boolean | null;
  readonly error: Json;
  readonly brings: Int32Array;
  readonly colours: Int32Array;
};

/** Columns of a snapshot's header. For encrypted stores all but takenAt go into `sealed`. */
export type HeaderColumns = {
  readonly takenAtNs: bigint;
  readonly durationMs: number;
  readonly name: string;
  readonly category: string;
  readonly environment: string;
  readonly perimeter: string;
  readonly job: string;
  readonly tags: readonly string[];
  readonly host: string;
  readonly user: string;
  readonly client: string;
  readonly os: string;
  readonly backupMachineId: string;
  readonly sourceType: string;
  readonly origin: string;
  readonly directoryText: string;
  readonly directoryBytes: Uint8Array | null;
  readonly sizeBytes: number;
  readonly files: number;
  readonly directories: number;
  readonly symlinks: number;
  readonly errors: number;
};
export type SnapshotHeaderInput =
  | { readonly id: string; readonly header: HeaderColumns }
  | { readonly id: string; readonly takenAtNs: bigint; readonly sealed: Uint8Array }
  | { readonly id: string; readonly problem: Json };

/** What every snapshot has, whatever the store. */
export type SnapshotFacts = {
  readonly num: number;
  readonly id: string;
  readonly availability: Availability;
  readonly scheduledForDeletion: boolean;
  readonly firstSeenAt: Date;
  readonly lastSeenAt: Date;
  readonly publishedAt: Date | null;
  readonly deletedAt: Date | null;
  readonly packedAt: Date | null;
  readonly lock: Json;
  readonly problem: Json;
  readonly takenAt: Date | null;
  readonly takenAtNs: bigint | null;
  readonly sealed: Uint8Array | null;
};
export type SnapshotRow = SnapshotFacts & { readonly header: HeaderColumns | null };
export type SnapshotSearch = {
  readonly text?: string | undefined;
  readonly tag?: string | undefined;
  readonly host?: string | undefined;
  readonly source?: string | undefined;
  readonly since?: Date | undefined;
  readonly before?: Date | undefined;
  readonly withErrors?: boolean | undefined;
  /** Only these numbers. */
  readonly nums?: ArrayLike<number> | undefined;
  readonly availability: readonly Availability[];
  readonly sort: 'newest' | 'oldest' | 'largest' | 'errors';
  readonly offset: number;
  readonly limit: number;
};
export type Facet = { readonly value: string; readonly count: number };

export type MachineRow = {
  readonly id: string;
  readonly name: string;
  readonly renamed: boolean;
  readonly hostName: string;
  readonly os: string;
  readonly agentVersion: string;
  readonly createdAt: Date;
  readonly lastReportAt: Date | null;
  readonly clockSkewMs: number | null;
  readonly retiredAt: Date | null;
  readonly mergedIntoId: string | null;
};

/** One cache of one store in a report; the shape of contracts' `sightingReport` plus the store it concerns. */
export type SightingInput = {
  readonly storeId: string;
  readonly user: string;
  readonly cache: string;
  readonly tool: string;
  readonly line: string;
  readonly copy: string;
  readonly lastUsedAt: Date | null;
  readonly inMotion: { readonly value: boolean; readonly why: readonly string[] };
  readonly states: readonly string[];
  readonly shown: readonly { readonly snapshot: string; readonly packfiles: readonly string[] }[];
  readonly deleted: readonly string[];
  readonly introduced: { readonly scope: 'all' | 'asked'; readonly states: readonly { readonly state: string; readonly packfiles: readonly string[] }[] };
  readonly loneStates: Json;
  readonly setAside: Json;
  readonly counts: Json;
  readonly digest: string;
};
/** A cache that could not be read: its older lists stay, marked. `storeId` null: of whatever store. */
export type UnreadableCache = { readonly storeId: string | null; readonly user: string; readonly cache: string; readonly problem: Json };
export type ReportInput = {
  readonly machine: { readonly id: string; readonly name: string; readonly hostName: string; readonly os: string };
  readonly agentVersion: string;
  readonly receivedAt: Date;
  readonly createdAt: Date;
  readonly source: 'agent' | 'import' | 'demo';
  readonly tokenId: string | null;
  readonly sizeBytes: number;
  readonly counts: Json;
  readonly failures: Json;
  readonly notes: Json;
  readonly sightings: readonly SightingInput[];
  readonly unreadable: readonly UnreadableCache[];
};
export type IngestedSighting = {
  readonly sightingId: number;
  readonly storeId: string;
  readonly changed: boolean;
  /** States of the cache that the store does not list as readable and whose packfiles nobody told yet: to be asked for. */
  readonly ask: readonly string[];
};
export type IngestResult = {
  readonly reportId: string;
  readonly machineId: string;
  readonly sightings: readonly IngestedSighting[];
  readonly storeIds: readonly string[];
};

/** A sighting with its lists as interned numbers; `loadInternedIds` gives the ids. */
export type SightingRow = {
  readonly id: number;
  readonly storeId: string;
  readonly machineId: string;
  readonly user: string;
  readonly cache: string;
  readonly tool: string;
  readonly line: string;
  readonly copy: string;
  readonly reportId: string | null;
  readonly receivedAt: Date;
  readonly createdAt: Date;
  readonly firstReceivedAt: Date;
  readonly changedAt: Date;
  readonly lastUsedAt: Date | null;
  readonly inMotion: boolean;
  readonly motionWhy: readonly string[];
  readonly digest: string;
  readonly states: Int32Array;
  readonly shown: Int32Array;
  readonly deleted: Int32Array;
  readonly shownPackfiles: Int32Array;
  readonly shownOffsets: Int32Array;
  readonly introducedScope: string;
  readonly introducedStates: Int32Array;
  readonly introducedOffsets: Int32Array;
  readonly introducedPacks: Int32Array;
  readonly loneStates: Json;
  readonly setAside: Json;
  readonly counts: Json;
  readonly problem: Json;
  readonly goneAt: Date | null;
};
/** Hex id of each interned number. */
export type InternedIds = {
  readonly snapshots: ReadonlyMap<number, string>;
  readonly states: ReadonlyMap<number, string>;
  readonly packfiles: ReadonlyMap<number, string>;
};

/** One machine's computed cells on one store, as libs/tracking gives them; cells are ranks in CELLS. */
export type ComputedMachine = {
  readonly machineId: string;
  readonly verdict: string;
  readonly worst: string;
  readonly counts: JsonObject;
  readonly digest: string;
  readonly newestSeenAt: Date | null;
  readonly lastReportAt: Date | null;
  readonly exceptions: readonly {
    readonly snapshot: string;
    readonly cell: string;
    readonly rank: number;
    readonly divergent: boolean;
    readonly cause: Json;
    readonly cache: string | null;
    readonly user: string | null;
  }[];
  /** The cell that made the verdict; default: the worst one. */
  readonly spoken?: string;
  readonly facts?: JsonObject;
};
export type MachineStoreRow = {
  readonly machineId: string;
  readonly verdict: string;
  readonly worst: string;
  readonly counts: Json;
  readonly digest: string;
  readonly newestSeenAt: Date | null;
  readonly lastReportAt: Date | null;
  readonly computedAt: Date;
  readonly name: string;
  readonly hostName: string;
  readonly os: string;
  readonly agentVersion: string;
  readonly retiredAt: Date | null;
  readonly facts: Json;
  /** Parallel: snapshot num (ascending), rank in CELLS, index into causes. */
  readonly exceptionSnapshots: Int32Array;
  readonly exceptionCells: Int32Array;
  readonly exceptionCauses: Int32Array;
  readonly causes: readonly { readonly cause: Json; readonly cache: string | null; readonly user: string | null }[];
};
/** Columns of the matrix in time order, as parallel arrays. */
export type MatrixColumns = { readonly nums: Int32Array; readonly takenAtSeconds: Float64Array; readonly availability: readonly Availability[] };

export type DivergenceRow = {
  readonly id: string;
  readonly machineId: string;
  readonly snapshot: string;
  readonly cell: string;
  readonly cause: Json;
  readonly cache: string | null;
  readonly user: string | null;
  readonly firstSeenAt: Date;
  readonly beganAt: Date;
  readonly lastSeenAt: Date;
  readonly endedAt: Date | null;
  readonly endedAs: string | null;
};
/** A time in which a cell had one answer that is not `seen`; `endedAt` null: it still has. */
export type CellSpell = { readonly cell: string; readonly beganAt: Date; readonly lastSeenAt: Date; readonly endedAt: Date | null };
/** Parallel: when what made a machine's verdict changed, and the cell from then on. */
export type VerdictSpell = { readonly machineId: string; readonly seconds: Int32Array; readonly cells: readonly string[] };
/** A decision that stands. `num`: the snapshot's number. */
export type DecisionRow = {
  readonly machineId: string;
  readonly num: number;
  readonly snapshot: string;
  readonly kind: 'keep';
  readonly decidedBy: string;
  readonly decidedAt: Date;
};
export type FindingRow = {
  readonly id: string;
  readonly kind: string;
  readonly key: string;
  readonly detail: string;
  readonly snapshots: readonly string[];
  readonly facts: Json;
  readonly firstSeenAt: Date;
  readonly lastSeenAt: Date;
  readonly endedAt: Date | null;
};

export type Role = 'admin' | 'viewer';
export type UserRow = {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly role: Role;
  readonly passwordHash: string;
  readonly createdAt: Date;
  readonly lastSeenAt: Date | null;
};
export type SessionRow = {
  readonly id: string;
  readonly userId: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly lastSeenAt: Date | null;
  readonly user: UserRow;
};
export type TokenRow = {
  readonly id: string;
  readonly name: string;
  readonly kind: 'agent' | 'read';
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
  readonly machine: { readonly id: string; readonly name: string } | null;
};

export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled' | 'interrupted';
export type JobRow = {
  readonly id: string;
  readonly kind: string;
  readonly storeId: string | null;
  readonly key: string;
  /** Of the jobs of one lane one runs at a time; null: only those of equal key wait for each other. */
  readonly lane: string | null;
  readonly state: JobState;
  /** Only looks what the job would do; `result` holds the plan. */
  readonly dryRun: boolean;
  readonly result: Json;
  readonly payload: Json;
  readonly done: number;
  readonly total: number | null;
  readonly label: string;
  readonly log: readonly string[];
  readonly problem: Json;
  readonly startedBy: string;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  readonly cancelAsked: boolean;
};
export type AuditRow = { readonly id: string; readonly at: Date; readonly who: string; readonly what: string; readonly about: string };
