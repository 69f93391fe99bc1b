import type { SnapshotRowDto, SnapshotsPageDto, snapshotFilter } from '@wardrobe/contracts';
import {
  allSnapshots,
  type Availability,
  type Facet,
  getSnapshots,
  type HeaderColumns,
  searchSnapshots,
  searchText,
  searchWordFinds,
  snapshotFacets,
  type SnapshotFacets,
  type SnapshotRow,
  storeCounts,
  type StoreRow,
} from '@wardrobe/db';
import { counted, spanWord } from '@wardrobe/words';
import type { z } from 'zod';
import { notFound } from '../errors/api-error.js';
import type { Deps } from './deps.js';
import { headerOf, openHeaders } from './headers.js';
import { problemDto } from './problems.js';
import { requiredStore, type Tracking } from './tracking.js';
import type { SnapshotService } from './types.js';

type Filter = { storeId: string } & z.output<typeof snapshotFilter>;
export type Opened = { readonly row: SnapshotRow; readonly header: HeaderColumns | null };

const AVAILABILITIES: Readonly<Record<Filter['include'], readonly Availability[]>> = {
  live: ['live'],
  deleted: ['deleted'],
  hidden: ['hidden', 'unreadable'],
  all: ['live', 'deleted', 'hidden', 'unreadable'],
};

export interface Snapshots extends SnapshotService {
  row(store: StoreRow, snapshotId: string): Promise<SnapshotRow>;
  dtos(store: StoreRow, rows: readonly Opened[]): Promise<SnapshotRowDto[]>;
  /** Every snapshot of a store with its header, oldest first; kept while the store does not change. */
  all(store: StoreRow): Promise<readonly Opened[]>;
}

export function createSnapshots(deps: Deps, tracking: Pick<Tracking, 'model'>): Snapshots {
  const opened = new Map<string, { revision: string; rows: readonly Opened[] }>();

  /** Sealed headers are opened once per change of the store and searched in memory. */
  async function all(store: StoreRow): Promise<readonly Opened[]> {
    const known = opened.get(store.id);
    if (known?.revision === store.revision) return known.rows;
    const rows = await openHeaders(deps, store, await allSnapshots(deps.db, store.id));
    opened.set(store.id, { revision: store.revision, rows });
    return rows;
  }

  async function search(store: StoreRow, filter: Filter): Promise<{ total: number; rows: readonly Opened[]; facets: SnapshotFacets }> {
    const availability = AVAILABILITIES[filter.include];
    const unseen = filter.only === 'unseen' ? await unseenNums(store) : undefined;
    if (store.encrypted) return searchOpened(await all(store), { ...filter, unseen }, availability);
    const { include: _include, storeId: _storeId, only, since, before, ...same } = filter;
    const [found, facets] = await Promise.all([
      searchSnapshots(deps.db, store.id, {
        ...same,
        withErrors: only === 'errors',
        nums: unseen,
        availability,
        since: since === undefined ? undefined : new Date(since),
        before: before === undefined ? undefined : new Date(before),
      }),
      snapshotFacets(deps.db, store.id, availability),
    ]);
    return { total: found.total, rows: found.rows.map((row) => ({ row, header: row.header })), facets };
  }

  /** Snapshots of the store that at least one machine does not list. */
  async function unseenNums(store: StoreRow): Promise<number[]> {
    const { model } = await tracking.model(store.id);
    return [...model.nums].filter((_num, column) => model.live[column] === 1 && (model.listedBy[column] ?? 0) < model.rows.length);
  }

  async function dtos(store: StoreRow, rows: readonly Opened[]): Promise<SnapshotRowDto[]> {
    const { model } = await tracking.model(store.id);
    return rows.map(({ row, header }) =>
      snapshotDto(row, header, { seenBy: model.listedBy[model.columnOf.get(row.num) ?? -1] ?? 0, machines: model.rows.length }),
    );
  }

  async function row(store: StoreRow, snapshotId: string): Promise<SnapshotRow> {
    const found = (await getSnapshots(deps.db, store.id, [snapshotId]))[0];
    if (found === undefined || found.availability === 'absent') throw notFound(`Snapshot ${snapshotId.slice(0, 8)}`);
    return found;
  }

  return {
    row,
    dtos,
    all,
    async list(filter): Promise<SnapshotsPageDto> {
      const store = await requiredStore(deps, filter.storeId);
      const { total, rows, facets } = await search(store, filter);
      const counts = (await storeCounts(deps.db, store.id))[0];
      const unreadable = counts?.findings.find(({ kind }) => kind === 'unreadable-state')?.count ?? 0;
      return {
        sentence: sentence(counts?.snapshots ?? 0, store.newestSnapshotAt, deps.clock.nowMs()),
        readAt: store.lastReadAt?.toISOString() ?? null,
        total,
        rows: await dtos(store, rows),
        facets: { hosts: facets.hosts, tags: facets.tags, sources: facets.sources },
        timeline: facets.timeline,
        incomplete:
          unreadable === 0
            ? null
            : `${counted(unreadable, 'state file')} cannot be read: snapshots that only ${unreadable === 1 ? 'it brings' : 'they bring'} are not in this list.`,
      };
    },
    async get({ storeId, snapshotId }) {
      const store = await requiredStore(deps, storeId);
      const found = await row(store, snapshotId);
      const dto = (await dtos(store, [{ row: found, header: headerOf(deps, store, found) }]))[0];
      if (dto === undefined) throw notFound('This snapshot');
      return dto;
    },
  };
}

function sentence(total: number, newest: Date | null, nowMs: number): string {
  if (total === 0) return 'No snapshots yet.';
  const age = newest === null ? '' : `, the newest ${spanWord(nowMs - newest.getTime())} ago`;
  return `${counted(total, 'snapshot')}${age}.`;
}

export function snapshotDto(row: SnapshotRow, header: HeaderColumns | null, seen: { readonly seenBy: number; readonly machines: number }): SnapshotRowDto {
  const directory = { text: header?.directoryText ?? '', ...(header?.directoryBytes ? { bytes: Buffer.from(header.directoryBytes).toString('base64') } : {}) };
  return {
    id: row.id,
    takenAt: (row.takenAt ?? row.packedAt ?? row.firstSeenAt).toISOString(),
    durationMs: header?.durationMs ?? 0,
    name: header?.name ?? '',
    category: header?.category ?? '',
    environment: header?.environment ?? '',
    perimeter: header?.perimeter ?? '',
    job: header?.job ?? '',
    tags: [...(header?.tags ?? [])],
    host: header?.host ?? '',
    user: header?.user ?? '',
    client: header?.client ?? '',
    os: header?.os ?? '',
    sourceType: header?.sourceType ?? '',
    origin: header?.origin ?? '',
    directory,
    sizeBytes: header?.sizeBytes ?? 0,
    files: header?.files ?? 0,
    directories: header?.directories ?? 0,
    errors: header?.errors ?? 0,
    availability: row.availability === 'absent' ? 'unreadable' : row.availability,
    scheduledForDeletion: row.scheduledForDeletion,
    deletedAt: row.deletedAt?.toISOString() ?? null,
    problem: problemDto(row.problem),
    ...seen,
  };
}

/** The same search as the database's, over opened rows. */
function searchOpened(
  all: readonly Opened[],
  filter: Filter & { readonly unseen: readonly number[] | undefined },
  availability: readonly Availability[],
): { total: number; rows: readonly Opened[]; facets: SnapshotFacets } {
  const inReach = all.filter(({ row }) => availability.includes(row.availability));
  const words = (filter.text ?? '')
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const since = filter.since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(filter.since);
  const unseen = filter.unseen === undefined ? null : new Set(filter.unseen);
  const before = filter.before === undefined ? Number.POSITIVE_INFINITY : Date.parse(filter.before);
  const hits = inReach.filter(({ row, header }) => {
    const text = header === null ? '' : searchText(header);
    const at = row.takenAt?.getTime() ?? 0;
    return (
      (filter.only !== 'errors' || (header?.errors ?? 0) > 0) &&
      (unseen === null || unseen.has(row.num)) &&
      words.every((word) => searchWordFinds(word, { id: row.id, text })) &&
      matches(filter.tag, header?.tags) &&
      matches(filter.host, [header?.host ?? '']) &&
      matches(filter.source, [header?.directoryText ?? '']) &&
      at >= since &&
      at < before
    );
  });
  hits.sort(ORDERS[filter.sort]);
  return { total: hits.length, rows: hits.slice(filter.offset, filter.offset + filter.limit), facets: facetsOf(inReach) };
}

function matches(wanted: string | undefined, values: readonly string[] | undefined): boolean {
  return wanted === undefined || wanted === '' || (values ?? []).includes(wanted);
}

const time = ({ row }: Opened): bigint => row.takenAtNs ?? 0n;
const newest = (a: Opened, b: Opened): number => (time(a) > time(b) ? -1 : time(a) < time(b) ? 1 : b.row.num - a.row.num);
const ORDERS: Readonly<Record<Filter['sort'], (a: Opened, b: Opened) => number>> = {
  newest,
  oldest: (a, b) => newest(b, a),
  largest: (a, b) => (b.header?.sizeBytes ?? 0) - (a.header?.sizeBytes ?? 0) || newest(a, b),
  errors: (a, b) => (b.header?.errors ?? 0) - (a.header?.errors ?? 0) || newest(a, b),
};

function facetsOf(rows: readonly Opened[]): SnapshotFacets {
  const days = new Map<string, { count: number; bytes: number }>();
  for (const { row, header } of rows) {
    if (row.takenAt === null) continue;
    const day = row.takenAt.toISOString().slice(0, 10);
    const known = days.get(day) ?? { count: 0, bytes: 0 };
    days.set(day, { count: known.count + 1, bytes: known.bytes + (header?.sizeBytes ?? 0) });
  }
  return {
    hosts: facet(rows.map(({ header }) => header?.host ?? '')),
    tags: facet(rows.flatMap(({ header }) => header?.tags ?? [])),
    sources: facet(rows.map(({ header }) => header?.directoryText ?? '')),
    timeline: [...days].map(([day, sums]) => ({ day, ...sums })).sort((a, b) => (a.day < b.day ? -1 : 1)),
  };
}

function facet(values: readonly string[]): Facet[] {
  const counts = new Map<string, number>();
  for (const value of values) if (value !== '') counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts]
    .map(([value, count]) => ({ value, count }))
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
    .slice(0, 100);
}
