import type { Db } from '../db.js';
import { sql } from '../sql.js';

/** Numbers of one store as its row in the list shows them. Retired machines do not count; a hidden snapshot that is a phantom somewhere counts there. */
export type StoreCounts = {
  readonly storeId: string;
  readonly snapshots: number;
  readonly verdicts: readonly { readonly verdict: string; readonly count: number }[];
  readonly findings: readonly { readonly kind: string; readonly count: number }[];
};

/** Counts of every store, or of one. */
export async function storeCounts(db: Db, storeId: string | null = null): Promise<StoreCounts[]> {
  return sql<StoreCounts>(
    db.pool,
    `select stores.id as "storeId",
       (select count(*)::int from snapshots where snapshots.store_id = stores.id and availability = 'live') as snapshots,
       coalesce((select json_agg(found) from (select verdict, count(*)::int as count from machine_stores row join machines on machines.id = row.machine_id
         where row.store_id = stores.id and machines.retired_at is null group by verdict) as found), '[]') as verdicts,
       coalesce((select json_agg(found) from (select kind, count(*)::int as count from store_findings where store_findings.store_id = stores.id and ended_at is null
         and not (kind = 'hidden-snapshot' and exists (select 1 from divergences join snapshots on snapshots.id = divergences.snapshot_id join machines on machines.id = divergences.machine_id
           where divergences.store_id = stores.id and divergences.ended_at is null and divergences.cell = 'phantom' and machines.retired_at is null and encode(snapshots.mac, 'hex') = store_findings.key))
         group by kind order by kind) as found), '[]') as findings
     from stores where $1::bigint is null or stores.id = $1::bigint order by stores.id`,
    [storeId],
  );
}
