import type { Db } from '../db.js';
import { bytesToHex, plainArray, sql, sqlOne } from '../sql.js';
import type { Availability, Json, SnapshotRow, StoreRow } from '../types.js';
import { getSnapshots } from './snapshots.js';
import { getStore } from './stores.js';

/** One cache of a machine with the lengths of its lists, for its page. */
export type SightingHead = {
  readonly user: string;
  readonly cache: string;
  readonly tool: string;
  readonly line: string;
  readonly receivedAt: Date;
  readonly lastUsedAt: Date | null;
  readonly inMotion: boolean;
  readonly digest: string;
  readonly states: number;
  readonly shown: number;
  readonly deleted: number;
  readonly problem: Json;
};

export async function loadSightingHeads(db: Db, storeId: string, machineId: string): Promise<SightingHead[]> {
  return sql<SightingHead>(
    db.pool,
    `select os_user as "user", cache, tool, line, received_at as "receivedAt", last_used_at as "lastUsedAt", in_motion as "inMotion", encode(digest, 'hex') as digest,
       cardinality(states) as states, cardinality(shown) as shown, cardinality(deleted) as deleted, problem
     from sightings where store_id = $1::bigint and machine_id = $2::uuid and gone_at is null order by cache, os_user, line`,
    [storeId, machineId],
  );
}

/** Hex id of every snapshot number of a store. */
export async function idsOfSnapshots(db: Db, storeId: string): Promise<Map<number, string>> {
  const row = await sqlOne<{ nums: Int32Array; macs: string }>(
    db.pool,
    `select coalesce(array_agg(id order by id), '{}') as nums, coalesce(encode(string_agg(mac, ''::bytea order by id), 'hex'), '') as macs from snapshots where store_id = $1::bigint`,
    [storeId],
  );
  const ids = new Map<number, string>();
  for (const [index, num] of row.nums.entries()) ids.set(num, row.macs.slice(index * 64, index * 64 + 64));
  return ids;
}

/** Rows of these snapshot numbers, in no order. */
export async function snapshotsByNums(db: Db, storeId: string, nums: ArrayLike<number>): Promise<SnapshotRow[]> {
  const rows = await sql<{ mac: Buffer }>(db.pool, 'select mac from snapshots where store_id = $1::bigint and id = any($2::int4[])', [
    storeId,
    plainArray(nums),
  ]);
  return getSnapshots(
    db,
    storeId,
    rows.map((row) => bytesToHex(row.mac)),
  );
}

/** Stores that this machine has (or had) a cache of. */
export async function storesOfMachine(db: Db, machineId: string): Promise<StoreRow[]> {
  const rows = await sql<{ id: string }>(
    db.pool,
    'select store_id as id from sightings where machine_id = $1::uuid union select store_id from machine_stores where machine_id = $1::uuid order by 1',
    [machineId],
  );
  const stores = await Promise.all(rows.map(({ id }) => getStore(db, id)));
  return stores.filter((store) => store !== null);
}

/** What the canvas tells of a column. Header fields are null in encrypted stores, whose header is in `sealed`. */
export type ColumnHead = {
  readonly num: number;
  readonly id: string;
  readonly availability: Availability;
  readonly takenAt: Date | null;
  readonly host: string | null;
  readonly sourceType: string | null;
  readonly directoryText: string | null;
  readonly sealed: Uint8Array | null;
};

export async function columnHeads(db: Db, storeId: string, nums: ArrayLike<number>): Promise<ColumnHead[]> {
  return sql<ColumnHead>(
    db.pool,
    `select id as num, encode(mac, 'hex') as id, availability, taken_at as "takenAt", host, source_type as "sourceType", directory_text as "directoryText", sealed
     from snapshots where store_id = $1::bigint and id = any($2::int4[])`,
    [storeId, plainArray(nums)],
  );
}

/** The newest live snapshot of a plain store, and the sizes of all of them together. */
export async function liveTotals(db: Db, storeId: string): Promise<{ newestSnapshotAt: Date | null; logicalBytes: number | null }> {
  return sqlOne(
    db.pool,
    `select max(taken_at) as "newestSnapshotAt", coalesce(sum(size_bytes), 0)::float8 as "logicalBytes" from snapshots where store_id = $1::bigint and availability = 'live'`,
    [storeId],
  );
}
