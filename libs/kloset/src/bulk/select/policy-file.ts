import { DecodeError, InvalidInputError, NotFoundError } from '../../errors/errors.js';
import type { SnapshotFilters } from './filters.js';
import { parseMoment } from './moment.js';
import { PERIODS, type Period } from './periods.js';
import { GROUP_KEYS, type PeriodRule, type Periods, type Selection } from './retention.js';
import { parseYamlSubset, type YamlValue } from './yaml-subset.js';

type Mapping = { readonly [key: string]: YamlValue };
type Filters = { -readonly [K in keyof SnapshotFilters]: SnapshotFilters[K] };

const TEXTS = ['name', 'category', 'environment', 'perimeter', 'job', 'dataset'] as const;
const LISTS = {
  tags: 'tags',
  ignore_tags: 'withoutTags',
  ids: 'ids',
  types: 'types',
  origins: 'origins',
  roots: 'roots',
  data_classes: 'dataClasses',
} as const;
const MAX_COUNT = 9_999_999;

/**
 * One policy of a policies file, in the form of plakar's `policies.yml`. Whatever is not known there is refused: a misspelt key must not delete more.
 * @throws DecodeError no such file's form; InvalidInputError a value that is none; NotFoundError no policy of that name
 * @source 02-snapshot 7.9
 */
export function parsePolicy(text: string, name: string, nowMs: number): Selection {
  const file = mappingOf(parseYamlSubset(text), 'the file');
  onlyKeys(file, ['version', 'policies'], 'the file');
  const policies = mappingOf(file['policies'] ?? null, 'policies');
  const found = policies[name];
  if (found === undefined) throw new NotFoundError('path', `policy '${name}' among ${Object.keys(policies).join(', ') || 'none'}`);
  const policy = mappingOf(found, name);
  onlyKeys(policy, ['filters', 'periods', 'group_by'], name);
  const groupText = textOf(policy['group_by'] ?? null, 'group_by');
  const groupBy = GROUP_KEYS.find((key) => key === groupText) ?? null;
  if (groupText !== null && groupBy === null) throw new InvalidInputError(`snapshots cannot be grouped by '${groupText}'`);
  return {
    filters: readFilters(mappingOf(policy['filters'] ?? null, 'filters'), nowMs),
    periods: readPeriods(mappingOf(policy['periods'] ?? null, 'periods')),
    groupBy,
  };
}

/** What the second says counts, field by field; the rest is the first's. @source 02-snapshot 7.9 */
export function overlaySelection(base: Selection, over: Selection): Selection {
  const filters: Filters = { ...base.filters };
  for (const [key, value] of Object.entries(over.filters)) if (value !== undefined) Object.assign(filters, { [key]: value });
  const periods: Partial<Record<Period, PeriodRule>> = { ...base.periods };
  for (const period of PERIODS) {
    const [old, fresh] = [base.periods[period], over.periods[period]];
    if (fresh !== undefined) periods[period] = { keep: fresh.keep || (old?.keep ?? 0), cap: fresh.cap || (old?.cap ?? 0) };
  }
  return { filters, periods, groupBy: over.groupBy ?? base.groupBy };
}

function readFilters(from: Mapping, nowMs: number): SnapshotFilters {
  onlyKeys(from, ['before', 'since', 'latest', ...TEXTS, ...Object.keys(LISTS)], 'filters');
  const filters: Filters = {};
  for (const key of TEXTS) if (key in from) filters[key] = textOf(from[key] ?? null, key) ?? undefined;
  for (const [key, field] of Object.entries(LISTS)) if (key in from) filters[field] = listOf(from[key] ?? null, key);
  const before = textOf(from['before'] ?? null, 'before');
  const since = textOf(from['since'] ?? null, 'since');
  if (before !== null) filters.beforeNs = parseMoment(before, nowMs);
  if (since !== null) filters.sinceNs = parseMoment(since, nowMs);
  const latest = textOf(from['latest'] ?? null, 'latest');
  if (latest !== null && latest !== 'true' && latest !== 'false') throw new DecodeError('latest', `'${latest}' is neither true nor false`);
  if (latest === 'true') filters.latest = true;
  return filters;
}

function readPeriods(from: Mapping): Periods {
  onlyKeys(from, PERIODS, 'periods');
  const periods: Partial<Record<Period, PeriodRule>> = {};
  for (const period of PERIODS) {
    if (!(period in from)) continue;
    const rule = mappingOf(from[period] ?? null, period);
    onlyKeys(rule, ['keep', 'cap'], period);
    periods[period] = { keep: countOf(rule['keep'] ?? null, `${period}.keep`), cap: countOf(rule['cap'] ?? null, `${period}.cap`) };
  }
  return periods;
}

function onlyKeys(mapping: Mapping, known: readonly string[], where: string): void {
  for (const key of Object.keys(mapping)) if (!known.includes(key)) throw new DecodeError(where, `the key '${key}' is not one of ${known.join(', ')}`);
}

function mappingOf(value: YamlValue, where: string): Mapping {
  if (value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Mapping;
  throw new DecodeError(where, 'is not a mapping');
}

function textOf(value: YamlValue, where: string): string | null {
  if (value === null || value === '') return null;
  if (typeof value === 'string') return value;
  throw new DecodeError(where, 'is not a single value');
}

function listOf(value: YamlValue, where: string): readonly string[] {
  const items: readonly YamlValue[] = value === null ? [] : Array.isArray(value) ? (value as readonly YamlValue[]) : [value];
  return items.map((item) => {
    if (typeof item === 'string' && item !== '') return item;
    throw new DecodeError(where, 'is not a list of words');
  });
}

function countOf(value: YamlValue, where: string): number {
  if (value === null) return 0;
  if (typeof value !== 'string' || !/^\d+$/.test(value) || Number(value) > MAX_COUNT) throw new DecodeError(where, 'is not a count');
  return Number(value);
}
