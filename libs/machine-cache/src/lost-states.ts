import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { colouredEntry, decode, type LostStateEvidence, packfileEntry, type Repository } from '@wardrobe/kloset';
import { isMac, type Mac, parseMac } from '@wardrobe/kloset-model';
import { readingLabel } from './cache-reading.js';
import { CacheReadError, errorCode, fileFailure } from './cache-error.js';
import { readWhole } from './files.js';
import { clip, findCaches, type FoundCache } from './find-caches.js';
import { statePayload } from './lost-state-payload.js';
import { readPebble } from './pebble/read-pebble.js';
import { readSqlite } from './sqlite/read-sqlite.js';
import type { SqliteDatabase } from './sqlite/engine.js';
import type { CacheFailure } from './types.js';

export type LostStateOptions = {
  /** Cache bases, plakar's folder in one, homes, folders that hold `<64 hex>.state` files, or one such file. */
  readonly directories: readonly string[];
  /** Name for people of the machine that a directory came from. */
  readonly machineOf: (directory: string) => string;
  readonly signal?: AbortSignal | undefined;
};
export type LostStates = { readonly evidence: readonly LostStateEvidence[]; readonly failures: readonly CacheFailure[] };

const STATE_FILE = /^([0-9a-f]{64})\.state$/;
const STATE_FILE_LIMIT_BYTES = 1 << 28;
const SNAPSHOT = 5;

/**
 * What the caches of machines say about states that a store may have lost: which packfiles each brought, removals, and whole state files. Reads as passively as
 * the report does; nothing below a cache is changed. A cache that cannot be read is a failure beside the others.
 * @source 01-store 8, 03 C2, C4
 */
export async function readLostStates(repository: Pick<Repository, 'id'>, options: LostStateOptions): Promise<LostStates> {
  const evidence: LostStateEvidence[] = [];
  const failures: CacheFailure[] = [];
  for (const directory of options.directories) {
    options.signal?.throwIfAborted();
    const machine = options.machineOf(directory);
    const loose = await looseStateFiles(directory, machine);
    if (loose !== null) evidence.push(loose);
    if ((await isFile(directory)) || (loose !== null && (await findCaches([directory])).caches.length === 0)) continue;
    const found = await findCaches([directory]);
    failures.push(...found.failures);
    for (const cache of found.caches.filter(({ repositoryId }) => repositoryId === repository.id)) {
      for (const engine of ['sqlite', 'pebble'] as const) {
        const read = await readCache(cache, engine, { machine, signal: options.signal });
        if (read instanceof CacheReadError) failures.push(failureOf(cache, engine, read));
        else if (read !== null) evidence.push(read);
      }
    }
  }
  return { evidence, failures };
}

async function readCache(
  cache: FoundCache,
  engine: 'sqlite' | 'pebble',
  options: { readonly machine: string; readonly signal: AbortSignal | undefined },
): Promise<LostStateEvidence | CacheReadError | null> {
  const directory = engine === 'sqlite' ? cache.store : cache.pebble;
  if (directory === null) return null;
  const common = { machine: options.machine, source: clip(readingLabel({ cache, engine })) };
  try {
    // State files first: one that is merged and removed meanwhile then shows in the database.
    const stateFiles = engine === 'sqlite' ? await readStateFiles(directory) : [];
    const facts = await (engine === 'sqlite' ? fromSqlite(directory, options.signal) : fromPebble(directory, options.signal));
    if (facts.packfiles.length + facts.colours.length + facts.states.length + stateFiles.length === 0) return null;
    return { ...common, ...facts, stateFiles };
  } catch (error) {
    options.signal?.throwIfAborted();
    return fileFailure(error, 'the cache');
  }
}

type CacheFacts = Pick<LostStateEvidence, 'states' | 'packfiles' | 'colours' | 'shown'>;
type Found = {
  readonly states: LostStateEvidence['states'][number][];
  readonly packfiles: LostStateEvidence['packfiles'][number][];
  readonly colours: LostStateEvidence['colours'][number][];
  readonly locations: { readonly snapshot: Mac; readonly packfile: Mac }[];
};

function emptyFacts(): Found {
  return { states: [], packfiles: [], colours: [], locations: [] };
}

/** Shown: located in a packfile that the cache knows, and not held as deleted. @source 03 C2 */
function finish({ locations, ...facts }: Found): CacheFacts {
  const known = new Set(facts.packfiles.map(({ packfile }) => packfile));
  const deleted = new Set(facts.colours.filter(({ type }) => type === SNAPSHOT).map(({ id }) => id));
  const shown = locations.filter(({ snapshot, packfile }) => known.has(packfile) && !deleted.has(snapshot)).map(({ snapshot }) => snapshot);
  return { ...facts, shown: [...new Set(shown)].sort() };
}

const PEBBLE_KEY = /^__(state|packfile|deleted|delta)__:(?:\d{1,3}:)?([0-9a-f]{64})(?::([0-9a-f]{64}))?$/;

async function fromPebble(directory: string, signal: AbortSignal | undefined): Promise<CacheFacts> {
  const { keys } = await readPebble(directory, { signal, wanted: ['__deleted__:', '__delta__:5:', '__packfile__:', '__state__:'], known: ['__delta__:'] });
  const facts = emptyFacts();
  for (const [key, value] of keys) {
    const [, kind, id, packfile] = PEBBLE_KEY.exec(key) ?? [];
    if (id === undefined) continue;
    if (kind === 'state') facts.states.push({ id: parseMac(id), end: statePayload(value) });
    else if (kind === 'packfile') addPackfile(facts, value);
    else if (kind === 'deleted') addColour(facts, value);
    else if (kind === 'delta' && packfile !== undefined) facts.locations.push({ snapshot: parseMac(id), packfile: parseMac(packfile) });
  }
  return finish(facts);
}

async function fromSqlite(directory: string, signal: AbortSignal | undefined): Promise<CacheFacts> {
  const { extra } = await readSqlite(directory, { signal, collect: collectRows });
  return finish(extra ?? emptyFacts());
}

function collectRows(database: SqliteDatabase): Found {
  const facts = emptyFacts();
  const bytes = (row: Readonly<Record<string, unknown>>): Uint8Array => Buffer.from(String(row['payload']), 'hex');
  for (const row of database.rows('SELECT mac, lower(hex(payload)) AS payload FROM states'))
    if (isId(row['mac'])) facts.states.push({ id: parseMac(row['mac']), end: statePayload(bytes(row)) });
  for (const row of database.rows('SELECT lower(hex(payload)) AS payload FROM packfiles')) addPackfile(facts, bytes(row));
  for (const row of database.rows('SELECT lower(hex(payload)) AS payload FROM deleteds')) addColour(facts, bytes(row));
  for (const row of database.rows('SELECT mac, packfile FROM deltas WHERE type = 5'))
    if (isId(row['mac']) && isId(row['packfile'])) facts.locations.push({ snapshot: parseMac(row['mac']), packfile: parseMac(row['packfile']) });
  return facts;
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && isMac(value);
}

/** Payloads have the layout of the entries of a state. */
function addPackfile(facts: Found, payload: Uint8Array): void {
  if (payload.length === packfileEntry.sizeBytes) facts.packfiles.push(decode(packfileEntry, payload));
}

function addColour(facts: Found, payload: Uint8Array): void {
  if (payload.length === colouredEntry.sizeBytes) facts.colours.push(decode(colouredEntry, payload));
}

/** The `<64 hex>.state` files of a folder. Whether one is whole, only the store's key tells. */
async function readStateFiles(directory: string): Promise<LostStateEvidence['stateFiles']> {
  const files: LostStateEvidence['stateFiles'][number][] = [];
  for (const name of (await readdir(directory)).sort()) {
    const id = STATE_FILE.exec(name)?.[1];
    if (id !== undefined) files.push(...(await readStateFile(join(directory, name), parseMac(id))));
  }
  return files;
}

/** None when it vanished or is no regular file. */
async function readStateFile(path: string, id: Mac): Promise<LostStateEvidence['stateFiles']> {
  try {
    return [{ id, bytes: await readWhole(path, STATE_FILE_LIMIT_BYTES) }];
  } catch (error) {
    if (error instanceof CacheReadError && error.code === 'damaged') return [];
    throw error;
  }
}

/** State files that lie in the given folder itself, or the given file. */
async function looseStateFiles(path: string, machine: string): Promise<LostStateEvidence | null> {
  const given = resolve(path);
  const id = STATE_FILE.exec(basename(given))?.[1];
  const nothing = { states: [], packfiles: [], colours: [], shown: [] };
  try {
    const stateFiles = id === undefined ? await readStateFiles(given) : await readStateFile(given, parseMac(id));
    return stateFiles.length === 0 ? null : { machine, source: clip(id === undefined ? given : dirname(given)), ...nothing, stateFiles };
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw error;
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (errorCode(error) === null) throw error;
    return false;
  }
}

function failureOf(cache: FoundCache, engine: 'pebble' | 'sqlite', error: CacheReadError): CacheFailure {
  return {
    repositoryId: cache.repositoryId,
    user: cache.folder.user,
    cache: clip(readingLabel({ cache, engine })),
    code: error.code,
    message: clip(error.message),
  };
}
