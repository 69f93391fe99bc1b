import { type AggregateFacts, deriveLists, entriesBeforeState, factsFromKeys, KNOWN_PREFIXES, WANTED_PREFIXES } from './aggregate.js';
import { CacheReadError } from './cache-error.js';
import { type CacheUse, type LockList, pebbleUse, sqliteUse } from './cache-use.js';
import type { FoundCache } from './find-caches.js';
import { readLoneStates } from './lone-states.js';
import { type PebbleFiles, readPebble } from './pebble/read-pebble.js';
import { readSqlite, type SqliteCounts, type SqliteFiles, type SqliteOptions } from './sqlite/read-sqlite.js';
import type { CopyKind, LoneStateReport, MotionReason, SetAsideReason, SightingReport } from './types.js';

/** A first backup of 1.1.x and the leftover of `ptar` look alike; only the first is still being written. */
const ARCHIVE_IDLE_MS = 60_000;

export type ReadingOptions = SqliteOptions & { readonly nowMs: number; readonly locks: LockList };

/** One cache read once. `role`: the machine's view of the store, or why it is none. */
export type CacheReading = {
  readonly cache: FoundCache;
  readonly engine: 'pebble' | 'sqlite';
  readonly directory: string;
  readonly role: 'view' | 'empty' | SetAsideReason;
  readonly facts: AggregateFacts;
  readonly use: CacheUse;
  /** Lone states that the cache has not merged. */
  readonly loneStates: readonly LoneStateReport[];
  readonly pebble: PebbleFiles | null;
  readonly sqlite: { readonly files: SqliteFiles; readonly counts: SqliteCounts; readonly statesInOrder: readonly string[] } | null;
};

/** Reads the SQLite aggregate of plakar 1.1. @throws CacheReadError */
export async function readStoreCache(cache: FoundCache, directory: string, options: ReadingOptions): Promise<CacheReading> {
  const lone = await readLoneStates(directory);
  const use = await sqliteUse(directory, options.locks, options.nowMs);
  if (use.lastUsedMs === null)
    throw new CacheReadError('empty', lone.length === 0 ? 'the folder holds no state.db' : 'the folder holds lone state files and no state.db');
  const { facts, counts, files, statesInOrder } = await readSqlite(directory, options);
  const merged = new Set(facts.states);
  const loneStates = lone.filter(({ id }) => !merged.has(id));
  const rows = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const isArchive = rows === 0 && loneStates.length === 1 && !use.locked && use.idleMs >= ARCHIVE_IDLE_MS;
  return {
    cache,
    engine: 'sqlite',
    directory,
    role: isArchive ? 'archive' : 'view',
    facts,
    use,
    loneStates,
    pebble: null,
    sqlite: { files, counts, statesInOrder },
  };
}

/** Reads a Pebble directory: the aggregate of plakar 1.0, or what 1.1 keeps there. @throws CacheReadError */
export async function readRepositoryCache(cache: FoundCache, directory: string, options: ReadingOptions): Promise<CacheReading> {
  const use = await pebbleUse(directory, options.locks, options.nowMs);
  const { keys, ignoredKeys, files } = await readPebble(directory, { ...options, wanted: WANTED_PREFIXES, known: KNOWN_PREFIXES });
  const facts = factsFromKeys(keys, ignoredKeys);
  const role = await pebbleRole(cache, facts, () => hasLocations(directory, options));
  return { cache, engine: 'pebble', directory, role, facts, use, loneStates: [], pebble: files, sqlite: null };
}

/** @source 03 C1: where SQLite has a directory for the store it is the machine's view, even if a repair filled the Pebble one. */
async function pebbleRole(cache: FoundCache, facts: AggregateFacts, hasOtherLocations: () => Promise<boolean>): Promise<CacheReading['role']> {
  const isAggregate = facts.states.length + facts.packfiles.size + facts.locations.length > 0 || (await hasOtherLocations());
  if (cache.store !== null) return isAggregate ? 'older-or-repair-copy' : 'header-cache';
  if (isAggregate) return 'view';
  if (facts.headers > 0) return 'header-cache';
  return cache.folder.agentless ? 'view' : 'empty';
}

async function hasLocations(directory: string, options: ReadingOptions): Promise<boolean> {
  const { keys } = await readPebble(directory, { ...options, wanted: KNOWN_PREFIXES });
  return keys.size > 0;
}

/** Known states of the store by repository id, where the caller has them. */
export type RemoteStates = (repositoryId: string) => ReadonlySet<string> | undefined;

/** States named by packfile entries and not merged; only those in the store where its list is known. @source 03 C3.6 */
export function unsettledStates(reading: CacheReading, remoteStates: RemoteStates | undefined): string[] {
  const remote = remoteStates?.(reading.cache.repositoryId);
  return entriesBeforeState(reading.facts).filter((state) => remote === undefined || remote.has(state));
}

/** The report's form of a reading. `unsettled`: a merge was seen under way. */
export function toSighting(reading: CacheReading, options: { readonly copy: CopyKind; readonly unsettled: boolean }): SightingReport {
  const { cache, facts, use, loneStates } = reading;
  const why: MotionReason[] = [];
  if (use.locked) why.push('lock-held');
  if (use.recent) why.push('recent-write');
  if (loneStates.length > 0) why.push('lone-state');
  if (options.unsettled) why.push('entry-before-state');
  return {
    repositoryId: cache.repositoryId,
    user: cache.folder.user,
    cache: cache.folder.label,
    tool: 'plakar',
    line: reading.engine === 'sqlite' ? '1.1' : '1.0',
    copy: options.copy,
    lastUsedAt: use.lastUsedMs === null ? null : new Date(use.lastUsedMs).toISOString(),
    inMotion: { value: why.length > 0, why },
    ...deriveLists(facts),
    loneStates: [...loneStates],
    setAside: [],
  };
}

/** Path of a reading for people: plakar's folder and what lies below it. */
export function readingLabel(reading: Pick<CacheReading, 'cache' | 'engine'>): string {
  return `${reading.cache.folder.label}/2.0.0/${reading.engine === 'pebble' ? 'repository' : 'store'}/${reading.cache.repositoryId}`;
}
