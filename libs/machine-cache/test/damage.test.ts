import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type SeededRandom, seededRandom } from '@wardrobe/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { deriveLists, KNOWN_PREFIXES, WANTED_PREFIXES } from '../src/aggregate.js';
import { CacheReadError } from '../src/cache-error.js';
import { type PebbleContent, readPebble } from '../src/pebble/read-pebble.js';
import { readSqlite } from '../src/sqlite/read-sqlite.js';
import { cacheDirectory, digestOfKeys, machineHome, printSeed, SEED } from './golden.js';
import { temporaryFolder } from './temporary.js';

printSeed('damage');
const quick = { attempts: 2, wait: () => Promise.resolve() };
const ROUNDS = 40;

type Damage = { readonly name: string; readonly apply: (bytes: Buffer, random: SeededRandom) => Buffer };
const oneBit: Damage = {
  name: 'one bit',
  apply: (bytes, random) => {
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    return bytes;
  },
};
const eightBytes: Damage = {
  name: '8 bytes',
  apply: (bytes, random) => {
    const at = random.below(Math.max(1, bytes.length - 8));
    for (let index = at; index < Math.min(at + 8, bytes.length); index++) bytes[index] = (bytes[index] ?? 0) ^ 0xa5;
    return bytes;
  },
};
const truncated: Damage = { name: 'truncated', apply: (bytes, random) => bytes.subarray(0, random.below(bytes.length)) };
const zeroed: Damage = { name: 'zeroed', apply: (bytes) => Buffer.alloc(bytes.length) };

async function withDamage<T>(
  directory: string,
  file: string,
  damage: { readonly how: Damage; readonly random: SeededRandom },
  read: () => Promise<T>,
): Promise<T | CacheReadError> {
  const path = join(directory, file);
  const good = await readFile(path);
  await writeFile(path, damage.how.apply(Buffer.from(good), damage.random));
  try {
    return await read();
  } catch (error) {
    if (error instanceof CacheReadError) return error;
    throw error;
  } finally {
    await writeFile(path, good);
  }
}

async function copyOf(machine: 'alpha' | 'bravo' | 'charlie', line: '1.0' | '1.1'): Promise<string> {
  const directory = await temporaryFolder('damage');
  const name = line === '1.0' ? 'v10-enc-desync' : 'v11-enc-desync';
  await cp(await cacheDirectory(await machineHome(name, machine), line, line === '1.0' ? 'repository' : 'store'), directory, {
    recursive: true,
    preserveTimestamps: true,
  });
  return directory;
}

describe('Pebble', () => {
  let directory: string;
  let whole: PebbleContent;
  beforeAll(async () => {
    directory = await copyOf('alpha', '1.0');
    whole = await readPebble(directory);
  });

  describe.each(['000014.sst', '000016.sst', 'MANIFEST-000017'])('%s', (file) => {
    test.each([oneBit, eightBytes, truncated, zeroed])('$name is always an error', async (how) => {
      const random = seededRandom(SEED);
      for (let round = 0; round < ROUNDS; round++) {
        const outcome = await withDamage(directory, file, { how, random }, () => readPebble(directory, quick));
        expect(outcome).toBeInstanceOf(CacheReadError);
      }
    });

    test.each([oneBit, eightBytes])('$name never changes what is wanted: the same keys or an error', async (how) => {
      const random = seededRandom(SEED + 1);
      const wanted = { ...quick, wanted: WANTED_PREFIXES, known: KNOWN_PREFIXES };
      const good = digestOfKeys((await readPebble(directory, wanted)).keys);
      for (let round = 0; round < ROUNDS; round++) {
        const outcome = await withDamage(directory, file, { how, random }, () => readPebble(directory, wanted));
        if (!(outcome instanceof CacheReadError)) expect(digestOfKeys(outcome.keys)).toBe(good);
      }
    });
  });

  test.each(['000014.sst', '000016.sst', 'MANIFEST-000017', '000018.log', 'marker.format-version.000001.013', 'marker.manifest.000004.MANIFEST-000017'])(
    '%s deleted is an error',
    async (file) => {
      const path = join(directory, file);
      const good = await readFile(path);
      await rm(path);
      try {
        await expect(readPebble(directory, quick)).rejects.toBeInstanceOf(CacheReadError);
      } finally {
        await writeFile(path, good);
      }
    },
  );

  test('a MANIFEST cut exactly between two records reads cleanly, and is found out by the newer table beside it', async () => {
    const cut: Damage = { name: 'cut', apply: (bytes) => bytes.subarray(0, 0x124) };
    for (const options of [quick, { ...quick, wanted: WANTED_PREFIXES, known: KNOWN_PREFIXES }]) {
      const outcome = await withDamage(directory, 'MANIFEST-000017', { how: cut, random: seededRandom(SEED) }, () => readPebble(directory, options));
      expect(outcome).toMatchObject({ code: 'damaged', message: 'the MANIFEST is older than table 16, whose writes are missing' });
    }
  });

  test.each([
    ['another table', '000014.sst', '000016.sst'],
    ['a log', 'MANIFEST-000017', '000018.log'],
    ['an older MANIFEST', '000018.log', 'MANIFEST-000011'],
  ])('%s in the place of %s is an error or an unread end', async (_name, file, other) => {
    const instead = await readFile(join(directory, other));
    const outcome = await withDamage(directory, file, { how: { name: 'swapped', apply: () => instead }, random: seededRandom(SEED) }, () =>
      readPebble(directory, quick),
    );
    if (!(outcome instanceof CacheReadError)) expect(outcome.files.logs.at(-1)?.unreadBytes).toBeGreaterThan(0);
  });

  test.each([oneBit, eightBytes, truncated, zeroed])('$name in the last log: an error, or the writes before it with the kind of end', async (how) => {
    const charlie = await copyOf('charlie', '1.0');
    const good = [...(await readPebble(charlie)).keys.keys()];
    const goodKeys = new Set(good);
    const random = seededRandom(SEED + 2);
    for (let round = 0; round < ROUNDS; round++) {
      const outcome = await withDamage(charlie, '000002.log', { how, random }, () => readPebble(charlie, quick));
      if (outcome instanceof CacheReadError) continue;
      const [log] = outcome.files.logs;
      // A flip in the trailer's number or sums: everything was read before it.
      if (outcome.keys.size === good.length && log?.end !== 'trailer') expect(log?.unreadBytes).toBeLessThanOrEqual(11);
      if (outcome.keys.size < good.length) expect(['torn', 'bad-checksum', 'stale-bytes', 'stale-record', 'zeros', 'eof', 'trailer']).toContain(log?.end);
      expect([...outcome.keys.keys()].every((key) => goodKeys.has(key))).toBe(true);
    }
    expect(whole.keys.size).toBe(668);
  });

  test('a bad checksum before the last block of a log is damage in its middle, never a shorter log', async () => {
    const charlie = await copyOf('charlie', '1.0');
    const random = seededRandom(SEED + 3);
    for (let round = 0; round < ROUNDS; round++) {
      const early: Damage = {
        name: 'early bit',
        apply: (bytes) => Buffer.concat([oneBit.apply(bytes.subarray(0, 32768 * 3), random), bytes.subarray(32768 * 3)]),
      };
      expect(await withDamage(charlie, '000002.log', { how: early, random }, () => readPebble(charlie, quick))).toBeInstanceOf(CacheReadError);
    }
  });
});

describe('SQLite', () => {
  type Outcome = { readonly lists: ReturnType<typeof deriveLists>; readonly frames: number };
  const read = async (directory: string): Promise<Outcome> => {
    const { facts, files } = await readSqlite(directory, quick);
    return { lists: deriveLists(facts), frames: files.wal?.committedFrames ?? 0 };
  };

  test.each(
    (['alpha', 'bravo'] as const).flatMap((machine) =>
      (['state.db', 'state.db-wal'] as const).flatMap((file) => [oneBit, eightBytes, truncated, zeroed].map((how) => [machine, file, how.name, how] as const)),
    ),
  )('%s %s, %s: the same view, an error, or an earlier moment of a -wal that was cut', async (machine, file, _name, how) => {
    const directory = await copyOf(machine, '1.1');
    const good = await read(directory);
    const random = seededRandom(SEED + 4);
    let silent = 0;
    for (let round = 0; round < (how === zeroed ? 1 : 12); round++) {
      const outcome = await withDamage(directory, file, { how, random }, () => read(directory));
      if (outcome instanceof CacheReadError) continue;
      if (outcome.lists.digest === good.lists.digest && outcome.lists.states.join() === good.lists.states.join()) continue;
      expect(how).toBe(truncated);
      expect(outcome.frames).toBeLessThan(good.frames);
      silent++;
    }
    if (file === 'state.db' || how !== truncated) expect(silent).toBe(0);
  });

  test.each([
    ['state.db', 'state.db is missing'],
    ['state.db-wal', 'state.db-wal is missing beside state.db-shm'],
  ])('%s deleted is an error', async (file, message) => {
    const directory = await copyOf('bravo', '1.1');
    await rm(join(directory, file));
    await expect(read(directory)).rejects.toMatchObject({ code: 'damaged', message });
  });

  test('the -wal of another store beside a database is an error', async () => {
    const directory = await copyOf('bravo', '1.1');
    const other = await cacheDirectory(await machineHome('v11-plain-desync', 'alpha'), '1.1', 'store');
    await writeFile(join(directory, 'state.db-wal'), await readFile(join(other, 'state.db-wal')));
    await expect(read(directory)).rejects.toBeInstanceOf(CacheReadError);
  });

  test('no private copy is left behind, whatever happened', async () => {
    const temporaryDirectory = await temporaryFolder('private');
    const directory = await copyOf('bravo', '1.1');
    await readSqlite(directory, { ...quick, temporaryDirectory });
    await writeFile(join(directory, 'state.db-wal'), 'garbage');
    await expect(readSqlite(directory, { ...quick, temporaryDirectory })).rejects.toMatchObject({ code: 'damaged' });
    expect(await readdir(temporaryDirectory)).toEqual([]);
  });
});
