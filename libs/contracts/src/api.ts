import { CELLS, ERROR_CODES, STORE_FINDINGS, VERDICTS } from '@wardrobe/words';
import { z } from 'zod';
import { job } from './jobs.js';

/**
 * Types that cross the API. Times are ISO 8601 in UTC; sizes are numbers of bytes up to 2^53, else decimal text; ids are hex.
 * Procedures (router path → input → output) are listed at the end in `PROCEDURES`.
 */
export const cell = z.enum(CELLS);
export const verdict = z.enum(VERDICTS);
export const iso = z.iso.datetime();
export const role = z.enum(['admin', 'viewer']);

/** A name or path that may not be UTF-8: `text` has U+FFFD for bad bytes, `bytes` (base64) is there only where they differ. */
export const byteName = z.object({ text: z.string(), bytes: z.string().optional() });
export type ByteNameDto = z.infer<typeof byteName>;

export const problem = z.object({ code: z.enum(ERROR_CODES), sentence: z.string(), next: z.string(), detail: z.string().optional() });
export type ProblemDto = z.infer<typeof problem>;

// ---- people
export const user = z.object({ id: z.string(), name: z.string(), email: z.string(), role, createdAt: iso, lastSeenAt: iso.nullable() });
export const me = z.object({ user: user.nullable(), setupNeeded: z.boolean(), demo: z.boolean(), serverTime: iso, version: z.string() });
export const token = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(['agent', 'read']),
  createdAt: iso,
  lastUsedAt: iso.nullable(),
  revokedAt: iso.nullable(),
  machine: z.object({ id: z.string(), name: z.string() }).nullable(),
});
export type UserDto = z.infer<typeof user>;
export type MeDto = z.infer<typeof me>;
export type TokenDto = z.infer<typeof token>;

// ---- stores
/** What the console can do with a store now. */
export const storeStatus = z.enum(['ready', 'reading', 'locked', 'offline', 'damaged', 'never-read']);
export const counts = z.object({
  machines: z.number(),
  diverged: z.number(),
  unknown: z.number(),
  behind: z.number(),
  inSync: z.number(),
  snapshots: z.number(),
  findings: z.number(),
});
export const store = z.object({
  id: z.string(),
  name: z.string(),
  location: z.string(),
  /** What its line has carried since the console counts; null for folders, and before the first reading. */
  carried: z
    .object({ since: iso, requests: z.number(), retries: z.number(), bytesRead: z.number(), bytesWritten: z.number(), meanLatencyMs: z.number().nullable() })
    .nullable(),
  repositoryId: z.string(),
  encrypted: z.boolean(),
  keyKept: z.enum(['none', 'encrypted', 'memory']),
  status: storeStatus,
  problem: problem.nullable(),
  line: z.enum(['1.0', '1.1', 'mixed', 'unknown']),
  refreshIntervalSeconds: z.number(),
  unknownAfterHours: z.number(),
  lastReadAt: iso.nullable(),
  newestSnapshotAt: iso.nullable(),
  logicalBytes: z.number().nullable(),
  counts,
  /** The worst thing as a sentence, or null when all agree. */
  headline: z.string().nullable(),
});
export type StoreDto = z.infer<typeof store>;
/** Options of a store's connector, by name. They go in and never come out. */
export const storeOptions = z.record(z.string().min(1).max(100), z.string().max(65_536)).refine((options) => Object.keys(options).length <= 64);
/** A kind of store, for a form. */
export const storeKind = z.object({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  schemes: z.array(z.string()),
  example: z.string(),
  options: z.array(
    z.object({
      name: z.string(),
      title: z.string(),
      help: z.string(),
      kind: z.enum(['text', 'secret', 'number', 'boolean', 'choice', 'file']),
      choices: z.array(z.string()).optional(),
      default: z.string().optional(),
      required: z.boolean().optional(),
      advanced: z.boolean().optional(),
    }),
  ),
});
export type StoreKindDto = z.infer<typeof storeKind>;
export const storeInput = z.object({
  name: z.string().min(1).max(100),
  location: z.string().min(1).max(2000),
  options: storeOptions.default({}),
  passphrase: z.string().max(4096).optional(),
  keepKey: z.boolean().default(true),
  refreshIntervalSeconds: z.number().int().min(30).max(86_400).default(300),
  unknownAfterHours: z.number().int().min(1).max(8760).default(26),
});
export const storeTestStep = z.enum([
  ...(['path', 'permission', 'config', 'version', 'key', 'states'] as const),
  ...(['location', 'name', 'route', 'trust', 'credentials', 'answer', 'store', 'passphrase'] as const),
]);
/** Steps of "test", in order; the first failure ends the list. */
export const storeTest = z.object({
  ok: z.boolean(),
  steps: z.array(z.object({ step: storeTestStep, ok: z.boolean(), sentence: z.string() })),
  repositoryId: z.string().nullable(),
  encrypted: z.boolean().nullable(),
  snapshots: z.number().nullable(),
  problem: problem.nullable(),
});
export type StoreInput = z.infer<typeof storeInput>;
export type StoreTestDto = z.infer<typeof storeTest>;

// ---- machines
/** `[firstColumn, count, cell]` over columns in time order; columns not named are `seen` before the watermark, `after` from it on. */
export const run = z.tuple([z.number().int(), z.number().int(), z.number().int()]);
export const machineRow = z.object({
  id: z.string(),
  name: z.string(),
  hostName: z.string(),
  os: z.string(),
  tool: z.string(),
  verdict,
  worst: cell,
  cause: z.string(),
  nextStep: z.string(),
  counts: z.record(z.string(), z.number()),
  digest: z.string(),
  group: z.number().int(),
  newestSeenAt: iso.nullable(),
  lastReportAt: iso.nullable(),
  retired: z.boolean(),
  row: z.object({ watermark: z.number().int(), after: z.number().int(), exceptions: z.array(run) }),
  /** What made its verdict over time, oldest first: `[seconds since the epoch, cell code]` from each change on. */
  history: z.array(z.tuple([z.number().int(), z.number().int()])),
});
export type MachineRowDto = z.infer<typeof machineRow>;
export const machinesPage = z.object({
  sentence: z.string(),
  detail: z.string(),
  readAt: iso.nullable(),
  columns: z.number().int(),
  /** Snapshot time of each column, seconds since the epoch, delta coded against the one before. */
  columnTimes: z.array(z.number()),
  /** Columns of snapshots that are not in the store (deleted, phantom, lost …): drawn as track in rows that do not except them. */
  absentColumns: z.array(z.tuple([z.number().int(), z.number().int()])),
  machines: z.array(machineRow),
  counts,
  storeFindings: z.number(),
  storeFindingsSentence: z.string().nullable(),
});
export type MachinesPageDto = z.infer<typeof machinesPage>;
/** One machine with its caches. */
export const machineDetail = machineRow.extend({
  sightings: z.array(
    z.object({
      user: z.string(),
      cache: z.string(),
      line: z.string(),
      lastUsedAt: iso.nullable(),
      reportedAt: iso,
      states: z.number(),
      shown: z.number(),
      deleted: z.number(),
      digest: z.string(),
      inMotion: z.boolean(),
      problem: z.string().nullable(),
    }),
  ),
  cells: z.array(
    z.object({
      snapshot: z.string(),
      takenAt: iso.nullable(),
      cell,
      cause: z.string(),
      nextStep: z.string(),
      cache: z.string().nullable(),
      since: iso.nullable(),
    }),
  ),
});
export type MachineDetailDto = z.infer<typeof machineDetail>;

/** One cell, and what it was before: newest first. `endedAt` null: it still is. */
export const cellStory = machineDetail.shape.cells.element.extend({
  spells: z.array(z.object({ cell, beganAt: iso, lastSeenAt: iso, endedAt: iso.nullable() })),
});
export type CellStoryDto = z.infer<typeof cellStory>;

// ---- matrix: the machines page carries rows; this adds what the canvas needs per column
export const matrixColumn = z.object({ id: z.string(), takenAt: iso.nullable(), host: z.string(), source: z.string(), live: z.boolean() });
export type MatrixColumnDto = z.infer<typeof matrixColumn>;

// ---- divergence
export const lane = z.object({
  digest: z.string(),
  machines: z.array(z.object({ id: z.string(), name: z.string() })),
  verdict,
  label: z.string(),
  events: z.array(z.object({ column: z.number().int(), at: iso.nullable(), cell, count: z.number(), finding: z.string().nullable() })),
  tail: z.object({ from: z.number().int(), cell }).nullable(),
  summary: z.array(z.object({ cell, count: z.number() })),
});
export const affectedSnapshot = z.object({
  id: z.string(),
  takenAt: iso.nullable(),
  source: z.string().nullable(),
  host: z.string().nullable(),
  sizeBytes: z.number().nullable(),
  packfiles: z.string(),
  openable: z.enum(['live', 'hidden', 'deleted', 'no']),
});
export const finding = z.object({
  id: z.string(),
  kind: z.union([cell, z.enum(STORE_FINDINGS)]),
  title: z.string(),
  subtitle: z.string(),
  section: z.enum(['decision', 'unknown', 'heals', 'decided', 'mended']),
  firstSeenAt: iso,
  endedAt: iso.nullable(),
  machines: z.array(z.object({ id: z.string(), name: z.string() })),
  happened: z.string(),
  evidence: z.array(z.object({ ok: z.boolean(), sentence: z.string() })),
  affected: z.array(affectedSnapshot),
  affectedTotal: z.number(),
  nextStep: z.string(),
  /** What the console can do about it: a repair, removing the snapshots once more, or removing locks. */
  mend: z.enum(['repair', 'rm', 'locks']).nullable(),
  /** What is to be kept, who said so and when; null: nothing is decided. */
  decision: z.object({ by: z.string(), at: iso }).nullable(),
  command: z.string().nullable(),
  afterwards: z.string().nullable(),
});
export type FindingDto = z.infer<typeof finding>;
export type LaneDto = z.infer<typeof lane>;
export const divergencePage = z.object({
  sentence: z.string(),
  detail: z.string(),
  readAt: iso.nullable(),
  ticks: z.array(z.object({ column: z.number().int(), at: iso.nullable() })),
  commonBefore: z.number().int(),
  columns: z.number().int(),
  lanes: z.array(lane),
  foldedLanes: z.number().int(),
  findings: z.array(finding),
});
export type DivergencePageDto = z.infer<typeof divergencePage>;

// ---- snapshots
export const snapshotRow = z.object({
  id: z.string(),
  takenAt: iso,
  durationMs: z.number(),
  name: z.string(),
  category: z.string(),
  environment: z.string(),
  perimeter: z.string(),
  job: z.string(),
  tags: z.array(z.string()),
  host: z.string(),
  user: z.string(),
  client: z.string(),
  os: z.string(),
  sourceType: z.string(),
  origin: z.string(),
  directory: byteName,
  sizeBytes: z.number(),
  files: z.number(),
  directories: z.number(),
  errors: z.number(),
  availability: z.enum(['live', 'hidden', 'deleted', 'unreadable']),
  scheduledForDeletion: z.boolean(),
  deletedAt: iso.nullable(),
  problem: problem.nullable(),
  seenBy: z.number(),
  machines: z.number(),
});
export type SnapshotRowDto = z.infer<typeof snapshotRow>;
export const snapshotFilter = z.object({
  text: z.string().max(200).optional(),
  tag: z.string().max(200).optional(),
  host: z.string().max(200).optional(),
  source: z.string().max(1000).optional(),
  since: iso.optional(),
  before: iso.optional(),
  /** `errors`: with entries that could not be backed up; `unseen`: that at least one machine does not list. */
  only: z.enum(['errors', 'unseen']).optional(),
  include: z.enum(['live', 'deleted', 'hidden', 'all']).default('live'),
  sort: z.enum(['newest', 'oldest', 'largest', 'errors']).default('newest'),
  offset: z.number().int().min(0).default(0),
  limit: z.number().int().min(1).max(500).default(100),
});
export const snapshotsPage = z.object({
  sentence: z.string(),
  readAt: iso.nullable(),
  total: z.number(),
  rows: z.array(snapshotRow),
  facets: z.object({
    hosts: z.array(z.object({ value: z.string(), count: z.number() })),
    tags: z.array(z.object({ value: z.string(), count: z.number() })),
    sources: z.array(z.object({ value: z.string(), count: z.number() })),
  }),
  timeline: z.array(z.object({ day: z.string(), count: z.number(), bytes: z.number() })),
  incomplete: z.string().nullable(),
});
export type SnapshotsPageDto = z.infer<typeof snapshotsPage>;
export type SnapshotFilter = z.input<typeof snapshotFilter>;

// ---- explorer
/** Paths travel percent-encoded byte by byte (`%XX`), always absolute. */
export const entryRow = z.object({
  name: byteName,
  path: z.string(),
  type: z.enum(['file', 'directory', 'symlink', 'fifo', 'socket', 'device', 'irregular', 'damaged']),
  mode: z.string(),
  permissions: z.string(),
  uid: z.string(),
  gid: z.string(),
  user: z.string(),
  group: z.string(),
  sizeBytes: z.number(),
  mtime: iso,
  mtimeNs: z.string(),
  target: byteName.nullable(),
  contentType: z.string().nullable(),
  nlink: z.number(),
  object: z.string().nullable(),
  problem: problem.nullable(),
});
export type EntryRowDto = z.infer<typeof entryRow>;
export const entriesPage = z.object({
  snapshot: snapshotRow,
  path: z.string(),
  crumbs: z.array(z.object({ name: byteName, path: z.string() })),
  total: z.number(),
  offset: z.number(),
  entries: z.array(entryRow),
  entry: entryRow,
  sortReady: z.boolean(),
  sortProgress: z.number().nullable(),
  /** Stores that the snapshot was synchronised from, the first one first; none: it was made here. `store`: one of this console. */
  syncedFrom: z.array(z.object({ repositoryId: z.string(), store: z.object({ id: z.string(), name: z.string() }).nullable(), at: z.iso.datetime() })),
});
export type EntriesPageDto = z.infer<typeof entriesPage>;
export const entriesInput = z.object({
  storeId: z.string(),
  snapshotId: z.string(),
  path: z.string().default(''),
  offset: z.number().int().min(0).default(0),
  limit: z.number().int().min(1).max(1000).default(200),
  sort: z.enum(['name', '-name', 'size', '-size', 'mtime', '-mtime', 'type', '-type']).default('name'),
  filter: z.string().max(200).optional(),
  around: z.string().optional(),
});
export const entryDetail = z.object({
  entry: entryRow,
  object: z
    .object({
      mac: z.string(),
      contentMac: z.string(),
      contentType: z.string(),
      entropy: z.number(),
      chunks: z.array(z.object({ mac: z.string(), lengthBytes: z.number(), packfile: z.string().nullable() })),
      chunkCount: z.number(),
    })
    .nullable(),
  xattrs: z.array(z.object({ name: byteName, sizeBytes: z.number().nullable(), value: z.string().nullable() })),
  errors: z.array(z.string()),
  versions: z.array(z.object({ snapshot: z.string(), takenAt: iso, sizeBytes: z.number(), same: z.boolean() })),
  problem: problem.nullable(),
});
export type EntryDetailDto = z.infer<typeof entryDetail>;

// ---- live updates; jobs: jobs.ts
/** `opened` comes first on every stream; `sinceChangeMs` is its: how long ago something last changed, null if nothing has since the server started. */
export const liveEvent = z.object({
  kind: z.enum(['opened', 'store', 'report', 'job', 'session-ended']),
  storeId: z.string().nullable(),
  at: iso,
  job: job.nullable(),
  sinceChangeMs: z.number().nullable().optional(),
});
export type LiveEvent = z.infer<typeof liveEvent>;

export const auditEntry = z.object({ id: z.string(), at: iso, who: z.string(), what: z.string(), about: z.string() });
export type AuditEntryDto = z.infer<typeof auditEntry>;
