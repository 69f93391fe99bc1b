import { openDataFolder } from '../src/data/data-folder.js';
import { openKeyRing } from '../src/data/open-key.js';
import { lockFolder } from '../src/data/process-lock.js';
import { StartError } from '../src/data/start-error.js';
import { createDb } from '../src/db.js';
import { startEmbedded } from '../src/embedded/embedded.js';
import { migrate } from '../src/migrate.js';

/**
 * What the server does with its database and nothing else, as a program that tests start, crash and start again.
 * argv: data folder, migrations folder, PG home for root, 'wait' | 'write'. Prints JSON lines.
 */
const [, , dataPath = '', migrations = '', rootHome = '', mode = 'wait'] = process.argv;

function print(line: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function main(): Promise<void> {
  const data = openDataFolder(dataPath);
  const lock = lockFolder(data.path);
  const keys = openKeyRing(data);
  const embedded = await startEmbedded({ data, keys, rootHome: rootHome === '' ? undefined : rootHome, say: (line) => print({ say: line }) });
  const applied = await migrate(embedded.target, migrations);
  const db = createDb(embedded.target);
  process.once('SIGTERM', () => {
    void db
      .close()
      .then(() => embedded.stop())
      .then(() => {
        lock.release();
        print({ stopped: true });
        process.exit(0);
      });
  });
  const rows = await db.pool.query<{ max: number | null; count: number }>(
    `select max((value)::text::int) as max, count(*)::int as count from settings where key like 'row-%'`,
  );
  print({
    ready: true,
    applied,
    pid: embedded.pid,
    cluster: embedded.cluster,
    socket: embedded.target.host,
    rows: rows.rows[0]?.count,
    max: rows.rows[0]?.max ?? 0,
  });
  for (let row = (rows.rows[0]?.max ?? 0) + 1; mode === 'write'; row++) {
    await db.pool.query('insert into settings (key, value) values ($1, $2::jsonb)', [`row-${row}`, JSON.stringify(row)]);
    print({ acknowledged: row });
  }
  setInterval(() => undefined, 60_000);
}

main().catch((error: unknown) => {
  print({ error: error instanceof StartError ? error.message : String((error as Error).stack) });
  process.exit(error instanceof StartError ? 1 : 2);
});
