import type { ColouredPackfile, Healing, KeptPackfile, MaintenancePlan, PlannedPackfile } from '@wardrobe/kloset';
import { sizeText } from '@wardrobe/kloset-model';
import { counted, spanWord } from '@wardrobe/words';

const many = (list: readonly PlannedPackfile[]): string =>
  `${counted(list.length, 'packfile')} (${sizeText(list.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0))})`;

/** The plan as sentences, what is to be done before what is not; each packfile on a line of its own. */
export function* planLines(plan: MaintenancePlan): Generator<string> {
  const lines = plan.line === '1.0' ? 'plakar 1.0 and 1.1 can use this store' : 'only plakar 1.1 can use this store';
  yield `${lines}; from schedule to removal: ${spanWord(plan.graceMs)}.`;
  for (const { kind, id, reason } of plan.refusals) yield `refused: ${kind}${id === '' ? '' : ` ${id}`}: ${reason}`;
  if (plan.refusals.length > 0) return;
  yield `${counted(plan.snapshots, 'snapshot needs', 'snapshots need')} ${counted(plan.neededPackfiles, 'packfile')} (${sizeText(plan.neededBytes)}).`;
  yield* part('Schedule for deletion', plan.colour, (packfile) => (packfile.isOrphan ? 'no state names it' : 'nothing needs it'));
  yield* part('Needed and scheduled for deletion, made available again', plan.heal, healingWords);
  for (const { snapshot, packfile } of plan.strandedHeaders)
    yield `Finding: the header of snapshot ${snapshot} lies only in packfile ${packfile}, which is scheduled for deletion: plakar does not list this snapshot. It is kept; make a copy that all list with: dup ${snapshot.slice(0, 8)}`;
  yield* part('Remove', plan.sweep, (packfile) => `scheduled ${new Date(packfile.colouredAtMs).toISOString()}`);
  yield* part('Remove what a state deleted already', plan.leftovers, () => 'its file was left behind');
  yield* part('Scheduled, and not due yet', plan.waiting, (packfile) => `due ${new Date(packfile.dueAtMs).toISOString()}`);
  yield* part('Scheduled and due, and kept', plan.held, ({ why }) => why);
  yield* part('Left alone', plan.kept, ({ why }) => why);
}

function* part<T extends PlannedPackfile>(title: string, list: readonly T[], words: (packfile: T) => string): Generator<string> {
  if (list.length === 0) return;
  yield `${title}: ${many(list)}`;
  for (const packfile of list) yield `  ${packfile.id} ${sizeText(packfile.sizeBytes).padStart(9)}  ${words(packfile)}`;
}

function healingWords({ snapshot, way, blobs }: Healing): string {
  const again = `${counted(blobs, 'blob')} stored again in new packfiles`;
  const how =
    way === 'uncolour' ? 'no longer scheduled' : way === 'store-again' ? again : `no longer scheduled, and ${again} for machines that merge in another order`;
  return `snapshot ${snapshot.slice(0, 8)} needs it: ${how}`;
}

/** The same as objects, one a line. */
export function* planObjects(plan: MaintenancePlan): Generator<Record<string, unknown>> {
  for (const refusal of plan.refusals) yield { refusal: refusal.kind, id: refusal.id, reason: refusal.reason };
  if (plan.refusals.length > 0) return;
  for (const packfile of plan.colour) yield { action: 'schedule', ...plain(packfile) };
  for (const healing of plan.heal) yield { action: healing.way, ...plain(healing), snapshot: healing.snapshot, blobs: healing.blobs };
  for (const { snapshot, packfile } of plan.strandedHeaders) yield { finding: 'header-scheduled-for-deletion', snapshot, packfile };
  for (const packfile of plan.sweep) yield { action: 'remove', ...coloured(packfile) };
  for (const packfile of plan.leftovers) yield { action: 'remove-leftover', ...plain(packfile) };
  for (const packfile of plan.waiting) yield { action: 'wait', ...coloured(packfile) };
  for (const packfile of plan.held) yield { action: 'keep', ...coloured(packfile), reason: packfile.why };
  for (const packfile of plan.kept) yield { action: 'keep', ...plain(packfile), reason: (packfile as KeptPackfile).why };
}

function plain({ id, sizeBytes, isOrphan }: PlannedPackfile): Record<string, unknown> {
  return { packfile: id, sizeBytes, orphan: isOrphan };
}

function coloured(packfile: ColouredPackfile): Record<string, unknown> {
  return { ...plain(packfile), scheduledAt: new Date(packfile.colouredAtMs).toISOString(), dueAt: new Date(packfile.dueAtMs).toISOString() };
}

/** Whether the plan changes anything. */
export function isIdle(plan: MaintenancePlan): boolean {
  return plan.colour.length + plan.heal.length + plan.sweep.length + plan.leftovers.length === 0;
}
