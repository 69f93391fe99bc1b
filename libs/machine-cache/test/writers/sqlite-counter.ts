import { createRequire } from 'node:module';
import { join } from 'node:path';

/**
 * A program that writes a SQLite aggregate row by row until its time is over, with frequent checkpoints and restarts of the -wal.
 * Arguments: directory, milliseconds. Prints how many states it wrote.
 */
const Database = createRequire(import.meta.url)('libsql') as new (path: string) => { exec(sql: string): void; close(): void };
const [directory = '', millis = '1000'] = process.argv.slice(2);
const end = Date.now() + Number(millis);
const database = new Database(join(directory, 'state.db'));
database.exec(`PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA wal_autocheckpoint=200;
  CREATE TABLE IF NOT EXISTS states (mac TEXT NOT NULL PRIMARY KEY, payload BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS packfiles (mac TEXT NOT NULL PRIMARY KEY, payload BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS deltas (mac TEXT NOT NULL, type INTEGER NOT NULL, packfile TEXT NOT NULL, payload BLOB NOT NULL, UNIQUE(type, mac, packfile));
  CREATE TABLE IF NOT EXISTS deleteds (mac TEXT NOT NULL, type INTEGER NOT NULL, payload BLOB NOT NULL, UNIQUE(type, mac));
  CREATE TABLE IF NOT EXISTS configurations (key TEXT NOT NULL PRIMARY KEY, data BLOB NOT NULL)`);
let written = 0;
process.stdout.write('ready\n');
for (; Date.now() < end; written++) {
  // A row that lies far from the last one, so that every commit touches pages all over the file.
  database.exec(`INSERT INTO deltas VALUES ('${((written * 2654435761) % 2 ** 32).toString(16).padStart(64, '0')}', 9, '${'0'.repeat(64)}', zeroblob(85))`);
  database.exec(`INSERT INTO states VALUES ('${written.toString(16).padStart(64, '0')}', zeroblob(100))`);
  // Merges of plakar come in bursts of some hundred commits.
  if (written % 100 === 99) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60);
  if (written % 500 === 499) database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
}
process.stdout.write(`${written}\n`);
database.close();
