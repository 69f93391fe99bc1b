import { describe, expect, test } from 'vitest';
import { readPebble } from '../src/pebble/read-pebble.js';
import { readSqlite } from '../src/sqlite/read-sqlite.js';
import { KNOWN_PREFIXES, WANTED_PREFIXES } from '../src/aggregate.js';
import { cacheDirectory, digestOfKeys, digestOfRows, machineHome } from './golden.js';

/** Fixture, machine, MANIFEST, minLog, logs, tables, keys, digest. @source 03 D, golden values */
const PEBBLE = [
  ['v10-plain-desync', 'alpha', 17, 15, '18 (35)', 'L6 14 (300), L0 16 (333)', 668, '2293d6b525cb81a3'],
  ['v10-plain-desync', 'bravo', 17, 15, '18 (0)', 'L6 14 (352), L0 16 (279)', 631, '50f2fd6ee8f7dabf'],
  ['v10-plain-desync', 'charlie', 1, 0, '2 (631)', '', 631, '50f2fd6ee8f7dabf'],
  ['v10-enc-desync', 'alpha', 17, 15, '18 (35)', 'L6 14 (300), L0 16 (333)', 668, 'f3f236801dd68eab'],
  ['v10-enc-desync', 'bravo', 17, 15, '18 (0)', 'L6 14 (352), L0 16 (279)', 631, '2b4a5d467a4b4ed6'],
  ['v10-enc-desync', 'charlie', 1, 0, '2 (631)', '', 631, '2b4a5d467a4b4ed6'],
  ['v11-plain-desync', 'alpha', 16, 14, '17 (0)', 'L0 5 (1), L0 10 (1), L0 15 (2)', 4, 'cf4da4686e3fabf8'],
  ['v11-plain-desync', 'bravo', 15, 14, '16 (0)', 'L0 5 (1), L0 10 (2)', 3, '8fb62c41d1a524c0'],
  ['v11-plain-desync', 'charlie', 1, 0, '2 (3)', '', 3, '8fb62c41d1a524c0'],
  ['v11-enc-desync', 'alpha', 16, 14, '17 (0)', 'L0 5 (1), L0 10 (1), L0 15 (2)', 4, '6d989dcd483eef3d'],
  ['v11-enc-desync', 'bravo', 16, 15, '17 (0)', 'L6 14 (3)', 3, 'e0aa180b9f203ac2'],
  ['v11-enc-desync', 'charlie', 1, 0, '2 (3)', '', 3, 'e0aa180b9f203ac2'],
] as const;

describe('Pebble databases that plakar left', () => {
  test.each(PEBBLE)('%s %s: files, keys and digest are those of the public library', async (...row) => {
    const [fixture, machine, manifest, minLog, logs, tables, keys, digest] = row;
    const directory = await cacheDirectory(await machineHome(fixture, machine), fixture.startsWith('v10') ? '1.0' : '1.1', 'repository');
    const content = await readPebble(directory);
    const { files } = content;
    expect(files).toMatchObject({ formatVersion: 13, manifest, minLog, attempts: 1 });
    expect(files.logs.map(({ number, records }) => `${number} (${records})`).join(', ')).toBe(logs);
    expect(files.logs.every(({ end }) => end === 'trailer')).toBe(true);
    expect(files.tables.map(({ level, number, entries }) => `L${level} ${number} (${entries})`).join(', ')).toBe(tables);
    expect(content.keys.size).toBe(keys);
    expect(digestOfKeys(content.keys)).toBe(digest);
  });

  test('reading only wanted blocks gives the same wanted keys and fewer blocks', async () => {
    const directory = await cacheDirectory(await machineHome('v10-plain-desync', 'alpha'), '1.0', 'repository');
    const all = await readPebble(directory);
    const some = await readPebble(directory, { wanted: WANTED_PREFIXES, known: KNOWN_PREFIXES });
    expect([...some.keys]).toEqual([...all.keys].filter(([key]) => WANTED_PREFIXES.some((prefix) => key.startsWith(prefix))));
    expect(some.ignoredKeys).toBe(0);
    for (const table of some.files.tables) expect(table.blocksRead).toBeLessThan(table.blocks / 2);
  });
});

/** Fixture, machines, counts, digest, states by rowid. @source 03 D */
const SQLITE = [
  ['v11-plain-desync', 'alpha', [5, 8, 685, 1], '627882237a6d5bf7', 'dbcd3df7 c47f60e4 28b13e2a 8b212618 23d9a1da'],
  ['v11-plain-desync', 'bravo', [3, 6, 654, 0], 'a48fe25b3b76ad21', 'dbcd3df7 c47f60e4 28b13e2a'],
  ['v11-plain-desync', 'charlie', [3, 6, 654, 0], 'a48fe25b3b76ad21', 'dbcd3df7 c47f60e4 28b13e2a'],
  ['v11-enc-desync', 'alpha', [5, 8, 685, 1], '813510c4bbaf8cb5', 'ae3ef537 e8d86560 8cb22dc1 b7c78d78 a82a6894'],
  ['v11-enc-desync', 'bravo', [3, 6, 654, 0], '9810cfe060af85d9', 'ae3ef537 e8d86560 8cb22dc1'],
  ['v11-enc-desync', 'charlie', [3, 6, 654, 0], '9810cfe060af85d9', 'ae3ef537 e8d86560 8cb22dc1'],
] as const;

describe('SQLite databases that plakar left', () => {
  test.each(SQLITE)('%s %s: rows are those behind the -wal, not those of the main file alone', async (fixture, machine, counts, digest, states) => {
    const directory = await cacheDirectory(await machineHome(fixture, machine), '1.1', 'store');
    const content = await readSqlite(directory, { collect: digestOfRows });
    expect([content.counts.states, content.counts.packfiles, content.counts.deltas, content.counts.deleteds]).toEqual(counts);
    expect(content.extra).toBe(digest);
    expect(content.statesInOrder.map((id) => id.slice(0, 8)).join(' ')).toBe(states);
    expect(content.files.attempts).toBe(1);
  });
});
