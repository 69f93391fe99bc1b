import { setTimeout as sleep } from 'node:timers/promises';
import type { SnapshotId } from '@wardrobe/kloset-model';
import { macFromBytes } from '../../bytes/bytes.js';
import { STALE_LOCK_MS } from '../../repository/remote-facts.js';
import { systemEnvironment } from '../../repository/system-environment.js';
import { openWriter } from '../../repository/writer.js';
import type { Repository } from '../../repository/types.js';
import { applyWork } from './apply-work.js';
import type { Draft } from './draft.js';
import { draftRepair, type DraftedPlan } from './plan.js';
import { proveSnapshots } from './prove.js';
import type { ApplyRepairOptions, PlanRepairOptions, RepairAction, RepairPlan, RepairResult } from './types.js';
import type { RepairRun } from './write-state.js';

/**
 * Does what a plan says, under the exclusive lock. The plan is made afresh there, and only actions that are the same in both are done: a stale plan does
 * nothing. Each action is published by itself, so that an interruption leaves whole actions done and the others undone; the next run goes on. Then every
 * snapshot concerned is proven.
 * @throws LockedError somebody holds the store and `wait` was not given; ReadOnlyError, StoreError, DiskFullError
 */
export async function applyRepair(repository: Repository, plan: RepairPlan, options: ApplyRepairOptions): Promise<RepairResult> {
  const environment = { ...systemEnvironment(), ...options.environment };
  const { signal } = options;
  const onLog = options.onLog ?? ((): void => undefined);
  const ownLock = macFromBytes(environment.randomBytes(32));
  const planOptions = (): PlanRepairOptions => ({ ...options, nowMs: environment.nowMs() });
  if (plan.actions.length === 0 && !(options.wait === true && plan.waits.length > 0)) return nothingDone(plan);
  let told: string | null = null;
  const writer = await openWriter(repository, {
    lock: 'exclusive',
    id: ownLock,
    wait: options.wait,
    environment,
    signal,
    onWait: (by) => {
      const untilMs = Number(by.timestampNs / 1_000_000n) + STALE_LOCK_MS;
      if (told !== by.id) onLog(`waiting for the lock of ${by.hostname || 'somebody'}, which counts as left behind from ${new Date(untilMs).toISOString()} on`);
      told = by.id;
      options.onProgress?.({ phase: 'waiting', done: 0, total: null });
    },
  });
  try {
    const run: RepairRun = { writer, signal, onLog, written: { states: [], packfiles: 0, stateBytes: 0, packfileBytes: 0 } };
    const fresh = await draftWaiting(repository, () => ({ ...planOptions(), ownLock }), options);
    const { chosen, skipped } = match(plan, fresh, options);
    for (const [done, { action, work }] of chosen.entries()) {
      signal?.throwIfAborted();
      options.onProgress?.({ phase: 'writing', done, total: chosen.length });
      onLog(`${action.wrong} ${action.doing}`);
      await applyWork(run, work, options);
    }
    const snapshots = [...new Set(chosen.flatMap(({ action }) => action.snapshots))].sort() as SnapshotId[];
    const proofs = await proveSnapshots(repository, snapshots, planOptions());
    const left = (await draftRepair(repository, { ...planOptions(), ownLock })).plan;
    for (const proof of proofs)
      onLog(proof.isWhole ? `snapshot ${proof.snapshot.slice(0, 8)}: whole` : `snapshot ${proof.snapshot.slice(0, 8)}: ${proof.problems.join('; ')}`);
    const { states, packfiles, stateBytes, packfileBytes } = run.written;
    return {
      applied: chosen.map(({ action }) => action),
      skipped,
      statesWritten: states,
      packfilesWritten: packfiles,
      bytesWritten: stateBytes + packfileBytes,
      proofs,
      left,
    };
  } finally {
    await writer.close();
  }
}

function nothingDone(plan: RepairPlan): RepairResult {
  return { applied: [], skipped: [], statesWritten: [], packfilesWritten: 0, bytesWritten: 0, proofs: [], left: plan };
}

/** The plan as it is under the lock; with `wait`, once nothing may be running any more. */
async function draftWaiting(repository: Repository, planOptions: () => Parameters<typeof draftRepair>[1], options: ApplyRepairOptions): Promise<DraftedPlan> {
  for (;;) {
    const drafted = await draftRepair(repository, planOptions());
    const untilMs = Math.max(0, ...drafted.plan.waits.filter(({ lock }) => lock === null).map((wait) => wait.untilMs));
    const leftMs = untilMs - planOptions().nowMs;
    if (options.wait !== true || leftMs <= 0) return drafted;
    options.onProgress?.({ phase: 'waiting', done: 0, total: null });
    options.onLog?.(`waiting ${Math.ceil(leftMs / 1000)} s for what may still be written`);
    await sleep(leftMs, undefined, { signal: options.signal });
    await repository.refresh({ signal: options.signal });
  }
}

/** With `wait`, what could not be told before the wait is done too. */
function match(
  plan: RepairPlan,
  fresh: DraftedPlan,
  options: ApplyRepairOptions,
): { readonly chosen: readonly Draft[]; readonly skipped: RepairResult['skipped'] } {
  const approved = new Map(plan.actions.map((action) => [action.key, action.fingerprint]));
  const now = new Map(fresh.drafts.map(({ action }) => [action.key, action.fingerprint]));
  const awaited = new Set(options.wait === true ? plan.leftAlone.filter(({ what }) => what === 'running-backup').flatMap(({ snapshots }) => snapshots) : []);
  const isAwaited = (action: RepairAction): boolean => action.snapshots.length > 0 && action.snapshots.every((id) => awaited.has(id));
  const chosen = fresh.drafts.filter(({ action }) => approved.get(action.key) === action.fingerprint || (!approved.has(action.key) && isAwaited(action)));
  const skipped = plan.actions
    .filter(({ key, fingerprint }) => now.get(key) !== fingerprint)
    .map((action) => ({
      action,
      why: now.has(action.key) ? 'The store changed since the plan was made: look at a new plan.' : 'It is not needed any more.',
    }));
  return { chosen, skipped };
}
