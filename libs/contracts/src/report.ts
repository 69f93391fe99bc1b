import { z } from 'zod';

/** 64 lowercase hex digits. */
export const hexId = z.string().regex(/^[0-9a-f]{64}$/);
export const repositoryIdText = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);

export const REPORT_FORMAT = 'wardrobe-report';
export const REPORT_VERSION = 1;
/** Bounds of one report: it is untrusted input. */
export const REPORT_LIMITS = { bytes: 64 * 1024 * 1024, sightings: 256, ids: 2_000_000, text: 512 } as const;

const label = z.string().max(REPORT_LIMITS.text);
const instant = z.iso.datetime({ offset: true });

/** One snapshot that a cache lists, with every packfile that the cache says holds its header blob. */
export const shownSnapshot = z.object({ snapshot: hexId, packfiles: z.array(hexId).max(64) });

/** A `<hex>.state` file that the helper of 1.1.x has not merged (spec 03, C4). */
export const loneState = z.object({ id: hexId, sizeBytes: z.number().int().nonnegative(), checked: z.enum(['footer', 'shape', 'broken']) });

export const sightingReport = z.object({
  repositoryId: repositoryIdText,
  /** Name of the OS user whose cache it is. */
  user: label,
  /** For people: the cache folder with the home folder as `~`. */
  cache: label,
  tool: z.enum(['plakar', 'wardrobe']),
  line: z.enum(['1.0', '1.1', 'wardrobe']),
  /** `own`: taken in the safe order of spec 03; `foreign`: a copy of unknown order, cannot be proven complete. */
  copy: z.enum(['own', 'foreign']),
  lastUsedAt: instant.nullable(),
  inMotion: z.object({ value: z.boolean(), why: z.array(z.enum(['lock-held', 'recent-write', 'lone-state', 'entry-before-state'])) }),
  /** State ids merged, sorted. */
  states: z.array(hexId).max(REPORT_LIMITS.ids),
  /** Sorted by snapshot id. */
  shown: z.array(shownSnapshot).max(REPORT_LIMITS.ids),
  /** Snapshot ids the cache holds as deleted, sorted. */
  deleted: z.array(hexId).max(REPORT_LIMITS.ids),
  /**
   * Packfile ids under the state id that brought them, for the states that the store may lack. `all`: every state of the cache is
   * given (report files); `asked`: those that the server asked for, and always those whose state id the cache does not list as merged (a
   * lost state's id is forgotten at the machine's next use of the store, its entries stay).
   */
  introduced: z.object({
    scope: z.enum(['all', 'asked']),
    states: z.array(z.object({ state: hexId, packfiles: z.array(hexId).max(REPORT_LIMITS.ids) })).max(REPORT_LIMITS.ids),
  }),
  loneStates: z.array(loneState).max(10_000),
  /** SHA-256 over the sorted lines `shown <id>` and `deleted <id>`, hex. Groups equal machines, never makes a cell. */
  digest: hexId,
  counts: z.object({
    states: z.number().int(),
    packfiles: z.number().int(),
    shown: z.number().int(),
    deleted: z.number().int(),
    ignoredKeys: z.number().int(),
  }),
  /** Another cache in the same folder that is not the machine's view (spec 03, C1: the Pebble copy that repair leaves). */
  setAside: z.array(z.object({ cache: label, why: z.enum(['older-or-repair-copy', 'header-cache', 'archive']) })),
});

/** A cache that is there and could not be read: never silently left out. */
export const cacheFailure = z.object({
  repositoryId: repositoryIdText.nullable(),
  user: label,
  cache: label,
  code: z.enum(['damaged', 'busy', 'unsupported', 'permission', 'empty']),
  message: label,
});

export const machineReport = z.object({
  format: z.literal(REPORT_FORMAT),
  version: z.literal(REPORT_VERSION),
  machine: z.object({ id: z.uuid(), name: label.min(1), hostName: label, os: label }),
  agent: z.object({ version: label }),
  /** The machine's clock when the caches were read. */
  createdAt: instant,
  sightings: z.array(sightingReport).max(REPORT_LIMITS.sightings),
  failures: z.array(cacheFailure).max(REPORT_LIMITS.sightings),
});

export type ShownSnapshotReport = z.infer<typeof shownSnapshot>;
export type SightingReport = z.infer<typeof sightingReport>;
export type CacheFailure = z.infer<typeof cacheFailure>;
export type MachineReport = z.infer<typeof machineReport>;

/** Answer of `POST /api/agent/report`. `ask`: state ids per sighting index whose packfiles the server wants; send the report again with them. */
export const reportAnswer = z.object({
  accepted: z.boolean(),
  ask: z.array(z.object({ sighting: z.number().int(), states: z.array(hexId) })),
  /** Sentences about sightings of stores that this console does not know. */
  notes: z.array(z.string()),
  serverTime: instant,
});
export type ReportAnswer = z.infer<typeof reportAnswer>;
