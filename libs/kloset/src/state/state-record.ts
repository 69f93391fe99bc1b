import type { Mac, StateId } from '@wardrobe/kloset-model';

/** What is kept of a readable state beside its locations. */
export type StateRecord = {
  readonly id: StateId;
  readonly sizeBytes: number;
  /** The store's stamp when it was read; null where the store has none. */
  readonly stamp: string | null;
  /** Its envelope's footer: tells a replaced file from a touched one. */
  readonly footer: Mac;
  /** Its content says that this is its name: a packfile entry does, or its name is the MAC of its stream (`rm`). False proves nothing by itself. */
  readonly namesItself: boolean;
  readonly version: number;
  readonly parent: StateId | null;
  readonly timestampNs: bigint;
  readonly serial: string;
  readonly counts: { readonly locations: number; readonly coloured: number; readonly packfiles: number; readonly deletes: number };
  /** Its entries other than locations, and the locations of snapshots, in the state's own encoding. */
  readonly residue: Uint8Array;
};
