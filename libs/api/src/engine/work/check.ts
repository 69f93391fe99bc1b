import {
  type CheckProblem,
  checkSnapshots,
  checkStore,
  type CheckSummary,
  type EarlyProofs,
  type SnapshotSource,
  snapshotSource,
  storeAsItIs,
  wholeStore,
} from '@wardrobe/kloset';
import { parseMac, sizeText } from '@wardrobe/kloset-model';
import { counted, figure } from '@wardrobe/words';
import { problemOf } from '../../errors/bridge.js';
import { type EngineOutcome, type EnginePlan, PLAIN_PLAN, short, type WorkContext, type WorkOf } from './types.js';

type Check = WorkOf<'check'>;
/** Problems that are told one by one; the rest is counted. */
const TOLD = 300;

/** A check changes nothing: its dry run says what would be read. */
export async function planCheck(work: Check, { repository }: WorkContext): Promise<EnginePlan> {
  const count = work.snapshots.length;
  const packfiles = work.packfiles ? [...repository.view.packfiles()].length : 0;
  const parts = [
    ...(count > 0 ? [`${counted(count, 'snapshot')} ${work.fast ? 'looked through: every part must be there' : 'read from end to end'}`] : []),
    ...(work.packfiles ? [`${counted(packfiles, 'packfile')} ${work.fast ? 'looked for' : 'read'}`] : []),
  ];
  return {
    plan: {
      ...PLAIN_PLAN,
      sentence: parts.length === 0 ? 'There is nothing to check.' : `${parts.join(', ')}.`,
      note: 'Nothing is written.',
      verb: count === 0 ? 'Check the store' : `Check ${counted(count, 'snapshot')}`,
      refusal: parts.length === 0 ? 'The store lists no snapshot.' : null,
    },
    engine: null,
  };
}

export async function applyCheck(work: Check, _engine: unknown, context: WorkContext): Promise<EngineOutcome> {
  const { repository, signal, report } = context;
  let problems = 0;
  const tell = (line: string): void => {
    problems += 1;
    if (problems <= TOLD) report({ line });
    else if (problems === TOLD + 1) report({ line: `More than ${figure(TOLD)} problems: from here on they are only counted.` });
  };
  const isRead = work.packfiles && !work.fast;
  const whole = isRead ? await wholeStore(repository, { blobs: true, signal }) : storeAsItIs(repository);
  const within = { ...context, repository: whole.repository };
  try {
    // Over a line snapshots first: what is read for them proves the packfiles too.
    if (work.packfiles && whole.proofs === null) await checkPackfiles(work, within, { proofs: null, tell });
    const totals = await checkAll(work, within, tell);
    if (whole.proofs !== null) await checkPackfiles(work, within, { proofs: whole.proofs, tell });
    const read = work.fast ? 'nothing read' : `${sizeText(totals.bytes)} read`;
    const found =
      problems === 0
        ? 'no damage'
        : `${counted(problems, 'problem')}${totals.damagedSnapshots > 0 ? ` in ${counted(totals.damagedSnapshots, 'snapshot')}` : ''}`;
    return { sentence: `${counted(totals.snapshots, 'snapshot')} checked, ${counted(totals.objects, 'object')}, ${read}: ${found}.`, problems };
  } finally {
    await whole.close();
  }
}

type Tell = (line: string) => void;

async function checkPackfiles(
  work: Check,
  { repository, signal, report }: WorkContext,
  { proofs, tell }: { readonly proofs: EarlyProofs | null; readonly tell: Tell },
): Promise<void> {
  const label = 'Reading packfiles';
  const onProgress = (done: number, total: number): void => report({ label, done, total });
  for await (const problem of checkStore(repository, { fast: work.fast, blobs: !work.fast, proofs, signal, onProgress })) {
    const hit = problem.snapshots.length === 0 ? '' : ` It holds ${problem.snapshots.map(short).join(', ')}.`;
    const line = `${problem.kind} ${short(problem.id)}: ${problemOf(problem.error).sentence}${hit}`;
    if (problem.severity === 'error') tell(line);
    else report({ line: `Note: ${line}` });
  }
}

type Totals = Pick<CheckSummary, 'snapshots' | 'damagedSnapshots' | 'objects' | 'bytes'>;

async function checkAll(work: Check, { repository, signal, report }: WorkContext, tell: Tell): Promise<Totals> {
  const totals = { snapshots: 0, damagedSnapshots: 0, objects: 0, bytes: 0 };
  for (const reach of ['live', 'deleted', 'hidden'] as const) {
    const ids = work.snapshots.filter((snapshot) => snapshot.reach === reach).map(({ id }) => parseMac(id));
    if (ids.length === 0) continue;
    const source: SnapshotSource = reach === 'live' ? repository : snapshotSource(repository, await repository.withOrphans({ signal }));
    const label = ids.length === 1 ? `Checking snapshot ${short(ids[0] ?? '')}` : 'Checking snapshots';
    const run = checkSnapshots(source, {
      snapshots: ids,
      fast: work.fast,
      signal,
      onProgress: (at) => report({ label: `${label}, ${sizeText(at.bytes)} read`, done: at.snapshots, total: ids.length }),
    });
    const summary = await eachProblem(run, (problem) => tell(lineOf(problem)));
    totals.snapshots += summary.snapshots;
    totals.damagedSnapshots += summary.damagedSnapshots;
    totals.objects += summary.objects;
    totals.bytes += summary.bytes;
  }
  return totals;
}

/** Hands on every problem of one check, and answers its counts. */
export async function eachProblem(run: AsyncGenerator<CheckProblem, CheckSummary>, tell: (problem: CheckProblem) => void): Promise<CheckSummary> {
  for (;;) {
    const next = await run.next();
    if (next.done === true) return next.value;
    tell(next.value);
  }
}

function lineOf(problem: CheckProblem): string {
  return `Snapshot ${short(problem.snapshot)}${problem.path === null ? '' : ` ${problem.path.text}`}: ${problemOf(problem.error).sentence}`;
}
