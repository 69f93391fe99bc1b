import type { JobDto, ProblemDto } from '@wardrobe/contracts';
import {
  allSnapshots,
  claimJob,
  endJob,
  getJob,
  getStore,
  type JobRow,
  type Json,
  type ListedSnapshot,
  listStates,
  listStores,
  liveTotals,
  queueJob,
  type Reading as DbReading,
  saveReading,
  type StoreRow,
  takeBackJobs,
  updateStore,
} from '@wardrobe/db';
import { randomUUID } from 'node:crypto';
import { unpackIds } from '../engine/reading.js';
import type { Reading } from '../engine/types.js';
import { notFound } from '../errors/api-error.js';
import { codeOf, problemOf } from '../errors/bridge.js';
import { computeStore } from './computing.js';
import { type Deps, now } from './deps.js';
import { openHeaders, readHeaders } from './headers.js';
import { type Progress, progressWriter } from './job-progress.js';
import { jobDto, plain } from './job-rows.js';
import type { Reader, Registry } from './registry.js';

type Running = { readonly job: JobRow; readonly abort: AbortController; readonly done: Promise<void> };

export interface Refreshes {
  /** Reads a store now; where a reading is under way, that one. */
  refresh(storeId: string, startedBy: string): Promise<JobDto>;
  /** For tests and the command line: until no reading of the store is under way. */
  settled(storeId: string): Promise<void>;
  /** Asks the reading that is this job to end; false: it is none of these. */
  abort(jobId: string): boolean;
  stopStore(storeId: string): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Readings of stores: one at a time per store, each by its interval or when asked; progress, log and cancel as jobs. */
export function createRefreshes(deps: Deps, registry: Registry): Refreshes {
  const worker = `${process.pid}-${randomUUID()}`;
  const running = new Map<string, Running>();
  const lastStart = new Map<string, number>();
  let timer: NodeJS.Timeout | null = null;

  async function refresh(storeId: string, startedBy: string): Promise<JobDto> {
    const busy = running.get(storeId);
    if (busy) return jobDto((await getJob(deps.db, busy.job.id)) ?? busy.job);
    lastStart.set(storeId, deps.clock.nowMs());
    const { id } = await queueJob(deps.db, { kind: 'refresh', key: `refresh ${storeId}`, storeId, startedBy, label: 'Reading the store', runAfter: now(deps) });
    await drain();
    const job = await getJob(deps.db, id);
    if (job === null) throw notFound('This job');
    return jobDto(job);
  }

  /** Begins every job that is due and whose store is free. */
  async function drain(): Promise<void> {
    for (let job = await claim(); job !== null; job = await claim()) begin(job);
  }

  function claim(): Promise<JobRow | null> {
    return claimJob(deps.db, { worker, now: now(deps), kinds: ['refresh'] });
  }

  function begin(job: JobRow): void {
    const storeId = job.storeId ?? '';
    const abort = new AbortController();
    const done = run(job, abort.signal).finally(() => running.delete(storeId));
    running.set(storeId, { job, abort, done });
  }

  async function run(job: JobRow, signal: AbortSignal): Promise<void> {
    const storeId = job.storeId ?? '';
    const progress = progressWriter(deps, job, (cancelled) => {
      if (cancelled) running.get(storeId)?.abort.abort();
    });
    try {
      await readOnce(deps, registry, { storeId, signal, progress: progress.report });
      await progress.flush();
      await finish(job, 'done', null);
    } catch (error) {
      const problem = problemOf(error);
      const state = signal.aborted ? 'cancelled' : 'failed';
      if (codeOf(error) === null)
        deps.log('error', `reading store ${storeId} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      await progress.flush().catch((failure: unknown) => deps.log('warn', `progress of a job was not written: ${String(failure)}`));
      await finish(job, state, state === 'cancelled' ? null : problem).catch((failure: unknown) =>
        deps.log('error', `a job could not be ended: ${String(failure)}`),
      );
    }
  }

  async function finish(job: JobRow, state: 'done' | 'failed' | 'cancelled', problem: ProblemDto | null): Promise<void> {
    const ended = await endJob(deps.db, job.id, { state, problem: problem === null ? null : plain(problem), now: now(deps) });
    const at = now(deps).toISOString();
    deps.bus.publish({ kind: 'job', storeId: job.storeId, at, job: jobDto(ended) });
    deps.bus.publish({ kind: 'store', storeId: job.storeId, at, job: null });
  }

  async function tick(): Promise<void> {
    for (const store of await listStores(deps.db)) {
      const last = Math.max(lastStart.get(store.id) ?? 0, store.lastReadAt?.getTime() ?? 0);
      const due = deps.clock.nowMs() - last >= store.refreshIntervalSeconds * 1000;
      // A locked store waits for its passphrase: trying again changes nothing.
      const locked = store.encrypted && store.sealedKey === null && !registry.holds(store.id);
      if ((due || !lastStart.has(store.id)) && !locked && !running.has(store.id)) await refresh(store.id, 'schedule');
    }
    await drain();
  }

  return {
    refresh,
    abort(jobId) {
      const busy = [...running.values()].find(({ job }) => job.id === jobId);
      busy?.abort.abort();
      return busy !== undefined;
    },
    async settled(storeId) {
      await running.get(storeId)?.done;
    },
    async stopStore(storeId) {
      const busy = running.get(storeId);
      busy?.abort.abort();
      await busy?.done;
    },
    async start() {
      await takeBackJobs(deps.db, worker, ['refresh']);
      const safeTick = (): void => {
        tick().catch((error: unknown) => deps.log('error', `the schedule failed: ${error instanceof Error ? error.message : String(error)}`));
      };
      timer = setInterval(safeTick, 5000);
      timer.unref();
      safeTick();
    },
    async stop() {
      if (timer) clearInterval(timer);
      for (const busy of running.values()) busy.abort.abort();
      await Promise.all([...running.values()].map((busy) => busy.done));
    },
  };
}

type ReadOptions = { readonly storeId: string; readonly signal: AbortSignal; readonly progress: Progress };

/** One reading, from opening to the computed cells; the store's row tells how it went. */
async function readOnce(deps: Deps, registry: Registry, { storeId, signal, progress }: ReadOptions): Promise<void> {
  const store = await getStore(deps.db, storeId);
  if (store === null) throw notFound('This store');
  if (store.lastReadAt === null) await updateStore(deps.db, storeId, { status: 'reading' });
  try {
    const reader = await registry.reader(storeId);
    const onProgress = (value: unknown): void => {
      const at = value as { label: string; done: number; total: number };
      progress({ label: at.label, done: at.done, total: at.total > 0 ? at.total : null });
    };
    const reading = await reader.call('read', { nowMs: deps.clock.nowMs() }, { signal, onProgress }).finally(() => registry.count(storeId, reader));
    await takeIn(deps, { store, reader, reading, signal, progress });
    deps.log('info', `store ${storeId} read: ${reading.states.length} states, ${reading.live.length} snapshots, ${reading.unreadable.length} unreadable`);
  } catch (error) {
    if (!signal.aborted) await updateStore(deps.db, storeId, failureChange(error));
    else if (store.lastReadAt === null) await updateStore(deps.db, storeId, { status: 'never-read' });
    throw error;
  }
}

type TakingIn = { readonly store: StoreRow; readonly reader: Reader; readonly reading: Reading; readonly signal: AbortSignal; readonly progress: Progress };

async function takeIn(deps: Deps, { store, reader, reading, signal, progress }: TakingIn): Promise<void> {
  const readAt = now(deps);
  const unreadable = await snapshotsOfUnreadable(deps, store, { reader, reading, signal });
  signal.throwIfAborted();
  progress({ label: 'Keeping what was read', done: 0, total: null, line: `${reading.states.length} state files, ${reading.live.length} snapshots` });
  await saveReading(deps.db, store.id, dbReading(reading, unreadable, readAt));
  await readHeaders(deps, store, { reader, signal, onProgress: (done, total) => progress({ label: 'Reading snapshot headers', done, total }) });
  progress({ label: 'Comparing with the machines', done: 0, total: null });
  await computeStore(deps, store);
  const { newestSnapshotAt, logicalBytes } = await liveFacts(deps, store);
  const problem = damageProblem(reading);
  await updateStore(deps.db, store.id, {
    status: problem === null ? 'ready' : 'damaged',
    problem: problem === null ? null : plain(problem),
    line: reading.line,
    newestSnapshotAt,
    logicalBytes,
  });
}

/**
 * Snapshots that only a damaged state brings: those it brought when it could be read, and the one that bears its id (plakar names both
 * alike) when its header is found in a packfile that no state names.
 */
async function snapshotsOfUnreadable(
  deps: Deps,
  store: StoreRow,
  { reader, reading, signal }: Pick<TakingIn, 'reader' | 'reading' | 'signal'>,
): Promise<ListedSnapshot[]> {
  if (reading.unreadable.length === 0) return [];
  const taken = new Set([...reading.live, ...reading.deleted, ...reading.hidden].map(({ id }) => id));
  const bad = new Set(reading.unreadable.map(({ id }) => id));
  const rows = await allSnapshots(deps.db, store.id);
  const idOfNum = new Map(rows.map((row) => [row.num, row.id]));
  const found = new Map<string, string[]>();
  for (const state of await listStates(deps.db, store.id)) {
    if (!bad.has(state.id)) continue;
    for (const num of state.brings) {
      const id = idOfNum.get(num);
      if (id !== undefined && !taken.has(id)) found.set(id, [...(found.get(id) ?? []), state.id]);
    }
  }
  const unsure = [...bad].filter((id) => !taken.has(id) && !found.has(id));
  if (unsure.length > 0) {
    for (const answer of await reader.call('headers', { refs: unsure.map((snapshot) => ({ snapshot, reach: 'hidden' as const })) }, { signal })) {
      if ('header' in answer) found.set(answer.id, [answer.id]);
    }
  }
  return [...found].map(([id, states]) => ({ ...PLAIN_SNAPSHOT, id, availability: 'unreadable', states }));
}

const PLAIN_SNAPSHOT = { scheduledForDeletion: false, deletedAt: null, packedAt: null, lock: null, packfiles: [], states: [] } as const;

function dbReading(reading: Reading, unreadable: readonly ListedSnapshot[], readAt: Date): DbReading {
  const affected = new Map<string, string[]>();
  for (const snapshot of unreadable) for (const state of snapshot.states) affected.set(state, [...(affected.get(state) ?? []), snapshot.id]);
  return {
    readAt,
    states: [
      ...reading.states.map((state) => ({
        id: state.id,
        version: state.version,
        sizeBytes: state.sizeBytes,
        serial: state.serial,
        parent: state.parent,
        metadataNs: BigInt(state.timestampNs),
        readable: true,
        error: null,
        brings: state.brings,
        colours: state.colours,
      })),
      ...reading.unreadable.map((state) => ({
        id: state.id,
        version: null,
        sizeBytes: state.sizeBytes,
        serial: null,
        parent: null,
        metadataNs: null,
        readable: false,
        error: plain(state.problem),
        brings: [],
        colours: [],
      })),
    ],
    snapshots: [
      ...reading.live.map((snapshot): ListedSnapshot => ({ ...PLAIN_SNAPSHOT, ...snapshot, availability: 'live' })),
      ...reading.deleted.map(
        ({ whenMs, ...snapshot }): ListedSnapshot => ({ ...PLAIN_SNAPSHOT, ...snapshot, availability: 'deleted', deletedAt: new Date(whenMs) }),
      ),
      ...reading.hidden.map(
        ({ id, packfile, packedAtMs, lock }): ListedSnapshot => ({
          ...PLAIN_SNAPSHOT,
          id,
          availability: 'hidden',
          packedAt: new Date(packedAtMs),
          lock,
          packfiles: [packfile],
        }),
      ),
      ...unreadable,
    ],
    findings: reading.findings.map((finding) => ({
      ...finding,
      facts: finding.kind === 'hidden-snapshot' ? { lock: reading.hidden.find(({ id }) => id === finding.key)?.lock ?? null } : {},
      snapshots: finding.kind === 'unreadable-state' ? (affected.get(finding.key) ?? []) : finding.snapshots,
    })),
    packfiles: unpackIds(reading.packfiles),
    tombstoned: unpackIds(reading.tombstoned),
    facts: { locations: reading.counts.locations, packfiles: reading.counts.packfiles, orphans: reading.orphans },
  };
}

async function liveFacts(deps: Deps, store: StoreRow): Promise<{ newestSnapshotAt: Date | null; logicalBytes: number | null }> {
  if (!store.encrypted) {
    return liveTotals(deps.db, store.id);
  }
  const rows = await allSnapshots(deps.db, store.id, ['live']);
  const logicalBytes = (await openHeaders(deps, store, rows)).reduce((sum, { header }) => sum + (header?.sizeBytes ?? 0), 0);
  return { newestSnapshotAt: rows.findLast((row) => row.takenAt !== null)?.takenAt ?? null, logicalBytes };
}

function damageProblem(reading: Reading): ProblemDto | null {
  const first = reading.unreadable[0];
  if (first === undefined) return null;
  const total = reading.states.length + reading.unreadable.length;
  return {
    code: first.problem.code,
    sentence: `${reading.unreadable.length} of ${total} state files cannot be read. Snapshots that only they bring are not listed; all others are, and are not affected.`,
    next: 'Look at the findings of the store: each names its file, what it hits and what to do.',
  };
}

function failureChange(error: unknown): { status: string; problem: Json } {
  const code = codeOf(error);
  const problem = plain(problemOf(error));
  if (code === 'passphrase-needed' || code === 'wrong-passphrase') return { status: 'locked', problem };
  return { status: code === 'decode' || code === 'integrity' || code === 'unsupported-version' || code === 'too-large' ? 'damaged' : 'offline', problem };
}
