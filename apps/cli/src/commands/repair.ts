import {
  applyRepair,
  LockedError,
  planRepair,
  type PlanRepairOptions,
  type RepairPlan,
  type RepairProgress,
  type RepairResult,
  type Repository,
  STALE_LOCK_MS,
} from '@wardrobe/kloset';
import type { SnapshotId } from '@wardrobe/kloset-model';
import { counted } from '@wardrobe/words';
import { CliError, EXIT, type ExitCode } from '../exit-codes.js';
import { usage } from '../failures.js';
import { keepOldSmall } from '../heap.js';
import { openStore, type Session } from '../session.js';
import { hearMachines, recoverySources } from './repair-evidence.js';
import { planLines, planObjects, resultLines, resultObjects } from './repair-words.js';

export type RepairOptions = {
  readonly apply?: boolean;
  readonly fromCache: readonly string[];
  readonly report: readonly string[];
  readonly fromStore: readonly string[];
  readonly fromKeyfile?: string;
  readonly fromOption: readonly string[];
  readonly fromDisk: readonly string[];
  readonly snapshot: readonly string[];
  readonly undelete?: boolean;
  readonly redelete?: boolean;
  readonly discardDamaged?: boolean;
  readonly readData?: boolean;
  readonly wait?: boolean;
  readonly json?: boolean;
};

const PHASES: Readonly<Record<RepairProgress['phase'], string>> = {
  states: 'reading states',
  packfiles: 'reading packfiles without a state',
  snapshots: 'looking through snapshots',
  content: 'reading content',
  waiting: 'waiting for others',
  writing: 'repairing',
  proving: 'proving snapshots',
};

/** `repair`: what is wrong with the store and what would be done; with `--apply` does it and proves it. */
export async function repair(session: Session, options: RepairOptions): Promise<ExitCode> {
  keepOldSmall();
  // This machine's own index would forget on opening what the store has lost: it is asked first, as a witness.
  const repository = await openStore({ ...session, useIndex: false });
  const common: Omit<PlanRepairOptions, 'nowMs'> = {
    snapshots: options.snapshot.length === 0 ? undefined : await matchSnapshots(session, repository, options.snapshot),
    evidence: await hearMachines(session, repository, options),
    sources: await recoverySources(session, repository, options),
    undelete: options.undelete,
    redelete: options.redelete,
    discardDamagedStates: options.discardDamaged,
    readContent: options.readData,
    signal: session.signal,
    onProgress: ({ phase, done, total }) => session.terminal.progress.show(PHASES[phase], done, total),
  };
  const plan = await planRepair(repository, { ...common, nowMs: Date.now() });
  session.terminal.progress.clear();
  await print(session, options, { lines: planLines(plan), objects: planObjects(plan) });
  if (options.apply !== true) return endOfPlan(session, plan);
  const result = await apply(session, repository, { plan, common, options });
  session.terminal.progress.clear();
  await print(session, options, { lines: resultLines(result), objects: resultObjects(result) });
  return endOfRepair(session, result);
}

type Printed = { readonly lines: readonly string[]; readonly objects: readonly Record<string, unknown>[] };

async function print(session: Session, options: RepairOptions, { lines, objects }: Printed): Promise<void> {
  if (options.json) for (const object of objects) await session.terminal.json(object);
  else for (const line of lines) await session.terminal.line(line);
}

function endOfPlan(session: Session, plan: RepairPlan): ExitCode {
  if (plan.actions.length > 0) session.terminal.warn('nothing was changed. To do it, run the same command with --apply');
  for (const { why, untilMs } of plan.waits)
    session.terminal.warn(`${why}: --apply waits until ${new Date(untilMs).toISOString()} at most when --wait is given`);
  return plan.problems.length > 0 ? EXIT.damaged : EXIT.fine;
}

function endOfRepair(session: Session, result: RepairResult): ExitCode {
  const { proofs, left, skipped } = result;
  const broken = proofs.filter(({ isWhole }) => !isWhole);
  if (broken.length > 0) session.terminal.warn(`${counted(broken.length, 'snapshot')} could not be proven whole: look at what is left with: repair`);
  const outdated = skipped.some(({ action }) => left.actions.some(({ key }) => key === action.key));
  if (outdated) session.terminal.warn('the store changed meanwhile: run the same command again');
  if (broken.length > 0 || left.problems.length > 0 || outdated) return EXIT.damaged;
  const running = left.leftAlone.filter(({ what }) => what === 'running-backup');
  if (running.length === 0) return EXIT.fine;
  session.terminal.warn(`${running.map(({ why }) => why).join('; ')}. Run the same command again later, or with --wait.`);
  return EXIT.usage;
}

type Work = { readonly plan: RepairPlan; readonly common: Omit<PlanRepairOptions, 'nowMs'>; readonly options: RepairOptions };

async function apply(session: Session, repository: Repository, { plan, common, options }: Work): Promise<RepairResult> {
  try {
    const onLog = (text: string): void => {
      if (text.startsWith('waiting')) session.terminal.warn(text);
    };
    return await applyRepair(repository, plan, { ...common, wait: options.wait, onLog });
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
    session.terminal.progress.clear();
    const untilMs = error.sinceMs + STALE_LOCK_MS;
    throw new CliError(
      EXIT.usage,
      `${error.host || 'Somebody'} holds the store since ${new Date(error.sinceMs).toISOString()}. Nothing was changed.`,
      `Wait for it with --wait: a lock that is not renewed counts as left behind from ${new Date(untilMs).toISOString()} on.`,
      { cause: error },
    );
  }
}

/** Snapshots by prefix, hidden ones and those of damaged states too. */
async function matchSnapshots(session: Session, repository: Repository, prefixes: readonly string[]): Promise<readonly SnapshotId[]> {
  const { view } = repository;
  const { packfiles } = await repository.orphans({ signal: session.signal, onProblem: () => undefined });
  const all = new Set<SnapshotId>([
    ...view.live.map(({ id }) => id),
    ...view.deleted.map(({ id }) => id),
    ...packfiles.flatMap(({ snapshots }) => snapshots),
    ...view.unreadable.map(({ id }) => id),
  ]);
  return prefixes.map((prefix) => {
    const fitting = [...all].filter((id) => id.startsWith(prefix.toLowerCase()));
    const [only] = fitting;
    if (only === undefined || fitting.length > 1)
      throw usage(`The prefix ${prefix} fits ${counted(fitting.length, 'snapshot')}.`, 'List them with: ls --hidden --deleted');
    return only;
  });
}
