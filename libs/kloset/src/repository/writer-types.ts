import type { Mac, PackfileId, StateId } from '@wardrobe/kloset-model';
import type { LocationEntry } from '../format/state.js';
import type { WritableStore } from '../store/store.js';
import type { BlobLocation, BlobSource, Repository } from './types.js';

/** Which plakar lines can use a store, and with that which records may be written to it. `1.1`: a state of version 1.1.0 is there, or it was declared. @source 01-store 9.1 */
export type StoreLine = '1.0' | '1.1';

/** What writers take from outside, so that tests can hold time and chance still. */
export type WriterEnvironment = {
  /** Milliseconds since the epoch. */
  readonly nowMs: () => number;
  /** Cryptographically random bytes. */
  readonly randomBytes: (lengthBytes: number) => Uint8Array;
  /** Shown to others in locks. */
  readonly hostname: string;
};

export type PlacedBlob = Pick<LocationEntry, 'type' | 'version' | 'blob' | 'offset' | 'lengthBytes'>;

/** A packfile that is complete in a local file and not yet in the store. */
export type SpooledPackfile = {
  readonly id: PackfileId;
  readonly path: string;
  readonly sizeBytes: number;
  /** Its plain index, padding included: read at once, not kept. */
  readonly index: Uint8Array;
  /** Of one that a `BlobPacker` filled. */
  readonly ticket?: PackfileTicket | undefined;
};

/** A packfile in the making: what its blobs are entered under until it is complete and has its id. */
export type PackfileTicket = { readonly words: Uint32Array; readonly number: number };

/** Encodes blobs and fills packfiles elsewhere than on this thread; hands them to `addPackfile` with their ticket. */
export interface BlobPacker {
  /** Whether it takes a blob of this length now: not when it is too large, or there is no room. */
  accepts(lengthBytes: number): boolean;
  /** The packfile in hand has its size. */
  readonly isFull: boolean;
  /** Of a length that it accepts. Never waits. The bytes are copied. */
  add(type: number, id: Mac, bytes: Uint8Array): void;
  endPackfile(ticket: PackfileTicket): void;
  /** Until little enough is under way. @throws StoreError, DiskFullError it cannot go on */
  settle(): Promise<void>;
  /** Until all packfiles that were ended are handed over. @throws StoreError, DiskFullError */
  finish(): Promise<void>;
}

export type BlobPackers = { readonly data: BlobPacker; readonly metadata: BlobPacker; close(): Promise<void> };

/** What a run adds to the store. Blobs are encoded at once into a packfile on local disk; nothing is visible to anybody before `commit`. */
export interface BlobSink {
  /** True when the blob is available to all (a packfile that is known and not coloured holds it), or was put by this writer. */
  has(type: number, id: Mac): boolean;
  /** Stores a blob unless `has`; returns its id, by default its MAC. The bytes are not kept: a view will do. */
  put(type: number, bytes: Uint8Array, id?: Mac): Mac;
  /** Stores a blob even when one is there. */
  putAgain(type: number, bytes: Uint8Array, id?: Mac): Mac;
  mac(bytes: Uint8Array): Mac;
  createMac(): { update(bytes: Uint8Array): void; digest(): Mac };
}

export type CommitResult = { readonly state: StateId | null; readonly packfiles: number; readonly bytesWritten: number; readonly blobs: number };

/** A repository as it would be once a run was published. */
export type Preview = BlobSource &
  Pick<Repository, 'mac' | 'createMac' | 'store' | 'secret'> & { readonly view: { locations(type: number, id: Mac): readonly BlobLocation[] } };

/**
 * One run of something that changes a repository, under a lock, in two stages: first every packfile is durable in the store, then one state names them.
 * Only after that does this machine's own index learn of it, by reading the state back. @source 01-store 6.1
 */
export interface RepositoryWriter extends BlobSink {
  readonly repository: Repository;
  readonly store: WritableStore;
  readonly line: StoreLine;
  readonly environment: WriterEnvironment;
  /** Visits every blob that `has` finds, some several times: its type, and its id as 8 little-endian words from `at` on. For pipelines with a table of their own. */
  eachKnown(visit: (type: number, words: Uint32Array, at: number) => void): void;
  /** Tells that blobs of these packfiles were built upon elsewhere: `commit` refuses when one of them was scheduled for deletion meanwhile. `has` does it by itself. */
  relyOn(packfiles: Iterable<PackfileId>): void;
  /** Takes in a packfile that somebody else made (a worker); its blobs count as put. */
  addPackfile(packfile: SpooledPackfile): void;
  /** From now on what is put goes to them, and not through this thread. `commit` closes them once all is stored. */
  packWith(packers: BlobPackers): void;
  /**
   * Uploads the packfiles that are full; the last `ahead` of them, and over a line some more, may still be on their way when it returns. Call it now and then:
   * `put` never waits.
   */
  settle(options?: { readonly signal?: AbortSignal | undefined; readonly ahead?: number | undefined }): Promise<void>;
  /** Marks a snapshot (5) or packfile (4) as deleted. */
  colour(type: 4 | 5, id: Mac): void;
  /** Delete entries of a 1.1-only store. @throws InvalidInputError the store has 1.0.x clients */
  uncolour(type: 4 | 5, id: Mac): void;
  deletePackfile(id: PackfileId): void;
  deleteLocation(location: { readonly type: number; readonly blob: Mac; readonly packfile: PackfileId }): void;
  /** A location, and the entry of its packfile, of what lies in the store already and no state names (repair). */
  claim(location: LocationEntry): void;
  claimPackfile(id: PackfileId, whenNs: bigint): void;
  /**
   * Brings every packfile into the store and shows what a snapshot made by this run would be read from: what is published, and what this run stored, as it lies in
   * the store. `has` is that of the writer: nothing that is scheduled for deletion. Nothing becomes visible to anybody. @throws StoreError, DiskFullError
   */
  preview(options?: { readonly signal?: AbortSignal | undefined }): Promise<Preview>;
  /** The look that `commit` takes before it writes, by itself: our lock stands, nobody else's forbids going on; the view is read again. @throws LockedError, StoreError */
  secondLook(options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;
  /** Publishes what there is so far under a random id and goes on: what was stored can be built upon after an interruption. */
  checkpoint(options?: { readonly signal?: AbortSignal | undefined }): Promise<CommitResult>;
  /**
   * The second stage. Looks once more for a fresh exclusive lock of somebody else just before the state is written. `state` is its id, by default that of the
   * lock (`content`: the MAC of its stream, as plakar names what `rm` writes); `timestampNs` its metadata time, by default now; `parent`, in a 1.1-only store, the state that
   * every machine merges before it, by default the latest; `isLast`: nothing comes after it but `close`, so that the lock may go at once. With nothing to say no state is written.
   * @throws LockedError, StoreError, DiskFullError; then nothing is visible
   */
  commit(options?: {
    readonly state?: StateId | 'content' | undefined;
    readonly timestampNs?: bigint | undefined;
    readonly parent?: StateId | undefined;
    readonly isLast?: boolean | undefined;
    readonly signal?: AbortSignal | undefined;
  }): Promise<CommitResult>;
  /** Releases the lock and removes what was spooled and not published. Safe to call twice, and after `commit`. */
  close(): Promise<void>;
}
