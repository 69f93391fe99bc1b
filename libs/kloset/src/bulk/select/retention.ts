import type { SnapshotHeader } from '../../snapshot/types.js';
import { filterSnapshots, type SnapshotFilters } from './filters.js';
import { bucketOf, lastOrdinal, PERIODS, type Period } from './periods.js';

/** `keep`: how many of the newest buckets count, empty ones too; 0 all of them. `cap`: how many snapshots stay in each, the newest; 0 all of them. */
export type PeriodRule = { readonly keep: number; readonly cap: number };
export type Periods = Partial<Readonly<Record<Period, PeriodRule>>>;

export const GROUP_KEYS = ['name', 'category', 'environment', 'perimeter', 'job', 'dataset', 'data-class', 'tag', 'origin', 'type', 'root'] as const;
export type GroupKey = (typeof GROUP_KEYS)[number];

/** What is meant by `ls`, `prune` … : conditions, then periods over what meets them, for each group of its own. */
export type Selection = { readonly filters: SnapshotFilters; readonly periods: Periods; readonly groupBy: GroupKey | null };

/** The rule, bucket and place in it (newest is 1) that decided; none for snapshots that no period concerns. */
export type Reason = {
  readonly note: 'matched filters' | 'within bucket' | 'exceeds per-bucket cap' | 'outside retention windows' | 'later than now';
  readonly rule: { readonly period: Period; readonly bucket: string; readonly rank: number; readonly cap: number } | null;
};
export type Decision<T extends SnapshotHeader = SnapshotHeader> = { readonly header: T; readonly keep: boolean; readonly reason: Reason };

export function hasPeriods(periods: Periods): boolean {
  return Object.values(periods).some((rule) => rule.keep > 0 || rule.cap > 0);
}

/**
 * Every snapshot that meets the filters, newest first, with whether the periods keep it and why. What any rule, or any group, keeps is kept; without periods all
 * is. A snapshot later than now lies in no window and is kept all the same: a clock that runs ahead must not delete the newest backup.
 * @source 02-snapshot 7.2
 */
export function decideSnapshots<T extends SnapshotHeader>(headers: readonly T[], selection: Selection, nowNs: bigint): Decision<T>[] {
  const matched = filterSnapshots(headers, selection.filters);
  if (!hasPeriods(selection.periods)) return matched.map((header) => ({ header, keep: true, reason: { note: 'matched filters', rule: null } }));
  const best = new Map<T, Decision<T>>();
  for (const group of groupsOf(matched, selection.groupBy)) {
    for (const decision of decideGroup(group, selection.periods, nowNs)) {
      const before = best.get(decision.header);
      if (before === undefined || (!before.keep && decision.keep)) best.set(decision.header, decision);
    }
  }
  return matched.flatMap((header) => best.get(header) ?? []);
}

/** The snapshots that are kept: what every command but `prune` works on. */
export function selectSnapshots<T extends SnapshotHeader>(headers: readonly T[], selection: Selection, nowNs: bigint): T[] {
  return decideSnapshots(headers, selection, nowNs)
    .filter(({ keep }) => keep)
    .map(({ header }) => header);
}

function groupsOf<T extends SnapshotHeader>(headers: readonly T[], groupBy: GroupKey | null): readonly T[][] {
  if (groupBy === null) return [[...headers]];
  const groups = new Map<string, T[]>();
  for (const header of headers) {
    for (const key of new Set(groupValues(header, groupBy))) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [header]);
      else group.push(header);
    }
  }
  return [...groups.values()];
}

/** A snapshot with several tags or classes is in several groups, one with none in that of the empty value. */
export function groupValues(header: SnapshotHeader, groupBy: GroupKey): readonly string[] {
  const orNone = (values: readonly string[]): readonly string[] => (values.length === 0 ? [''] : values);
  switch (groupBy) {
    case 'tag':
      return orNone(header.tags);
    case 'data-class':
      return orNone(header.dataClasses);
    case 'origin':
      return [header.source.origin];
    case 'type':
      return [header.source.type];
    case 'root':
      return [Buffer.from(header.source.directory.bytes).toString('latin1')];
    default:
      return [header[groupBy]];
  }
}

type Ranked = Decision['reason'] & { readonly rule: NonNullable<Reason['rule']> };

/** `group` is newest first. */
function decideGroup<T extends SnapshotHeader>(group: readonly T[], periods: Periods, nowNs: bigint): Decision<T>[] {
  const kept = new Map<T, Ranked>();
  const dropped = new Map<T, Ranked>();
  for (const period of PERIODS) {
    const rule = periods[period];
    if (rule === undefined || (rule.keep === 0 && rule.cap === 0)) continue;
    for (const [header, reason] of rankOne(group, { period, rule, nowNs })) {
      const into = reason.note === 'within bucket' ? kept : dropped;
      const before = into.get(header);
      if (before === undefined || reason.rule.rank < before.rule.rank) into.set(header, reason);
    }
  }
  return group.map((header): Decision<T> => {
    const reason = kept.get(header);
    if (reason !== undefined) return { header, keep: true, reason };
    const drop = dropped.get(header);
    if (drop !== undefined) return { header, keep: false, reason: drop };
    if (header.timestampNs > nowNs) return { header, keep: true, reason: { note: 'later than now', rule: null } };
    return { header, keep: false, reason: { note: 'outside retention windows', rule: null } };
  });
}

function* rankOne<T extends SnapshotHeader>(
  group: readonly T[],
  { period, rule, nowNs }: { readonly period: Period; readonly rule: PeriodRule; readonly nowNs: bigint },
): Generator<readonly [T, Ranked]> {
  const last = lastOrdinal(period, nowNs);
  const ranks = new Map<number, number>();
  for (const header of group) {
    const bucket = bucketOf(period, header.timestampNs);
    if (bucket === null || (rule.keep > 0 && (bucket.ordinal > last || bucket.ordinal <= last - rule.keep))) continue;
    const rank = (ranks.get(bucket.ordinal) ?? 0) + 1;
    ranks.set(bucket.ordinal, rank);
    const note = rule.cap === 0 || rank <= rule.cap ? 'within bucket' : 'exceeds per-bucket cap';
    yield [header, { note, rule: { period, bucket: bucket.key, rank, cap: rule.cap } }];
  }
}

/** `match=day:2026-11-23 rank=1 cap=0`, or `reason=…`. */
export function reasonText(reason: Reason): string {
  const { rule, note } = reason;
  if (rule === null) return `reason=${note}`;
  const match = `match=${rule.period}:${rule.bucket} rank=${rule.rank} cap=${rule.cap}`;
  return note === 'within bucket' ? match : `reason=${note} ${match}`;
}
