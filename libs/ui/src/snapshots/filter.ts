import type { SnapshotFilter } from '@wardrobe/contracts';
import { dayWord } from '@wardrobe/words';
import { type Times, UTC_TIMES } from '../foundation/times.js';

export const INCLUDES = ['live', 'deleted', 'hidden', 'all'] as const;
export type Include = (typeof INCLUDES)[number];
export const SORTS = ['newest', 'oldest', 'largest', 'errors'] as const;
export type Sort = (typeof SORTS)[number];
export const ONLY = ['', 'errors', 'unseen'] as const;
export type Only = (typeof ONLY)[number];

/** What the address says about the list. Days are UTC, `until` is the last day that counts. */
export type SnapshotQuery = {
  readonly text: string;
  readonly host: string;
  readonly source: string;
  readonly tag: string;
  readonly since: string;
  readonly until: string;
  readonly only: Only;
  readonly include: Include;
  readonly sort: Sort;
};

/** Names of the parts in the address. */
export const QUERY_KEYS = {
  text: 'q',
  host: 'host',
  source: 'source',
  tag: 'tag',
  since: 'since',
  until: 'until',
  only: 'only',
  include: 'show',
  sort: 'sort',
} as const satisfies Record<keyof SnapshotQuery, string>;

const DAY_MS = 86_400_000;
const LONGEST = { text: 200, host: 200, source: 1000, tag: 200 } as const;

/** Reads the address; what it cannot understand counts as not given. */
export function snapshotQuery(get: (key: string) => string | null): SnapshotQuery {
  const text = (key: keyof typeof LONGEST): string => (get(QUERY_KEYS[key]) ?? '').slice(0, LONGEST[key]);
  return {
    text: text('text'),
    host: text('host'),
    source: text('source'),
    tag: text('tag'),
    since: dayOrNothing(get(QUERY_KEYS.since)),
    until: dayOrNothing(get(QUERY_KEYS.until)),
    only: oneOf(ONLY, get(QUERY_KEYS.only)),
    include: oneOf(INCLUDES, get(QUERY_KEYS.include)),
    sort: oneOf(SORTS, get(QUERY_KEYS.sort)),
  };
}

/** Values for the address; null takes a part away. Defaults are not written. */
export function queryPatch(patch: Partial<SnapshotQuery>): Record<string, string | null> {
  const written: Record<string, string | null> = {};
  for (const [key, value] of Object.entries(patch) as [keyof SnapshotQuery, string][]) {
    const isDefault = value === '' || (key === 'include' && value === INCLUDES[0]) || (key === 'sort' && value === SORTS[0]);
    written[QUERY_KEYS[key]] = isDefault ? null : value;
  }
  return written;
}

/** The question for the server; `offset` and `limit` come from the list. */
export function snapshotFilterOf(query: SnapshotQuery): SnapshotFilter {
  return {
    ...(query.text !== '' && { text: query.text }),
    ...(query.host !== '' && { host: query.host }),
    ...(query.source !== '' && { source: query.source }),
    ...(query.tag !== '' && { tag: query.tag }),
    ...(query.since !== '' && { since: `${query.since}T00:00:00.000Z` }),
    ...(query.until !== '' && { before: new Date(Date.parse(query.until) + DAY_MS).toISOString() }),
    ...(query.only !== '' && { only: query.only }),
    include: query.include,
    sort: query.sort,
  };
}

/** Whether anything narrows the list (the order does not). */
export function isFiltered(query: SnapshotQuery): boolean {
  return [query.text, query.host, query.source, query.tag, query.since, query.until, query.only].some((value) => value !== '');
}

/** "since 12 Oct", "until 3 Nov", "12 Oct to 3 Nov", "12 Oct"; empty when there is no limit. The year is left out when it is this one. */
export function rangeWord({ since, until }: Pick<SnapshotQuery, 'since' | 'until'>, nowMs: number): string {
  const word = (day: string): string => dayWord(Date.parse(day), nowMs);
  if (since !== '' && since === until) return word(since);
  if (since !== '' && until !== '') return `${word(since)} to ${word(until)}`;
  if (since !== '') return `since ${word(since)}`;
  return until === '' ? '' : `until ${word(until)}`;
}

/** "Today", "Yesterday", else the day, as the reader counts days. */
export function dayHead(iso: string, nowMs: number, times: Times = UTC_TIMES): string {
  const day = times.dayKey(Date.parse(iso));
  if (day === times.dayKey(nowMs)) return 'Today';
  return day === times.dayKey(nowMs - DAY_MS) ? 'Yesterday' : times.date(Date.parse(iso));
}

/** "2026-10-12", UTC. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function dayOrNothing(value: string | null): string {
  const isDay = value !== null && /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value)) && dayOf(Date.parse(value)) === value;
  return isDay ? value : '';
}

function oneOf<T extends string>(values: readonly [T, ...T[]], value: string | null): T {
  return values.find((known) => known === value) ?? values[0];
}
