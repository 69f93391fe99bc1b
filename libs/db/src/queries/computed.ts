import type { PoolClient } from 'pg';
import { type Db, lockFor, transaction } from '../db.js';
import { plainArray, sql } from '../sql.js';
import type { ComputedMachine, DivergenceRow, Json, MachineStoreRow } from '../types.js';
import { endDecisions } from './decisions.js';
import { intern } from './interning.js';
import { jsonText } from './json.js';
import { LAG_CELLS, saveLags } from './lags.js';

/**
 * Keeps the computed cells of machines on one store, and brings history up to date: divergences that began, changed or ended, and verdicts
 * that changed. `all`: the list is every machine of the store, rows of others go. One transaction.
 */
export async function saveComputed(
  db: Db,
  storeId: string,
  options: { readonly at: Date; readonly machines: readonly ComputedMachine[]; readonly all?: boolean },
): Promise<void> {
  await transaction(db, async (client) => {
    await lockFor(client, 'store', storeId);
    for (const machine of options.machines) await saveMachine(client, { storeId, machine, at: options.at });
    if (options.all === true) {
      const ids = plainArray(options.machines.map((machine) => machine.machineId));
      await sql(
        client,
        `update divergences set ended_at = $3, ended_as = 'none' where store_id = $1 and ended_at is null and not (machine_id = any($2::uuid[]))`,
        [storeId, ids, options.at],
      );
      await sql(client, `update lags set ended_at = $3 where store_id = $1 and ended_at is null and not (machine_id = any($2::uuid[]))`, [
        storeId,
        ids,
        options.at,
      ]);
      await sql(client, 'delete from machine_stores where store_id = $1 and not (machine_id = any($2::uuid[]))', [storeId, ids]);
    }
    await sql(client, 'update stores set revision = revision + 1 where id = $1', [storeId]);
  });
}

type Saving = { readonly storeId: string; readonly machine: ComputedMachine; readonly at: Date };

async function saveMachine(client: PoolClient, saving: Saving): Promise<void> {
  const { storeId, machine, at } = saving;
  const nums = await intern(client, 'snapshots', { storeId, ids: machine.exceptions.map((exception) => exception.snapshot), at });
  const causes = new Map<string, number>();
  const rows = machine.exceptions
    .map((exception, index) => ({
      exception,
      num: nums[index] ?? 0,
      cause: placeOf(causes, jsonText({ cause: exception.cause, cache: exception.cache, user: exception.user })),
    }))
    .sort((a, b) => a.num - b.num);
  await saveVerdict(client, saving);
  await sql(
    client,
    `insert into machine_stores (store_id, machine_id, verdict, worst, counts, digest, newest_seen_at, last_report_at, computed_at, exception_snapshots, exception_cells, exception_causes, causes, facts)
     values ($1, $2, $3, $4, $5::jsonb, $6, $7, $8, $9, $10::int4[], $11::int4[], $12::int4[], $13::jsonb, $14::jsonb)
     on conflict (store_id, machine_id) do update set verdict = excluded.verdict, worst = excluded.worst, counts = excluded.counts, digest = excluded.digest, newest_seen_at = excluded.newest_seen_at,
       last_report_at = excluded.last_report_at, computed_at = excluded.computed_at, exception_snapshots = excluded.exception_snapshots, exception_cells = excluded.exception_cells,
       exception_causes = excluded.exception_causes, causes = excluded.causes, facts = excluded.facts`,
    [
      storeId,
      machine.machineId,
      machine.verdict,
      machine.worst,
      jsonText(machine.counts),
      machine.digest,
      machine.newestSeenAt,
      machine.lastReportAt,
      at,
      plainArray(rows.map((row) => row.num)),
      plainArray(rows.map((row) => row.exception.rank)),
      plainArray(rows.map((row) => row.cause)),
      `[${[...causes.keys()].join(',')}]`,
      jsonText(machine.facts ?? {}),
    ],
  );
  const divergent = rows.filter((row) => row.exception.divergent);
  const cells = Object.fromEntries(rows.filter((row) => !row.exception.divergent).map((row) => [row.num, row.exception.cell]));
  const current = divergent.map(({ exception, num }) => ({
    num,
    cell: exception.cell,
    cause: exception.cause,
    cache: exception.cache,
    os_user: exception.user,
  }));
  const deleted = rows.filter((row) => row.exception.cell === 'lost-delete').map((row) => row.num);
  await endDecisions(client, { storeId, machineId: machine.machineId, nums: deleted, at });
  const lagging = new Map(LAG_CELLS.map((cell) => [cell as string, rows.filter((row) => row.exception.cell === cell).map((row) => row.num)]));
  await saveLags(client, { storeId, machineId: machine.machineId, at, now: lagging });
  await saveDivergences(client, { ...saving, current: jsonText(current), calmer: jsonText(cells) });
}

async function saveVerdict(client: PoolClient, { storeId, machine, at }: Saving): Promise<void> {
  await sql(
    client,
    `insert into verdict_changes (store_id, machine_id, at, verdict, worst, counts) select $1::bigint, $2::uuid, $3::timestamptz, $4::text, $6::text, $5::jsonb
     where not exists (select 1 from (select verdict, worst from verdict_changes where store_id = $1::bigint and machine_id = $2::uuid order by at desc, id desc limit 1) as last
       where last.verdict = $4::text and last.worst = $6::text)`,
    [storeId, machine.machineId, at, machine.verdict, jsonText(machine.counts), machine.spoken ?? machine.worst],
  );
}

/** Ends what is no longer divergent or has another cell now, opens what is new, touches the rest. */
async function saveDivergences(client: PoolClient, saving: Saving & { current: string | null; calmer: string | null }): Promise<void> {
  const columns = 'now(num int, cell text, cause jsonb, cache text, os_user text)';
  const values = [saving.storeId, saving.machine.machineId, saving.at, saving.current];
  const open = 'held.store_id = $1::bigint and held.machine_id = $2::uuid and held.ended_at is null';
  await sql(
    client,
    `with now as (select * from jsonb_to_recordset($4::jsonb) as ${columns})
     update divergences held set ended_at = $3, ended_as = coalesce((select now.cell from now where now.num = held.snapshot_id), $5::jsonb ->> held.snapshot_id::text, 'seen')
     where ${open} and not exists (select 1 from now where now.num = held.snapshot_id and now.cell = held.cell)`,
    [...values, saving.calmer],
  );
  await sql(
    client,
    `with now as (select * from jsonb_to_recordset($4::jsonb) as ${columns})
     update divergences held set last_seen_at = $3, cause = now.cause, cache = now.cache, os_user = now.os_user from now where ${open} and now.num = held.snapshot_id`,
    values,
  );
  await sql(
    client,
    `with now as (select * from jsonb_to_recordset($4::jsonb) as ${columns})
     insert into divergences (store_id, machine_id, snapshot_id, cell, cause, cache, os_user, first_seen_at, began_at, last_seen_at)
     select $1::bigint, $2::uuid, now.num, now.cell, now.cause, now.cache, now.os_user,
       coalesce((select min(before.first_seen_at) from divergences before where before.machine_id = $2::uuid and before.snapshot_id = now.num), $3::timestamptz), $3::timestamptz, $3::timestamptz
     from now where not exists (select 1 from divergences held where ${open} and held.snapshot_id = now.num)`,
    values,
  );
}

function placeOf(places: Map<string, number>, text: string | null): number {
  const key = text ?? 'null';
  const known = places.get(key);
  if (known !== undefined) return known;
  places.set(key, places.size);
  return places.size - 1;
}

/** Computed rows of a store's machines with what their page row needs; merged machines left out, retired ones only when asked. */
export async function machineRows(
  db: Db,
  storeId: string,
  options: { readonly retired?: boolean; readonly machineIds?: readonly string[] } = {},
): Promise<MachineStoreRow[]> {
  return sql<MachineStoreRow>(
    db.pool,
    `select row.machine_id as "machineId", row.verdict, row.worst, row.counts, row.digest, row.newest_seen_at as "newestSeenAt", row.last_report_at as "lastReportAt", row.computed_at as "computedAt", row.facts,
       machines.name, machines.host_name as "hostName", machines.os, machines.agent_version as "agentVersion", machines.retired_at as "retiredAt",
       coalesce(row.exception_snapshots, '{}') as "exceptionSnapshots", coalesce(row.exception_cells, '{}') as "exceptionCells", coalesce(row.exception_causes, '{}') as "exceptionCauses", row.causes
     from machine_stores row join machines on machines.id = row.machine_id
     where row.store_id = $1::bigint and ($2 or machines.retired_at is null) and ($3::uuid[] is null or machines.id = any($3::uuid[])) order by machines.name, machines.id`,
    [storeId, options.retired ?? false, options.machineIds === undefined ? null : plainArray(options.machineIds)],
  );
}

/** Which rows `machineRows` would give, each with a text that changes when it does. Costs nothing beside the rows themselves. */
export async function machineRowVersions(
  db: Db,
  storeId: string,
  options: { readonly retired?: boolean } = {},
): Promise<{ machineId: string; version: string }[]> {
  return sql(
    db.pool,
    `select row.machine_id as "machineId", row.xmin::text || ' ' || machines.xmin::text as version from machine_stores row join machines on machines.id = row.machine_id
     where row.store_id = $1::bigint and ($2 or machines.retired_at is null) order by machines.name, machines.id`,
    [storeId, options.retired ?? false],
  );
}

/** Verdicts of all machines on all stores, counted; retired machines left out. */
export async function verdictCounts(db: Db): Promise<{ storeId: string; verdict: string; count: number }[]> {
  return sql(
    db.pool,
    `select store_id as "storeId", verdict, count(*)::int as count from machine_stores join machines on machines.id = machine_id where retired_at is null group by 1, 2`,
  );
}

/** A machine's verdicts over time, oldest first: one row each time that it changed. */
export async function verdictHistory(db: Db, storeId: string, machineId: string): Promise<{ at: Date; verdict: string; counts: Json }[]> {
  return sql(
    db.pool,
    `select at, verdict, counts from (select id, at, verdict, counts, lag(verdict) over (order by at, id) as before from verdict_changes where store_id = $1::bigint and machine_id = $2::uuid) as changes
     where before is distinct from verdict order by at, id`,
    [storeId, machineId],
  );
}

/** Divergences: open ones, and those that ended since `endedAfter`. Newest first. */
export async function listDivergences(
  db: Db,
  storeId: string,
  options: { readonly endedAfter?: Date; readonly machineId?: string } = {},
): Promise<DivergenceRow[]> {
  return sql<DivergenceRow>(
    db.pool,
    `select divergences.id, machine_id as "machineId", encode(snapshots.mac, 'hex') as snapshot, cell, cause, cache, os_user as "user", divergences.first_seen_at as "firstSeenAt", began_at as "beganAt",
       divergences.last_seen_at as "lastSeenAt", ended_at as "endedAt", ended_as as "endedAs"
     from divergences join snapshots on snapshots.id = snapshot_id
     where divergences.store_id = $1::bigint and (ended_at is null or ended_at >= $2::timestamptz) and ($3::uuid is null or machine_id = $3::uuid) order by began_at desc, divergences.id desc`,
    [storeId, options.endedAfter ?? null, options.machineId ?? null],
  );
}
