import type { PoolClient } from 'pg';
import type { Db } from '../db.js';
import { plainArray, sql } from '../sql.js';
import type { CellSpell, VerdictSpell } from '../types.js';

/** Lags that ended longer ago than this are let go. */
const KEPT_MS = 400 * 86_400_000;
export const LAG_CELLS = ['behind', 'stale-delete'] as const;
type OpenLag = { readonly id: string; readonly cell: string; readonly snapshots: Int32Array };

export type SavedLags = {
  readonly storeId: string;
  readonly machineId: string;
  readonly at: Date;
  /** Numbers of the snapshots that heal by themselves, by cell. */
  readonly now: ReadonlyMap<string, readonly number[]>;
};

/** Ends what healed, begins what is new, touches the rest. Of a lag that healed in part the rest goes on with its beginning. */
export async function saveLags(client: PoolClient, { storeId, machineId, at, now }: SavedLags): Promise<void> {
  const open = await sql<OpenLag>(client, 'select id, cell, snapshots from lags where store_id = $1::bigint and machine_id = $2::uuid and ended_at is null', [
    storeId,
    machineId,
  ]);
  if (open.length === 0 && [...now.values()].every((nums) => nums.length === 0)) return;
  const left = new Map([...now].map(([cell, nums]) => [cell, new Set(nums)]));
  const kept: string[] = [];
  for (const { id, cell, snapshots } of open) {
    const present = left.get(cell);
    const still = [...snapshots].filter((num) => present?.delete(num) === true);
    if (still.length === 0) continue;
    kept.push(id);
    if (still.length === snapshots.length) continue;
    const stays = new Set(still);
    const healed = [...snapshots].filter((num) => !stays.has(num));
    await sql(
      client,
      `insert into lags (store_id, machine_id, cell, snapshots, began_at, last_seen_at, ended_at)
       select store_id, machine_id, cell, $2::int4[], began_at, last_seen_at, $3::timestamptz from lags where id = $1`,
      [id, plainArray(healed), at],
    );
    await sql(client, 'update lags set snapshots = $2::int4[] where id = $1', [id, plainArray(still)]);
  }
  await sql(
    client,
    `update lags set last_seen_at = case when id = any($4::bigint[]) then $3::timestamptz else last_seen_at end, ended_at = case when id = any($4::bigint[]) then null else $3::timestamptz end
     where store_id = $1::bigint and machine_id = $2::uuid and ended_at is null`,
    [storeId, machineId, at, plainArray(kept)],
  );
  for (const [cell, nums] of left) {
    if (nums.size === 0) continue;
    await sql(
      client,
      `insert into lags (store_id, machine_id, cell, snapshots, began_at, last_seen_at) values ($1, $2, $3, $4::int4[], $5::timestamptz, $5::timestamptz)`,
      [storeId, machineId, cell, plainArray([...nums].sort((a, b) => a - b)), at],
    );
  }
  await sql(client, 'delete from lags where store_id = $1::bigint and machine_id = $2::uuid and ended_at < $3', [
    storeId,
    machineId,
    new Date(at.getTime() - KEPT_MS),
  ]);
}

/** When lags of a machine that are open now began, by the numbers of their snapshots. */
export async function openLags(db: Db, storeId: string, machineId: string): Promise<Map<number, Date>> {
  const rows = await sql<{ snapshots: Int32Array; beganAt: Date }>(
    db.pool,
    'select snapshots, began_at as "beganAt" from lags where store_id = $1::bigint and machine_id = $2::uuid and ended_at is null',
    [storeId, machineId],
  );
  return new Map(rows.flatMap(({ snapshots, beganAt }) => [...snapshots].map((num) => [num, beganAt] as const)));
}

/** What one machine's cell of one snapshot was, spell by spell, newest first: divergences, and lags that healed by themselves. */
export async function cellHistory(db: Db, storeId: string, cell: { readonly machineId: string; readonly num: number }): Promise<CellSpell[]> {
  return sql<CellSpell>(
    db.pool,
    `select cell, began_at as "beganAt", last_seen_at as "lastSeenAt", ended_at as "endedAt" from divergences where store_id = $1::bigint and machine_id = $2::uuid and snapshot_id = $3
     union all select cell, began_at, last_seen_at, ended_at from lags where store_id = $1::bigint and machine_id = $2::uuid and $3 = any(snapshots)
     order by 2 desc limit 20`,
    [storeId, cell.machineId, cell.num],
  );
}

/** What made each machine's verdict over time, oldest first: one spell each time that it changed. Of all machines, or of these. */
export async function verdictSpells(db: Db, storeId: string, machineIds: readonly string[] | null = null): Promise<VerdictSpell[]> {
  return sql<VerdictSpell>(
    db.pool,
    `select machine_id as "machineId", array_agg(extract(epoch from at)::int4 order by at, id) as seconds, array_agg(worst order by at, id) as cells
     from verdict_changes where store_id = $1::bigint and ($2::uuid[] is null or machine_id = any($2::uuid[])) group by machine_id`,
    [storeId, machineIds === null ? null : plainArray(machineIds)],
  );
}
