import { type Db, transaction } from '../db.js';
import type { Machine } from '../generated/client.js';
import { sql } from '../sql.js';
import type { MachineRow } from '../types.js';

export async function listMachines(db: Db): Promise<MachineRow[]> {
  const rows = await db.prisma.machine.findMany({ orderBy: [{ name: 'asc' }, { id: 'asc' }] });
  return rows.map(toMachine);
}

export async function getMachine(db: Db, machineId: string): Promise<MachineRow | null> {
  const row = await db.prisma.machine.findUnique({ where: { id: machineId } });
  return row === null ? null : toMachine(row);
}

/** Machines that have (or had) a cache of this store, or a computed row on it; merged ones left out. */
export async function machinesOfStore(db: Db, storeId: string): Promise<MachineRow[]> {
  const id = BigInt(storeId);
  const rows = await db.prisma.machine.findMany({
    where: { mergedIntoId: null, OR: [{ sightings: { some: { storeId: id } } }, { machineStores: { some: { storeId: id } } }] },
    orderBy: [{ name: 'asc' }, { id: 'asc' }],
  });
  return rows.map(toMachine);
}

export async function renameMachine(db: Db, machineId: string, name: string): Promise<MachineRow> {
  return toMachine(await db.prisma.machine.update({ where: { id: machineId }, data: { name, renamed: true } }));
}

/** A retired machine blocks nothing; its rows stay. */
export async function retireMachine(db: Db, machineId: string, retiredAt: Date | null): Promise<MachineRow> {
  return toMachine(await db.prisma.machine.update({ where: { id: machineId }, data: { retiredAt } }));
}

/**
 * `from` becomes another name of `into`: its sightings and reports move, later reports of it count for `into`. Where both have the same
 * cache of the same store the newer one stays. The store rows of `from` go; the caller computes those of `into` again.
 */
export async function mergeMachines(db: Db, from: string, into: string): Promise<void> {
  if (from === into) throw new RangeError('a machine cannot be merged into itself');
  await transaction(db, async (client) => {
    await sql(
      client,
      `delete from sightings older using sightings newer where older.store_id = newer.store_id and older.os_user = newer.os_user and older.cache = newer.cache and older.line = newer.line
         and older.machine_id in ($1, $2) and newer.machine_id in ($1, $2) and older.machine_id <> newer.machine_id
         and (older.received_at, older.id) < (newer.received_at, newer.id)`,
      [from, into],
    );
    await sql(client, 'update sightings set machine_id = $2 where machine_id = $1', [from, into]);
    await sql(client, 'update reports set machine_id = $2 where machine_id = $1', [from, into]);
    await sql(client, `update divergences set ended_at = now(), ended_as = 'merged' where machine_id = $1 and ended_at is null`, [from]);
    await sql(client, 'update divergences set machine_id = $2 where machine_id = $1', [from, into]);
    await sql(client, 'update lags set ended_at = now() where machine_id = $1 and ended_at is null', [from]);
    await sql(client, 'update lags set machine_id = $2 where machine_id = $1', [from, into]);
    await sql(
      client,
      `update decisions held set ended_at = now() where machine_id = $1 and ended_at is null
         and exists (select 1 from decisions other where other.machine_id = $2 and other.snapshot_id = held.snapshot_id and other.ended_at is null)`,
      [from, into],
    );
    await sql(client, 'update decisions set machine_id = $2 where machine_id = $1', [from, into]);
    await sql(client, 'delete from machine_stores where machine_id = $1', [from]);
    await sql(client, 'update machines set merged_into_id = $2 where id = $1 or merged_into_id = $1', [from, into]);
    await sql(
      client,
      'update machines set merged_into_id = null, last_report_at = greatest(last_report_at, (select last_report_at from machines where id = $1)) where id = $2',
      [from, into],
    );
  });
}

export function toMachine(row: Machine): MachineRow {
  return { ...row, clockSkewMs: row.clockSkewMs === null ? null : Number(row.clockSkewMs) };
}
