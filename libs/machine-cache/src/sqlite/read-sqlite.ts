import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AggregateFacts, checkColoured, checkLocation, introducingState } from '../aggregate.js';
import { CacheReadError, damaged, errorCode, unsupported } from '../cache-error.js';
import { type RetryOptions, withRetries } from '../retry.js';
import { loadLibsql, type SqliteDatabase, type SqliteEngine } from './engine.js';
import { type StagedCopy, stageCopy } from './stage.js';

const TABLES = ['states', 'packfiles', 'deltas', 'deleteds', 'configurations'] as const;
const ROWS_LIMIT = 20_000_000;
const ID = /^[0-9a-f]{64}$/;

export type SqliteOptions = RetryOptions & {
  /** Default: the npm package `libsql`, loaded at first use. */
  readonly engine?: SqliteEngine | undefined;
  /** Where the private copy is made and removed again; default the system's folder for temporary files. */
  readonly temporaryDirectory?: string | undefined;
};

export type SqliteCounts = Readonly<Record<(typeof TABLES)[number], number>>;
export type SqliteFiles = StagedCopy & { readonly attempts: number };
/** `statesInOrder`: as merged (by rowid). `extra`: what the caller's `collect` returned. */
export type SqliteContent<T> = {
  readonly facts: AggregateFacts;
  readonly statesInOrder: readonly string[];
  readonly counts: SqliteCounts;
  readonly files: SqliteFiles;
  readonly extra: T;
};

/**
 * Reads the aggregate of plakar 1.1 from a private copy of `state.db` and its `-wal`; the copy is always removed.
 * @param options.collect reads more from the open copy, for inspection
 * @throws CacheReadError damaged, busy, unsupported or permission; the signal's reason when aborted
 * @source 03 B, 01-store 8.3
 */
export async function readSqlite<T = undefined>(
  directory: string,
  options: SqliteOptions & { readonly collect?: (database: SqliteDatabase) => T } = {},
): Promise<SqliteContent<T | undefined>> {
  const engine = options.engine ?? (await loadLibsql());
  return withRetries(async (attempts) => {
    const target = await privateFolder(options.temporaryDirectory ?? tmpdir());
    try {
      const staged = await stageCopy(directory, target);
      return readCopy(engine, join(target, 'state.db'), { staged: { ...staged, attempts }, collect: options.collect });
    } finally {
      await rm(target, { recursive: true, force: true });
    }
  }, options);
}

/** mkdtemp makes it with mode 0700. */
async function privateFolder(parent: string): Promise<string> {
  try {
    return await mkdtemp(join(parent, 'wardrobe-cache-'));
  } catch (error) {
    throw new CacheReadError('busy', `no private folder for a copy of state.db can be made (${errorCode(error) ?? 'unknown'})`, { cause: error });
  }
}

function readCopy<T>(
  engine: SqliteEngine,
  path: string,
  options: { readonly staged: SqliteFiles; readonly collect: ((database: SqliteDatabase) => T) | undefined },
): SqliteContent<T | undefined> {
  if (options.staged.databaseBytes === 0 && (options.staged.wal?.committedFrames ?? 0) === 0) throw new CacheReadError('empty', 'state.db is empty');
  const database = engine.open(path);
  try {
    checkDatabase(database);
    const { facts, statesInOrder } = readFacts(database);
    const counts = Object.fromEntries(TABLES.map((table) => [table, count(database, table)])) as SqliteCounts;
    return { facts, statesInOrder, counts, files: options.staged, extra: options.collect?.(database) };
  } finally {
    database.close();
  }
}

/** The tables are plain tables, and each one agrees with its own index: a flipped bit in an id shows there and nowhere else. */
function checkDatabase(database: SqliteDatabase): void {
  const answer = [...database.rows('PRAGMA quick_check(1)')].map((row) => String(Object.values(row)[0]));
  if (answer[0] !== 'ok') throw damaged('state.db fails its quick check');
  for (const table of TABLES) {
    const [row] = [...database.rows(`SELECT type, sql FROM sqlite_schema WHERE name = '${table}'`)];
    if (row === undefined && table === 'configurations') continue;
    if (row?.['type'] !== 'table' || !/^CREATE TABLE\s/i.test(String(row['sql']))) throw unsupported(`state.db has no table ${table} of the known kind`);
    const [result] = [...database.rows(`PRAGMA integrity_check(${table})`)].map((found) => String(Object.values(found)[0]));
    if (result !== 'ok') throw damaged(`state.db: table ${table} disagrees with its index`);
  }
}

function readFacts(database: SqliteDatabase): { readonly facts: AggregateFacts; readonly statesInOrder: readonly string[] } {
  const facts = {
    states: [] as string[],
    packfiles: new Map<string, string>(),
    locations: [] as { snapshot: string; packfile: string }[],
    deleted: [] as string[],
    headers: 0,
    ignoredKeys: 0,
  };
  for (const row of bounded(database.rows('SELECT mac FROM states ORDER BY rowid'))) {
    const mac = idOf(row['mac']);
    if (mac === null) facts.ignoredKeys++;
    else facts.states.push(mac);
  }
  for (const row of bounded(database.rows('SELECT mac, lower(hex(payload)) AS payload FROM packfiles'))) {
    const mac = idOf(row['mac']);
    if (mac === null) facts.ignoredKeys++;
    else facts.packfiles.set(mac, introducingState(mac, payloadOf(row)));
  }
  for (const row of bounded(database.rows('SELECT mac, packfile, lower(hex(payload)) AS payload FROM deltas WHERE type = 5'))) {
    const snapshot = idOf(row['mac']);
    const packfile = idOf(row['packfile']);
    if (snapshot === null || packfile === null) {
      facts.ignoredKeys++;
      continue;
    }
    checkLocation(snapshot, packfile, payloadOf(row));
    facts.locations.push({ snapshot, packfile });
  }
  for (const row of bounded(database.rows('SELECT mac, type, lower(hex(payload)) AS payload FROM deleteds'))) {
    const mac = idOf(row['mac']);
    if (mac === null) {
      facts.ignoredKeys++;
      continue;
    }
    checkColoured(Number(row['type']), mac, payloadOf(row));
    if (Number(row['type']) === 5) facts.deleted.push(mac);
  }
  return { facts, statesInOrder: facts.states };
}

function* bounded<T>(rows: Iterable<T>): Iterable<T> {
  let seen = 0;
  for (const row of rows) {
    if (++seen > ROWS_LIMIT) throw damaged(`state.db holds more than ${ROWS_LIMIT} rows in a table`);
    yield row;
  }
}

function idOf(value: unknown): string | null {
  return typeof value === 'string' && ID.test(value) ? value : null;
}

function payloadOf(row: Readonly<Record<string, unknown>>): Uint8Array {
  return Buffer.from(String(row['payload']), 'hex');
}

function count(database: SqliteDatabase, table: string): number {
  if (table === 'configurations' && [...database.rows(`SELECT 1 FROM sqlite_schema WHERE name = 'configurations'`)].length === 0) return 0;
  const [row] = [...database.rows(`SELECT count(*) AS n FROM ${table}`)];
  return Number(row?.['n'] ?? 0);
}
