import { type MaintenancePlan, type MaintenanceProgress, type PlannedPackfile, planMaintenance, runMaintenance } from '@wardrobe/kloset';
import { sizeText } from '@wardrobe/kloset-model';
import type { JobPlanDto, PlanItemDto, PlanStepDto } from '@wardrobe/contracts';
import { counted, spanWord } from '@wardrobe/words';
import { type EngineOutcome, type EnginePlan, PLAIN_PLAN, short, SHOWN_ITEMS, type WorkContext, type WorkOf } from './types.js';

type Maintenance = WorkOf<'maintenance'>;
/** Packfiles named in one part of the plan. */
const NAMED = 50;

export async function planMaintenanceWork(work: Maintenance, context: WorkContext): Promise<EnginePlan> {
  const plan = await planMaintenance(context.repository, { ...optionsOf(work, context), nowMs: context.nowMs });
  return { plan: planDto(plan), engine: null };
}

/** The engine works the plan out again under its lock: what was needed meanwhile is not taken for garbage. */
export async function applyMaintenance(work: Maintenance, _engine: unknown, context: WorkContext): Promise<EngineOutcome> {
  const result = await runMaintenance(context.repository, optionsOf(work, context));
  const refusal = result.plan.refusals[0];
  if (refusal !== undefined)
    return { sentence: `Nothing was changed: ${refusal.kind} ${short(refusal.id)} ${refusal.reason}.`, problems: result.plan.refusals.length };
  const { coloured, uncoloured, blobsStoredAgain, removed, removedBytes } = result;
  const done = [
    ...(coloured > 0 ? [`${counted(coloured, 'packfile')} scheduled for deletion`] : []),
    ...(uncoloured > 0 ? [`${counted(uncoloured, 'packfile')} no longer scheduled`] : []),
    ...(blobsStoredAgain > 0 ? [`${counted(blobsStoredAgain, 'blob')} stored again`] : []),
    ...(removed > 0 ? [`${counted(removed, 'packfile')} removed (${sizeText(removedBytes)})`] : []),
  ];
  return { sentence: done.length === 0 ? 'There was nothing to do.' : `${done.join(', ')}. Everything that snapshots need is there.`, problems: 0 };
}

const PHASE: Readonly<Record<MaintenanceProgress['phase'], string>> = {
  snapshots: 'Reading what snapshots need',
  orphans: 'Reading packfiles that no state names',
  'store again': 'Storing again what is needed',
  remove: 'Removing packfiles',
};

function optionsOf(work: Maintenance, { signal, report }: WorkContext) {
  return {
    machines: work.machines,
    retired: work.retired,
    signal,
    onProgress: ({ phase, done, total }: MaintenanceProgress) => report({ label: PHASE[phase], done, total }),
  };
}

function planDto(plan: MaintenancePlan): EnginePlan['plan'] {
  const removed = [...plan.sweep, ...plan.leftovers];
  const parts = [
    ...(plan.colour.length > 0 ? [`${many(plan.colour)} would be scheduled for deletion`] : []),
    ...(plan.heal.length > 0 ? [`${many(plan.heal)} would be made available again`] : []),
    ...(removed.length > 0 ? [`${many(removed)} would be removed`] : []),
  ];
  const idle = parts.length === 0;
  return {
    ...PLAIN_PLAN,
    sentence: plan.refusals.length > 0 ? 'Nothing would be done: what is needed cannot be told.' : idle ? 'There is nothing to do.' : `${parts.join(', ')}.`,
    note:
      removed.length > 0
        ? `${many(removed)} are deleted for good: no snapshot needs them.`
        : `Nothing is deleted. From schedule to removal it takes ${spanWord(plan.graceMs)}.`,
    items: itemsOf(plan),
    itemsTotal: itemsOf(plan).length,
    problems: plan.refusals.slice(0, SHOWN_ITEMS).map(({ kind, id, reason }) => ({
      wrong: `${kind}${id === '' ? '' : ` ${short(id)}`} cannot be read to its end.`,
      why: reason,
      next: 'Repair the store first. A snapshot that is beyond repair can be removed.',
      paths: [],
      pathsTotal: 0,
    })),
    leftAlone: leftAloneOf(plan),
    verb: 'Run maintenance',
    destroys: removed.length > 0,
    refusal: plan.refusals.length > 0 ? 'It is not certain what snapshots need: repair the store first.' : idle ? 'There is nothing to do.' : null,
  };
}

function itemsOf(plan: MaintenancePlan): PlanItemDto[] {
  const part = <T extends PlannedPackfile>(
    key: string,
    list: readonly T[],
    words: { title: string; step: string; effect: (packfile: T) => string },
  ): PlanItemDto[] =>
    list.length === 0
      ? []
      : [
          {
            key,
            title: `${words.title}: ${many(list)}`,
            detail: list.length > NAMED ? `The first ${NAMED} are named.` : '',
            evidence: [],
            snapshots: [],
            machines: [],
            steps: list.slice(0, NAMED).map(
              (packfile): PlanStepDto => ({
                step: words.step,
                file: `packfiles/${packfile.id.slice(0, 2)}/${packfile.id}`,
                bytes: packfile.sizeBytes,
                effect: words.effect(packfile),
              }),
            ),
          },
        ];
  return [
    ...part('colour', plan.colour, {
      title: 'Schedule for deletion',
      step: 'schedule',
      effect: ({ isOrphan }) => (isOrphan ? 'no state names it' : 'no snapshot needs it'),
    }),
    ...part('heal', plan.heal, {
      title: 'Needed and scheduled for deletion: make available again',
      step: 'mend',
      effect: ({ snapshot, way, blobs }) =>
        `snapshot ${short(snapshot)} needs it: ${way === 'uncolour' ? 'no longer scheduled' : `${counted(blobs, 'blob')} stored again`}`,
    }),
    ...part('sweep', plan.sweep, {
      title: 'Remove',
      step: 'remove',
      effect: ({ colouredAtMs }) => `scheduled ${new Date(colouredAtMs).toISOString().slice(0, 10)}`,
    }),
    ...part('leftovers', plan.leftovers, { title: 'Remove what a state deleted already', step: 'remove', effect: () => 'its file was left behind' }),
  ];
}

function leftAloneOf(plan: MaintenancePlan): JobPlanDto['leftAlone'] {
  const rows = [
    ...plan.strandedHeaders.map(({ snapshot, packfile }) => ({
      what: 'header scheduled for deletion',
      why: `The header of snapshot ${short(snapshot)} lies only in packfile ${short(packfile)}, which is scheduled for deletion: plakar does not list it. It is kept; a copy of it (dup) is listed by all.`,
      snapshots: [snapshot as string],
    })),
    ...grouped('not due yet', plan.waiting, ({ dueAtMs }) => `due ${new Date(dueAtMs).toISOString().slice(0, 10)}`),
    ...grouped('due, and kept', plan.held, ({ why }) => why),
    ...grouped('left alone', plan.kept, ({ why }) => why),
    ...plan.locks.map((lock) => ({
      what: 'lock',
      why: `${lock.hostname === '' ? 'Somebody' : lock.hostname} holds a lock: with it the maintenance is refused.`,
      snapshots: [],
    })),
  ];
  return rows.slice(0, SHOWN_ITEMS);
}

/** One row for each reason. */
function grouped<T extends PlannedPackfile>(what: string, list: readonly T[], why: (packfile: T) => string): JobPlanDto['leftAlone'] {
  const groups = new Map<string, T[]>();
  for (const packfile of list) groups.set(why(packfile), [...(groups.get(why(packfile)) ?? []), packfile]);
  return [...groups].map(([reason, members]) => ({ what, why: `${many(members)}: ${reason}`, snapshots: [] }));
}

function many(list: readonly PlannedPackfile[]): string {
  return `${counted(list.length, 'packfile')} (${sizeText(list.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0))})`;
}
