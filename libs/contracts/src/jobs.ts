import { ERROR_CODES } from '@wardrobe/words';
import { z } from 'zod';
import { hexId } from './report.js';

/** Kinds of work that people ask for: dry run first, then a job. The console itself reads stores (`refresh`). */
export const WORK_KINDS = ['repair', 'check', 'restore', 'rm', 'prune', 'maintenance', 'sync', 'locks'] as const;
export type WorkKind = (typeof WORK_KINDS)[number];

/** Kinds that change the store, for admins only. */
export const WRITING_KINDS = ['repair', 'rm', 'prune', 'maintenance', 'sync', 'locks'] as const satisfies readonly WorkKind[];

export const PRUNE_PERIODS = ['day', 'week', 'month', 'year'] as const;

const snapshots = z.array(hexId).max(10_000);
const count = z.number().int().min(0).max(10_000);

/** What is to be done, as the page asks for it. */
export const jobWork = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('repair'),
    /** Only what this finding is about; null: everything that is wrong. */
    finding: z.string().max(200).nullable().default(null),
    /** Also bring back what somebody deleted. */
    undelete: z.boolean().default(false),
    /** Also delete again what a machine deleted and the store still lists; what somebody decided to keep stays. */
    redelete: z.boolean().default(false),
    /** Waits for the locks of others instead of giving up. */
    wait: z.boolean().default(false),
    /** Removes damaged state files that nothing can rebuild. */
    discardDamagedStates: z.boolean().default(false),
    /** Also reads every content, and so finds damage inside packfiles. */
    readData: z.boolean().default(false),
    /** Other stores of this console to take lost content from: copies, or synchronised ones. */
    fromStores: z.array(z.string().min(1).max(64)).max(8).default([]),
    /** Folders of the server to take lost content from: what was backed up, or a root that its paths hang on. */
    fromDisks: z.array(z.string().min(1).max(4000)).max(8).default([]),
  }),
  z.object({
    kind: z.literal('check'),
    /** None named: all that the store lists. */
    snapshots: snapshots.default([]),
    fast: z.boolean().default(false),
    /** Also every packfile and state file, whether or not a snapshot needs it. */
    packfiles: z.boolean().default(false),
  }),
  z.object({
    kind: z.literal('restore'),
    snapshot: hexId,
    /** In the snapshot, percent-encoded; empty: the folder that was backed up. */
    path: z.string().max(20_000).default(''),
    /** Folder of the server. */
    target: z.string().min(1).max(4000),
    overwrite: z.boolean().default(false),
    /** Set owners and setuid bits, where the console allows it. */
    privileges: z.boolean().default(false),
  }),
  z.object({ kind: z.literal('rm'), snapshots: snapshots.min(1) }),
  z.object({
    kind: z.literal('prune'),
    /** Of each of these the newest snapshot is kept, for so many. */
    keep: z.object({ day: count.default(0), week: count.default(0), month: count.default(0), year: count.default(0) }),
    /** Each folder that was backed up, each host … by itself. */
    groupBy: z.enum(['none', 'root', 'origin', 'name', 'tag']).default('root'),
    tag: z.string().max(200).default(''),
  }),
  z.object({ kind: z.literal('maintenance') }),
  z.object({
    kind: z.literal('sync'),
    direction: z.enum(['to', 'from', 'with']),
    /** Another store of this console. */
    peer: z.string().min(1).max(64),
    /** None named: all that the one has and the other has not. */
    snapshots: snapshots.default([]),
  }),
  z.object({
    kind: z.literal('locks'),
    /** Only these; none named: all that were left behind. */
    ids: z.array(hexId).max(1000).default([]),
    /** Of those named also fresh ones, and ones that cannot be read: whoever holds them must have ended. */
    force: z.boolean().default(false),
  }),
]);
export type JobWork = z.infer<typeof jobWork>;
export type JobWorkInput = z.input<typeof jobWork>;

/** One thing that the store gets or loses. */
export const planStep = z.object({ step: z.string(), file: z.string(), bytes: z.number().nullable(), effect: z.string() });
export type PlanStepDto = z.infer<typeof planStep>;

/** One thing that is wrong or to be done, with what it writes. */
export const planItem = z.object({
  key: z.string(),
  title: z.string(),
  detail: z.string(),
  evidence: z.array(z.string()),
  snapshots: z.array(z.string()),
  machines: z.array(z.string()),
  steps: z.array(planStep),
});
export type PlanItemDto = z.infer<typeof planItem>;

/** A dry run: what would happen, and the command that does the same. Lists are cut; the totals are not. */
export const jobPlan = z.object({
  sentence: z.string(),
  /** What is deleted or overwritten, or that nothing is. */
  note: z.string(),
  items: z.array(planItem),
  itemsTotal: z.number(),
  /** Cannot be mended with what is at hand. */
  problems: z.array(z.object({ wrong: z.string(), why: z.string(), next: z.string(), paths: z.array(z.string()), pathsTotal: z.number() })),
  /** Looks like work and is left as it is. */
  leftAlone: z.array(z.object({ what: z.string(), why: z.string(), snapshots: z.array(z.string()) })),
  /** Whom it waits for. */
  waits: z.array(z.object({ sentence: z.string(), host: z.string(), until: z.iso.datetime() })),
  /** Choices that would change this plan. */
  offers: z.array(z.enum(['undelete', 'redelete', 'wait', 'discardDamagedStates'])),
  /** For a shell: the dry run, and the doing. */
  command: z.string().nullable(),
  applyCommand: z.string().nullable(),
  /** On the button: "Publish 2 states". */
  verb: z.string(),
  /** Data is lost for good: asked once more. */
  destroys: z.boolean(),
  /** Why it cannot be applied, or null. */
  refusal: z.string().nullable(),
  madeAt: z.iso.datetime(),
});
export type JobPlanDto = z.infer<typeof jobPlan>;

const problem = z.object({ code: z.enum(ERROR_CODES), sentence: z.string(), next: z.string(), detail: z.string().optional() });

export const job = z.object({
  id: z.string(),
  kind: z.enum(['refresh', 'sort', 'verify', ...WORK_KINDS]),
  storeId: z.string().nullable(),
  state: z.enum(['queued', 'running', 'done', 'failed', 'cancelled', 'interrupted']),
  /** Only looks; its plan comes with `jobs.get`. */
  dryRun: z.boolean(),
  done: z.number(),
  total: z.number().nullable(),
  /** Its name. */
  label: z.string(),
  /** What it is at, while it runs. */
  phase: z.string().nullable(),
  startedBy: z.string(),
  /** When it was asked for. */
  createdAt: z.iso.datetime(),
  startedAt: z.iso.datetime().nullable(),
  endedAt: z.iso.datetime().nullable(),
  log: z.array(z.string()),
  problem: problem.nullable(),
  /** What came out of it, as a sentence. */
  outcome: z.string().nullable(),
  /** For a shell: what does the same. */
  command: z.string().nullable(),
});
export type JobDto = z.infer<typeof job>;

export const jobDetail = job.extend({ work: jobWork.nullable(), plan: jobPlan.nullable() });
export type JobDetailDto = z.infer<typeof jobDetail>;

/** What the console may do on its server. `readRoots`: folders that a repair may take lost content from. */
export const jobLimits = z.object({ restoreRoots: z.array(z.string()), restorePrivileges: z.boolean(), readRoots: z.array(z.string()) });
export type JobLimitsDto = z.infer<typeof jobLimits>;

/** Who holds the store, or held it: `since` is when the lock was last renewed. One that cannot be read says nothing but that. */
export const storeLock = z.object({
  id: z.string(),
  host: z.string().nullable(),
  exclusive: z.boolean(),
  since: z.iso.datetime().nullable(),
  /** Not renewed for ten minutes: nobody has to take notice of it. */
  stale: z.boolean(),
  /** From when a fresh one counts as left behind. */
  staleFrom: z.iso.datetime().nullable(),
  problem: z.string().nullable(),
});
export type StoreLockDto = z.infer<typeof storeLock>;
