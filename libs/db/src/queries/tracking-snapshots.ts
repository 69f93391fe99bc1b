import type { Db } from '../db.js';
import { bytesToHex, sql } from '../sql.js';
import type { Availability } from '../types.js';

/** What the table of cells needs of a snapshot, without its header. `packfiles` and `states` are interned numbers. */
export type TrackingSnapshot = {
  readonly num: number;
  readonly id: string;
  readonly availability: Exclude<Availability, 'absent'>;
  readonly publishedAtMs: number | null;
  readonly deletedAtMs: number | null;
  readonly packedAtMs: number | null;
  readonly packfiles: Int32Array;
  readonly states: Int32Array;
};

/** Every snapshot that the last reading of the store saw: live, deleted, hidden, unreadable. */
export async function trackingSnapshots(db: Db, storeId: string): Promise<TrackingSnapshot[]> {
  const rows = await sql<Omit<TrackingSnapshot, 'id'> & { mac: Buffer }>(
    db.pool,
    `select id as num, mac, availability, extract(epoch from published_at)::float8 * 1000 as "publishedAtMs", extract(epoch from deleted_at)::float8 * 1000 as "deletedAtMs",
       extract(epoch from packed_at)::float8 * 1000 as "packedAtMs", packfiles, states
     from snapshots where store_id = $1::bigint and availability <> 'absent' order by id`,
    [storeId],
  );
  return rows.map(({ mac, ...row }) => ({ ...row, id: bytesToHex(mac) }));
}
