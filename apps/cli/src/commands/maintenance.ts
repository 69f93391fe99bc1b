import { type LockInfo, type MaintenancePlan, type MaintenanceProgress, type MaintenanceResult, planMaintenance, runMaintenance } from '@wardrobe/kloset';
import { sizeText } from '@wardrobe/kloset-model';
import { counted } from '@wardrobe/words';
import { parseDuration } from '../duration.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { keepOldSmall } from '../heap.js';
import { timeText } from '../json.js';
import { openStore, type Session } from '../session.js';
import { knownMachines } from './maintenance-machines.js';
import { isIdle, planLines, planObjects } from './maintenance-words.js';

export type MaintenanceCommandOptions = {
  readonly apply?: boolean;
  readonly grace?: string;
  readonly report: readonly string[];
  readonly retired: readonly string[];
  readonly discardHidden?: boolean;
  readonly wait?: boolean;
  readonly json?: boolean;
};

/** `maintenance`: schedules what nobody needs and removes what was scheduled long enough ago; without `--apply` tells the plan. */
export async function maintenance(session: Session, options: MaintenanceCommandOptions): Promise<ExitCode> {
  keepOldSmall();
  const { terminal, signal } = session;
  const graceMs = options.grace === undefined ? undefined : parseDuration(options.grace);
  const repository = await openStore(session);
  const common = {
    graceMs,
    machines: knownMachines(options.report, repository.id),
    retired: options.retired,
    discardHidden: options.discardHidden,
    signal,
    onProgress: ({ phase, done, total }: MaintenanceProgress) => terminal.progress.show(PHASES[phase], done, total),
  };
  if (options.apply !== true) {
    const plan = await planMaintenance(repository, { ...common, nowMs: Date.now() });
    terminal.progress.clear();
    await printPlan(session, plan, options);
    for (const lock of plan.locks) terminal.warn(`${lockWords(lock)}: with --apply this would ${options.wait ? 'wait' : 'be refused'} until it is gone`);
    if (plan.refusals.length > 0) return refused(session, plan);
    if (options.json) await terminal.json({ applied: false, idle: isIdle(plan) });
    else terminal.warn(isIdle(plan) ? 'there is nothing to do' : 'nothing was changed: run the same command with --apply');
    return EXIT.fine;
  }
  const result = await runMaintenance(repository, {
    ...common,
    wait: options.wait,
    onWait: (lock) => terminal.progress.show(`waiting: ${lockWords(lock)}`, 0, null),
  });
  terminal.progress.clear();
  await printPlan(session, result.plan, options);
  if (result.plan.refusals.length > 0) return refused(session, result.plan);
  await printResult(session, result, options);
  return EXIT.fine;
}

const PHASES = { snapshots: 'reading snapshots', orphans: 'reading packfiles without a state', 'store again': 'storing again', remove: 'removing' } as const;

function lockWords(lock: LockInfo): string {
  return lock.error === undefined ? `${lock.hostname} holds the store since ${timeText(lock.timestampNs)}` : `lock ${lock.id} cannot be read`;
}

async function printPlan(session: Session, plan: MaintenancePlan, options: MaintenanceCommandOptions): Promise<void> {
  if (options.json) for (const object of planObjects(plan)) await session.terminal.json(object);
  else for (const line of planLines(plan)) await session.terminal.line(line);
}

function refused(session: Session, plan: MaintenancePlan): ExitCode {
  const kinds = new Set(plan.refusals.map(({ kind }) => kind));
  session.terminal.warn(
    `nothing was changed: what is needed cannot be told as long as ${kinds.has('state') || kinds.has('store') ? 'states are' : 'a snapshot is'} damaged.\n  See what can be mended with: repair. A snapshot that is beyond repair can be removed with: rm`,
  );
  return EXIT.damaged;
}

async function printResult(session: Session, result: MaintenanceResult, options: MaintenanceCommandOptions): Promise<void> {
  const { coloured, uncoloured, blobsStoredAgain, removed, removedBytes, state } = result;
  if (options.json) {
    await session.terminal.json({ applied: true, scheduled: coloured, uncoloured, blobsStoredAgain, removed, removedBytes, state });
    return;
  }
  const done = [
    ...(coloured > 0 ? [`${counted(coloured, 'packfile')} scheduled for deletion`] : []),
    ...(uncoloured > 0 ? [`${counted(uncoloured, 'packfile')} no longer scheduled`] : []),
    ...(blobsStoredAgain > 0 ? [`${counted(blobsStoredAgain, 'blob')} stored again`] : []),
    ...(removed > 0 ? [`${counted(removed, 'packfile')} removed (${sizeText(removedBytes)})`] : []),
  ];
  await session.terminal.line(done.length === 0 ? 'There was nothing to do.' : `Done: ${done.join(', ')}. Everything that snapshots need is there.`);
}
