import type { ProblemDto } from '@wardrobe/contracts';
import { counted, figure, type Verdict } from '@wardrobe/words';

export type VerdictCounts = Readonly<Record<Verdict, number>>;

/** "89 of 100 machines agree with the store." */
export function machinesSentence(total: number, counts: VerdictCounts): string {
  if (total === 0) return 'No machine has reported yet.';
  if (counts['in-sync'] === total) return total === 1 ? 'The machine agrees with the store.' : `All ${figure(total)} machines agree with the store.`;
  return `${figure(counts['in-sync'])} of ${counted(total, 'machine')} ${counts['in-sync'] === 1 ? 'agrees' : 'agree'} with the store.`;
}

/** `decided`: of the diverged ones those that ask no more. "4 have diverged and need a decision. 2 are unknown. 5 are behind and catch up by themselves at their next use of the store." */
export function machinesDetail(counts: VerdictCounts, decided = 0): string {
  const parts: string[] = [];
  const be = (count: number): string => (count === 1 ? 'is' : 'are');
  const open = counts.diverged - decided;
  if (open > 0) parts.push(`${figure(open)} ${open === 1 ? 'has' : 'have'} diverged and ${open === 1 ? 'needs' : 'need'} a decision.`);
  if (decided > 0) parts.push(`${figure(decided)} ${decided === 1 ? 'differs' : 'differ'} as somebody decided.`);
  if (counts.unknown > 0) parts.push(`${figure(counts.unknown)} ${be(counts.unknown)} unknown.`);
  if (counts.behind > 0)
    parts.push(
      `${figure(counts.behind)} ${be(counts.behind)} behind and ${counts.behind === 1 ? 'catches' : 'catch'} up at ${counts.behind === 1 ? 'its' : 'their'} next use of the store.`,
    );
  return parts.length === 0 ? 'Nothing differs.' : parts.join(' ');
}

export type StoreFindingCount = { readonly kind: string; readonly count: number };

const FINDING_WORDS: Readonly<Record<string, (count: number) => string>> = {
  'unreadable-state': (count) => `${counted(count, 'state file')} cannot be read`,
  'hidden-snapshot': (count) => `${counted(count, 'snapshot')} ${count === 1 ? 'is' : 'are'} hidden`,
  'missing-packfile': (count) => `${counted(count, 'packfile')} ${count === 1 ? 'is' : 'are'} missing`,
  'unreadable-packfile': (count) => `${counted(count, 'packfile')} that no state names cannot be read`,
  'coloured-in-use': (count) => `${counted(count, 'snapshot')} ${count === 1 ? 'lies' : 'lie'} only in packfiles scheduled for deletion`,
  'merge-order-hazard': (count) => `${counted(count, 'merge order hazard')}`,
  'foreign-file': (count) => `${counted(count, 'file')} ${count === 1 ? 'belongs' : 'belong'} to no store`,
  'stale-lock': (count) => `${counted(count, 'lock')} ${count === 1 ? 'was' : 'were'} left behind`,
  'damaged-lock': (count) => `${counted(count, 'lock')} cannot be read`,
  'clock-skew': (count) => `${counted(count, 'time')} ${count === 1 ? 'lies' : 'lie'} in the future`,
  'lost-state': (count) => `${counted(count, 'state')} never reached the store`,
  'ambiguous-snapshot': (count) => `${counted(count, 'snapshot')} ${count === 1 ? 'is' : 'are'} in more than one packfile`,
};

/** "The store itself has 2 findings: 1 state file cannot be read, 1 snapshot is hidden." */
export function storeFindingsSentence(findings: readonly StoreFindingCount[]): string | null {
  const total = findings.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return null;
  const parts = findings.map(({ kind, count }) => FINDING_WORDS[kind]?.(count) ?? `${count} of ${kind}`);
  return `The store itself has ${counted(total, 'finding')}: ${parts.join(', ')}.`;
}

/** Findings that make a store worth a look; leftovers of plakar are not. */
const SERIOUS = new Set([
  'unreadable-state',
  'hidden-snapshot',
  'missing-packfile',
  'unreadable-packfile',
  'coloured-in-use',
  'merge-order-hazard',
  'clock-skew',
  'lost-state',
  'ambiguous-snapshot',
]);

export function seriousFindings(findings: readonly StoreFindingCount[]): StoreFindingCount[] {
  return findings.filter(({ kind }) => SERIOUS.has(kind));
}

/** The worst thing about a store, or null when all agree. */
export function storeHeadline(facts: {
  readonly problem: ProblemDto | null;
  readonly counts: VerdictCounts;
  readonly findings: readonly StoreFindingCount[];
}): string | null {
  const { problem, counts, findings } = facts;
  if (problem !== null) return problem.sentence;
  const serious = seriousFindings(findings);
  const parts: string[] = [];
  if (counts.diverged > 0) parts.push(`${counted(counts.diverged, 'machine')} diverged`);
  for (const { kind, count } of serious) parts.push(FINDING_WORDS[kind]?.(count) ?? kind);
  if (parts.length === 0 && counts.unknown > 0) parts.push(`${counted(counts.unknown, 'machine')} unknown`);
  if (parts.length === 0 && counts.behind > 0) parts.push(`${counted(counts.behind, 'machine')} behind`);
  return parts.length === 0 ? null : parts.join(', ');
}
