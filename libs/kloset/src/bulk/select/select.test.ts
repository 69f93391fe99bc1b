import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SnapshotHeader } from '../../snapshot/types.js';
import { filterSnapshots, hasFilters, type SnapshotFilters } from './filters.js';
import { PERIODS, type Period } from './periods.js';
import { decideSnapshots, GROUP_KEYS, type GroupKey, type Periods, reasonText, type Selection, selectSnapshots } from './retention.js';
import { testHeader } from './testing/header.js';

const ns = (time: string): bigint => BigInt(Date.parse(time)) * 1_000_000n;
const NOW = ns('2026-11-23T09:41:00Z');
const ids = (headers: readonly SnapshotHeader[]): string[] => headers.map(({ id }) => id.replace(/0+$/, ''));
const selection = (periods: Periods, more: Partial<Selection> = {}): Selection => ({ filters: {}, groupBy: null, periods, ...more });
const keep = (count: number) => ({ keep: count, cap: 0 });
const cap = (count: number) => ({ keep: 0, cap: count });

describe('filters', () => {
  const headers = [
    testHeader('a1', '2026-11-20T00:00:00Z', { name: 'web', tags: ['x', 'y'], root: '/srv/web', job: 'nightly' }),
    testHeader('a2', '2026-11-22T00:00:00Z', { name: 'web', tags: ['x'], root: '/srv/web', category: 'c', dataset: 'd', dataClasses: ['pii'] }),
    testHeader('b1', '2026-11-21T00:00:00Z', {
      name: 'db',
      environment: 'e',
      perimeter: 'p',
      source: { ...testHeader('', 0n).source, type: 's3', origin: 'bucket' },
    }),
  ];
  const found = (filters: SnapshotFilters): string[] => ids(filterSnapshots(headers, filters));

  it('without a condition all come, newest first', () => {
    expect(found({})).toEqual(['a2', 'b1', 'a1']);
  });
  it('each field is compared whole', () => {
    expect(found({ name: 'web' })).toEqual(['a2', 'a1']);
    expect(found({ name: 'we' })).toEqual([]);
    expect(found({ category: 'c' })).toEqual(['a2']);
    expect(found({ environment: 'e' })).toEqual(['b1']);
    expect(found({ perimeter: 'p' })).toEqual(['b1']);
    expect(found({ job: 'nightly' })).toEqual(['a1']);
    expect(found({ dataset: 'd' })).toEqual(['a2']);
    expect(found({ dataClasses: ['pii', 'other'] })).toEqual(['a2']);
    expect(found({ origins: ['bucket', 'nobody'] })).toEqual(['b1']);
    expect(found({ types: ['fs'] })).toEqual(['a2', 'a1']);
  });
  it('before and since hold for their own instant too', () => {
    expect(found({ beforeNs: ns('2026-11-21T00:00:00Z') })).toEqual(['b1', 'a1']);
    expect(found({ beforeNs: ns('2026-11-21T00:00:00Z') - 1n })).toEqual(['a1']);
    expect(found({ sinceNs: ns('2026-11-21T00:00:00Z') })).toEqual(['a2', 'b1']);
    expect(found({ sinceNs: ns('2026-11-21T00:00:00Z') + 1n })).toEqual(['a2']);
  });
  it('all tags must be there and all refused ones absent', () => {
    expect(found({ tags: ['x'] })).toEqual(['a2', 'a1']);
    expect(found({ tags: ['x', 'y'] })).toEqual(['a1']);
    expect(found({ tags: ['x'], withoutTags: ['y'] })).toEqual(['a2']);
    expect(found({ withoutTags: ['x'] })).toEqual(['b1']);
  });
  it('every root named must be one of the snapshot', () => {
    expect(found({ roots: ['/srv/web'] })).toEqual(['a2', 'a1']);
    expect(found({ roots: ['/srv/w%65b'] })).toEqual(['a2', 'a1']);
    expect(found({ roots: ['/srv/web', '/srv'] })).toEqual([]);
  });
  it('the latest is taken of what the other conditions leave', () => {
    expect(found({ latest: true })).toEqual(['a2']);
    expect(found({ latest: true, tags: ['y'] })).toEqual(['a1']);
    expect(found({ ids: ['A'], latest: true })).toEqual(['a2']);
    expect(found({ ids: ['a1', 'b'] })).toEqual(['b1', 'a1']);
  });
  it('knows whether there is a condition', () => {
    expect([hasFilters({}), hasFilters({ latest: false, tags: [] }), hasFilters({ latest: true }), hasFilters({ beforeNs: 0n })]).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });
});

describe('periods', () => {
  it('days that hold nothing count as days', () => {
    const headers = [testHeader('1', '2026-11-23T01:00:00Z'), testHeader('2', '2026-11-21T23:59:59Z'), testHeader('3', '2026-11-20T23:00:00Z')];
    expect(ids(selectSnapshots(headers, selection({ day: keep(3) }), NOW))).toEqual(['1', '2']);
  });
  it('a month back from the 31st is the month before, not the one before that', () => {
    const headers = ['2026-10-31', '2026-09-30', '2026-08-31', '2026-03-01', '2026-02-28', '2026-02-01'].map((day, at) =>
      testHeader(`${at + 1}`, `${day}T12:00:00Z`),
    );
    expect(ids(selectSnapshots(headers, selection({ month: keep(2) }), ns('2026-10-31T23:00:00Z')))).toEqual(['1', '2']);
    expect(ids(selectSnapshots(headers, selection({ month: keep(2) }), ns('2026-03-31T23:00:00Z')))).toEqual(['1', '2', '3', '4', '5', '6']);
    expect(ids(selectSnapshots(headers.slice(3), selection({ month: keep(2) }), ns('2026-03-31T23:00:00Z')))).toEqual(['4', '5', '6']);
    expect(ids(selectSnapshots(headers.slice(3), selection({ month: keep(1) }), ns('2026-03-31T23:00:00Z')))).toEqual(['4']);
  });
  it('weeks are those of ISO 8601, over new year too', () => {
    const headers = [testHeader('1', '2027-01-03T12:00:00Z'), testHeader('2', '2026-12-28T00:00:00Z'), testHeader('3', '2026-12-27T23:59:59Z')];
    const decided = decideSnapshots(headers, selection({ week: cap(1) }), ns('2027-01-03T20:00:00Z'));
    expect(decided.map(({ reason }) => reasonText(reason))).toEqual([
      'match=week:2026-W53 rank=1 cap=1',
      'reason=exceeds per-bucket cap match=week:2026-W53 rank=2 cap=1',
      'match=week:2026-W52 rank=1 cap=1',
    ]);
  });
  it('a weekday that is still to come this week begins with last week', () => {
    const friday = (id: string, day: string) => testHeader(id, `${day}T08:00:00Z`);
    const headers = [friday('1', '2026-11-20'), friday('2', '2026-11-13'), friday('3', '2026-11-19')];
    expect(ids(selectSnapshots(headers, selection({ friday: keep(1) }), NOW))).toEqual(['1']);
    expect(ids(selectSnapshots(headers, selection({ friday: keep(2) }), NOW))).toEqual(['1', '2']);
    expect(ids(selectSnapshots([friday('4', '2026-11-23'), ...headers], selection({ monday: keep(1) }), NOW))).toEqual(['4']);
  });
  it('what any rule keeps is kept, and the rule of the best rank is named', () => {
    const headers = [testHeader('1', '2026-11-23T09:00:00Z'), testHeader('2', '2026-11-23T08:00:00Z'), testHeader('3', '2026-01-01T00:00:00Z')];
    const decided = decideSnapshots(headers, selection({ day: { keep: 1, cap: 1 }, hour: keep(2), year: keep(1) }), NOW);
    expect(decided.map((item) => [item.keep, reasonText(item.reason)])).toEqual([
      [true, 'match=hour:2026-11-23-09 rank=1 cap=0'],
      [true, 'match=hour:2026-11-23-08 rank=1 cap=0'],
      [true, 'match=year:2026 rank=3 cap=0'],
    ]);
  });
  it('a snapshot from a clock that runs ahead is not deleted for lying in no window', () => {
    const headers = [testHeader('1', '2026-11-24T00:00:01Z'), testHeader('2', '2026-11-22T00:00:00Z')];
    expect(decideSnapshots(headers, selection({ day: keep(1) }), NOW).map((item) => [item.keep, reasonText(item.reason)])).toEqual([
      [true, 'reason=later than now'],
      [false, 'reason=outside retention windows'],
    ]);
  });
  it('groups are judged each for itself, and a keep in any of them wins', () => {
    const headers = [
      testHeader('1', '2026-11-23T09:00:00Z', { tags: ['a', 'b'] }),
      testHeader('2', '2026-11-23T08:00:00Z', { tags: ['b'] }),
      testHeader('3', '2026-11-23T07:00:00Z', { tags: ['c'] }),
      testHeader('4', '2026-11-23T06:00:00Z'),
      testHeader('5', '2026-11-23T05:00:00Z'),
    ];
    expect(ids(selectSnapshots(headers, selection({ day: cap(1) }, { groupBy: 'tag' }), NOW))).toEqual(['1', '3', '4']);
  });
});

/** The rules as the specification tells them, by strings and steps of a calendar, without ordinals. */
function naive(headers: readonly SnapshotHeader[], { periods, groupBy }: Selection, nowNs: bigint): Map<string, boolean> {
  const verdicts = new Map<string, boolean>();
  const groups = new Map<string, SnapshotHeader[]>();
  for (const header of headers) {
    const keys = groupBy === 'tag' ? (header.tags.length > 0 ? header.tags : ['']) : groupBy === 'name' ? [header.name] : [''];
    for (const key of keys) groups.set(key, [...(groups.get(key) ?? []), header]);
  }
  for (const group of groups.values()) {
    const sorted = [...group].sort((a, b) => Number(b.timestampNs - a.timestampNs) || (a.id < b.id ? -1 : 1));
    for (const header of sorted) {
      const kept = PERIODS.some((period) => {
        const rule = periods[period];
        if (rule === undefined || rule.keep + rule.cap === 0) return false;
        const key = keyOf(period, dateOf(header));
        if (key === null || (rule.keep > 0 && !window(period, new Date(Number(nowNs / 1_000_000n)), rule.keep).includes(key))) return false;
        const rank = sorted.filter((other) => keyOf(period, dateOf(other)) === key).indexOf(header);
        return rule.cap === 0 || rank < rule.cap;
      });
      verdicts.set(header.id, (verdicts.get(header.id) ?? false) || kept);
    }
  }
  return verdicts;
}

const dateOf = (header: SnapshotHeader): Date => new Date(Number(header.timestampNs / 1_000_000n));
const WEEKDAY = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

function keyOf(period: Period, date: Date): string | null {
  const text = date.toISOString();
  switch (period) {
    case 'minute':
      return text.slice(0, 16);
    case 'hour':
      return text.slice(0, 13);
    case 'day':
      return text.slice(0, 10);
    case 'month':
      return text.slice(0, 7);
    case 'year':
      return text.slice(0, 4);
    case 'week':
      return mondayOf(date).toISOString().slice(0, 10);
    default:
      return WEEKDAY[date.getUTCDay()] === period ? text.slice(0, 10) : null;
  }
}

function mondayOf(date: Date): Date {
  const monday = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()));
  while (monday.getUTCDay() !== 1) monday.setUTCDate(monday.getUTCDate() - 1);
  return monday;
}

function window(period: Period, now: Date, count: number): (string | null)[] {
  const step = new Date(now);
  if (period === 'month' || period === 'year') step.setUTCDate(1);
  if (WEEKDAY.includes(period)) while (WEEKDAY[step.getUTCDay()] !== period) step.setUTCDate(step.getUTCDate() - 1);
  const keys: (string | null)[] = [];
  for (let at = 0; at < count; at++) {
    keys.push(keyOf(period, step));
    if (period === 'minute') step.setUTCMinutes(step.getUTCMinutes() - 1);
    else if (period === 'hour') step.setUTCHours(step.getUTCHours() - 1);
    else if (period === 'day') step.setUTCDate(step.getUTCDate() - 1);
    else if (period === 'month') step.setUTCMonth(step.getUTCMonth() - 1);
    else if (period === 'year') step.setUTCFullYear(step.getUTCFullYear() - 1);
    else step.setUTCDate(step.getUTCDate() - 7);
  }
  return keys;
}

describe('periods, against a naive model', () => {
  const minute = 60_000;
  const nowMs = fc.integer({ min: Date.parse('1969-06-01T00:00:00Z') / 1000, max: Date.parse('2040-01-01T00:00:00Z') / 1000 }).map((seconds) => seconds * 1000);
  const agesMs = fc.array(
    fc.oneof(
      fc.integer({ min: 0, max: 300 }).map((n) => n * minute),
      fc.integer({ min: 0, max: 900 }).map((n) => n * 24 * 60 * minute - 7 * minute),
    ),
    { maxLength: 25 },
  );
  const rules = fc.dictionary(fc.constantFrom(...PERIODS), fc.record({ keep: fc.integer({ min: 0, max: 8 }), cap: fc.integer({ min: 0, max: 3 }) }), {
    minKeys: 1,
    maxKeys: 4,
  });

  it('agrees for any times, rules and groups', () => {
    fc.assert(
      fc.property(nowMs, agesMs, rules, fc.constantFrom<GroupKey | null>(null, 'tag', 'name'), (now, ages, periods, groupBy) => {
        fc.pre(Object.values(periods).some((rule) => rule.keep + rule.cap > 0));
        const headers = ages.map((age, at) =>
          testHeader(at.toString(16).padStart(4, '0'), BigInt(now - Math.max(0, age)) * 1_000_000n, {
            tags: [['a'], ['a', 'b'], []][at % 3] as string[],
            name: `n${at % 2}`,
          }),
        );
        const wanted = selection(periods, { groupBy });
        const expected = naive(headers, wanted, BigInt(now) * 1_000_000n);
        for (const { header, keep: kept } of decideSnapshots(headers, wanted, BigInt(now) * 1_000_000n)) expect(kept, header.id).toBe(expected.get(header.id));
      }),
      { seed: 23, numRuns: 400 },
    );
  });
  it('every group key has a value for every snapshot', () => {
    for (const key of GROUP_KEYS) expect(decideSnapshots([testHeader('1', NOW)], selection({ day: keep(1) }, { groupBy: key }), NOW)).toHaveLength(1);
  });
});
