import type { Db } from '../db.js';
import { bytesToHex, plainArray, sql, sqlOne } from '../sql.js';
import { jsonText } from './json.js';
import type { Availability, Facet, HeaderColumns, Json, MatrixColumns, SnapshotHeaderInput, SnapshotRow, SnapshotSearch } from '../types.js';

const COLUMNS = `id as num, mac, availability, scheduled_for_deletion as "scheduledForDeletion", first_seen_at as "firstSeenAt", last_seen_at as "lastSeenAt", published_at as "publishedAt",
  deleted_at as "deletedAt", packed_at as "packedAt", lock, problem, taken_at as "takenAt", taken_at_ns as "takenAtNs", sealed, duration_ms as "durationMs", name, category, environment, perimeter, job,
  tags, host, user_name as "user", client, os, backup_machine_id as "backupMachineId", source_type as "sourceType", origin, directory_text as "directoryText", directory_bytes as "directoryBytes",
  size_bytes as "sizeBytes", files, directories, symlinks, errors`;

type RawSnapshot = {
  num: number;
  mac: Buffer;
  availability: Availability;
  scheduledForDeletion: boolean;
  firstSeenAt: Date;
  lastSeenAt: Date;
  publishedAt: Date | null;
  deletedAt: Date | null;
  packedAt: Date | null;
  lock: Json;
  problem: Json;
  takenAt: Date | null;
  takenAtNs: string | null;
  sealed: Buffer | null;
  durationMs: string | null;
  name: string | null;
  category: string | null;
  environment: string | null;
  perimeter: string | null;
  job: string | null;
  tags: string[] | null;
  host: string | null;
  user: string | null;
  client: string | null;
  os: string | null;
  backupMachineId: string | null;
  sourceType: string | null;
  origin: string | null;
  directoryText: string | null;
  directoryBytes: Buffer | null;
  sizeBytes: string | null;
  files: string | null;
  directories: string | null;
  symlinks: string | null;
  errors: string | null;
};

/** Snapshots whose header was not read yet (or could not be): the refresh reads these. Oldest first. */
export async function snapshotsWithoutHeader(db: Db, storeId: string): Promise<{ id: string; availability: Availability; failedBefore: boolean }[]> {
  const rows = await sql<{ mac: Buffer; availability: Availability; failed: boolean }>(
    db.pool,
    `select mac, availability, problem is not null as failed from snapshots where store_id = $1 and availability <> 'absent' and taken_at_ns is null order by id`,
    [storeId],
  );
  return rows.map((row) => ({ id: bytesToHex(row.mac), availability: row.availability, failedBefore: row.failed }));
}

/** Keeps what was read of headers: columns (plain stores), sealed bytes (encrypted ones), or why none could be read. */
export async function saveHeaders(db: Db, storeId: string, headers: readonly SnapshotHeaderInput[]): Promise<void> {
  const rows = headers.map((input) => {
    if ('problem' in input) return { hex: input.id, problem: input.problem };
    if ('sealed' in input) return { hex: input.id, taken_at_ns: input.takenAtNs.toString(), sealed: bytesToHex(input.sealed) };
    const { takenAtNs, user, durationMs, backupMachineId, sourceType, directoryText, directoryBytes, sizeBytes, ...same } = input.header;
    return {
      ...same,
      hex: input.id,
      taken_at_ns: takenAtNs.toString(),
      user_name: user,
      duration_ms: Math.round(durationMs),
      backup_machine_id: backupMachineId,
      source_type: sourceType,
      directory_text: directoryText,
      directory_bytes: directoryBytes === null ? null : bytesToHex(directoryBytes),
      size_bytes: sizeBytes,
      search: searchText(input.header),
    };
  });
  await sql(
    db.pool,
    `update snapshots set problem = given.problem, taken_at_ns = given.taken_at_ns, taken_at = to_timestamp(given.taken_at_ns / 1000000000.0), sealed = decode(given.sealed, 'hex'), duration_ms = given.duration_ms,
       name = given.name, category = given.category, environment = given.environment, perimeter = given.perimeter, job = given.job, tags = coalesce(given.tags, '{}'), host = given.host, user_name = given.user_name,
       client = given.client, os = given.os, backup_machine_id = given.backup_machine_id, source_type = given.source_type, origin = given.origin, directory_text = given.directory_text,
       directory_bytes = decode(given.directory_bytes, 'hex'), size_bytes = given.size_bytes, files = given.files, directories = given.directories, symlinks = given.symlinks, errors = given.errors, search = given.search
     from jsonb_to_recordset($2::jsonb) as given(hex text, problem jsonb, taken_at_ns bigint, sealed text, duration_ms bigint, name text, category text, environment text, perimeter text, job text, tags text[], host text,
       user_name text, client text, os text, backup_machine_id text, source_type text, origin text, directory_text text, directory_bytes text, size_bytes bigint, files bigint, directories bigint, symlinks bigint, errors bigint, search text)
     where snapshots.store_id = $1::bigint and snapshots.mac = decode(given.hex, 'hex')`,
    [storeId, jsonText(rows)],
  );
  await sql(db.pool, 'update stores set columns_revision = columns_revision + 1 where id = $1', [storeId]);
}

/** Forgets headers that were kept sealed or plain (another key file, a store that changed its mode). */
export async function forgetHeaders(db: Db, storeId: string): Promise<void> {
  await sql(db.pool, 'update snapshots set sealed = null, taken_at_ns = null, taken_at = null, search = null, problem = null where store_id = $1', [storeId]);
}

/** What the search box looks through besides the id; the service uses it for sealed headers too. */
export function searchText(header: HeaderColumns): string {
  return [
    header.name,
    header.category,
    header.environment,
    header.perimeter,
    header.job,
    ...header.tags,
    header.host,
    header.user,
    header.client,
    header.sourceType,
    header.origin,
    header.directoryText,
  ]
    .join('\n')
    .toLowerCase();
}

/** Rows that match, a page of them, and how many match in all. Only for stores with plain headers. */
export async function searchSnapshots(db: Db, storeId: string, search: SnapshotSearch): Promise<{ total: number; rows: SnapshotRow[] }> {
  const { where, values } = conditions(storeId, search);
  const order = {
    newest: 'taken_at_ns desc nulls last, id desc',
    oldest: 'taken_at_ns asc nulls last, id',
    largest: 'size_bytes desc nulls last, id',
    errors: 'errors desc nulls last, taken_at_ns desc nulls last, id',
  }[search.sort];
  const [count, rows] = await Promise.all([
    sqlOne<{ total: number }>(db.pool, `select count(*)::int as total from snapshots where ${where}`, values),
    sql<RawSnapshot>(
      db.pool,
      `select ${COLUMNS} from snapshots where ${where} order by ${order} offset ${Math.trunc(search.offset)} limit ${Math.trunc(search.limit)}`,
      values,
    ),
  ]);
  return { total: count.total, rows: rows.map(toSnapshot) };
}

/** Shorter hex words would match ids by chance. */
const ID_PREFIX = /^[0-9a-f]{4,64}$/;

/** Whether one lower-case word of a search finds a snapshot: anywhere in its text, or as the beginning of its id. The database's rule, for opened headers. */
export function searchWordFinds(word: string, snapshot: { readonly id: string; readonly text: string }): boolean {
  return snapshot.text.includes(word) || (ID_PREFIX.test(word) && snapshot.id.startsWith(word));
}

function conditions(storeId: string, search: Omit<SnapshotSearch, 'sort' | 'offset' | 'limit'>): { where: string; values: unknown[] } {
  const values: unknown[] = [storeId, search.availability];
  const parts = ['store_id = $1::bigint', 'availability = any($2::text[])'];
  const add = (value: unknown, condition: (place: string) => string): void => {
    if (value === undefined || value === '') return;
    values.push(value);
    parts.push(condition(`$${values.length}`));
  };
  for (const word of (search.text ?? '').toLowerCase().split(/\s+/)) {
    add(word, (place) =>
      ID_PREFIX.test(word) ? `(position(${place} in search) > 0 or encode(mac, 'hex') like ${place} || '%')` : `position(${place} in search) > 0`,
    );
  }
  add(search.tag, (place) => `${place} = any(tags)`);
  add(search.host, (place) => `host = ${place}`);
  add(search.source, (place) => `directory_text = ${place}`);
  add(search.since, (place) => `taken_at >= ${place}`);
  add(search.before, (place) => `taken_at < ${place}`);
  if (search.withErrors === true) parts.push('errors > 0');
  if (search.nums !== undefined) add(plainArray(search.nums), (place) => `id = any(${place}::int4[])`);
  return { where: parts.join(' and '), values };
}

export type SnapshotFacets = { hosts: Facet[]; tags: Facet[]; sources: Facet[]; timeline: { day: string; count: number; bytes: number }[] };

/** Values to filter by, most used first, and snapshots a day (UTC). */
export async function snapshotFacets(db: Db, storeId: string, availability: readonly Availability[]): Promise<SnapshotFacets> {
  const values = [storeId, availability];
  const where = 'store_id = $1::bigint and availability = any($2::text[])';
  const facet = (expression: string, from = 'snapshots'): Promise<Facet[]> =>
    sql<Facet>(
      db.pool,
      `select ${expression} as value, count(*)::int as count from ${from} where ${where} and ${expression} <> '' group by 1 order by 2 desc, 1 limit 100`,
      values,
    );
  const [hosts, tags, sources, timeline] = await Promise.all([
    facet('host'),
    facet('tag', 'snapshots cross join unnest(tags) as tag'),
    facet('directory_text'),
    sql<{ day: string; count: number; bytes: number }>(
      db.pool,
      `select to_char(taken_at at time zone 'UTC', 'YYYY-MM-DD') as day, count(*)::int as count, coalesce(sum(size_bytes), 0)::float8 as bytes from snapshots where ${where} and taken_at is not null group by 1 order by 1`,
      values,
    ),
  ]);
  return { hosts, tags, sources, timeline };
}

/** Every snapshot row of a store in time order; the service of an encrypted store opens the sealed headers and searches in memory. */
export async function allSnapshots(db: Db, storeId: string, availability?: readonly Availability[]): Promise<SnapshotRow[]> {
  const rows = await sql<RawSnapshot>(
    db.pool,
    `select ${COLUMNS} from snapshots where store_id = $1::bigint and ($2::text[] is null or availability = any($2::text[])) order by taken_at_ns nulls last, id`,
    [storeId, availability ?? null],
  );
  return rows.map(toSnapshot);
}

export async function getSnapshots(db: Db, storeId: string, ids: readonly string[]): Promise<SnapshotRow[]> {
  const rows = await sql<RawSnapshot>(
    db.pool,
    `select ${COLUMNS} from snapshots where store_id = $1::bigint and mac in (select decode(hex, 'hex') from unnest($2::text[]) as hex) order by taken_at_ns nulls last, id`,
    [storeId, plainArray(ids)],
  );
  return rows.map(toSnapshot);
}

/** Snapshots whose id begins with these hex digits; at most `limit`. */
export async function snapshotsByPrefix(db: Db, storeId: string, options: { readonly prefix: string; readonly limit?: number }): Promise<SnapshotRow[]> {
  if (!/^[0-9a-f]{1,64}$/.test(options.prefix)) return [];
  const low = Buffer.from(options.prefix.padEnd(64, '0'), 'hex');
  const high = Buffer.from(options.prefix.padEnd(64, 'f'), 'hex');
  const rows = await sql<RawSnapshot>(db.pool, `select ${COLUMNS} from snapshots where store_id = $1::bigint and mac between $2 and $3 order by mac limit $4`, [
    storeId,
    low,
    high,
    options.limit ?? 10,
  ]);
  return rows.map(toSnapshot);
}

/** Columns of the matrix: every snapshot known of the store in time order, those without a known time last. */
export async function matrixColumns(db: Db, storeId: string): Promise<MatrixColumns> {
  const row = await sqlOne<{ nums: Int32Array; times: string; kinds: string }>(
    db.pool,
    `select coalesce(array_agg(id order by place), '{}') as nums, coalesce(string_agg(seconds::text, ',' order by place), '') as times, coalesce(string_agg(left(availability, 1), '' order by place), '') as kinds
     from (select id, availability, coalesce(taken_at_ns / 1000000000, extract(epoch from packed_at)::bigint, -1) as seconds,
             row_number() over (order by coalesce(taken_at_ns, (extract(epoch from packed_at) * 1000000000)::bigint) nulls last, id) as place
           from snapshots where store_id = $1::bigint) as ordered`,
    [storeId],
  );
  const takenAtSeconds = new Float64Array(row.nums.length);
  if (row.times !== '')
    row.times.split(',').forEach((text, index) => {
      takenAtSeconds[index] = Number(text);
    });
  return { nums: row.nums, takenAtSeconds, availability: [...row.kinds].map((letter) => BY_LETTER[letter] ?? 'absent') };
}

const BY_LETTER: Readonly<Record<string, Availability>> = { l: 'live', d: 'deleted', h: 'hidden', u: 'unreadable', a: 'absent' };

function toSnapshot(row: RawSnapshot): SnapshotRow {
  const takenAtNs = row.takenAtNs === null ? null : BigInt(row.takenAtNs);
  return {
    num: row.num,
    id: bytesToHex(row.mac),
    availability: row.availability,
    scheduledForDeletion: row.scheduledForDeletion,
    firstSeenAt: row.firstSeenAt,
    lastSeenAt: row.lastSeenAt,
    publishedAt: row.publishedAt,
    deletedAt: row.deletedAt,
    packedAt: row.packedAt,
    lock: row.lock,
    problem: row.problem,
    takenAt: row.takenAt,
    takenAtNs,
    sealed: row.sealed,
    header: takenAtNs === null || row.sealed !== null ? null : toHeader(row, takenAtNs),
  };
}

function toHeader(row: RawSnapshot, takenAtNs: bigint): HeaderColumns {
  return {
    takenAtNs,
    durationMs: Number(row.durationMs ?? 0),
    name: row.name ?? '',
    category: row.category ?? '',
    environment: row.environment ?? '',
    perimeter: row.perimeter ?? '',
    job: row.job ?? '',
    tags: row.tags ?? [],
    host: row.host ?? '',
    user: row.user ?? '',
    client: row.client ?? '',
    os: row.os ?? '',
    backupMachineId: row.backupMachineId ?? '',
    sourceType: row.sourceType ?? '',
    origin: row.origin ?? '',
    directoryText: row.directoryText ?? '',
    directoryBytes: row.directoryBytes,
    sizeBytes: Number(row.sizeBytes ?? 0),
    files: Number(row.files ?? 0),
    directories: Number(row.directories ?? 0),
    symlinks: Number(row.symlinks ?? 0),
    errors: Number(row.errors ?? 0),
  };
}
