import type { Cause, Cell, NextStepKind, StoreFindingKind, Verdict } from '@wardrobe/words';

export type { Cause } from '@wardrobe/words';

/** Ids are plain lowercase hex strings here: this library knows nothing of bytes. Times are ms since the epoch. */

export type RemoteSnapshot = {
  readonly id: string;
  /** States in R that bring it. */
  readonly states: readonly string[];
  /** Packfiles that hold its header blob. */
  readonly packfiles: readonly string[];
  /** When the console first listed a state that brings it; offline: that state's metadata time. */
  readonly publishedAtMs: number;
};

/** What the store itself says. R, U, V, F of the design. */
export type RemoteView = {
  readonly repositoryId: string;
  readonly readAtMs: number;
  /** R: ids of states that decode. */
  readonly states: ReadonlySet<string>;
  /** U: ids of states that do not. */
  readonly unreadable: ReadonlySet<string>;
  readonly live: ReadonlyMap<string, RemoteSnapshot>;
  /** Snapshots coloured in V, with when (ms). */
  readonly deleted: ReadonlyMap<string, { readonly whenMs: number }>;
  /** F: packfile files present. */
  readonly packfiles: ReadonlySet<string>;
  /** Packfiles deleted for good (01-store 5.5, rule 2). */
  readonly tombstoned: { has(packfile: string): boolean };
  readonly hidden: readonly {
    readonly id: string;
    readonly packfile: string;
    readonly packedAtMs: number;
    readonly lock: { readonly host: string; readonly ageSeconds: number } | null;
  }[];
  readonly findings: readonly { readonly kind: StoreFindingKind; readonly id: string; readonly detail: string; readonly snapshots: readonly string[] }[];
};

export type ShownSnapshot = { readonly snapshot: string; readonly packfiles: readonly string[] };

/** One cache of a machine as its report gives it. */
export type Sighting = {
  readonly machine: string;
  readonly user: string;
  /** Label for people, e.g. `~/.cache/plakar`. */
  readonly cache: string;
  readonly line: '1.0' | '1.1' | 'wardrobe';
  readonly receivedAtMs: number;
  readonly inMotion: boolean;
  readonly lastUsedAtMs: number | null;
  readonly states: ReadonlySet<string>;
  readonly shown: ReadonlyMap<string, readonly string[]>;
  readonly deleted: ReadonlySet<string>;
  /** Packfiles by the state id that the machine says brought them, for states the store may lack. */
  readonly introduced: ReadonlyMap<string, readonly string[]>;
  readonly digest: string;
};

export type MachineView = {
  readonly id: string;
  readonly name: string;
  readonly retired: boolean;
  /** Empty: never reported this store. */
  readonly sightings: readonly Sighting[];
  /** Newest report of any kind from this machine about this store, or null. */
  readonly lastReportAtMs: number | null;
};

export type CellResult = { readonly snapshot: string; readonly cell: Cell; readonly cause: Cause; readonly cache: string | null; readonly user: string | null };

export type NextStep = { readonly kind: NextStepKind; readonly states: readonly string[]; readonly snapshots: readonly string[] };

export type MachineResult = {
  readonly machine: string;
  readonly verdict: Verdict;
  readonly counts: Readonly<Record<Cell, number>>;
  readonly worst: Cell;
  /** Cells that are not `seen` and not `none`, in snapshot id order; `seen` cells are implied. */
  readonly exceptions: readonly CellResult[];
  /** Order-independent digest over what it shows and deleted; equal digests group machines. */
  readonly digest: string;
  readonly newestSeenAtMs: number | null;
  readonly lastReportAtMs: number | null;
};
