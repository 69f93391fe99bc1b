import type { EntryRowDto, ProblemDto } from '@wardrobe/contracts';
import type { ProbeStep } from '@wardrobe/connections';
import type { LineFigures } from '@wardrobe/store-connector';
import type { ErrorCode, StoreFindingKind } from '@wardrobe/words';

/** What crosses the thread: plain values only; ids as hex text, times as ms (numbers) or ns (decimal text). */

export type StoreAddress = { readonly location: string; readonly options: Readonly<Record<string, string>>; readonly connectorsFolder: string };
export type OpenArgs = StoreAddress & {
  readonly passphrase: string | null;
  readonly secret: Uint8Array | null;
  readonly indexDirectory: string | null;
  /** Small ranges that were read before may be given from a local disk. Never for work that proves or changes what lies in the store. */
  readonly browsing?: boolean;
};
export type Opened = {
  readonly repositoryId: string;
  readonly encrypted: boolean;
  /** For the key ring of this process: it goes to the sealer or stays in memory. */
  readonly secret: Uint8Array | null;
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;
};

/** One step of trying a store; `code` of the failure. */
export type ProbedStep = ProbeStep & { readonly code: ErrorCode | null };
/** What the line of a store has carried since it was asked last. `latencyMs`: the sum over `measured` requests. */
export type Carried = Omit<LineFigures, 'meanLatencyMs'> & { readonly measured: number; readonly latencyMs: number };

export type ReadState = {
  readonly id: string;
  readonly version: string;
  readonly timestampNs: string;
  readonly parent: string | null;
  readonly serial: string;
  readonly sizeBytes: number;
  readonly brings: readonly string[];
  readonly colours: readonly string[];
};
export type BadState = { readonly id: string; readonly sizeBytes: number; readonly problem: ProblemDto };
export type ReadFinding = { readonly kind: StoreFindingKind; readonly key: string; readonly detail: string; readonly snapshots: readonly string[] };

/** One whole reading of a store. */
export type Reading = {
  readonly line: '1.0' | '1.1' | 'mixed' | 'unknown';
  readonly states: readonly ReadState[];
  readonly unreadable: readonly BadState[];
  readonly live: readonly {
    readonly id: string;
    readonly packfiles: readonly string[];
    readonly states: readonly string[];
    readonly scheduledForDeletion: boolean;
  }[];
  readonly deleted: readonly { readonly id: string; readonly whenMs: number; readonly packfiles: readonly string[]; readonly states: readonly string[] }[];
  readonly hidden: readonly {
    readonly id: string;
    readonly packfile: string;
    readonly packedAtMs: number;
    readonly lock: { readonly host: string; readonly ageSeconds: number } | null;
  }[];
  /** F and the tombstones: sorted 32-byte ids, one after the other. */
  readonly packfiles: Uint8Array;
  readonly tombstoned: Uint8Array;
  /** Packfiles present that V has no entry for; no more than `ORPHAN_LIMIT`. */
  readonly orphans: readonly string[];
  readonly findings: readonly ReadFinding[];
  readonly counts: { readonly locations: number; readonly packfiles: number };
};

export type HeaderDto = {
  readonly takenAtNs: string;
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
  readonly machineId: string;
  readonly sourceType: string;
  readonly origin: string;
  readonly directory: { readonly text: string; readonly bytes?: string };
  readonly sizeBytes: number;
  readonly files: number;
  readonly directories: number;
  readonly symlinks: number;
  readonly errors: number;
};
export type HeaderAnswer = { readonly id: string; readonly header: HeaderDto } | { readonly id: string; readonly problem: ProblemDto };

/** Where a snapshot's blobs are looked for. `hidden` also searches orphan packfiles, `deleted` coloured entries. */
export type Reach = 'live' | 'hidden' | 'deleted';
export type SnapshotRef = { readonly snapshot: string; readonly reach: Reach };

export type ListArgs = SnapshotRef & {
  readonly path: string;
  readonly offset: number;
  readonly limit: number;
  readonly sort: string;
  readonly filter: string | null;
  readonly around: string | null;
};
export type ListAnswer = {
  readonly entry: EntryRowDto;
  readonly path: string;
  readonly total: number;
  readonly offset: number;
  readonly entries: readonly EntryRowDto[];
  readonly sortReady: boolean;
  readonly sortProgress: number | null;
  readonly syncedFrom: readonly { readonly repositoryId: string; readonly at: string }[];
};

/** What a download needs before its first byte. `etag`: MAC of the object. */
export type ContentInfo = {
  readonly name: { readonly text: string; readonly bytes?: string };
  readonly sizeBytes: number;
  readonly etag: string;
  readonly mtimeMs: number;
};
export type ArchiveFormat = 'zip' | 'tar';
