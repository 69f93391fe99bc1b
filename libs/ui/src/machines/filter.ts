import type { MachineRowDto } from '@wardrobe/contracts';
import { CELL_SEVERITY, VERDICTS, type Verdict } from '@wardrobe/words';

export const REPORTED = ['any', 'hour', 'day', 'not-week'] as const;
export type Reported = (typeof REPORTED)[number];
export const MACHINE_SORTS = ['verdict', 'name', 'report', 'newest'] as const;
export type MachineSort = (typeof MACHINE_SORTS)[number];
export type MachineFilter = { readonly text: string; readonly verdicts: ReadonlySet<Verdict>; readonly reported: Reported };

const HOUR_MS = 3_600_000;

/** Machines that match every part of the filter; an empty set of verdicts means all. */
export function filterMachines(machines: readonly MachineRowDto[], filter: MachineFilter, nowMs: number): readonly MachineRowDto[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  return machines.filter(
    (machine) =>
      (filter.verdicts.size === 0 || filter.verdicts.has(machine.verdict)) && reportedIn(machine, filter.reported, nowMs) && hasWords(machine, words),
  );
}

function hasWords(machine: MachineRowDto, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const text = [
    machine.name,
    machine.hostName,
    machine.os,
    machine.tool,
    machine.id,
    machine.cause,
    ...Object.keys(machine.counts).filter((cell) => (machine.counts[cell] ?? 0) > 0),
  ]
    .join('\n')
    .toLowerCase();
  return words.every((word) => text.includes(word));
}

function reportedIn(machine: MachineRowDto, reported: Reported, nowMs: number): boolean {
  if (reported === 'any') return true;
  const age = machine.lastReportAt === null ? Number.POSITIVE_INFINITY : nowMs - Date.parse(machine.lastReportAt);
  if (reported === 'not-week') return age > 7 * 24 * HOUR_MS;
  return age <= (reported === 'hour' ? HOUR_MS : 24 * HOUR_MS);
}

/** Worst verdict first, then the worst cell, then equal machines together. */
export function byVerdict(a: MachineRowDto, b: MachineRowDto): number {
  return (
    VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict) ||
    CELL_SEVERITY[b.worst] - CELL_SEVERITY[a.worst] ||
    a.group - b.group ||
    a.name.localeCompare(b.name)
  );
}

const BY: Readonly<Record<MachineSort, (a: MachineRowDto, b: MachineRowDto) => number>> = {
  verdict: byVerdict,
  name: (a, b) => a.name.localeCompare(b.name),
  report: (a, b) => (a.lastReportAt ?? '').localeCompare(b.lastReportAt ?? '') || byVerdict(a, b),
  newest: (a, b) => (a.newestSeenAt ?? '').localeCompare(b.newestSeenAt ?? '') || byVerdict(a, b),
};

export function sortMachines(machines: readonly MachineRowDto[], sort: MachineSort): readonly MachineRowDto[] {
  return machines.toSorted(BY[sort]);
}

/** plakar before 1.0.6 writes its local state before the store's: the cause of most phantoms. */
export function isOldTool(tool: string): boolean {
  const [, major, minor, patch] = /(\d+)\.(\d+)\.(\d+)/.exec(tool) ?? [];
  return major !== undefined && Number(major) === 1 && Number(minor) === 0 && Number(patch) < 6;
}
