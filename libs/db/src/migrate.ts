import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { clientConfig, type DbTarget } from './db.js';

/** A refusal with a sentence for the person who starts the console. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

/** Oldest server that the migrations and queries are tested for. */
export const OLDEST_SERVER_VERSION = 14;
const LOCK_KEY = 7_300_720_369;

const HISTORY_TABLE = `create table if not exists _prisma_migrations (
  id varchar(36) primary key, checksum varchar(64) not null, finished_at timestamptz, migration_name varchar(255) not null, logs text,
  rolled_back_at timestamptz, started_at timestamptz not null default now(), applied_steps_count integer not null default 0)`;

type Migration = { readonly name: string; readonly sql: string; readonly checksum: string };

/**
 * Applies the checked-in migrations that are missing, each in its own transaction, under an advisory lock (two consoles may start at once).
 * Keeps Prisma's own history table, so that the developers' tool agrees. Answers the names applied now.
 * @throws MigrationError server too old, a migration changed after it was applied, the database is of a newer console, or a migration failed
 */
export async function migrate(target: DbTarget, folder: string): Promise<string[]> {
  const client = new pg.Client({ ...clientConfig(target), connectionTimeoutMillis: 10_000, application_name: 'wardrobe migrate' });
  await client.connect();
  try {
    await checkServerVersion(client);
    await client.query('select pg_advisory_lock($1)', [LOCK_KEY]);
    await client.query(HISTORY_TABLE);
    return await applyMissing(client, readMigrations(folder));
  } finally {
    await client.end();
  }
}

async function checkServerVersion(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ version: string }>(`select current_setting('server_version_num') as version`);
  const refusal = serverVersionRefusal(Number(rows[0]?.version ?? 0));
  if (refusal !== null) throw new MigrationError(refusal);
}

/** `versionNumber` as server_version_num gives it: 140005 is 14.5. */
export function serverVersionRefusal(versionNumber: number): string | null {
  const major = Math.floor(versionNumber / 10_000);
  if (major >= OLDEST_SERVER_VERSION) return null;
  return `The database server is PostgreSQL ${major}. Wardrobe needs PostgreSQL ${OLDEST_SERVER_VERSION} or newer: upgrade it, or unset DATABASE_URL to use the database that comes with Wardrobe.`;
}

export function readMigrations(folder: string): Migration[] {
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  return names.map((name) => {
    const sql = readFileSync(join(folder, name, 'migration.sql'), 'utf8');
    return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
  });
}

async function applyMissing(client: pg.Client, migrations: readonly Migration[]): Promise<string[]> {
  const { rows } = await client.query<{ name: string; checksum: string; finished: boolean }>(
    'select migration_name as name, checksum, finished_at is not null as finished from _prisma_migrations where rolled_back_at is null',
  );
  const known = new Set(migrations.map((migration) => migration.name));
  for (const row of rows) {
    if (!row.finished)
      throw new MigrationError(
        `The database migration ${row.name} was begun by another tool and never finished. Restore the database from a backup, or remove the row after mending it.`,
      );
    if (!known.has(row.name))
      throw new MigrationError(
        `The database was used by a newer Wardrobe (it has the migration ${row.name}). Start that version, or restore a backup of the database.`,
      );
  }
  const done = new Map(rows.map((row) => [row.name, row.checksum]));
  const applied: string[] = [];
  for (const migration of migrations) {
    const checksum = done.get(migration.name);
    if (checksum === migration.checksum) continue;
    if (checksum !== undefined)
      throw new MigrationError(`The migration ${migration.name} was changed after it was applied to this database. Install Wardrobe again from its release.`);
    await applyOne(client, migration);
    applied.push(migration.name);
  }
  return applied;
}

async function applyOne(client: pg.Client, migration: Migration): Promise<void> {
  try {
    await client.query('begin');
    await client.query(migration.sql);
    await client.query('insert into _prisma_migrations (id, checksum, finished_at, migration_name, applied_steps_count) values ($1, $2, now(), $3, 1)', [
      randomUUID(),
      migration.checksum,
      migration.name,
    ]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    const reason = error instanceof Error ? error.message : String(error);
    throw new MigrationError(`The database migration ${migration.name} failed and was undone: ${reason}`, { cause: error });
  }
}
