import type { PoolClient } from 'pg';
import { type Db, lockFor, transaction } from '../db.js';
import { bytesToHex, packIds, plainArray, sql } from '../sql.js';
import type { Json, ListedFinding, ListedSnapshot, ListedState, Reading, StateRow } from '../types.js';
import { intern } from './interning.js';
import { jsonText } from './json.js';

/**
 * Takes in one whole reading of a store: states, snapshots, findings and packfile lists, in one transaction. What a reading no longer
 * lists is marked gone or ended, never removed. Safe to repeat with the same reading. Rows that did not change are not written again
 * (10,000 row versions per refresh would be bloat): while a row is listed its last-seen time is up to a day behind the store's lastReadAt.
 */
export async function saveReading(db: Db, storeId: string, reading: Reading): Promise<void> {
  await transaction(db, async (client) => {
    await lockFor(client, 'store', storeId);
    await saveStates(client, storeId, reading.states, reading.readAt);
    await saveSnapshots(client, storeId, reading.snapshots, reading.readAt);
    await saveFindings(client, storeId, reading.findings, reading.readAt);
    await sql(
      client,
      `insert into store_remotes (store_id, read_at, packfiles, tombstoned, facts) values ($1, $2, $3, $4, $5::jsonb)
       on conflict (store_id) do update set read_at = excluded.read_at, facts = excluded.facts,
         packfiles = case when store_remotes.packfiles = excluded.packfiles then store_remotes.packfiles else excluded.packfiles end,
         tombstoned = case when store_remotes.tombstoned = excluded.tombstoned then store_remotes.tombstoned else excluded.tombstoned end`,
      [storeId, reading.readAt, Buffer.from(packIds(reading.packfiles)), Buffer.from(packIds(reading.tombstoned)), jsonText(reading.facts ?? {})],
    );
    await sql(client, 'update stores set revision = revision + 1, columns_revision = columns_revision + 1, last_read_at = $2 where id = $1', [
      storeId,
      reading.readAt,
    ]);
  });
}

async function saveStates(client: PoolClient, storeId: string, states: readonly ListedState[], readAt: Date): Promise<void> {
  const nums = await intern(client, 'states', { storeId, ids: states.map((state) => state.id), at: readAt });
  const snapshotNums = await internAll(
    client,
    storeId,
    states.flatMap((state) => [...state.brings, ...state.colours]),
    readAt,
  );
  const rows = states.map((state, index) => ({
    id: nums[index],
    version: state.version,
    size_bytes: state.sizeBytes,
    serial: state.serial,
    parent: state.parent,
    metadata_ns: state.metadataNs?.toString() ?? null,
    readable: state.readable,
    error: state.error,
    brings: numsOf(state.brings, snapshotNums),
    colours: numsOf(state.colours, snapshotNums),
  }));
  await sql(
    client,
    `update states set version = coalesce(listed.version, states.version), size_bytes = listed.size_bytes, serial = coalesce(listed.serial, states.serial),
       parent = coalesce(decode(listed.parent, 'hex'), states.parent), metadata_ns = coalesce(listed.metadata_ns, states.metadata_ns),
       readable = listed.readable, error = nullif(listed.error, 'null'::jsonb),
       brings = case when listed.readable then listed.brings else states.brings end, colours = case when listed.readable then listed.colours else states.colours end,
       first_listed_at = coalesce(states.first_listed_at, $2), last_listed_at = $2, gone_at = null
     from jsonb_to_recordset($1::jsonb) as listed(id int, version text, size_bytes bigint, serial text, parent text, metadata_ns bigint, readable boolean, error jsonb, brings int[], colours int[])
     where states.id = listed.id and (states.first_listed_at is null or states.gone_at is not null or states.last_listed_at < $2::timestamptz - interval '1 day'
       or (states.readable, states.size_bytes, states.error, states.brings, states.colours) is distinct from
          (listed.readable, listed.size_bytes, listed.error, case when listed.readable then listed.brings else states.brings end, case when listed.readable then listed.colours else states.colours end))`,
    [jsonText(rows), readAt],
  );
  await sql(
    client,
    `update states set gone_at = $3, readable = null, last_listed_at = coalesce((select last_read_at from stores where stores.id = $1), last_listed_at)
     where store_id = $1 and first_listed_at is not null and gone_at is null and not (id = any($2::int4[]))`,
    [storeId, plainArray(nums), readAt],
  );
}

async function saveSnapshots(client: PoolClient, storeId: string, snapshots: readonly ListedSnapshot[], readAt: Date): Promise<void> {
  const nums = await intern(client, 'snapshots', { storeId, ids: snapshots.map((snapshot) => snapshot.id), at: readAt });
  const packfiles = await internAll(
    client,
    storeId,
    snapshots.flatMap((snapshot) => [...snapshot.packfiles]),
    readAt,
    'packfiles',
  );
  const states = await internAll(
    client,
    storeId,
    snapshots.flatMap((snapshot) => [...snapshot.states]),
    readAt,
    'states',
  );
  const rows = snapshots.map((snapshot, index) => ({
    id: nums[index],
    availability: snapshot.availability,
    scheduled: snapshot.scheduledForDeletion,
    deleted_at: snapshot.deletedAt,
    packed_at: snapshot.packedAt,
    lock: snapshot.lock,
    packfiles: numsOf(snapshot.packfiles, packfiles),
    states: numsOf(snapshot.states, states),
  }));
  await sql(
    client,
    `update snapshots set availability = listed.availability, scheduled_for_deletion = listed.scheduled, deleted_at = coalesce(listed.deleted_at, case when listed.availability = 'deleted' then snapshots.deleted_at end),
       packed_at = listed.packed_at, lock = nullif(listed.lock, 'null'::jsonb), packfiles = listed.packfiles, states = listed.states, last_seen_at = $2,
       published_at = coalesce(snapshots.published_at, (select min(states.first_listed_at) from states where states.id = any(listed.states)))
     from jsonb_to_recordset($1::jsonb) as listed(id int, availability text, scheduled boolean, deleted_at timestamptz, packed_at timestamptz, lock jsonb, packfiles int[], states int[])
     where snapshots.id = listed.id and (snapshots.last_seen_at < $2::timestamptz - interval '1 day' or (snapshots.published_at is null and cardinality(listed.states) > 0)
       or (snapshots.availability, snapshots.scheduled_for_deletion, snapshots.deleted_at, snapshots.packed_at, snapshots.lock, snapshots.packfiles, snapshots.states) is distinct from
          (listed.availability, listed.scheduled, coalesce(listed.deleted_at, case when listed.availability = 'deleted' then snapshots.deleted_at end), listed.packed_at, listed.lock, listed.packfiles, listed.states))`,
    [jsonText(rows), readAt],
  );
  await sql(
    client,
    `update snapshots set availability = 'absent', scheduled_for_deletion = false, lock = null, last_seen_at = coalesce((select last_read_at from stores where stores.id = $1), last_seen_at) where store_id = $1 and availability <> 'absent' and not (id = any($2::int4[]))`,
    [storeId, plainArray(nums)],
  );
}

async function saveFindings(client: PoolClient, storeId: string, findings: readonly ListedFinding[], at: Date): Promise<void> {
  const rows = findings.map((finding) => ({ ...finding, facts: finding.facts ?? {} }));
  const text = jsonText(rows);
  const columns = 'listed(kind text, key text, detail text, snapshots text[], facts jsonb)';
  await sql(
    client,
    `update store_findings set ended_at = $3 where store_id = $1 and ended_at is null
       and not exists (select 1 from jsonb_to_recordset($2::jsonb) as ${columns} where listed.kind = store_findings.kind and listed.key = store_findings.key)`,
    [storeId, text, at],
  );
  await sql(
    client,
    `update store_findings set last_seen_at = $3, detail = listed.detail, snapshots = listed.snapshots, facts = listed.facts
     from jsonb_to_recordset($2::jsonb) as ${columns} where store_id = $1 and ended_at is null and listed.kind = store_findings.kind and listed.key = store_findings.key`,
    [storeId, text, at],
  );
  await sql(
    client,
    `insert into store_findings (store_id, kind, key, detail, snapshots, facts, first_seen_at, last_seen_at)
     select distinct on (listed.kind, listed.key) $1::bigint, listed.kind, listed.key, listed.detail, listed.snapshots, listed.facts, $3::timestamptz, $3::timestamptz
     from jsonb_to_recordset($2::jsonb) as ${columns}
     where not exists (select 1 from store_findings open where open.store_id = $1::bigint and open.ended_at is null and open.kind = listed.kind and open.key = listed.key)`,
    [storeId, text, at],
  );
}

async function internAll(
  client: PoolClient,
  storeId: string,
  ids: readonly string[],
  at: Date,
  kind: 'snapshots' | 'states' | 'packfiles' = 'snapshots',
): Promise<Map<string, number>> {
  const distinct = [...new Set(ids)];
  const nums = await intern(client, kind, { storeId, ids: distinct, at });
  return new Map(distinct.map((id, index) => [id, nums[index] ?? 0]));
}

function numsOf(ids: readonly string[], nums: ReadonlyMap<string, number>): number[] {
  const found = new Set<number>();
  for (const id of ids) {
    const num = nums.get(id);
    if (num !== undefined) found.add(num);
  }
  return [...found].sort((a, b) => a - b);
}

/** The lists of the last reading, or null before the first. `packfiles` and `tombstoned`: sorted 32-byte ids, one after the other. */
export async function loadRemote(db: Db, storeId: string): Promise<{ readAt: Date; packfiles: Uint8Array; tombstoned: Uint8Array; facts: Json } | null> {
  const rows = await sql<{ readAt: Date; packfiles: Buffer; tombstoned: Buffer; facts: Json }>(
    db.pool,
    'select read_at as "readAt", packfiles, tombstoned, facts from store_remotes where store_id = $1',
    [storeId],
  );
  return rows[0] ?? null;
}

/** Every state known of a store, newest metadata first: listed, gone, and those that only machines know. */
export async function listStates(db: Db, storeId: string): Promise<StateRow[]> {
  const rows = await sql<
    Omit<StateRow, 'id' | 'parent' | 'metadataNs' | 'sizeBytes'> & { mac: Buffer; parent: Buffer | null; metadataNs: string | null; sizeBytes: string | null }
  >(
    db.pool,
    `select id as num, mac, version, size_bytes as "sizeBytes", serial, parent, metadata_ns as "metadataNs", first_listed_at as "firstListedAt", last_listed_at as "lastListedAt", gone_at as "goneAt",
       readable, error, coalesce(brings, '{}') as brings, coalesce(colours, '{}') as colours from states where store_id = $1 order by metadata_ns desc nulls last, id`,
    [storeId],
  );
  return rows.map(({ mac, ...row }) => ({
    ...row,
    id: bytesToHex(mac),
    parent: row.parent === null ? null : bytesToHex(row.parent),
    metadataNs: row.metadataNs === null ? null : BigInt(row.metadataNs),
    sizeBytes: row.sizeBytes === null ? null : Number(row.sizeBytes),
  }));
}
