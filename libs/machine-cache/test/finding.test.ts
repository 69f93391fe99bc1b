import { execFileSync } from 'node:child_process';
import { cp, mkdir, readdir, rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CacheReadError, fileFailure } from '../src/cache-error.js';
import { parseLocks } from '../src/cache-use.js';
import { type OwnIndexReader, readMachineCaches } from '../src/index.js';
import type { ReadCachesOptions } from '../src/read-machine-caches.js';
import { cacheDirectory, type DesyncName, type MachineName, machineHome, short, SNAPSHOTS } from './golden.js';
import { batch, frame, table, writeDatabase } from './pebble-writer.js';
import { temporaryFolder } from './temporary.js';

const NOW = Date.parse('2026-11-24T00:00:00Z');
const NAMES = ['v10-plain-desync', 'v10-enc-desync', 'v11-plain-desync', 'v11-enc-desync'] as const;

async function read(directories: string | readonly string[], more: Partial<ReadCachesOptions> = {}) {
  return readMachineCaches({ directories: [directories].flat(), nowMs: NOW, attempts: 2, wait: () => Promise.resolve(), locks: [], ...more });
}

/** One home with the caches of several fixtures' machines in it, as a machine that uses several stores has. */
async function homeWith(...parts: readonly (readonly [DesyncName, MachineName])[]): Promise<string> {
  const home = await temporaryFolder('home');
  for (const [name, machine] of parts)
    await cp(join(await machineHome(name, machine), '.cache'), join(home, '.cache'), { recursive: true, preserveTimestamps: true });
  return home;
}

async function storeOf(home: string): Promise<string> {
  return cacheDirectory(home, '1.1', 'store');
}

async function emptyStoreRows(home: string): Promise<void> {
  const { createRequire } = await import('node:module');
  const Database = createRequire(import.meta.url)('libsql') as new (path: string) => { exec(sql: string): void; close(): void };
  const database = new Database(join(await storeOf(home), 'state.db'));
  database.exec('DELETE FROM states; DELETE FROM packfiles; DELETE FROM deltas; DELETE FROM deleteds; PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
}

async function setTimes(directory: string, when: Date): Promise<void> {
  for (const name of await readdir(directory)) await utimes(join(directory, name), when, when);
}

function stateFile(): Buffer {
  const bytes = Buffer.alloc(80);
  bytes.write('_KLOSET_', 'latin1');
  bytes.writeUInt32LE(3, 8);
  return bytes;
}

describe('where caches are looked for', () => {
  test('a home, a cache base, a plakar folder in it and its version folder give the same sightings', async () => {
    const home = await homeWith(['v11-plain-desync', 'alpha']);
    const outcomes = await Promise.all(['', '.cache', '.cache/plakar', '.cache/plakar/2.0.0'].map((part) => read(join(home, part))));
    for (const { sightings, failures } of outcomes) {
      expect(failures).toEqual([]);
      expect(sightings).toEqual(outcomes[0]?.sightings);
    }
    expect(await read([home, join(home, '.cache'), join(home, '.cache', 'plakar')])).toEqual(outcomes[0]);
  });

  test('several stores in a cache and both cache folders are a sighting each', async () => {
    const home = await homeWith(...NAMES.map((name) => [name, 'alpha'] as const));
    const { sightings, failures } = await read(home);
    expect(failures).toEqual([]);
    expect(sightings.map(({ line, cache }) => `${line} ${cache}`).sort()).toEqual([
      '1.0 ~/.cache/plakar-agentless',
      '1.0 ~/.cache/plakar-agentless',
      '1.1 ~/.cache/plakar',
      '1.1 ~/.cache/plakar',
    ]);
    expect(new Set(sightings.map(({ repositoryId }) => repositoryId)).size).toBe(4);
    for (const { shown, setAside, line } of sightings) {
      expect(shown).toHaveLength(3);
      expect(setAside.map(({ why }) => why)).toEqual(line === '1.1' ? ['header-cache'] : []);
    }
  });

  test('two homes of one user are told apart by their full paths', async () => {
    const homes = [await homeWith(['v10-plain-desync', 'alpha']), await homeWith(['v10-plain-desync', 'bravo'])];
    const { sightings } = await read(homes);
    expect(sightings.map(({ cache }) => cache)).toEqual(homes.map((home) => join(home, '.cache', 'plakar-agentless')));
  });

  test('a folder that is not there, and one without a cache, are failures and not silence', async () => {
    const folder = await temporaryFolder('nothing');
    const { sightings, failures } = await read([folder, join(folder, 'absent')]);
    expect(sightings).toEqual([]);
    expect(failures.map(({ code, message }) => `${code}: ${message}`)).toEqual(['empty: no plakar cache in this folder', 'empty: there is no such folder']);
  });

  test('a cache of a newer version is a failure: unsupported', async () => {
    const home = await homeWith(['v10-plain-desync', 'alpha']);
    const folder = join(home, '.cache', 'plakar-agentless');
    await rename(join(folder, '2.0.0'), join(folder, '3.0.0'));
    const { sightings, failures } = await read(home);
    expect(sightings).toEqual([]);
    expect(failures).toMatchObject([{ code: 'unsupported', message: 'unsupported cache version 3.0.0 with 1 stores' }]);
  });

  test('names that are no repository id, scan leftovers and links out of the cache are not read', async () => {
    const home = await homeWith(['v10-plain-desync', 'alpha']);
    const directory = await cacheDirectory(home, '1.0', 'repository');
    await mkdir(join(directory, '..', 'not-a-uuid'));
    await rm(join(directory, '000018.log'));
    await symlink('/etc/passwd', join(directory, '000018.log'));
    const { failures } = await read(home);
    expect(failures).toMatchObject([{ code: 'damaged', message: '000018.log is not a regular file' }]);
  });

  test('a fifo in the place of a log does not stop the reader', async () => {
    const home = await homeWith(['v10-plain-desync', 'alpha']);
    const directory = await cacheDirectory(home, '1.0', 'repository');
    await rm(join(directory, '000018.log'));
    execFileSync('mkfifo', [join(directory, '000018.log')]);
    expect((await read(home)).failures).toMatchObject([{ code: 'damaged', message: '000018.log is not a regular file' }]);
  });

  test('one cache that cannot be read does not hide the others', async () => {
    const home = await homeWith(...NAMES.map((name) => [name, 'bravo'] as const));
    const ten = join(home, '.cache', 'plakar-agentless', '2.0.0', 'repository');
    const [first = ''] = await readdir(ten);
    await truncate(join(ten, first, '000014.sst'), 1000);
    const eleven = join(home, '.cache', 'plakar', '2.0.0', 'store');
    const [second = ''] = await readdir(eleven);
    await writeFile(join(eleven, second, 'state.db-wal'), 'garbage');
    const { sightings, failures } = await read(home);
    expect(sightings).toHaveLength(2);
    expect(failures.map(({ repositoryId, code }) => `${code} ${repositoryId}`).sort()).toEqual(
      [`damaged ${first}`, `damaged ${second}`, `empty ${second}`].sort(),
    );
  });

  test('no permission is said as such', () => {
    const error = Object.assign(new Error('EACCES: permission denied, open /secret/000018.log'), { code: 'EACCES' });
    expect(fileFailure(error, '000018.log')).toMatchObject({ code: 'permission', message: 'no permission to read 000018.log' });
    expect(fileFailure(error, 'x')).toBeInstanceOf(CacheReadError);
  });
});

describe('which cache is the machine’s view', () => {
  test('the full aggregate that a repair of 1.1 leaves is set aside: SQLite shows the phantom, the copy does not', async () => {
    const home = await homeWith(['v11-plain-desync', 'alpha']);
    const directory = await cacheDirectory(home, '1.1', 'repository');
    const bravo = await cacheDirectory(await machineHome('v10-plain-desync', 'bravo'), '1.0', 'repository');
    await rm(directory, { recursive: true });
    await cp(bravo, directory, { recursive: true });
    const { sightings, failures } = await read(home);
    expect(failures).toEqual([]);
    expect(sightings).toHaveLength(1);
    expect(sightings[0]?.setAside).toEqual([{ cache: expect.stringMatching(/^~\/\.cache\/plakar\/2\.0\.0\/repository\//), why: 'older-or-repair-copy' }]);
    expect(short(sightings[0]?.shown.map(({ snapshot }) => snapshot) ?? [])).toContain(SNAPSHOTS['v11-plain-desync'][3]);
  });

  test('when that SQLite database cannot be read, the copy does not take its place', async () => {
    const home = await homeWith(['v11-plain-desync', 'alpha']);
    await rm(join(await storeOf(home), 'state.db'));
    const { sightings, failures } = await read(home);
    expect(sightings).toEqual([]);
    expect(failures.map(({ code }) => code)).toEqual(['damaged', 'empty']);
  });

  test('a full aggregate below plakar with no SQLite database is a 1.0.x that runs through its agent', async () => {
    const home = await homeWith(['v10-plain-desync', 'alpha']);
    await rm(join(home, '.cache', 'plakar'), { recursive: true });
    await rename(join(home, '.cache', 'plakar-agentless'), join(home, '.cache', 'plakar'));
    expect((await read(home)).sightings).toMatchObject([{ line: '1.0', cache: '~/.cache/plakar', counts: { states: 5, shown: 3 } }]);
  });

  test('a header cache alone says nothing about what the machine shows', async () => {
    const home = await homeWith(['v11-plain-desync', 'alpha']);
    await rm(join(await storeOf(home), '..'), { recursive: true });
    expect(await read(home)).toMatchObject({ sightings: [], failures: [{ code: 'empty', message: expect.stringContaining('snapshot headers') }] });
  });

  test('locations that are still merging, before any packfile entry, make an aggregate and no header cache', async () => {
    const home = await homeWith(['v11-plain-desync', 'alpha']);
    const directory = await cacheDirectory(home, '1.1', 'repository');
    await rm(join(await storeOf(home), '..'), { recursive: true });
    const key = `__delta__:9:${'a'.repeat(64)}:${'b'.repeat(64)}`;
    await writeFile(join(directory, '000040.log'), frame([batch(90_000, [{ kind: 1, key, value: 'x'.repeat(85) }])], { logNumber: 40 }));
    expect((await read(home)).sightings).toMatchObject([{ line: '1.0', counts: { states: 0, shown: 0 } }]);
  });

  test('a store folder without rows and with one lone state is what ptar leaves, once it is idle', async () => {
    const home = await homeWith(['v11-plain-desync', 'alpha'], ['v11-enc-desync', 'bravo']);
    const archive = await homeWith(['v11-plain-desync', 'alpha']);
    await emptyStoreRows(archive);
    const uuid = '11111111-2222-4333-8444-555555555555';
    const target = join(home, '.cache', 'plakar', '2.0.0', 'store', uuid);
    await cp(await storeOf(archive), target, { recursive: true });
    await writeFile(join(target, `${'c'.repeat(64)}.state`), stateFile());
    await setTimes(target, new Date(NOW - 3_600_000));
    const idle = await read(home);
    expect(idle.sightings).toHaveLength(2);
    expect(idle.sightings.flatMap(({ setAside }) => setAside)).toContainEqual({ cache: `~/.cache/plakar/2.0.0/store/${uuid}`, why: 'archive' });
    await setTimes(target, new Date(NOW - 5000));
    const fresh = await read(home);
    expect(fresh.sightings.find(({ repositoryId }) => repositoryId === uuid)).toMatchObject({
      inMotion: { value: true, why: ['lone-state'] },
      loneStates: [{ id: 'c'.repeat(64), checked: 'shape' }],
    });
  });

  test('without the SQLite engine the cache is a failure that says so', async () => {
    const home = await homeWith(['v11-plain-desync', 'alpha']);
    const engine = {
      open: () => {
        throw new CacheReadError('unsupported', 'the SQLite engine is not installed for this platform');
      },
    };
    expect((await read(home, { engine })).failures).toMatchObject([
      { code: 'unsupported', message: expect.stringContaining('SQLite engine') },
      { code: 'empty' },
    ]);
  });
});

describe('in motion', () => {
  test('a lock that another process holds on LOCK, by its device and inode', async () => {
    const home = await homeWith(['v10-plain-desync', 'alpha']);
    const { stat } = await import('node:fs/promises');
    const info = await stat(join(await cacheDirectory(home, '1.0', 'repository'), 'LOCK'), { bigint: true });
    const device = `${((info.dev >> 8n) & 0xfffn).toString(16)}:${((info.dev & 0xffn) | ((info.dev >> 12n) & ~0xffn)).toString(16)}`;
    const locks = parseLocks(`1: FLOCK  ADVISORY  WRITE 77 fe:01:99 0 EOF\n2: POSIX  ADVISORY  WRITE 4242 ${device}:${info.ino} 0 EOF\n`);
    expect(locks).toHaveLength(2);
    expect((await read(home, { locks })).sightings).toMatchObject([{ inMotion: { value: true, why: ['lock-held'] } }]);
    expect((await read(home, { locks: locks.slice(0, 1) })).sightings).toMatchObject([{ inMotion: { value: false } }]);
  });

  test('where locks cannot be seen, a change within ten seconds', async () => {
    const home = await homeWith(['v10-plain-desync', 'alpha']);
    const directory = await cacheDirectory(home, '1.0', 'repository');
    await setTimes(directory, new Date(NOW - 9000));
    expect((await read(home, { locks: null })).sightings).toMatchObject([
      { inMotion: { value: true, why: ['recent-write'] }, lastUsedAt: new Date(NOW - 9000).toISOString() },
    ]);
    await setTimes(directory, new Date(NOW - 11_000));
    expect((await read(home, { locks: null })).sightings).toMatchObject([{ inMotion: { value: false } }]);
  });

  test('lone states: a merged one is ignored, others are given, a partial one as broken', async () => {
    const home = await homeWith(['v11-plain-desync', 'bravo']);
    const directory = await storeOf(home);
    const [sighting] = (await read(home)).sightings;
    await writeFile(join(directory, `${sighting?.states[0]}.state`), stateFile());
    expect((await read(home)).sightings[0]).toMatchObject({ loneStates: [], inMotion: { value: false } });
    await writeFile(join(directory, `${'d'.repeat(64)}.state`), stateFile());
    await writeFile(join(directory, `${'e'.repeat(64)}.state`), stateFile().subarray(0, 40));
    expect((await read(home)).sightings[0]).toMatchObject({
      inMotion: { value: true, why: ['lone-state'] },
      loneStates: [
        { id: 'd'.repeat(64), sizeBytes: 80, checked: 'shape' },
        { id: 'e'.repeat(64), sizeBytes: 40, checked: 'broken' },
      ],
    });
  });

  /** A merge under way: the entries of the removal's successor are there, its state id is not. */
  async function merging(): Promise<{ readonly home: string; readonly directory: string; readonly state: string; readonly finish: () => Promise<void> }> {
    const home = await homeWith(['v10-plain-desync', 'bravo']);
    const directory = await cacheDirectory(home, '1.0', 'repository');
    const state = 'a'.repeat(64);
    const packfile = 'b'.repeat(64);
    const value = Buffer.concat([Buffer.from(packfile + state, 'hex'), Buffer.alloc(8)]);
    const entry = batch(90_000, [{ kind: 1, key: `__packfile__:${packfile}`, value }]);
    const log = (records: readonly Uint8Array[]): Promise<void> => writeFile(join(directory, '000040.log'), frame(records, { logNumber: 40 }));
    await log([entry]);
    return { home, directory, state, finish: () => log([entry, batch(90_001, [{ kind: 1, key: `__state__:${state}`, value: 'x' }])]) };
  }

  test('an entry before its state is read again after the pause: a merge that ends meanwhile is settled', async () => {
    const { home, state, finish } = await merging();
    const pauses: number[] = [];
    const wait = async (ms: number): Promise<void> => {
      pauses.push(ms);
      await finish();
    };
    const { sightings } = await read(home, { wait });
    expect(pauses).toEqual([2000]);
    expect(sightings[0]?.states).toContain(state);
    expect(sightings[0]?.inMotion).toEqual({ value: false, why: [] });
  });

  test('one that persists is in motion where the store holds the state, and not where it was lost', async () => {
    const { home, state } = await merging();
    expect((await read(home)).sightings[0]?.inMotion).toEqual({ value: false, why: [] });
    expect((await read(home, { remoteStates: () => new Set([state]) })).sightings[0]?.inMotion).toEqual({ value: true, why: ['entry-before-state'] });
    const noPause = () => Promise.reject(new Error('no pause is needed'));
    expect((await read(home, { remoteStates: () => new Set(), wait: noPause })).sightings[0]?.inMotion).toEqual({ value: false, why: [] });
  });

  test('one that changes during the pause and does not end is in motion', async () => {
    const { home, directory } = await merging();
    const value = Buffer.concat([Buffer.from('c'.repeat(64) + 'a'.repeat(64), 'hex'), Buffer.alloc(8)]);
    const wait = () =>
      writeFile(join(directory, '000041.log'), frame([batch(90_005, [{ kind: 1, key: `__packfile__:${'c'.repeat(64)}`, value }])], { logNumber: 41 }));
    expect((await read(home, { wait })).sightings[0]?.inMotion).toEqual({ value: true, why: ['entry-before-state'] });
  });
});

describe('untrusted content', () => {
  test('keys of unknown prefix or shape are counted and never reported', async () => {
    const home = await temporaryFolder('home');
    const directory = join(home, '.cache', 'plakar-agentless', '2.0.0', 'repository', '11111111-2222-4333-8444-555555555555');
    const keys = [
      '__secret__:/home/me/letter.txt',
      'plain',
      `__state__:${'A'.repeat(64)}`,
      `__state__:${'a'.repeat(63)}`,
      `__packfile__:${'g'.repeat(64)}`,
      `__deleted__:5:short`,
    ];
    const log = frame(
      [
        batch(
          1,
          [...keys, `__state__:${'1'.repeat(64)}`].map((key) => ({ kind: 1, key, value: 'x' })),
        ),
      ],
      { logNumber: 2 },
    );
    await writeDatabase(directory, { logs: [[2, log]] });
    const outcome = await read(home);
    expect(outcome.sightings).toMatchObject([{ states: ['1'.repeat(64)], counts: { states: 1, ignoredKeys: keys.length } }]);
    expect(JSON.stringify(outcome)).not.toContain('letter');
  });

  test('an entry whose payload names another packfile than its key is damage', async () => {
    const home = await temporaryFolder('home');
    const directory = join(home, '.cache', 'plakar-agentless', '2.0.0', 'repository', '11111111-2222-4333-8444-555555555555');
    const entry = { kind: 1, key: `__packfile__:${'1'.repeat(64)}`, value: Buffer.alloc(72), sequence: 1 };
    await writeDatabase(directory, { tables: [table([entry], { level: 0, number: 5 })], logs: [[6, frame([], { logNumber: 6, trailer: true })]] });
    expect((await read(home)).failures).toMatchObject([{ code: 'damaged', message: 'a packfile entry contradicts its key' }]);
  });

  test('a last log that was cut gives the sighting and says that it may be old', async () => {
    const home = await homeWith(['v10-plain-desync', 'charlie']);
    await truncate(join(await cacheDirectory(home, '1.0', 'repository'), '000002.log'), 162_000);
    const { sightings, failures } = await read(home);
    expect(sightings).toHaveLength(1);
    expect(failures).toMatchObject([{ code: 'damaged', message: expect.stringMatching(/^log 2 ends with torn, \d+ bytes are unread/) }]);
  });
});

test('wardrobe’s own indexes become sightings of their own line', async () => {
  const home = await homeWith(['v10-plain-desync', 'alpha']);
  const id = (digit: string) => digit.repeat(64);
  const view = {
    states: [{ id: id('1') }],
    live: [{ id: id('2'), packfiles: [id('3')] }],
    deleted: [{ id: id('4') }],
    packfiles: () => [{ id: id('3'), coloured: false, states: [id('1')] }],
  };
  const ownIndexes = (async () => ({
    indexes: [{ repositoryId: '11111111-2222-4333-8444-555555555555', user: 'me', cache: '~/.cache/wardrobe', lastUsedMs: NOW, view }],
    failures: [],
  })) as unknown as OwnIndexReader;
  const { sightings } = await read(home, { ownIndexes });
  expect(sightings[1]).toMatchObject({
    tool: 'wardrobe',
    line: 'wardrobe',
    states: [id('1')],
    shown: [{ snapshot: id('2'), packfiles: [id('3')] }],
    deleted: [id('4')],
    introduced: { states: [{ state: id('1'), packfiles: [id('3')] }] },
  });
});

test('an abort ends the reading with its reason', async () => {
  const home = await homeWith(['v10-plain-desync', 'alpha']);
  const reason = new Error('enough');
  await expect(read(home, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
