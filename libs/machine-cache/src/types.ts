/**
 * The report's types. Structurally equal to `libs/contracts/src/report.ts`, which checks what arrives: this library may not
 * import the contracts, and the contracts may not import a reader of caches.
 */
export type CacheLine = '1.0' | '1.1' | 'wardrobe';
export type CopyKind = 'own' | 'foreign';
export type MotionReason = 'lock-held' | 'recent-write' | 'lone-state' | 'entry-before-state';
export type SetAsideReason = 'older-or-repair-copy' | 'header-cache' | 'archive';
export type CacheFailureCode = 'damaged' | 'busy' | 'unsupported' | 'permission' | 'empty';

/** One snapshot that a cache lists, with every packfile that the cache says holds its header blob (at most 64, sorted). */
export type ShownSnapshotReport = { snapshot: string; packfiles: string[] };

/** A `<hex>.state` file that plakar has not merged. `shape`: magic, type and size are right, the footer needs the key. @source 03 C4 */
export type LoneStateReport = { id: string; sizeBytes: number; checked: 'footer' | 'shape' | 'broken' };

export type SetAsideReport = { cache: string; why: SetAsideReason };

/** What one cache of one user says about one store. All lists of ids are sorted. */
export type SightingReport = {
  repositoryId: string;
  user: string;
  cache: string;
  tool: 'plakar' | 'wardrobe';
  line: CacheLine;
  copy: CopyKind;
  /** ISO instant, or null where no file tells. */
  lastUsedAt: string | null;
  inMotion: { value: boolean; why: MotionReason[] };
  states: string[];
  shown: ShownSnapshotReport[];
  deleted: string[];
  introduced: { scope: 'all' | 'asked'; states: { state: string; packfiles: string[] }[] };
  loneStates: LoneStateReport[];
  digest: string;
  counts: { states: number; packfiles: number; shown: number; deleted: number; ignoredKeys: number };
  setAside: SetAsideReport[];
};

/** A cache that is there and could not be read, or that says nothing. */
export type CacheFailure = { repositoryId: string | null; user: string; cache: string; code: CacheFailureCode; message: string };

export type MachineReport = {
  format: 'wardrobe-report';
  version: 1;
  machine: { id: string; name: string; hostName: string; os: string };
  agent: { version: string };
  createdAt: string;
  sightings: SightingReport[];
  failures: CacheFailure[];
};
