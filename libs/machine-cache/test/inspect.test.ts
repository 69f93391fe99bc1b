import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readLockList } from '../src/cache-use.js';
import { buildReport, inspectCaches, readMachineCaches, withAskedStates } from '../src/index.js';
import { afterNextUse } from './after-next-use.js';
import { cacheDirectory, machineHome, short, SNAPSHOTS } from './golden.js';

const NOW = Date.parse('2026-11-24T00:00:00Z');

test('inspection names files, ends of logs and the states that entries name and the cache has forgotten', async () => {
  const home = await afterNextUse('v10-plain-desync', 'alpha', 'new log');
  const { caches, failures } = await inspectCaches({ directories: [home], nowMs: NOW, waitMs: 0 });
  expect(failures).toEqual([]);
  expect(caches).toMatchObject([
    { role: 'view', line: '1.0', locked: false, inMerge: false, counts: { states: 4, packfiles: 8, shown: 3, deleted: 1, headers: expect.any(Number) } },
  ]);
  expect(short(caches[0]?.notMerged.map(({ state }) => state) ?? [])).toEqual([SNAPSHOTS['v10-plain-desync'][3]]);
  expect(caches[0]?.notMerged[0]?.packfiles).toHaveLength(2);
  expect(caches[0]?.pebble).toMatchObject({
    formatVersion: 13,
    manifest: 17,
    minLog: 15,
    logs: [
      { number: 18, end: 'trailer' },
      { number: 20, records: 1, end: 'trailer' },
    ],
    attempts: 1,
  });
});

test('inspection gives set-aside caches with their reason, the -wal, and stores that only weaker evidence names', async () => {
  const home = await afterNextUse('v11-plain-desync', 'bravo', 'rows');
  const uuid = '11111111-2222-4333-8444-555555555555';
  await mkdir(join(home, '.cache', 'plakar', '2.0.0', 'maintenance', uuid), { recursive: true });
  const { caches, weakEvidence } = await inspectCaches({ directories: [home], nowMs: NOW, waitMs: 0 });
  expect(caches.map(({ role, line }) => `${line} ${role}`)).toEqual(['1.1 view', '1.0 header-cache']);
  expect(caches[0]?.sqlite?.statesInOrder).toHaveLength(4);
  expect(weakEvidence).toEqual([{ cache: '~/.cache/plakar', user: caches[0]?.user, kind: 'maintenance', repositoryIds: [uuid] }]);
});

test('a lock that a program holds on a database shows in the system’s list, where there is one', async () => {
  const home = await afterNextUse('v11-plain-desync', 'bravo', 'rows');
  const Database = createRequire(import.meta.url)('libsql') as new (path: string) => { exec(sql: string): void; close(): void };
  const database = new Database(join(await cacheDirectory(home, '1.1', 'store'), 'state.db'));
  try {
    database.exec('BEGIN IMMEDIATE');
    const [sighting] = (await readMachineCaches({ directories: [home], nowMs: Date.now(), waitMs: 0 })).sightings;
    expect(sighting?.inMotion).toEqual({ value: true, why: [(await readLockList()) === null ? 'recent-write' : 'lock-held'] });
  } finally {
    database.close();
  }
});

test('a report carries its sightings; the asked form carries only the packfiles of the states asked for', async () => {
  const { sightings, failures } = await readMachineCaches({ directories: [await machineHome('v10-enc-desync', 'alpha')], nowMs: NOW });
  const machine = { id: '7f1c2f3e-1111-4222-8333-444455556666', name: 'alpha', hostName: 'alpha', os: 'linux' };
  const report = buildReport({ machine, agent: { version: '0.1.0' }, createdAt: '2026-11-24T00:00:00Z', sightings, failures });
  expect(report).toMatchObject({ format: 'wardrobe-report', version: 1, machine, failures: [], sightings: [{ introduced: { scope: 'all' } }] });
  const [sighting] = report.sightings;
  if (sighting === undefined) throw new Error('no sighting');
  const asked = sighting.introduced.states[0]?.state ?? '';
  expect(withAskedStates(sighting, new Set([asked])).introduced).toEqual({ scope: 'asked', states: [sighting.introduced.states[0]] });
});
