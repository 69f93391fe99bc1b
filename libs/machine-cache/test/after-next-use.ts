import { cp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { readPebble } from '../src/pebble/read-pebble.js';
import { cacheDirectory, type DesyncName, type MachineName, machineHome, REMOVAL_STATE, SNAPSHOTS } from './golden.js';
import { batch, frame, table, type WrittenEntry, writeDatabase } from './pebble-writer.js';
import { temporaryFolder } from './temporary.js';

type Sqlite = { exec(sql: string): void; close(): void };
const Database = createRequire(import.meta.url)('libsql') as new (path: string) => Sqlite;

/** `new log`: the changes are appended as plakar appends them. `compacted`: the whole database is one table of level 6. */
export type Way = 'new log' | 'compacted' | 'rows';

/**
 * A copy of a machine's home with the changes that plakar makes at the machine's next `ls`: alpha forgets the lost state's id,
 * bravo and charlie merge the removal. The removal's entries are those in alpha's cache, which plakar wrote. @source 03 C3
 */
export async function afterNextUse(name: DesyncName, machine: MachineName, way: Way): Promise<string> {
  const home = await temporaryFolder('after');
  await cp(await machineHome(name, machine), home, { recursive: true, preserveTimestamps: true });
  if (name.startsWith('v10')) await changePebble(home, { name, machine, way });
  else await changeRows(home, { name, machine });
  return home;
}

async function changePebble(home: string, options: { readonly name: DesyncName; readonly machine: MachineName; readonly way: Way }): Promise<void> {
  const directory = await cacheDirectory(home, '1.0', 'repository');
  const alpha = await readPebble(await cacheDirectory(await machineHome(options.name, 'alpha'), '1.0', 'repository'));
  const changes = options.machine === 'alpha' ? forgetLost(alpha.keys, options.name) : mergeRemoval(alpha.keys, options.name);
  if (options.way === 'new log') {
    await writeFile(
      join(directory, '000020.log'),
      frame(
        changes.map((change, index) => batch(100_000 + index, [change])),
        { logNumber: 20, trailer: true },
      ),
    );
    return;
  }
  const keys = new Map((await readPebble(directory)).keys);
  for (const { kind, key, value } of changes) {
    if (kind === 0) keys.delete(key);
    else keys.set(key, Buffer.from(value as Uint8Array));
  }
  await rm(directory, { recursive: true });
  const whole = table(
    [...keys].map(([key, value]) => ({ kind: 1, key, value, sequence: 0 })),
    { level: 6, number: 21, snappy: true },
  );
  await writeDatabase(directory, { minLog: 22, tables: [whole], logs: [[22, frame([], { logNumber: 22, trailer: true })]] });
}

function forgetLost(keys: ReadonlyMap<string, Uint8Array>, name: DesyncName): WrittenEntry[] {
  return [{ kind: 0, key: only(keys, `__state__:${SNAPSHOTS[name][3]}`) }];
}

/** Entries first, the state's id last, as plakar merges. */
function mergeRemoval(keys: ReadonlyMap<string, Uint8Array>, name: DesyncName): WrittenEntry[] {
  const deletions = [...keys.keys()].filter((key) => key.startsWith('__deleted__:'));
  return [...deletions, only(keys, `__state__:${REMOVAL_STATE[name]}`)].map((key) => ({ kind: 1, key, value: keys.get(key) ?? new Uint8Array() }));
}

function only(keys: ReadonlyMap<string, Uint8Array>, prefix: string): string {
  const found = [...keys.keys()].filter((key) => key.startsWith(prefix));
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} keys begin with ${prefix}`);
  return found[0];
}

async function changeRows(home: string, options: { readonly name: DesyncName; readonly machine: MachineName }): Promise<void> {
  const directory = await cacheDirectory(home, '1.1', 'store');
  const database = new Database(join(directory, 'state.db'));
  try {
    if (options.machine === 'alpha') {
      database.exec(`DELETE FROM states WHERE mac LIKE '${SNAPSHOTS[options.name][3]}%'`);
      return;
    }
    // An engine that opens alpha's files in place would change the fixture: it gets a copy.
    const alpha = await temporaryFolder('alpha');
    await cp(await cacheDirectory(await machineHome(options.name, 'alpha'), '1.1', 'store'), alpha, { recursive: true });
    database.exec(`ATTACH '${join(alpha, 'state.db')}' AS alpha`);
    database.exec('INSERT INTO deleteds SELECT * FROM alpha.deleteds');
    database.exec(`INSERT INTO states SELECT * FROM alpha.states WHERE mac LIKE '${REMOVAL_STATE[options.name]}%'`);
  } finally {
    database.close();
  }
}
