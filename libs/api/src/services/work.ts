import { randomUUID } from 'node:crypto';
import { type JobDto, type JobPlanDto, type JobWork, WORK_KINDS, WRITING_KINDS } from '@wardrobe/contracts';
import { claimJob, endJob, getJob, interruptJobs, type JobRow, type Json, listJobs, queueJob, type StoreRow } from '@wardrobe/db';
import type { EnginePlan } from '../engine/work/types.js';
import { ApiError, notFound } from '../errors/api-error.js';
import { codeOf, problemOf } from '../errors/bridge.js';
import { EngineFailure } from '../workers/failure.js';
import { audit, type Deps, now, SCHEDULE } from './deps.js';
import { progressWriter } from './job-progress.js';
import { isWorkKind, jobDto, plain, planOfJob, type WorkPayload, workPayload } from './job-rows.js';
import type { Refreshes } from './refresh.js';
import type { Registry } from './registry.js';
import { type ResolvedWork, resolveWork } from './resolve-work.js';
import { requiredStore, type Tracking } from './tracking.js';
import type { Actor } from './types.js';

/** Pieces of work that run at once in the whole console: each takes a core and a thread. */
const AT_ONCE = 2;
/** A plan older than this is made again before it is applied. */
const PLAN_AGE_MS = 3_600_000;
/** Work that does not end so long after it was cancelled is ended with its thread; when the console stops, sooner. */
const CANCEL_GRACE_MS = 30_000;
const STOP_GRACE_MS = 5000;
const INTERRUPTED = {
  code: 'cancelled',
  sentence: 'The console was stopped while this ran.',
  next: 'It is safe to run it again: what was finished stands, and nothing is half visible.',
} as const;

type Running = { readonly job: JobRow; readonly abort: AbortController; readonly done: Promise<void> };
type Ended = { readonly state: 'done' | 'failed' | 'cancelled' | 'interrupted'; readonly result?: Json; readonly error?: unknown };

export interface Work {
  /** Begins a dry run. */
  plan(actor: Actor, input: { readonly storeId: string; readonly work: JobWork }): Promise<JobDto>;
  /** Does what a dry run planned. */
  apply(actor: Actor, planId: string): Promise<JobDto>;
  /** Asks the work that is this job to end; false: it does not run. */
  abort(jobId: string): boolean;
  /** Until no work of the store is under way or waiting. */
  settled(storeId: string): Promise<void>;
  stopStore(storeId: string): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

type Parts = { readonly registry: Registry; readonly refreshes: Refreshes; readonly tracking: Tracking };

/**
 * Work that people ask for: a dry run first, then a job with log, progress and cancel. Each piece runs on a thread of its own with the store opened there, so
 * that pages stay quick and a crash ends the job alone. What writes into a store waits for its turn.
 */
export function createWork(deps: Deps, parts: Parts): Work {
  const worker = `${process.pid}-${randomUUID()}`;
  const running = new Map<string, Running>();
  let stopping = false;
  let timer: NodeJS.Timeout | null = null;
  let draining: Promise<void> = Promise.resolve();

  function drain(): Promise<void> {
    draining = draining.then(claimAll, claimAll);
    return draining;
  }

  async function claimAll(): Promise<void> {
    while (!stopping && running.size < AT_ONCE) {
      const job = await claimJob(deps.db, { worker, now: now(deps), kinds: WORK_KINDS });
      if (job === null) return;
      const abort = new AbortController();
      const done = run(job, abort).finally(() => {
        running.delete(job.id);
        if (!stopping) drain().catch((error: unknown) => deps.log('error', `waiting work could not be begun: ${textOf(error)}`));
      });
      running.set(job.id, { job, abort, done });
      publish(job);
    }
  }

  function publish(job: JobRow): void {
    deps.bus.publish({ kind: 'job', storeId: job.storeId, at: now(deps).toISOString(), job: jobDto(job) });
  }

  async function run(job: JobRow, abort: AbortController): Promise<void> {
    const progress = progressWriter(deps, job, (cancelAsked) => {
      if (cancelAsked) abort.abort();
    });
    let ended: Ended;
    try {
      const graceMs = (): number => Math.min(deps.config.cancelGraceMs ?? CANCEL_GRACE_MS, stopping ? STOP_GRACE_MS : Number.POSITIVE_INFINITY);
      const result = await doWork(deps, parts, { job, signal: abort.signal, graceMs, progress: progress.report });
      ended = { state: 'done', result };
    } catch (error) {
      ended = { state: abort.signal.aborted ? (stopping ? 'interrupted' : 'cancelled') : 'failed', error };
    }
    // After a failure too: part of it may stand. What had to be ended by force may hang on the store itself: nobody waits for its reading then.
    if (isWriting(job) && !stopping) {
      const reading = readAgain(job).catch((error: unknown) => deps.log('warn', `a store was not read after its work: ${textOf(error)}`));
      if (forcedEnd(ended.error) === null) await reading;
    }
    await progress.flush().catch((error: unknown) => deps.log('warn', `progress of a job was not written: ${textOf(error)}`));
    await finish(job, ended).catch((error: unknown) => deps.log('error', `a job could not be ended: ${textOf(error)}`));
  }

  async function readAgain(job: JobRow): Promise<void> {
    const stores = new Set([job.storeId ?? '', peerOf(job)].filter((storeId) => storeId !== ''));
    for (const storeId of stores) {
      // A reading that began before the end of the work may have missed its result.
      await parts.refreshes.settled(storeId);
      await parts.refreshes.refresh(storeId, 'schedule');
      await parts.refreshes.settled(storeId);
    }
  }

  async function finish(job: JobRow, { state, result, error }: Ended): Promise<void> {
    if (state === 'failed' && codeOf(error) === null)
      deps.log('error', `job ${job.id} (${job.kind}) failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    const problem = state === 'failed' ? plain(problemOf(error)) : state === 'interrupted' ? INTERRUPTED : forcedEnd(error);
    if (state === 'cancelled' && problem !== null) deps.log('warn', `job ${job.id} (${job.kind}) did not stop when it was cancelled: its thread was ended`);
    const row = await endJob(deps.db, job.id, { state, problem, result: result ?? null, now: now(deps) });
    if (!job.dryRun) await audit(deps, SCHEDULE, { what: `a job ${state === 'done' ? 'is done' : `was ${state}`}`, about: await aboutOf(job) });
    publish(row);
    deps.bus.publish({ kind: 'store', storeId: job.storeId, at: now(deps).toISOString(), job: null });
  }

  async function aboutOf(job: JobRow): Promise<string> {
    const store = job.storeId === null ? null : await requiredStore(deps, job.storeId).catch(() => null);
    return `${job.label}${store === null ? '' : ` (${store.name})`}`;
  }

  async function enqueue(actor: Actor, queue: { store: StoreRow; payload: WorkPayload; label: string; dryRun: boolean }): Promise<JobDto> {
    const { store, payload, label, dryRun } = queue;
    const { kind } = payload.work;
    const lane = dryRun ? `plan ${store.id}` : takesTurns(kind) ? `write ${store.id}` : `look ${store.id}`;
    const key = payload.planId === null ? `plan ${randomUUID()}` : `apply ${payload.planId}`;
    const { id } = await queueJob(deps.db, {
      kind,
      key,
      storeId: store.id,
      startedBy: actor.name,
      label,
      payload: asJson(payload),
      runAfter: now(deps),
      lane,
      dryRun,
    });
    await drain();
    const row = await getJob(deps.db, id);
    if (row === null) throw notFound('This job');
    publish(row);
    return jobDto(row);
  }

  return {
    async plan(actor, { storeId, work }) {
      const store = await requiredStore(deps, storeId);
      const { label, command } = await resolveWork(deps, parts, { store, work });
      return enqueue(actor, { store, payload: { work, label, planId: null, command }, label, dryRun: true });
    },
    async apply(actor, planId) {
      const planned = /^\d{1,18}$/.test(planId) ? await getJob(deps.db, planId) : null;
      const payload = planned === null ? null : workPayload(planned);
      const found = planned === null ? null : planOfJob(planned);
      if (planned === null || payload === null || found === null || planned.storeId === null || !planned.dryRun) throw notFound('This plan');
      if (found.plan.refusal !== null) throw new ApiError('conflict', found.plan.refusal, 'Make another plan.');
      if (deps.clock.nowMs() - Date.parse(found.plan.madeAt) > PLAN_AGE_MS)
        throw new ApiError('conflict', 'This plan is older than 1 h: the store may have changed.', 'Make the plan again.');
      const store = await requiredStore(deps, planned.storeId);
      const used = (await listJobs(deps.db, { storeId: store.id, limit: 200 })).some(
        (job) => workPayload(job)?.planId === planId && (job.state === 'queued' || job.state === 'running' || job.state === 'done'),
      );
      if (used) throw new ApiError('conflict', 'This plan is applied already.', 'Look at its job, or make another plan.');
      const { label, applyCommand } = await resolveWork(deps, parts, { store, work: payload.work });
      await audit(deps, actor, { what: `started a job: ${payload.work.kind}`, about: `${label} (${store.name})` });
      return enqueue(actor, { store, payload: { work: payload.work, label, planId, command: applyCommand }, label, dryRun: false });
    },
    abort(jobId) {
      running.get(jobId)?.abort.abort();
      return running.has(jobId);
    },
    async settled(storeId) {
      await draining;
      for (let busy = busyWith(storeId); busy.length > 0; busy = busyWith(storeId)) await Promise.all(busy.map(({ done }) => done)).then(() => draining);
    },
    async stopStore(storeId) {
      for (const busy of busyWith(storeId)) busy.abort.abort();
      await Promise.all(busyWith(storeId).map(({ done }) => done));
    },
    async start() {
      const left = await interruptJobs(deps.db, { worker, kinds: WORK_KINDS, problem: INTERRUPTED, now: now(deps) });
      for (const job of left) if (!job.dryRun) await audit(deps, SCHEDULE, { what: 'a job was interrupted', about: await aboutOf(job) });
      timer = setInterval(() => {
        drain().catch((error: unknown) => deps.log('error', `waiting work could not be begun: ${textOf(error)}`));
      }, 5000);
      timer.unref();
      await drain();
    },
    async stop() {
      stopping = true;
      if (timer) clearInterval(timer);
      await draining.catch((error: unknown) => deps.log('warn', `waiting work could not be begun: ${textOf(error)}`));
      for (const busy of running.values()) busy.abort.abort();
      await Promise.all([...running.values()].map(({ done }) => done));
    },
  };

  function busyWith(storeId: string): Running[] {
    return [...running.values()].filter(({ job }) => job.storeId === storeId);
  }
}

type Doing = {
  readonly job: JobRow;
  readonly signal: AbortSignal;
  readonly graceMs: () => number;
  readonly progress: ReturnType<typeof progressWriter>['report'];
};

/** The work itself, on a thread of its own. Answers what the row keeps of it. */
async function doWork(deps: Deps, parts: Parts, { job, signal, graceMs, progress }: Doing): Promise<Json> {
  const payload = workPayload(job);
  if (payload === null || job.storeId === null || !isWorkKind(job.kind))
    throw new ApiError('conflict', 'This job was asked for by another version of the console.');
  const store = await requiredStore(deps, job.storeId);
  const resolved = await resolveWork(deps, parts, { store, work: payload.work });
  const reader = await parts.registry.aside(store, { signal, graceMs, onProgress: () => progress({ label: 'Opening the store' }) });
  const options = { signal, graceMs, onProgress: (value: unknown) => progress(value as Parameters<typeof progress>[0]) };
  const nowMs = deps.clock.nowMs();
  try {
    if (job.dryRun) return planResult(await reader.call('planWork', { work: resolved.engine, nowMs }, options), resolved, nowMs);
    const planned = payload.planId === null ? null : await getJob(deps.db, payload.planId);
    const found = planned === null ? null : planOfJob(planned);
    if (found === null) throw new ApiError('conflict', 'The plan of this job is gone.', 'Make another plan.');
    const outcome = await reader.call('applyWork', { work: resolved.engine, engine: found.engine, nowMs }, options);
    // Nobody may take a job that found damage, or left something undone, for one that went well.
    if (outcome.problems > 0) throw new ApiError('integrity', outcome.sentence, NEXT_AFTER[payload.work.kind]);
    return { sentence: outcome.sentence };
  } finally {
    await parts.registry.count(store.id, reader);
    await reader.stop();
  }
}

/** What a cancelled job tells when it had to be ended by force; null: it ended by itself. */
function forcedEnd(error: unknown): Json {
  return error instanceof EngineFailure && error.code === 'cancelled' && error.problem !== null ? plain(error.problem) : null;
}

function planResult({ plan, engine }: EnginePlan, { command, applyCommand }: ResolvedWork, nowMs: number): Json {
  const whole: JobPlanDto = { ...plan, command, applyCommand, madeAt: new Date(nowMs).toISOString() };
  return asJson({ sentence: plan.sentence, plan: whole, engine });
}

const NEXT_AFTER: Readonly<Record<JobWork['kind'], string>> = {
  repair: 'Its log names what is left. Plan another repair to see what can still be mended.',
  check: 'Its log names each. Plan a repair to see what can be mended.',
  restore: 'Its log names each. What was restored is whole and stays.',
  rm: 'It is safe to run it again.',
  prune: 'It is safe to run it again.',
  maintenance: 'Repair the store first.',
  sync: 'Its log names each. It is safe to run it again: nothing is copied twice.',
  locks: 'Look at the locks again.',
};

/** What takes the store's lock waits for its turn. Removing locks does not: what runs may be waiting for just that. */
function takesTurns(kind: JobWork['kind']): boolean {
  return kind !== 'locks' && (WRITING_KINDS as readonly string[]).includes(kind);
}

function isWriting(job: JobRow): boolean {
  return !job.dryRun && (WRITING_KINDS as readonly string[]).includes(job.kind);
}

function peerOf(job: JobRow): string {
  const work = workPayload(job)?.work;
  return work?.kind === 'sync' ? work.peer : '';
}

function asJson(value: object): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
