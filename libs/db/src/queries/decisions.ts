import type { PoolClient } from 'pg';
import { type Db, lockFor, transaction } from '../db.js';
import { plainArray, sql } from '../sql.js';
import type { DecisionRow } from '../types.js';

/** What is decided about cells of a store and still stands. */
export async function listDecisions(db: Db, storeId: string): Promise<DecisionRow[]> {
  return sql<DecisionRow>(
    db.pool,
    `select machine_id as "machineId", snapshot_id as num, encode(snapshots.mac, 'hex') as snapshot, kind, decided_by as "decidedBy", decided_at as "decidedAt"
     from decisions join snapshots on snapshots.id = snapshot_id where decisions.store_id = $1::bigint and ended_at is null order by decisions.id`,
    [storeId],
  );
}

/** The cells of these machines and snapshots (hex ids). */
type Cells = { readonly storeId: string; readonly machineIds: readonly string[]; readonly snapshots: readonly string[] };

/** Records the decision for each machine and snapshot that has none; answers how many. */
export async function decide(
  db: Db,
  { storeId, machineIds, snapshots, by, at }: Cells & { readonly kind: 'keep'; readonly by: string; readonly at: Date },
): Promise<number> {
  return changing(db, storeId, async (client) => {
    const rows = await sql(
      client,
      `insert into decisions (store_id, machine_id, snapshot_id, kind, decided_by, decided_at)
       select $1::bigint, machine.id, snapshots.id, 'keep', $4, $5::timestamptz from unnest($2::uuid[]) as machine(id), snapshots
       where snapshots.store_id = $1::bigint and encode(snapshots.mac, 'hex') = any($3::text[])
         and not exists (select 1 from decisions held where held.machine_id = machine.id and held.snapshot_id = snapshots.id and held.ended_at is null)
       returning id`,
      [storeId, plainArray(machineIds), plainArray(snapshots), by, at],
    );
    return rows.length;
  });
}

/** Takes decisions back; answers how many stood. */
export async function undoDecisions(db: Db, { storeId, machineIds, snapshots, by, at }: Cells & { readonly by: string; readonly at: Date }): Promise<number> {
  return changing(db, storeId, async (client) => {
    const rows = await sql(
      client,
      `update decisions held set ended_at = $5::timestamptz, ended_by = $4 from snapshots
       where snapshots.id = held.snapshot_id and held.store_id = $1::bigint and held.ended_at is null and held.machine_id = any($2::uuid[])
         and encode(snapshots.mac, 'hex') = any($3::text[]) returning held.id`,
      [storeId, plainArray(machineIds), plainArray(snapshots), by, at],
    );
    return rows.length;
  });
}

/** Decisions of a machine end with what they are about: `nums` are the snapshots whose deletion still never reached the store. */
export async function endDecisions(
  client: PoolClient,
  { storeId, machineId, nums, at }: { readonly storeId: string; readonly machineId: string; readonly nums: readonly number[]; readonly at: Date },
): Promise<void> {
  await sql(
    client,
    `update decisions set ended_at = $4::timestamptz where store_id = $1::bigint and machine_id = $2::uuid and ended_at is null and not (snapshot_id = any($3::int4[]))`,
    [storeId, machineId, plainArray(nums), at],
  );
}

function changing<T>(db: Db, storeId: string, work: (client: PoolClient) => Promise<T>): Promise<T> {
  return transaction(db, async (client) => {
    await lockFor(client, 'store', storeId);
    const result = await work(client);
    await sql(client, 'update stores set revision = revision + 1 where id = $1', [storeId]);
    return result;
  });
}
