import { createHash } from 'node:crypto';
import type { PoolClient } from 'pg';
import { type Db, lockFor, transaction } from '../db.js';
import { plainArray, sql, sqlOne } from '../sql.js';
import type { IngestedSighting, IngestResult, Json, ReportInput, SightingInput } from '../types.js';
import { intern } from './interning.js';
import { jsonText } from './json.js';

/** `a` lists of lists, flattened: list i is values[offsets[i] .. offsets[i + 1]). */
type Lists = { readonly offsets: number[]; readonly values: Int32Array };

/**
 * Takes in one validated report: the machine's row, what the report counted, and each sighting with its lists interned. A sighting whose
 * lists did not change costs one small update. Caches that the report no longer names are marked gone (per store), those it could not read
 * keep their lists and carry the problem. One transaction; reports of one machine queue behind each other. An imported report older than
 * the one held changes nothing but the log; an agent's is taken in the order of arrival, since its clock may have been set back.
 */
export async function ingestReport(db: Db, report: ReportInput): Promise<IngestResult> {
  return transaction(db, async (client) => {
    await lockFor(client, 'machine', report.machine.id);
    const machineId = await saveMachine(client, report);
    const { id: reportId } = await sqlOne<{ id: string }>(
      client,
      `insert into reports (machine_id, received_at, created_at, source, token_id, agent_version, size_bytes, counts, failures, notes)
       values ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9::jsonb, $10::jsonb) returning id`,
      [
        machineId,
        report.receivedAt,
        report.createdAt,
        report.source,
        report.tokenId,
        report.agentVersion,
        report.sizeBytes,
        jsonText(report.counts ?? {}),
        jsonText(report.failures ?? []),
        jsonText(report.notes ?? []),
      ],
    );
    const sightings: IngestedSighting[] = [];
    for (const sighting of report.sightings) sightings.push(await saveSighting(client, { sighting, report, machineId, reportId }));
    const unreadable: { id: number; storeId: string }[] = [];
    for (const cache of report.unreadable) unreadable.push(...(await markUnreadable(client, machineId, cache)));
    const touched = [...sightings.map((sighting) => sighting.sightingId), ...unreadable.map((row) => row.id)];
    const gone = await markGone(client, { machineId, touched, report });
    const storeIds = [...new Set([...sightings, ...unreadable, ...gone].map((row) => row.storeId))];
    return { reportId, machineId, sightings, storeIds };
  });
}

/** The machine that the report counts for: the one it was merged into, if any. */
async function saveMachine(client: PoolClient, report: ReportInput): Promise<string> {
  const { machine } = report;
  const skewMs = report.source === 'agent' ? report.createdAt.getTime() - report.receivedAt.getTime() : null;
  const row = await sqlOne<{ target: string }>(
    client,
    `insert into machines (id, name, host_name, os, agent_version, created_at, last_report_at, clock_skew_ms) values ($1, $2, $3, $4, $5, $6, $6, $7)
     on conflict (id) do update set name = case when machines.renamed then machines.name else excluded.name end, host_name = excluded.host_name, os = excluded.os, agent_version = excluded.agent_version,
       last_report_at = greatest(machines.last_report_at, excluded.last_report_at), clock_skew_ms = excluded.clock_skew_ms
     returning coalesce(merged_into_id, id) as target`,
    [machine.id, machine.name, machine.hostName, machine.os, report.agentVersion, report.receivedAt, skewMs],
  );
  if (row.target !== machine.id)
    await sql(client, 'update machines set last_report_at = greatest(last_report_at, $2) where id = $1', [row.target, report.receivedAt]);
  return row.target;
}

type Saving = { readonly sighting: SightingInput; readonly report: ReportInput; readonly machineId: string; readonly reportId: string };
type Held = { id: number; contentHash: Buffer; createdAt: Date; introducedStates: Int32Array; introducedOffsets: Int32Array; introducedPacks: Int32Array };

async function saveSighting(client: PoolClient, saving: Saving): Promise<IngestedSighting> {
  const { sighting, report, machineId, reportId } = saving;
  const key = [sighting.storeId, machineId, sighting.user, sighting.cache, sighting.line];
  const held = (
    await sql<Held>(
      client,
      `select id, content_hash as "contentHash", created_at as "createdAt", coalesce(introduced_states, '{}') as "introducedStates", coalesce(introduced_offsets, '{}') as "introducedOffsets", coalesce(introduced_packs, '{}') as "introducedPacks"
       from sightings where store_id = $1 and machine_id = $2 and os_user = $3 and cache = $4 and line = $5 for update`,
      key,
    )
  )[0];
  const contentHash = hashOf(sighting);
  const answer = async (sightingId: number, changed: boolean): Promise<IngestedSighting> => ({
    sightingId,
    storeId: sighting.storeId,
    changed,
    ask: await statesToAsk(client, sightingId),
  });
  if (held !== undefined && report.source !== 'agent' && held.createdAt > report.createdAt) return answer(held.id, false);
  if (held?.contentHash.equals(contentHash)) {
    await sql(
      client,
      `update sightings set report_id = $2, reporter_id = $11, received_at = $3, created_at = $4, last_used_at = $5, in_motion = $6, motion_why = $7, lone_states = $8::jsonb, set_aside = $9::jsonb, counts = $10::jsonb, problem = null, gone_at = null where id = $1`,
      [
        held.id,
        reportId,
        report.receivedAt,
        report.createdAt,
        sighting.lastUsedAt,
        sighting.inMotion.value,
        sighting.inMotion.why,
        jsonText(sighting.loneStates ?? []),
        jsonText(sighting.setAside ?? []),
        jsonText(sighting.counts ?? {}),
        report.machine.id,
      ],
    );
    return answer(held.id, false);
  }
  return answer(await writeSighting(client, { ...saving, held, contentHash, key }), true);
}

async function writeSighting(client: PoolClient, saving: Saving & { held: Held | undefined; contentHash: Buffer; key: readonly string[] }): Promise<number> {
  const { sighting, report, reportId, held, contentHash, key } = saving;
  const at = report.receivedAt;
  const { storeId } = sighting;
  const states = ascending(await intern(client, 'states', { storeId, ids: distinct(sighting.states), at }));
  const deleted = ascending(await intern(client, 'snapshots', { storeId, ids: distinct(sighting.deleted), at }));
  const shown = await internShown(client, sighting, at);
  const introduced = await internIntroduced(client, { sighting, held, at });
  const { id } = await sqlOne<{ id: number }>(
    client,
    `insert into sightings (store_id, machine_id, os_user, cache, line, tool, copy, report_id, received_at, created_at, first_received_at, changed_at, last_used_at, in_motion, motion_why, digest, content_hash,
       states, shown, deleted, shown_packfiles, shown_offsets, introduced_scope, introduced_states, introduced_offsets, introduced_packs, lone_states, set_aside, counts, reporter_id)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $9, $9, $11, $12, $13, decode($14, 'hex'), $15, $16::int4[], $17::int4[], $18::int4[], $19::int4[], $20::int4[], $21, $22::int4[], $23::int4[], $24::int4[], $25::jsonb, $26::jsonb, $27::jsonb, $28)
     on conflict (store_id, machine_id, os_user, cache, line) do update set tool = excluded.tool, copy = excluded.copy, report_id = excluded.report_id, received_at = excluded.received_at, created_at = excluded.created_at,
       changed_at = excluded.changed_at, last_used_at = excluded.last_used_at, in_motion = excluded.in_motion, motion_why = excluded.motion_why, digest = excluded.digest, content_hash = excluded.content_hash,
       states = excluded.states, shown = excluded.shown, deleted = excluded.deleted, shown_packfiles = excluded.shown_packfiles, shown_offsets = excluded.shown_offsets, introduced_scope = excluded.introduced_scope,
       introduced_states = excluded.introduced_states, introduced_offsets = excluded.introduced_offsets, introduced_packs = excluded.introduced_packs, lone_states = excluded.lone_states, set_aside = excluded.set_aside,
       counts = excluded.counts, reporter_id = excluded.reporter_id, problem = null, gone_at = null
     returning id`,
    [
      ...key,
      sighting.tool,
      sighting.copy,
      reportId,
      at,
      report.createdAt,
      sighting.lastUsedAt,
      sighting.inMotion.value,
      sighting.inMotion.why,
      sighting.digest,
      contentHash,
      plainArray(states),
      plainArray(shown.snapshots),
      plainArray(deleted),
      plainArray(shown.packfiles.values),
      plainArray(shown.packfiles.offsets),
      sighting.introduced.scope,
      plainArray(introduced.states),
      plainArray(introduced.packfiles.offsets),
      plainArray(introduced.packfiles.values),
      jsonText(sighting.loneStates ?? []),
      jsonText(sighting.setAside ?? []),
      jsonText(sighting.counts ?? {}),
      report.machine.id,
    ],
  );
  return id;
}

/** Shown snapshots by ascending number with their packfiles; offsets are left empty when each has exactly one. */
async function internShown(client: PoolClient, sighting: SightingInput, at: Date): Promise<{ snapshots: Int32Array; packfiles: Lists }> {
  const bySnapshot = new Map(sighting.shown.map((shown) => [shown.snapshot, shown.packfiles]));
  const ids = [...bySnapshot.keys()];
  const nums = await intern(client, 'snapshots', { storeId: sighting.storeId, ids, at });
  const order = ids.map((id, index) => ({ num: nums[index] ?? 0, packfiles: bySnapshot.get(id) ?? [] })).sort((a, b) => a.num - b.num);
  const lists = await internLists(client, { storeId: sighting.storeId, lists: order.map((item) => item.packfiles), at });
  const single = order.every((item) => item.packfiles.length === 1);
  return { snapshots: Int32Array.from(order, (item) => item.num), packfiles: single ? { offsets: [], values: lists.values } : lists };
}

/** What states brought, by ascending number. An agent that answers only what it was asked adds to what is held; a full list replaces it. */
async function internIntroduced(
  client: PoolClient,
  options: { sighting: SightingInput; held: Held | undefined; at: Date },
): Promise<{ states: number[]; packfiles: Lists }> {
  const { sighting, held, at } = options;
  const byState = new Map(sighting.introduced.states.map((item) => [item.state, item.packfiles]));
  const ids = [...byState.keys()];
  const nums = await intern(client, 'states', { storeId: sighting.storeId, ids, at });
  const lists = await internLists(client, { storeId: sighting.storeId, lists: ids.map((id) => byState.get(id) ?? []), at });
  const merged = new Map<number, Int32Array>();
  if (sighting.introduced.scope === 'asked' && held !== undefined) {
    for (const [index, num] of held.introducedStates.entries())
      merged.set(num, held.introducedPacks.subarray(held.introducedOffsets[index], held.introducedOffsets[index + 1]));
  }
  for (const [index, num] of nums.entries()) merged.set(num, lists.values.subarray(lists.offsets[index], lists.offsets[index + 1]));
  const states = [...merged.keys()].sort((a, b) => a - b);
  const offsets = [0];
  const values: number[] = [];
  for (const state of states) {
    for (const packfile of merged.get(state) ?? []) values.push(packfile);
    offsets.push(values.length);
  }
  return { states, packfiles: { offsets, values: Int32Array.from(values) } };
}

async function internLists(client: PoolClient, options: { storeId: string; lists: readonly (readonly string[])[]; at: Date }): Promise<Lists> {
  const flat = options.lists.flat();
  const ids = distinct(flat);
  const nums = await intern(client, 'packfiles', { storeId: options.storeId, ids, at: options.at });
  const numOf = new Map(ids.map((id, index) => [id, nums[index] ?? 0]));
  const offsets = [0];
  for (const list of options.lists) offsets.push((offsets.at(-1) ?? 0) + list.length);
  return { offsets, values: Int32Array.from(flat, (id) => numOf.get(id) ?? 0) };
}

/** States of the cache that the store does not list as readable, and whose packfiles nobody told yet. */
async function statesToAsk(client: PoolClient, sightingId: number): Promise<string[]> {
  const rows = await sql<{ hex: string }>(
    client,
    `select encode(states.mac, 'hex') as hex from sightings cross join unnest(sightings.states) as held(num) join states on states.id = held.num
     where sightings.id = $1 and states.readable is not true and not (held.num = any(sightings.introduced_states)) order by 1`,
    [sightingId],
  );
  return rows.map((row) => row.hex);
}

async function markUnreadable(
  client: PoolClient,
  machineId: string,
  cache: { storeId: string | null; user: string; cache: string; problem: Json },
): Promise<{ id: number; storeId: string }[]> {
  return sql(
    client,
    'update sightings set problem = $5::jsonb, gone_at = null where ($1::bigint is null or store_id = $1) and machine_id = $2 and os_user = $3 and cache = $4 returning id, store_id as "storeId"',
    [cache.storeId, machineId, cache.user, cache.cache, jsonText(cache.problem)],
  );
}

/** Caches that this agent reported before and that its newest report does not name. */
async function markGone(client: PoolClient, options: { machineId: string; touched: readonly number[]; report: ReportInput }): Promise<{ storeId: string }[]> {
  const { machineId, touched, report } = options;
  return sql(
    client,
    `update sightings set gone_at = $3 where machine_id = $1 and reporter_id = $4 and gone_at is null and not (id = any($2::int4[])) and ($5 or created_at <= $6) returning store_id as "storeId"`,
    [machineId, plainArray(touched), report.receivedAt, report.machine.id, report.source === 'agent', report.createdAt],
  );
}

/** Order-independent hash of all lists. */
function hashOf(sighting: SightingInput): Buffer {
  const hash = createHash('sha256');
  const part = (name: string, items: readonly string[]): void => {
    hash
      .update(`${name} ${items.length}\n`)
      .update([...items].sort().join('\n'))
      .update('\n');
  };
  hash.update(`${sighting.tool} ${sighting.copy} ${sighting.digest} ${sighting.introduced.scope}\n`);
  part('states', sighting.states);
  part(
    'shown',
    sighting.shown.map((shown) => `${shown.snapshot} ${[...shown.packfiles].sort().join(' ')}`),
  );
  part('deleted', sighting.deleted);
  part(
    'introduced',
    sighting.introduced.states.map((item) => `${item.state} ${[...item.packfiles].sort().join(' ')}`),
  );
  return hash.digest();
}

function distinct(ids: readonly string[]): string[] {
  return [...new Set(ids)];
}

function ascending(values: Int32Array): Int32Array {
  return values.sort();
}

/** Reports of a machine, newest first. */
export async function listReports(
  db: Db,
  machineId: string,
  limit = 50,
): Promise<
  { id: string; receivedAt: Date; createdAt: Date; source: string; agentVersion: string; sizeBytes: number; counts: Json; failures: Json; notes: Json }[]
> {
  const rows = await db.prisma.report.findMany({ where: { machineId }, orderBy: { receivedAt: 'desc' }, take: limit });
  return rows.map((row) => ({ ...row, id: row.id.toString(), counts: row.counts as Json, failures: row.failures as Json, notes: row.notes as Json }));
}

/** Removes log rows older than this, except each machine's newest. Answers how many. */
export async function pruneReports(db: Db, before: Date): Promise<number> {
  const rows = await sql(
    db.pool,
    'delete from reports old where received_at < $1 and exists (select 1 from reports newer where newer.machine_id = old.machine_id and newer.received_at > old.received_at) returning id',
    [before],
  );
  return rows.length;
}
