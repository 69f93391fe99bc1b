import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { DbTarget } from '../src/index.js';
import { openTestDatabase } from './database.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** What Prisma would make of the schema file on an empty database. */
function freshSql({ user, password, host, database }: Exclude<DbTarget, string>): string {
  const url = `postgresql://${user}:${encodeURIComponent(password)}@localhost/${database}?host=${encodeURIComponent(host)}`;
  const env = {
    ...process.env,
    PRISMA_SCHEMA_ENGINE_BINARY: join(ROOT, 'tools/prisma-schema-engine.mjs'),
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    DATABASE_URL: url,
  };
  const words = ['migrate', 'diff', '--from-empty', '--to-schema', 'libs/db/prisma/schema.prisma', '--script'];
  const result = spawnSync(process.execPath, [join(ROOT, 'node_modules/prisma/build/index.js'), ...words], { cwd: ROOT, encoding: 'utf8', env });
  expect(result.status, result.stderr).toBe(0);
  return result.stdout.replace(/^CREATE SCHEMA .*$/m, '');
}

/** Columns, indexes and references of one schema; check constraints are ours alone and left out. */
const CATALOGUE = `
  select 'column ' || table_name || '.' || column_name || ' ' || data_type || coalesce('(' || datetime_precision || ')', '') || ' ' || udt_name || ' null:' || is_nullable || ' ' || coalesce(replace(column_default, $1 || '.', ''), '') as line
  from information_schema.columns where table_schema = $1 and table_name <> '_prisma_migrations'
  union all select 'index ' || replace(indexdef, $1 || '.', '') from pg_indexes where schemaname = $1 and tablename <> '_prisma_migrations'
  union all select 'constraint ' || conrelid::regclass::text || ' ' || conname || ' ' || replace(pg_get_constraintdef(oid), $1 || '.', '') from pg_constraint
    where connamespace = $1::regnamespace and contype in ('p', 'f', 'u') and conrelid::regclass::text not like '%_prisma_migrations'
  order by 1`;

test('the checked-in migrations give exactly the schema that the client is generated from', async () => {
  const database = await openTestDatabase();
  try {
    const client = await database.db.pool.connect();
    const catalogue = async (schema: string): Promise<string[]> =>
      (await client.query<{ line: string }>(CATALOGUE, [schema])).rows.map((row) => row.line.replaceAll(`${schema}.`, ''));
    await client.query(`create schema fresh; set search_path to fresh; ${freshSql(database.target)}`);
    const migrated = await catalogue('public');
    expect(migrated.length).toBeGreaterThan(200);
    expect(migrated).toEqual(await catalogue('fresh'));
    client.release(true);
  } finally {
    await database.close();
  }
});
