import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MIGRATION_NAMES, MIGRATIONS, openTestDatabase, type TestDatabase } from '../test/database.js';
import { migrate, MigrationError, serverVersionRefusal } from './migrate.js';

let database: TestDatabase;
let folder: string;

beforeAll(async () => {
  database = await openTestDatabase({ migrated: false });
  folder = mkdtempSync(join(tmpdir(), 'wardrobe-migrations-'));
  cpSync(MIGRATIONS, folder, { recursive: true });
});
afterAll(async () => {
  await database.close();
  rmSync(folder, { recursive: true, force: true });
});

const tables = async (): Promise<string[]> =>
  (
    await database.db.pool.query<{ name: string }>(`select table_name as name from information_schema.tables where table_schema = 'public' order by 1`)
  ).rows.map((row) => row.name);
const add = (name: string, sql: string): void => {
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, 'migration.sql'), sql);
};

describe('migrations', () => {
  test('from the jobs of before: decisions and lags come, and older changes of verdict say what made them', async () => {
    const older = await openTestDatabase({ migrated: false });
    const until = mkdtempSync(join(tmpdir(), 'wardrobe-migrations-'));
    try {
      for (const name of ['0001_initial', '0002_jobs']) cpSync(join(MIGRATIONS, name), join(until, name), { recursive: true });
      expect(await migrate(older.target, until)).toEqual(['0001_initial', '0002_jobs']);
      const { pool } = older.db;
      await pool.query(
        `insert into stores (name, location, repository_id, encrypted, key_kept) values ('s', '/s', gen_random_uuid(), false, 'none');
         insert into machines (id, name, host_name, os, agent_version) values ('00000000-0000-4000-8000-000000000001', 'm', 'm', 'linux', '');
         insert into verdict_changes (store_id, machine_id, at, verdict, counts) select stores.id, machines.id, now() + given.n * interval '1 s', given.verdict, given.counts::jsonb
         from stores, machines, (values (1, 'behind', '{"behind": 2}'), (2, 'behind', '{"behind": 1, "stale-delete": 1}'), (3, 'diverged', '{"mismatch": 1, "phantom": 2}'), (4, 'unknown', '{}'), (5, 'in-sync', '{"seen": 3}')) as given(n, verdict, counts)`,
      );
      expect(await migrate(older.target, MIGRATIONS)).toEqual(MIGRATION_NAMES.slice(2));
      const rows = (await pool.query<{ worst: string }>('select worst from verdict_changes order by at')).rows.map(({ worst }) => worst);
      expect(rows).toEqual(['behind', 'stale-delete', 'phantom', 'unknown', 'seen']);
      expect(await migrate(older.target, MIGRATIONS)).toEqual([]);
    } finally {
      await older.close();
      rmSync(until, { recursive: true, force: true });
    }
  });

  test('from empty: two consoles that start at once apply each migration once', async () => {
    const both = await Promise.all([migrate(database.target, folder), migrate(database.target, folder)]);
    expect(both.flat()).toEqual(MIGRATION_NAMES);
    expect(MIGRATION_NAMES.length).toBeGreaterThan(1);
    expect(await tables()).toEqual(
      expect.arrayContaining([
        'stores',
        'snapshots',
        'states',
        'sightings',
        'machines',
        'reports',
        'divergences',
        'users',
        'sessions',
        'tokens',
        'jobs',
        'audit_entries',
      ]),
    );
    expect(await migrate(database.target, folder)).toEqual([]);
  });

  test('from the previous one: only what is new is applied, rows stay', async () => {
    await database.db.pool.query(`insert into settings (key, value) values ('kept', '1')`);
    add('0002_more', 'alter table settings add column note text');
    expect(await migrate(database.target, folder)).toEqual(['0002_more']);
    expect((await database.db.pool.query('select note from settings')).rowCount).toBe(1);
  });

  test('a migration that fails half-way leaves nothing, and the sentence names it', async () => {
    add('0003_broken', 'create table half (id int); select * from nowhere');
    await expect(migrate(database.target, folder)).rejects.toThrow(/0003_broken failed and was undone/);
    expect(await tables()).not.toContain('half');
    rmSync(join(folder, '0003_broken'), { recursive: true });
  });

  test('a migration changed after it was applied is refused', async () => {
    writeFileSync(join(folder, '0002_more', 'migration.sql'), 'select 1');
    await expect(migrate(database.target, folder)).rejects.toThrow(/0002_more was changed after/);
  });

  test('a database of a newer console is refused', async () => {
    rmSync(join(folder, '0002_more'), { recursive: true });
    const refused = migrate(database.target, folder);
    await expect(refused).rejects.toBeInstanceOf(MigrationError);
    await expect(refused).rejects.toThrow(/newer Wardrobe .*0002_more/);
  });

  test('servers older than 14 are refused with a sentence, newer ones taken', () => {
    expect(serverVersionRefusal(130_011)).toMatch(/PostgreSQL 13\. Wardrobe needs PostgreSQL 14/);
    expect(serverVersionRefusal(140_000)).toBeNull();
    expect(serverVersionRefusal(180_004)).toBeNull();
  });
});
