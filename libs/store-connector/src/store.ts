import type { Mac } from '@wardrobe/kloset-model';

/** What a store holds besides CONFIG. Each item is named by a 32-byte id. @source 01-store 3 */
export type ResourceKind = 'packfile' | 'state' | 'lock';

/** A file in the store's tree that belongs to none of the kinds: leftovers, foreign files. */
export type ForeignFile = { readonly path: string; readonly sizeBytes: number };

/** `stamp`, where the store has one, changes when the item's bytes were replaced: a hint to look again, never a proof. */
export type ListedItem = { readonly id: Mac; readonly sizeBytes: number; readonly stamp?: string };

/**
 * `fresh`: from the store itself, not from a copy that was kept of it. `knownSize`, of listings: the size of an item where the caller knows it, or has no use
 * for it; a store whose server tells none gives this one back instead of finding it out, others may pass over it.
 */
export type ReadOptions = {
  readonly signal?: AbortSignal | undefined;
  readonly fresh?: boolean;
  readonly knownSize?: ((id: Mac) => number | undefined | Promise<number | undefined>) | undefined;
};

/**
 * Bytes of a store, as files by kind and id. Implementations hold wrapped files (envelope included) and know nothing of keys.
 * Every method rejects with `NotFoundError` (item absent), `PermissionError`, or `StoreError` (the line); abort is rethrown as it came.
 */
export interface Store {
  /** For messages: the location as the user wrote it, without secrets. */
  readonly location: string;
  /** Whole CONFIG file. @throws NotAStoreError */
  readConfig(options?: ReadOptions): Promise<Uint8Array>;
  /** Items of one kind in no order. */
  list(kind: ResourceKind, options?: ReadOptions): AsyncIterable<ListedItem>;
  /** Files below the store that are not items (01-store 3.1: `tmp.*`, misplaced or foreign names). */
  listForeign(options?: ReadOptions): AsyncIterable<ForeignFile>;
  sizeBytes(kind: ResourceKind, id: Mac, options?: ReadOptions): Promise<number>;
  /** The whole item, streamed in order. */
  read(kind: ResourceKind, id: Mac, options?: ReadOptions): AsyncIterable<Uint8Array>;
  /** Exactly `lengthBytes` bytes at `offset` of the wrapped file. A short answer is a `StoreError`, never a short buffer. */
  readRange(kind: ResourceKind, id: Mac, offset: number, lengthBytes: number, options?: ReadOptions): Promise<Uint8Array>;
  /** Where the item lies as a file of this machine, for threads that read by themselves; absent where there is no such file. */
  localPath?(kind: ResourceKind, id: Mac): string;
  /** What the line has carried so far; absent for stores without one. */
  line?(): LineFigures;
  /** Ends idle connections and descriptors. Safe to call twice. */
  close(): Promise<void>;
}

/** Requests and bytes since the store was opened, retries among the requests; the latency is the mean time to the first byte, null before the first answer. */
export type LineFigures = {
  readonly requests: number;
  readonly retries: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly meanLatencyMs: number | null;
};

export type WriteOptions = { readonly signal?: AbortSignal | undefined };

/**
 * A store that can be changed. A write is whole or nothing: until it resolves the item may be absent or have its old bytes, afterwards it is durable.
 * Beside the errors of `Store`: `DiskFullError`, `ReadOnlyError`.
 * @source 01-store 3, 6
 */
export interface WritableStore extends Store {
  /** Folder of this machine where large items are best made before `adopt`; null when any will do. Files there are named `tmp.*` and are no items. */
  readonly spoolDirectory: string | null;
  /** Makes the empty store; CONFIG comes last. @throws InvalidInputError something is there already */
  create(config: Uint8Array, options?: WriteOptions): Promise<void>;
  /** Writes an item of known bytes; an item of the same id is replaced. */
  write(kind: ResourceKind, id: Mac, bytes: Uint8Array, options?: WriteOptions): Promise<void>;
  /** Takes over a local file as an item: moved where possible, else copied and removed. After a failure the local file is still there. */
  adopt(kind: ResourceKind, id: Mac, localPath: string, options?: WriteOptions): Promise<void>;
  /** @throws NotFoundError it is not there */
  remove(kind: ResourceKind, id: Mac, options?: WriteOptions): Promise<void>;
}
