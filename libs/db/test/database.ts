import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDataFolder } from '../src/data/data-folder.js';
import { openKeyRing } from '../src/data/open-key.js';
import { createDb, type Db, type DbTarget } from '../src/db.js';
import { startEmbedded } from '../src/embedded/embedded.js';
import { migrate } from '../src/migrate.js';

export const MIGRATIONS = fileURLToPath(new URL('../prisma/migrations', import.meta.url));
/** Every migration that is checked in, oldest first. */
export const MIGRATION_NAMES: readonly string[] = readdirSync(MIGRATIONS, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort();

export type TestDatabase = { readonly db: Db; readonly target: Exclude<DbTarget, string>; readonly close: () => Promise<void> };

/** A built-in database of its own in a temporary folder, schema applied unless `migrated` is false. */
export async function openTestDatabase(options: { readonly migrated?: boolean } = {}): Promise<TestDatabase> {
  const folder = mkdtempSync(join(tmpdir(), 'wardrobe-testdb-'));
  const data = openDataFolder(join(folder, 'data'));
  const home = mkdtempSync(join(tmpdir(), 'wardrobe-testpg-'));
  const embedded = await startEmbedded({ data, keys: openKeyRing(data), rootHome: home });
  if (options.migrated !== false) await migrate(embedded.target, MIGRATIONS);
  const db = createDb(embedded.target);
  return {
    db,
    target: embedded.target,
    close: async () => {
      await db.close();
      await embedded.stop();
      for (const path of [folder, home]) rmSync(path, { recursive: true, force: true });
    },
  };
}
