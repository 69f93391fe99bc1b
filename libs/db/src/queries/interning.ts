import type { Db } from '../db.js';
import { plainArray, sql, type SqlRunner, sqlOne } from '../sql.js';
import type { InternedIds } from '../types.js';

export type InternedKind = 'snapshots' | 'states' | 'packfiles';

/** Columns that a row known only by its id must have. `$3` is the time. */
const EXTRA: Readonly<Record<InternedKind, { columns: string; values: string }>> = {
  snapshots: { columns: ', first_seen_at, last_seen_at', values: ', $3::timestamptz, $3::timestamptz' },
  states: { columns: '', values: '' },
  packfiles: { columns: '', values: '' },
};

/**
 * Numbers of these ids, in their order; ids not known yet get a row. Sorted insertion, so that two writers wait instead of dead-locking;
 * only missing ids are inserted, because every refused insertion would burn a number of the 4-byte sequence.
 */
export async function intern(runner: SqlRunner, kind: InternedKind, options: { storeId: string; ids: readonly string[]; at: Date }): Promise<Int32Array> {
  if (options.ids.length === 0) return new Int32Array(0);
  const list = plainArray(options.ids);
  const found = await lookUp(runner, kind, options.storeId, list);
  if (found.length === options.ids.length) return found;
  const extra = EXTRA[kind];
  const values = kind === 'snapshots' ? [options.storeId, list, options.at] : [options.storeId, list];
  const added = await sql(
    runner,
    `insert into ${kind} (store_id, mac${extra.columns})
     select $1::bigint, wanted.mac${extra.values}
     from (select distinct decode(hex, 'hex') as mac from unnest($2::text[]) as hex) wanted
     where not exists (select 1 from ${kind} known where known.store_id = $1::bigint and known.mac = wanted.mac)
     order by wanted.mac
     on conflict (store_id, mac) do nothing returning 1`,
    values,
  );
  if (kind === 'snapshots' && added.length > 0) await sql(runner, 'update stores set columns_revision = columns_revision + 1 where id = $1', [options.storeId]);
  const all = await lookUp(runner, kind, options.storeId, list);
  if (all.length !== options.ids.length) throw new Error(`${options.ids.length - all.length} ids of ${kind} were removed while they were being interned`);
  return all;
}

async function lookUp(runner: SqlRunner, kind: InternedKind, storeId: string, list: string): Promise<Int32Array> {
  const row = await sqlOne<{ nums: Int32Array }>(
    runner,
    `select coalesce(array_agg(known.id order by wanted.position), '{}') as nums
     from unnest($2::text[]) with ordinality as wanted(hex, position)
     join ${kind} known on known.store_id = $1::bigint and known.mac = decode(wanted.hex, 'hex')`,
    [storeId, list],
  );
  return row.nums;
}

/** Hex ids of every interned number of a store, for turning sightings into sets of ids. One row per kind, split here. */
export async function loadInternedIds(db: Db, storeId: string): Promise<InternedIds> {
  const [snapshots, states, packfiles] = await Promise.all([
    loadKind(db, 'snapshots', storeId),
    loadKind(db, 'states', storeId),
    loadKind(db, 'packfiles', storeId),
  ]);
  return { snapshots, states, packfiles };
}

async function loadKind(db: Db, kind: InternedKind, storeId: string): Promise<Map<number, string>> {
  const row = await sqlOne<{ nums: Int32Array; macs: string }>(
    db.pool,
    `select coalesce(array_agg(id order by id), '{}') as nums, coalesce(encode(string_agg(mac, ''::bytea order by id), 'hex'), '') as macs from ${kind} where store_id = $1::bigint`,
    [storeId],
  );
  // encode() breaks no lines for 'hex'; each id is 64 characters.
  const ids = new Map<number, string>();
  for (const [index, num] of row.nums.entries()) ids.set(num, row.macs.slice(index * 64, index * 64 + 64));
  return ids;
}
