import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { machineReport } from '@wardrobe/contracts';
import { fuzz, FUZZ_INPUT_BYTES, fuzzLine, fuzzSettings, type FuzzTarget, seededRandom } from '@wardrobe/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { deriveLists, factsFromKeys, KNOWN_PREFIXES, WANTED_PREFIXES } from '../src/aggregate.js';
import { CacheReadError } from '../src/cache-error.js';
import { parseLocks } from '../src/cache-use.js';
import { readLoneStates } from '../src/lone-states.js';
import { readBatch } from '../src/pebble/batch.js';
import { forEachInBlock } from '../src/pebble/block.js';
import { crc32c } from '../src/pebble/crc32c.js';
import { readManifest } from '../src/pebble/manifest.js';
import { readPebble } from '../src/pebble/read-pebble.js';
import { readRecords } from '../src/pebble/records.js';
import { decodeSnappy } from '../src/pebble/snappy.js';
import { readMachineCaches } from '../src/read-machine-caches.js';
import { buildReport } from '../src/report.js';
import { readSqlite } from '../src/sqlite/read-sqlite.js';
import { checkWal } from '../src/sqlite/wal.js';
import { cacheDirectory, machineHome } from './golden.js';
import { batch } from './pebble-writer.js';
import { temporaryFolder } from './temporary.js';

const { seed, totalMs } = fuzzSettings(process.env, 55);
process.stdout.write(`machine caches fuzz: seed ${seed}, ${totalMs / 1000} s\n`);
const TARGETS = 13;
const isExpected = (error: unknown): boolean => error instanceof CacheReadError;
const quick = { attempts: 1, wait: () => Promise.resolve() };

let pebble: string;
let sqlite: string;
let work: string;
let files: { readonly pebble: ReadonlyMap<string, Uint8Array>; readonly sqlite: ReadonlyMap<string, Uint8Array> };
let report: Uint8Array;

beforeAll(async () => {
  const alpha = await machineHome('v10-plain-desync', 'alpha');
  pebble = await cacheDirectory(await machineHome('v10-plain-desync', 'charlie'), '1.0', 'repository');
  sqlite = await cacheDirectory(await machineHome('v11-plain-desync', 'bravo'), '1.1', 'store');
  work = await temporaryFolder('fuzz-parsers');
  files = { pebble: await readAll(pebble), sqlite: await readAll(sqlite) };
  const { sightings, failures } = await readMachineCaches({ directories: [alpha], nowMs: Date.parse('2026-11-23T03:00:00Z'), ...quick });
  const machine = { id: '00000000-0000-4000-8000-000000000001', name: 'alpha', hostName: 'alpha', os: 'linux' };
  const made = buildReport({ machine, agent: { version: '0' }, createdAt: '2026-11-23T03:00:00.000Z', sightings, failures });
  report = new TextEncoder().encode(JSON.stringify(made));
});

async function readAll(directory: string): Promise<Map<string, Uint8Array>> {
  const all = new Map<string, Uint8Array>();
  for (const name of await readdir(directory)) all.set(name, await readFile(join(directory, name)));
  return all;
}

function named(kind: 'pebble' | 'sqlite', pattern: RegExp): Uint8Array[] {
  return [...files[kind]].filter(([name, bytes]) => pattern.test(name) && bytes.length > 0).map(([, bytes]) => bytes.subarray(0, FUZZ_INPUT_BYTES));
}

function fuzzes(name: string, make: () => Promise<Omit<FuzzTarget, 'name'>> | Omit<FuzzTarget, 'name'>): void {
  it(`${name}: read or refused in under a second with less than 64 MiB`, { timeout: totalMs + 60_000 }, async () => {
    const made = await fuzz({ name, ...(await make()) }, { random: seededRandom(seed), forMs: totalMs / TARGETS, isExpected });
    process.stdout.write(fuzzLine(made));
    expect(made.inputs).toBeGreaterThan(1);
  });
}

/** A directory in which one file is replaced by the input. */
async function withFile(source: string, file: string, read: (directory: string) => Promise<unknown>): Promise<FuzzTarget['parse']> {
  const directory = join(work, `${file}-${seed}`);
  await cp(source, directory, { recursive: true, preserveTimestamps: true });
  return async (bytes) => {
    await writeFile(join(directory, file), bytes);
    await read(directory);
  };
}

describe('Pebble', () => {
  fuzzes('records of a log', () => ({ seeds: named('pebble', /\.log$/), parse: (bytes) => readRecords(bytes, { kind: 'log', number: 2 }, () => undefined) }));
  fuzzes('batch', () => ({
    seeds: [
      batch(5, [
        { kind: 1, key: 'key', value: 'value'.repeat(30) },
        { kind: 0, key: 'gone' },
        { kind: 1, key: 'k', value: '' },
      ]),
    ],
    parse: (bytes) => readBatch(bytes, () => undefined),
  }));
  fuzzes('MANIFEST', () => ({ seeds: named('pebble', /^MANIFEST/), parse: (bytes) => readManifest(bytes) }));
  fuzzes('block', () => ({
    seeds: [Uint8Array.from([0, 3, 2, 107, 101, 121, 118, 49, 2, 1, 1, 122, 118, 0, 0, 0, 0, 1, 0, 0, 0])],
    parse: (bytes) => forEachInBlock(bytes, 'block', () => undefined),
  }));
  fuzzes('snappy', () => ({
    seeds: [Uint8Array.from([12, 8, 97, 98, 99, 21, 3]), Uint8Array.from([100, 0, 97, 254, 1, 0, 138, 1, 0])],
    parse: (bytes) => decodeSnappy(bytes, 32 << 20),
  }));
  fuzzes('CRC-32C', () => ({ seeds: [new Uint8Array(100)], parse: (bytes) => crc32c(bytes) }));
  fuzzes('database with a mutated log', async () => ({
    seeds: named('pebble', /\.log$/),
    parse: await withFile(pebble, [...files.pebble.keys()].find((name) => name.endsWith('.log')) ?? '', (directory) => readPebble(directory, quick)),
  }));
  fuzzes('keys and values', async () => {
    const { keys } = await readPebble(pebble, { wanted: WANTED_PREFIXES, known: KNOWN_PREFIXES });
    const some = [...keys].slice(0, 200);
    return {
      seeds: [
        new TextEncoder().encode(some.map(([key, value]) => `${Buffer.from(key, 'latin1').toString('hex')} ${Buffer.from(value).toString('hex')}`).join('\n')),
      ],
      parse(bytes) {
        const lines = new TextDecoder()
          .decode(bytes)
          .split('\n')
          .map((line) => line.split(' '));
        deriveLists(factsFromKeys(new Map(lines.map(([key = '', value = '']) => [Buffer.from(key, 'hex').toString('latin1'), Buffer.from(value, 'hex')])), 0));
      },
    };
  });
});

describe('SQLite and the rest', () => {
  fuzzes('state.db', async () => ({
    seeds: named('sqlite', /^state\.db$/),
    parse: await withFile(sqlite, 'state.db', (directory) => readSqlite(directory, quick)),
  }));
  fuzzes('state.db-wal', async () => ({
    seeds: named('sqlite', /^state\.db-wal$/),
    async parse(bytes) {
      const path = join(work, 'wal');
      await writeFile(path, bytes);
      await checkWal(path, bytes.length);
    },
  }));
  fuzzes('lone state file', () => ({
    seeds: [Buffer.concat([Buffer.from('_KLOSET_'), Buffer.from([3, 0, 0, 0, 0, 1, 1, 0]), Buffer.alloc(60)])],
    async parse(bytes) {
      await writeFile(join(work, `${'a'.repeat(64)}.state`), bytes);
      await readLoneStates(work);
    },
  }));
  fuzzes('list of locks', () => ({
    seeds: [new TextEncoder().encode('1: POSIX  ADVISORY  WRITE 812 08:02:131077 0 EOF\n2: FLOCK  ADVISORY  WRITE 812 00:1b:7 0 EOF\n')],
    parse: (bytes) => parseLocks(new TextDecoder().decode(bytes)),
  }));
  it('report: the schema accepts it or says what is wrong, whatever JSON comes', { timeout: totalMs + 60_000 }, async () => {
    expect(machineReport.safeParse(JSON.parse(new TextDecoder().decode(report))).success).toBe(true);
    const parse = (bytes: Uint8Array) => {
      const parsed = machineReport.safeParse(jsonOf(new TextDecoder().decode(bytes)));
      if (!parsed.success) throw new CacheReadError('damaged', 'refused by the schema');
    };
    const made = await fuzz({ name: 'report', seeds: [report], parse }, { random: seededRandom(seed), forMs: totalMs / TARGETS, isExpected });
    process.stdout.write(fuzzLine(made));
    expect(made.refused).toBeGreaterThan(0);
  });
});

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CacheReadError('damaged', 'not JSON', { cause: error });
  }
}
