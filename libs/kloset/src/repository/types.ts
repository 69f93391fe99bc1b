import type { KdfParams } from '../format/config.js';
import type { Mac, PackfileId, RepositoryId, SnapshotId, StateId } from '@wardrobe/kloset-model';
import type { KlosetError } from '../errors/errors.js';
import type { Colour } from '../state/facts.js';
import type { Layer } from '../state/layer.js';
import type { Store } from '../store/store.js';
import type { Keys } from './keys.js';
import type { PackedRanges } from './packed-ranges.js';

export type OpenOptions = {
  /** UTF-8 passphrase of an encrypted store. */
  readonly passphrase?: string | undefined;
  /** How the secret of the passphrase is derived; default: on this thread. */
  readonly derive?: ((params: KdfParams, passphrase: string) => Promise<Uint8Array>) | undefined;
  /** Instead of a passphrase: the 32-byte secret derived before (never written to disk by the engine). */
  readonly secret?: Uint8Array | undefined;
  /** Folder of the local state index; without it the index lives in memory. */
  readonly indexDirectory?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: OpenProgress) => void) | undefined;
  /** Things worth a line in a log: a state index that was damaged and is built again, or could not be written. */
  readonly onNote?: ((note: string) => void) | undefined;
};
export type OpenProgress = { readonly phase: 'key' | 'list' | 'states' | 'index'; readonly done: number; readonly total: number };

/** One location of a blob. Offsets count from the start of the packfile's body. @source 01-store 5.1 */
export type BlobLocation = { readonly packfile: PackfileId; readonly offset: number; readonly lengthBytes: number; readonly version: number };

/** A state file that decodes (member of R). */
export type StateInfo = {
  readonly id: StateId;
  readonly version: '1.0.0' | '1.1.0';
  /** Metadata time, ns since epoch. */
  readonly timestampNs: bigint;
  readonly parent: StateId | null;
  readonly serial: string;
  readonly sizeBytes: number;
  /** Snapshots it brings: locations of type 5 in packfiles that it or another state enters. */
  readonly snapshots: readonly SnapshotId[];
  readonly colouredSnapshots: readonly SnapshotId[];
  readonly counts: { readonly locations: number; readonly coloured: number; readonly packfiles: number; readonly deletes: number };
};

/** A state file that does not decode (member of U). */
export type UnreadableState = { readonly id: StateId; readonly sizeBytes: number; readonly error: KlosetError };

export type LockInfo = {
  readonly id: Mac;
  readonly hostname: string;
  readonly exclusive: boolean;
  readonly timestampNs: bigint;
  /** Age against the clock passed in; fresh until 330 s for "a backup may be running", stale from 600 s for plakar. */
  readonly error?: KlosetError | undefined;
};

export type LiveSnapshot = {
  readonly id: SnapshotId;
  readonly packfiles: readonly PackfileId[];
  readonly states: readonly StateId[];
  /** Its own blob lies only in coloured packfiles ("scheduled for deletion", 01-store 5.5). */
  readonly scheduledForDeletion: boolean;
};
export type DeletedSnapshot = {
  readonly id: SnapshotId;
  readonly whenNs: bigint;
  readonly states: readonly StateId[];
  readonly packfiles: readonly PackfileId[];
};

/** A snapshot whose header blob lies in a packfile that no state names. @source design, "hidden" */
export type HiddenSnapshot = {
  readonly id: SnapshotId;
  readonly packfile: PackfileId;
  /** Footer time of the packfile, ns (values below 10^12 taken as seconds). */
  readonly packedAtNs: bigint;
  readonly lock: { readonly host: string; readonly ageSeconds: number } | null;
};

/** The order-independent merge of all readable states (01-store 5.5), without anything that needs an object per blob. */
export interface StateView {
  readonly states: readonly StateInfo[];
  readonly unreadable: readonly UnreadableState[];
  readonly live: readonly LiveSnapshot[];
  readonly deleted: readonly DeletedSnapshot[];
  /** Known packfiles: id, coloured, tombstoned. */
  isPackfileKnown(id: PackfileId): boolean;
  isPackfileColoured(id: PackfileId): boolean;
  isPackfileTombstoned(id: PackfileId): boolean;
  packfiles(): Iterable<{ readonly id: PackfileId; readonly coloured: boolean; readonly states: readonly StateId[] }>;
  /** Uncoloured locations first; then those in packfiles that are only coloured (lenient read). */
  locations(type: number, id: Mac): readonly (BlobLocation & { readonly coloured: boolean })[];
  readonly counts: { readonly locations: number; readonly packfiles: number };
  /** The tables of all locations, for passes over the whole store that cannot afford an object per blob. Never changed. */
  readonly layers: readonly Layer[];
  /** Colours that count, of packfiles (4, known or not) or snapshots (5). */
  colours(type: 4 | 5): Iterable<readonly [Mac, Colour]>;
  /** A packfile that is known and not coloured holds it: the only blobs to deduplicate against. @source 01-store 5.4, 5.5 */
  isAvailable(type: number, id: Mac): boolean;
  /** Visits every available blob, some of them several times: its type, and its id as 8 little-endian words of `words` from `at` on. */
  eachAvailable(visit: (type: number, words: Uint32Array, at: number) => void): void;
  /** States whose deletes plakar machines may merge before or after what they delete, with different results. Worked out when first asked for. */
  mergeHazards(): readonly MergeHazard[];
  /** Packfiles that are scheduled for deletion and that a live snapshot needs, as far as the states alone tell. Worked out when first asked for. */
  colouredInUse(): readonly ColouredInUse[];
}

/**
 * One state with delete entries whose effect hangs on the order of merging: no chain of parents puts it before or after the states that bring what it deletes.
 * @source 01-store 5.5
 */
export type MergeHazard = {
  /** The state that deletes. */
  readonly state: StateId;
  /** States that bring what it deletes (packfiles, locations) or colour what it uncolours. */
  readonly unordered: readonly StateId[];
  /** Packfiles with a blob that some machines can see and others cannot. */
  readonly packfiles: readonly PackfileId[];
  /** Snapshots that some machines show and others do not. */
  readonly snapshots: readonly SnapshotId[];
};

/** `snapshots`: live ones whose own state brought the packfile, with blobs that lie nowhere else. Others may need it too: only reading their trees tells. */
export type ColouredInUse = { readonly packfile: PackfileId; readonly snapshots: readonly SnapshotId[] };

export type RepositoryConfig = {
  readonly repositoryId: RepositoryId;
  readonly createdAtNs: bigint;
  readonly hashing: 'BLAKE3' | 'SHA256';
  readonly compression: 'LZ4' | 'GZIP' | 'ZSTD' | null;
  readonly encryption: { readonly dataAlgorithm: string; readonly subkeyAlgorithm: string; readonly kdf: string } | null;
  readonly chunking: { readonly algorithm: string; readonly minSize: number; readonly normalSize: number; readonly maxSize: number };
  readonly packfileMaxSize: number | bigint;
};

export type BlobResult = { readonly id: Mac; readonly bytes: Uint8Array } | { readonly id: Mac; readonly error: KlosetError };

/** Blobs by type and id. The seam that `btree` and `snapshot` build on. */
export interface BlobSource {
  /** Decoded, verified bytes. @throws NotFoundError, IntegrityError, DecodeError, StoreError */
  get(type: number, id: Mac, options?: { readonly signal?: AbortSignal | undefined }): Promise<Uint8Array>;
  /** Many blobs in the order asked, reads grouped by packfile and bounded in memory. A failing blob is an error value in its place. */
  getMany(type: number, ids: readonly Mac[], options?: { readonly signal?: AbortSignal | undefined }): AsyncIterable<BlobResult>;
  /** `get` finds a place for it in the view: coloured packfiles count. */
  has(type: number, id: Mac): boolean;
}

/** `onProblem`: an orphan packfile whose footer or index cannot be read; the others are still looked at. */
export type HiddenOptions = {
  readonly nowMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProblem?: ((problem: OrphanProblem) => void) | undefined;
};
/** A packfile that no state names. `packedAtNs` from its footer, seconds recognised; `snapshots`: those whose header lies in it. */
/** `blobs`: padding included. */
export type OrphanPackfile = {
  readonly id: PackfileId;
  readonly sizeBytes: number;
  readonly blobs: number;
  readonly packedAtNs: bigint;
  readonly snapshots: readonly SnapshotId[];
};
/** `layer`: the locations in them, and in orphans of earlier looks that may be gone. */
export type OrphanPackfiles = { readonly packfiles: readonly OrphanPackfile[]; readonly layer: Layer };
export type OrphanProblem = { readonly packfile: PackfileId; readonly error: KlosetError };

/** Result of reading a packfile as a whole. `nameKnown` false is a warning only: its name follows neither of the two formulas (01-store 4.4). */
export type PackfileReport = {
  readonly id: PackfileId;
  readonly sizeBytes: number;
  readonly blobs: number;
  readonly nameKnown: boolean;
  readonly packedAtNs: bigint;
  /** Where the encoded index lies in the file; the footer record follows it, the blobs precede it. */
  readonly index: { readonly at: number; readonly lengthBytes: number };
};

/** A store opened with its keys. */
export interface Repository extends BlobSource {
  readonly store: Store;
  /** For the engine's own writers. */
  readonly keys: Keys;
  readonly config: RepositoryConfig;
  readonly id: RepositoryId;
  readonly encrypted: boolean;
  /** For the local key ring only; never logged or sent. Null for a plain store. */
  readonly secret: Uint8Array | null;
  readonly view: StateView;
  /** MAC of this repository (01-store 2.3). */
  mac(bytes: Uint8Array): Mac;
  /** Whether 32 bytes are the MAC of others: cheaper than comparing `mac`, where many are proven. */
  proves(bytes: Uint8Array, mac: Uint8Array): boolean;
  createMac(): { update(bytes: Uint8Array): void; digest(): Mac };
  /** Reads states that are new, forgets those gone; the view is replaced, never changed in place. */
  refresh(options?: { readonly signal?: AbortSignal | undefined; readonly onProgress?: ((p: OpenProgress) => void) | undefined }): Promise<StateView>;
  locks(options?: { readonly signal?: AbortSignal | undefined }): Promise<readonly LockInfo[]>;
  /** Snapshots in orphan packfiles; reads only footers and indexes of packfiles not looked at before. */
  hidden(options: HiddenOptions): Promise<readonly HiddenSnapshot[]>;
  /** A source that also finds blobs through the indexes of orphan packfiles (`--hidden`) and coloured snapshots (`--deleted`). */
  withOrphans(options?: {
    readonly signal?: AbortSignal | undefined;
    readonly onProblem?: ((problem: OrphanProblem) => void) | undefined;
  }): Promise<BlobSource>;
  /** Packfiles that no state names, by their footers and indexes; one that cannot be read is a problem. Coloured ones are among them. */
  orphans(options?: {
    readonly signal?: AbortSignal | undefined;
    readonly onProblem?: ((problem: OrphanProblem) => void) | undefined;
  }): Promise<OrphanPackfiles>;
  /** Plaintext of the stored bytes of a blob, read by a caller who knows where it lies; verified. @throws IntegrityError, DecodeError, TooLargeError */
  openStored(blob: { readonly type: number; readonly id: Mac }, stored: Uint8Array): Uint8Array;
  /** Reads every state file again, past any index, and yields those that are damaged now. */
  verifyStates(options?: { readonly signal?: AbortSignal | undefined }): AsyncIterable<UnreadableState>;
  /** Reads a whole packfile: envelope footer, index, bounds, places as the states have them, name. Blobs are verified by reading them. @throws IntegrityError, DecodeError, NotFoundError, StoreError */
  verifyPackfile(id: PackfileId, options?: { readonly signal?: AbortSignal | undefined }): Promise<PackfileReport>;
  /** The same repository as it is now, its bytes coming from elsewhere: from copies of its packfiles. */
  readingFrom(from: { readonly store: Store; readonly ranges?: PackedRanges | undefined }): Repository;
  close(): Promise<void>;
}
