import { CELL_SEVERITY, VERDICTS } from '@wardrobe/words';
import type { MachineResult } from './types.js';

export type Group = { readonly digest: string; readonly members: readonly MachineResult[] };

/**
 * Machines that show the same: equal digest, equal verdict and equal exceptions (two machines may hold the same ids and differ in
 * what is known of them). Worst first, then larger groups, then by digest.
 */
export function groupEqual(results: readonly MachineResult[]): readonly Group[] {
  const groups = new Map<string, MachineResult[]>();
  for (const result of results) {
    const key = `${result.digest}|${result.verdict}|${result.exceptions.map((cell) => `${cell.snapshot}:${cell.cell}`).join(',')}`;
    const members = groups.get(key);
    if (members) members.push(result);
    else groups.set(key, [result]);
  }
  return [...groups.values()].map((members) => ({ digest: members[0]?.digest ?? '', members })).sort(worseFirst);
}

function worseFirst(a: Group, b: Group): number {
  const [first, second] = [a.members[0], b.members[0]];
  if (!first || !second) return 0;
  return compareResults(first, second) || b.members.length - a.members.length || (a.digest < b.digest ? -1 : a.digest > b.digest ? 1 : 0);
}

/** Worst verdict first, then worst cell, then machine id. */
export function compareResults(a: MachineResult, b: MachineResult): number {
  return VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict) || CELL_SEVERITY[b.worst] - CELL_SEVERITY[a.worst];
}
