import {
  applyRepair,
  diskSource,
  planRepair,
  type PlanRepairOptions,
  type RecoverySource,
  type RepairAction,
  type RepairPlan,
  type RepairProgress,
  type Repository,
  type RepairWrite,
  storeSource,
} from '@wardrobe/kloset';
import { parseMac, sizeText } from '@wardrobe/kloset-model';
import type { PlanItemDto, PlanStepDto } from '@wardrobe/contracts';
import { counted, figure } from '@wardrobe/words';
import { ApiError } from '../../errors/api-error.js';
import { openRepository, storeAt } from '../kloset.js';
import { type EngineOutcome, type EnginePlan, short, SHOWN_ITEMS, type WorkContext, type WorkOf } from './types.js';

type Repair = WorkOf<'repair'>;

export function planRepairWork(work: Repair, context: WorkContext): Promise<EnginePlan> {
  return withSources(work, context, async (sources) => {
    const plan = await planRepair(context.repository, { nowMs: context.nowMs, ...optionsOf(work, context), sources });
    return { plan: planDto(plan, work, context.nowMs), engine: plan };
  });
}

export async function applyRepairWork(work: Repair, engine: unknown, context: WorkContext): Promise<EngineOutcome> {
  const { repository, report } = context;
  const plan = enginePlan(engine, repository.id);
  const result = await withSources(work, context, (sources) => applyRepair(repository, plan, { ...optionsOf(work, context), sources, wait: work.wait }));
  const tell = (line: string): void => report({ line });
  for (const { action, why } of result.skipped) tell(`Left out: ${action.doing} ${why}`);
  for (const id of result.statesWritten) tell(`State ${short(id)} is in the store.`);
  let problems = 0;
  for (const proof of result.proofs) {
    if (!proof.isWhole) problems += 1;
  }
  const left = result.left.actions.length + result.left.problems.length;
  const parts = [
    result.applied.length === 0 ? 'Nothing had to be done any more' : `${counted(result.applied.length, 'repair')} done`,
    ...(result.statesWritten.length > 0 ? [`${counted(result.statesWritten.length, 'state')} written`] : []),
    ...(result.proofs.length > 0 ? [`${figure(result.proofs.length - problems)} of ${counted(result.proofs.length, 'snapshot')} proven whole`] : []),
    ...(left > 0 ? [`${counted(left, 'thing')} still wrong`] : []),
  ];
  return { sentence: `${parts.join(', ')}.`, problems };
}

/** Where lost content is looked for: other stores, and files of the server. */
async function withSources<T>(work: Repair, context: WorkContext, act: (sources: readonly RecoverySource[]) => Promise<T>): Promise<T> {
  const { repository, signal, report } = context;
  const opened: Repository[] = [];
  try {
    for (const { secret, indexDirectory, ...address } of work.fromStores) {
      report({ label: 'Opening the other store' });
      opened.push(await openRepository(await storeAt(address), { secret: secret ?? undefined, indexDirectory: indexDirectory ?? undefined, signal }));
    }
    return await act([...opened.map((other) => storeSource(other, repository)), ...work.fromDisks.map((folder) => diskSource(folder, repository))]);
  } finally {
    for (const other of opened) await other.close();
  }
}

const PHASE: Readonly<Record<RepairProgress['phase'], string>> = {
  states: 'Reading state files',
  packfiles: 'Looking through packfiles',
  snapshots: 'Looking at snapshots',
  content: 'Reading contents',
  waiting: 'Waiting for others',
  writing: 'Writing',
  proving: 'Proving that it holds',
};

function optionsOf(work: Repair, { signal, report }: WorkContext): Omit<PlanRepairOptions, 'nowMs'> {
  return {
    snapshots: work.snapshots === null ? undefined : work.snapshots.map((id) => parseMac(id)),
    evidence: work.evidence,
    undelete: work.undelete,
    redelete: work.redelete,
    discardDamagedStates: work.discardDamagedStates,
    readContent: work.readData,
    signal,
    onProgress: ({ phase, done, total }) => report({ label: PHASE[phase], done, total }),
    onLog: (line) => report({ line }),
  };
}

/** What the dry run kept, after its way through the database. */
function enginePlan(value: unknown, repositoryId: string): RepairPlan {
  const isPlan = typeof value === 'object' && value !== null && 'repositoryId' in value && 'actions' in value && Array.isArray(value.actions);
  if (!isPlan || value.repositoryId !== repositoryId)
    throw new ApiError('conflict', 'This plan was made for another store or by another version of the console.', 'Make the plan again.');
  return value as RepairPlan;
}

function planDto(plan: RepairPlan, work: Repair, nowMs: number): EnginePlan['plan'] {
  const { actions, problems, leftAlone, waits } = plan;
  const waiting = waits.length > 0 && !work.wait;
  const deleted = leftAlone.filter(({ what }) => what === 'deleted-snapshot').length;
  return {
    sentence: sentenceOf(plan),
    note: noteOf(actions),
    items: actions.slice(0, SHOWN_ITEMS).map(itemOf),
    itemsTotal: actions.length,
    problems: problems.slice(0, SHOWN_ITEMS).map((problem) => ({
      wrong: problem.wrong,
      why: problem.why,
      next: problem.next,
      paths: problem.paths.slice(0, SHOWN_ITEMS).map(({ snapshot, path }) => `${short(snapshot)}:${path}`),
      pathsTotal: problem.paths.length,
    })),
    leftAlone: leftAlone.slice(0, SHOWN_ITEMS).map(({ what, why, snapshots }) => ({ what: what.replaceAll('-', ' '), why, snapshots: [...snapshots] })),
    waits: waits.map((wait) => ({ sentence: wait.why, host: wait.host, until: new Date(wait.untilMs).toISOString() })),
    offers: [
      ...(deleted > 0 && !work.undelete ? (['undelete'] as const) : []),
      ...(offersRedelete(plan, work) ? (['redelete'] as const) : []),
      ...(waits.some(({ untilMs }) => untilMs > nowMs) && !work.wait ? (['wait'] as const) : []),
      ...(offersDiscard(plan, work) ? (['discardDamagedStates'] as const) : []),
    ],
    verb: waits.length > 0 ? `Wait, then ${lower(verbOf(actions))}` : verbOf(actions),
    destroys: actions.some(({ kind, takesAway }) => kind === 'discard-state' || takesAway),
    refusal: waiting ? waitSentence(plan) : actions.length === 0 && waits.length === 0 ? 'There is nothing that can be mended here.' : null,
  };
}

function sentenceOf({ actions, problems, waits }: RepairPlan): string {
  const parts = [
    actions.length === 0 ? 'Nothing would be mended' : `${counted(actions.length, 'thing')} would be mended`,
    ...(problems.length > 0 ? [`${counted(problems.length, 'thing')} cannot be mended with what is at hand`] : []),
    ...(waits.length > 0 ? [`${counted(waits.length, 'lock')} to wait for`] : []),
  ];
  return `${parts.join(', ')}.`;
}

function waitSentence({ waits }: RepairPlan): string {
  const last = waits.reduce((latest, wait) => (wait.untilMs > latest.untilMs ? wait : latest));
  return `${last.host === '' ? 'Somebody' : last.host} may be at work in the store until ${new Date(last.untilMs).toISOString().slice(11, 16)} UTC.`;
}

function offersDiscard({ problems }: RepairPlan, work: Repair): boolean {
  return !work.discardDamagedStates && problems.some(({ states }) => states.length > 0);
}

/** In a store of line 1.0 delete entries are not written, asked for or not; the removal of a snapshot is. */
function offersRedelete({ leftAlone, line }: RepairPlan, work: Repair): boolean {
  return !work.redelete && leftAlone.some(({ what, snapshots }) => what === 'unpublished-deletion' && (line === '1.1' || snapshots.length > 0));
}

const STATE_KINDS: ReadonlySet<RepairAction['kind']> = new Set<RepairAction['kind']>(['publish-state-file', 'rebuild-state', 'replace-state']);

function verbOf(actions: readonly RepairAction[]): string {
  const again = redeletedBy(actions).length;
  if (actions.length > 0 && actions.every(({ redeletes, snapshots }) => redeletes.length > 0 && snapshots.length === 0))
    return `Delete ${counted(again, 'snapshot')} again`;
  if (actions.length > 0 && actions.every(({ kind }) => STATE_KINDS.has(kind))) return `Publish ${counted(actions.length, 'state')}`;
  return actions.length === 0 ? 'Repair' : `Apply ${counted(actions.length, 'repair')}`;
}

function redeletedBy(actions: readonly RepairAction[]): readonly string[] {
  return [...new Set(actions.flatMap(({ redeletes }) => redeletes))];
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function noteOf(actions: readonly RepairAction[]): string {
  const writes = actions.flatMap((action) => action.writes);
  const removed = writes.filter(({ what }) => what === 'removal').length;
  const replaced = writes.filter((write) => write.what === 'state' && write.replaces).length;
  const again = redeletedBy(actions).length;
  const isTaken = actions.some(({ takesAway }) => takesAway);
  if (removed + replaced + again === 0 && !isTaken) return 'Nothing is deleted or overwritten.';
  const parts = [
    ...(again > 0 ? [`all machines stop listing ${counted(again, 'snapshot')}`] : []),
    ...(isTaken ? ['packfiles or blobs that the store lists are taken off its list for good'] : []),
    ...(replaced > 0 ? [`${counted(replaced, 'damaged state file')} ${replaced === 1 ? 'gives' : 'give'} way to a sound one`] : []),
    ...(removed > 0 ? [`${counted(removed, 'file')} ${removed === 1 ? 'is' : 'are'} removed`] : []),
  ];
  const said = parts.join(', ');
  return `${said.charAt(0).toUpperCase()}${said.slice(1)}.`;
}

function itemOf(action: RepairAction): PlanItemDto {
  return {
    key: action.key,
    title: action.wrong,
    detail: `${action.doing}${action.undeletes ? ' It brings back a snapshot that somebody deleted.' : ''}${action.takesAway ? ' It takes away what the store lists.' : ''}`,
    evidence: [...action.evidence],
    snapshots: [...new Set([...action.snapshots, ...action.redeletes])],
    machines: [...action.machines],
    steps: action.writes.map(stepOf),
  };
}

function stepOf(write: RepairWrite): PlanStepDto {
  switch (write.what) {
    case 'state':
      return {
        step: write.replaces ? 'replace' : 'write',
        file: write.id === null ? 'states/…' : `states/${write.id.slice(0, 2)}/${write.id}`,
        bytes: null,
        effect: effectOf(write),
      };
    case 'packfiles':
      return {
        step: 'write',
        file: 'packfiles/…',
        bytes: write.bytes,
        effect: `${counted(write.blobs, 'blob')}${write.bytes === null ? '' : `, ${sizeText(write.bytes)}`}`,
      };
    case 'removal':
      return { step: 'remove', file: `states/${write.id.slice(0, 2)}/${write.id}`, bytes: null, effect: 'cannot be read' };
  }
}

function effectOf(write: RepairWrite & { what: 'state' }): string {
  const parts = [
    ...(write.packfiles > 0 ? [counted(write.packfiles, 'packfile')] : []),
    ...(write.locations > 0 ? [counted(write.locations, 'blob')] : []),
    ...(write.coloured > 0 ? [`${figure(write.coloured)} marked as deleted`] : []),
    ...(write.deletes > 0 ? [counted(write.deletes, 'delete entry', 'delete entries')] : []),
  ];
  return `version ${write.version}${parts.map((part) => `, ${part}`).join('')}`;
}
