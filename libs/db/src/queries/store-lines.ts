import type { Db } from '../db.js';
import { sql } from '../sql.js';

/** What a line has carried in some time. `latencyMs`: the sum over `measured` requests. */
export type CarriedRow = {
  readonly requests: number;
  readonly retries: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly measured: number;
  readonly latencyMs: number;
};
export type StoreLineRow = CarriedRow & { readonly storeId: string; readonly since: Date };

/** Adds to what the line of a store has carried; the first time counting begins, at `since`. A store that is gone meanwhile counts no more. */
export async function addCarried(db: Db, storeId: string, { since, ...carried }: CarriedRow & { readonly since: Date }): Promise<void> {
  const { requests, retries, bytesRead, bytesWritten, measured, latencyMs } = carried;
  await sql(
    db.pool,
    `insert into store_lines as kept (store_id, since, requests, retries, bytes_read, bytes_written, measured, latency_ms)
     select id, $2, $3, $4, $5, $6, $7, $8 from stores where id = $1
     on conflict (store_id) do update set requests = kept.requests + excluded.requests, retries = kept.retries + excluded.retries,
       bytes_read = kept.bytes_read + excluded.bytes_read, bytes_written = kept.bytes_written + excluded.bytes_written,
       measured = kept.measured + excluded.measured, latency_ms = kept.latency_ms + excluded.latency_ms`,
    [storeId, since, requests, retries, bytesRead, bytesWritten, measured, latencyMs],
  );
}

/** Of every store that has a line and was in use, or of one. */
export async function storeLines(db: Db, storeId: string | null = null): Promise<StoreLineRow[]> {
  return sql<StoreLineRow>(
    db.pool,
    `select store_id::text as "storeId", since, requests::float8 as requests, retries::float8 as retries, bytes_read::float8 as "bytesRead",
       bytes_written::float8 as "bytesWritten", measured::float8 as measured, latency_ms as "latencyMs"
     from store_lines where $1::bigint is null or store_id = $1::bigint order by store_id`,
    [storeId],
  );
}

/** Counting begins anew: the store lies elsewhere now. */
export async function forgetCarried(db: Db, storeId: string): Promise<void> {
  await sql(db.pool, 'delete from store_lines where store_id = $1', [storeId]);
}
