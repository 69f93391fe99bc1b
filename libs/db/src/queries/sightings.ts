import type { Db } from '../db.js';
import { bytesToHex, plainArray, sql, sqlOne } from '../sql.js';
import type { SightingRow } from '../types.js';

const LISTS = ['states', 'shown', 'deleted', 'shown_packfiles', 'shown_offsets', 'introduced_states', 'introduced_offsets', 'introduced_packs'];
const COLUMNS = `id, store_id as "storeId", machine_id as "machineId", os_user as "user", cache, tool, line, copy, report_id as "reportId", received_at as "receivedAt", created_at as "createdAt",
  first_received_at as "firstReceivedAt", changed_at as "changedAt", last_used_at as "lastUsedAt", in_motion as "inMotion", motion_why as "motionWhy", digest, introduced_scope as "introducedScope",
  lone_states as "loneStates", set_aside as "setAside", counts, problem, gone_at as "goneAt", ${LISTS.map((name) => `coalesce(${name}, '{}') as "${camel(name)}"`).join(', ')}`;

/** Sightings of a store with their lists; all machines, or those named. Gone ones are left out unless asked for. */
export async function loadSightings(
  db: Db,
  storeId: string,
  options: { readonly machineIds?: readonly string[]; readonly gone?: boolean } = {},
): Promise<SightingRow[]> {
  const rows = await sql<Omit<SightingRow, 'digest'> & { digest: Buffer }>(
    db.pool,
    `select ${COLUMNS} from sightings where store_id = $1::bigint and ($2::uuid[] is null or machine_id = any($2::uuid[])) and ($3 or gone_at is null) order by machine_id, id`,
    [storeId, options.machineIds === undefined ? null : plainArray(options.machineIds), options.gone ?? false],
  );
  return rows.map((row) => ({ ...row, digest: bytesToHex(row.digest) }));
}

/** Packfiles of shown[index], as numbers. */
export function packfilesOfShown(sighting: Pick<SightingRow, 'shownPackfiles' | 'shownOffsets'>, index: number): Int32Array {
  if (sighting.shownOffsets.length === 0) return sighting.shownPackfiles.subarray(index, index + 1);
  return sighting.shownPackfiles.subarray(sighting.shownOffsets[index], sighting.shownOffsets[index + 1]);
}

/** Packfiles of introducedStates[index], as numbers. */
export function packfilesOfIntroduced(sighting: Pick<SightingRow, 'introducedPacks' | 'introducedOffsets'>, index: number): Int32Array {
  return sighting.introducedPacks.subarray(sighting.introducedOffsets[index], sighting.introducedOffsets[index + 1]);
}

/** Machines whose caches merged this state, and those whose caches show this snapshot. */
export async function machinesWithState(db: Db, storeId: string, stateId: string): Promise<string[]> {
  return machinesHolding(db, { storeId, id: stateId, kind: 'states', column: 'states' });
}

export async function machinesShowing(db: Db, storeId: string, snapshotId: string): Promise<string[]> {
  return machinesHolding(db, { storeId, id: snapshotId, kind: 'snapshots', column: 'shown' });
}

async function machinesHolding(db: Db, options: { storeId: string; id: string; kind: 'states' | 'snapshots'; column: 'states' | 'shown' }): Promise<string[]> {
  const rows = await sql<{ machineId: string }>(
    db.pool,
    `select distinct sightings.machine_id as "machineId" from sightings join ${options.kind} wanted on wanted.store_id = sightings.store_id and wanted.mac = decode($2, 'hex')
     where sightings.store_id = $1::bigint and sightings.gone_at is null and wanted.id = any(sightings.${options.column}) order by 1`,
    [options.storeId, options.id],
  );
  return rows.map((row) => row.machineId);
}

/** How many machines show each of these snapshots (numbers), and how many machines report this store at all. Retired ones do not count. */
export async function seenBy(db: Db, storeId: string, nums: ArrayLike<number>): Promise<{ machines: number; counts: Map<number, number> }> {
  const [machines, rows] = await Promise.all([
    sqlOne<{ count: number }>(
      db.pool,
      `select count(distinct machine_id)::int as count from sightings join machines on machines.id = sightings.machine_id where store_id = $1::bigint and gone_at is null and retired_at is null`,
      [storeId],
    ),
    sql<{ num: number; count: number }>(
      db.pool,
      `select wanted.num, count(distinct sightings.machine_id)::int as count from unnest($2::int4[]) as wanted(num)
       join sightings on sightings.store_id = $1::bigint and sightings.gone_at is null and wanted.num = any(sightings.shown) join machines on machines.id = sightings.machine_id and machines.retired_at is null
       group by 1`,
      [storeId, plainArray(nums)],
    ),
  ]);
  return { machines: machines.count, counts: new Map(rows.map((row) => [row.num, row.count])) };
}

function camel(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}
