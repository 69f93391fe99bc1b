import type { ForeignFile, ReadOptions, ResourceKind, WriteOptions } from '@wardrobe/store-connector';
import type { Mac } from '@wardrobe/kloset-model';
import type { Body } from './line.js';

export type ItemName = { readonly kind: ResourceKind; readonly id: Mac };

/** `sizeBytes` null: the server names its items and no more, as plakar's do. */
export type NamedItem = { readonly id: Mac; readonly sizeBytes: number | null; readonly stamp?: string };

/**
 * One of the two ways to talk with a store server, one try for each call. What is not there is a MissingError, everything else is what callers of the store get.
 * @source 04-remote-stores 5, 6
 */
export interface Protocol {
  readonly line: '1.0' | '1.1';
  config(options: ReadOptions): Promise<Uint8Array>;
  /** Makes the store where the server can (ours). */
  create(config: Uint8Array, options: WriteOptions): Promise<void>;
  list(kind: ResourceKind, options: ReadOptions): Promise<readonly NamedItem[]>;
  /** Files that are no items; none from servers that do not tell. */
  foreign(options: ReadOptions): Promise<readonly ForeignFile[]>;
  /** Null when the server does not tell. */
  size(item: ItemName, options: ReadOptions): Promise<number | null>;
  whole(item: ItemName, options: ReadOptions): AsyncIterable<Uint8Array>;
  /** The bytes of a packfile from `offset` on, `lengthBytes` or, where it ends before, fewer. */
  part(item: ItemName, range: { readonly offset: number; readonly lengthBytes: number }, options: ReadOptions): Promise<Uint8Array>;
  put(item: ItemName, body: Body, options: WriteOptions): Promise<void>;
  remove(item: ItemName, options: WriteOptions): Promise<void>;
}
