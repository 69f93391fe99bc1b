import type { RepairPlan, RepairResult, RepairWrite } from '@wardrobe/kloset';
import { sizeText } from '@wardrobe/kloset-model';
import { counted } from '@wardrobe/words';
import { printable } from '../printable.js';

const MOST_PATHS = 20;

/** A plan in words: what is wrong, why that is known, what will be written. */
export function planLines(plan: RepairPlan): readonly string[] {
  const lines: string[] = [];
  for (const action of plan.actions) {
    lines.push(`wrong: ${printable(action.wrong)}`);
    for (const sentence of action.evidence) lines.push(`  known because: ${printable(sentence)}`);
    lines.push(`  repair: ${printable(action.doing)}`);
    if (action.undeletes) lines.push('  this brings back a deleted snapshot');
    if (action.redeletes.length > 0) lines.push(`  this deletes again what the store lists: ${action.redeletes.map((id) => id.slice(0, 8)).join(', ')}`);
    if (action.takesAway) lines.push('  this takes packfiles or blobs off the list of the store for good');
    if (action.machines.length > 0) lines.push(`  machines: ${action.machines.map(printable).join(', ')}`);
    for (const write of action.writes) lines.push(`  writes: ${writeWords(write)}`);
  }
  for (const problem of plan.problems) {
    lines.push(`cannot be mended: ${printable(problem.wrong)} ${printable(problem.why)}`);
    for (const { snapshot, path } of problem.paths.slice(0, MOST_PATHS)) lines.push(`  hits ${snapshot.slice(0, 8)}:${printable(path)}`);
    if (problem.paths.length > MOST_PATHS) lines.push(`  and ${counted(problem.paths.length - MOST_PATHS, 'path')} more (all of them with --json)`);
    if (problem.paths.length === 0 && problem.snapshots.length > 0) lines.push(`  hits ${problem.snapshots.map((id) => id.slice(0, 8)).join(', ')}`);
    lines.push(`  next: ${printable(problem.next)}`);
  }
  for (const { why } of plan.leftAlone) lines.push(`left alone: ${printable(why)}`);
  for (const { why, untilMs } of plan.waits) lines.push(`waits: ${printable(why)}, until ${new Date(untilMs).toISOString()}`);
  if (plan.actions.length === 0) lines.push(plan.problems.length === 0 ? 'nothing to repair' : 'nothing that can be repaired with what is at hand');
  return lines;
}

function writeWords(write: RepairWrite): string {
  switch (write.what) {
    case 'packfiles':
      return `${counted(write.blobs, 'blob')} into new packfiles${write.bytes === null ? '' : ` (${sizeText(write.bytes)})`}`;
    case 'removal':
      return `removes state file ${write.id}`;
    case 'state': {
      const parts = [
        [write.packfiles, 'packfile'],
        [write.locations, 'location'],
        [write.coloured, 'removal'],
        [write.deletes, 'deletion'],
      ] as const;
      const said = parts.filter(([count]) => count > 0).map(([count, word]) => counted(count, word));
      return `state ${write.id ?? 'under a new name'}, version ${write.version}${said.length > 0 ? `: ${said.join(', ')}` : ''}${write.replaces ? ', in place of the damaged file' : ''}`;
    }
  }
}

/** The same for programs: one object each, the plan's facts first. */
export function planObjects(plan: RepairPlan): readonly Record<string, unknown>[] {
  const { actions, problems, leftAlone, waits, ...facts } = plan;
  return [
    { plan: { ...facts, actions: actions.length, problems: problems.length, leftAlone: leftAlone.length, waits: waits.length } },
    ...actions.map((action) => ({ action })),
    ...problems.map((problem) => ({ problem })),
    ...leftAlone.map((left) => ({ leftAlone: left })),
    ...waits.map((wait) => ({ wait })),
  ];
}

export function resultLines(result: RepairResult): readonly string[] {
  const { applied, skipped, proofs, left } = result;
  const lines = skipped.map(({ action, why }) => `skipped: ${printable(action.wrong)} ${printable(why)}`);
  for (const { snapshot, isWhole, problems } of proofs) {
    lines.push(`${isWhole ? 'proven' : 'not whole'}: snapshot ${snapshot.slice(0, 8)}${isWhole ? ', every blob is available and was read' : ''}`);
    for (const problem of problems) lines.push(`  ${printable(problem)}`);
  }
  lines.push(
    `${counted(applied.length, 'repair')} done: ${counted(result.statesWritten.length, 'state')} and ${counted(result.packfilesWritten, 'packfile')} written (${sizeText(result.bytesWritten)}); ${left.actions.length === 0 ? 'nothing is left that can be mended' : `${counted(left.actions.length, 'repair')} left`}${left.problems.length > 0 ? `, ${counted(left.problems.length, 'problem')} that cannot` : ''}`,
  );
  return lines;
}

export function resultObjects(result: RepairResult): readonly Record<string, unknown>[] {
  const { applied, skipped, proofs, left } = result;
  return [
    ...applied.map(({ key }) => ({ applied: key })),
    ...skipped.map(({ action, why }) => ({ skipped: action.key, why })),
    ...proofs.map((proof) => ({ proof })),
    {
      result: {
        states: result.statesWritten,
        packfiles: result.packfilesWritten,
        bytes: result.bytesWritten,
        actionsLeft: left.actions.map(({ key }) => key),
        problemsLeft: left.problems.map(({ key }) => key),
      },
    },
  ];
}
