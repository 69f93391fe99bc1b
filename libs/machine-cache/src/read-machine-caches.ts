import { CacheReadError, fileFailure } from './cache-error.js';
import {
  type CacheReading,
  readingLabel,
  type ReadingOptions,
  readRepositoryCache,
  readStoreCache,
  type RemoteStates,
  toSighting,
  unsettledStates,
} from './cache-reading.js';
import { type LockList, readLockList } from './cache-use.js';
import { clip, findCaches, type FoundCache } from './find-caches.js';
import { type OwnIndexReader, sightingOfOwnIndex } from './own-index.js';
import { realWait, type Wait } from './retry.js';
import type { SqliteEngine } from './sqlite/engine.js';
import type { CacheFailure, CopyKind, SetAsideReport, SightingReport } from './types.js';

const SETTLE_MS = 2000;

export type ReadCachesOptions = {
  /** Cache bases (such as `~/.cache`), plakar's folder in one, or homes. */
  readonly directories: readonly string[];
  readonly nowMs: number;
  /** Pause before a cache that may be caught in a merge is read again; default 2 s. */
  readonly waitMs?: number | undefined;
  /** `foreign`: the directories are copies taken by other means, which cannot be proven complete. Default `own`. */
  readonly copy?: CopyKind | undefined;
  /** State ids of a store, where they are known: tells a lost state from a merge that was cut short. */
  readonly remoteStates?: RemoteStates | undefined;
  /** Lists Wardrobe's own state indexes on this machine, which become sightings of line `wardrobe`. */
  readonly ownIndexes?: OwnIndexReader | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly wait?: Wait | undefined;
  readonly attempts?: number | undefined;
  readonly engine?: SqliteEngine | undefined;
  readonly temporaryDirectory?: string | undefined;
  /** The system's list of file locks; default `/proc/locks` on Linux, none elsewhere. */
  readonly locks?: LockList | undefined;
};

export type MachineCaches = { readonly sightings: SightingReport[]; readonly failures: CacheFailure[] };

/** Everything that was read, before it becomes a report. */
export type ReadCaches = {
  readonly readings: readonly CacheReading[];
  readonly unsettled: ReadonlySet<CacheReading>;
  readonly failures: readonly CacheFailure[];
};

/**
 * What plakar's caches below the directories say about their stores. Nothing there is created, changed, locked or deleted.
 * A cache that cannot be read is a failure and does not hide the others.
 * @throws the signal's reason when aborted, nothing else for what lies on disk
 */
export async function readMachineCaches(options: ReadCachesOptions): Promise<MachineCaches> {
  const { readings, unsettled, failures } = await readAllCaches(options);
  const sightings: SightingReport[] = [];
  const reported: CacheFailure[] = [...failures];
  const copy = options.copy ?? 'own';
  for (const reading of readings) {
    if (reading.role !== 'view') continue;
    sightings.push(toSighting(reading, { copy, unsettled: unsettled.has(reading) }));
    const cut = cutLog(reading);
    if (cut !== null) reported.push(failureOf(reading.cache, reading.engine, cut));
  }
  for (const reading of readings) {
    if (reading.role === 'view') continue;
    const home = reading.role === 'empty' ? undefined : homeOf(reading, sightings);
    if (home === undefined || reading.role === 'empty') reported.push(saysNothing(reading));
    else home.setAside.push({ cache: clip(readingLabel(reading)), why: reading.role } satisfies SetAsideReport);
  }
  const own = await options.ownIndexes?.(options.signal);
  sightings.push(...(own?.indexes ?? []).map(sightingOfOwnIndex));
  reported.push(...(own?.failures ?? []));
  return { sightings, failures: reported };
}

/** Reads every cache once, and those that may be caught in a merge once more after a pause. */
export async function readAllCaches(options: ReadCachesOptions): Promise<ReadCaches> {
  const locks = options.locks !== undefined ? options.locks : process.platform === 'linux' ? await readLockList() : null;
  const readingOptions: ReadingOptions = { ...options, locks };
  const found = await findCaches(options.directories);
  const failures: CacheFailure[] = [...found.failures];
  const readings: CacheReading[] = [];
  for (const cache of found.caches) {
    for (const engine of ['sqlite', 'pebble'] as const) {
      const outcome = await attemptRead(cache, engine, readingOptions);
      if (outcome instanceof CacheReadError) failures.push(failureOf(cache, engine, outcome));
      else if (outcome !== null) readings.push(outcome);
    }
  }
  return { ...(await settle(readings, options, readingOptions)), failures };
}

async function attemptRead(cache: FoundCache, engine: 'pebble' | 'sqlite', options: ReadingOptions): Promise<CacheReading | CacheReadError | null> {
  const directory = engine === 'sqlite' ? cache.store : cache.pebble;
  if (directory === null) return null;
  options.signal?.throwIfAborted();
  try {
    return engine === 'sqlite' ? await readStoreCache(cache, directory, options) : await readRepositoryCache(cache, directory, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    return fileFailure(error, 'the cache');
  }
}

/**
 * A packfile entry whose state is not merged: a merge is going on, was cut short, or the state was lost and forgotten.
 * One pause for all of them, then a second look. A view that changed in between is in motion; one that did not is taken as it is,
 * unless the store is known to hold the state. @source 03 C3.6
 */
async function settle(readings: readonly CacheReading[], options: ReadCachesOptions, readingOptions: ReadingOptions): Promise<Omit<ReadCaches, 'failures'>> {
  const pending = new Set(readings.filter((reading) => reading.role === 'view' && unsettledStates(reading, options.remoteStates).length > 0));
  const unsettled = new Set<CacheReading>();
  if (pending.size === 0) return { readings, unsettled };
  await (options.wait ?? realWait)(options.waitMs ?? SETTLE_MS, options.signal);
  const settled: CacheReading[] = [];
  for (const before of readings) {
    const again = pending.has(before) ? await attemptRead(before.cache, before.engine, readingOptions) : null;
    const after = again === null || again instanceof CacheReadError || again.role !== 'view' ? before : again;
    settled.push(after);
    if (!pending.has(before)) continue;
    const left = unsettledStates(after, options.remoteStates);
    const known = options.remoteStates?.(after.cache.repositoryId) !== undefined;
    if (left.length > 0 && (known || again !== after || fingerprint(before) !== fingerprint(after))) unsettled.add(after);
  }
  return { readings: settled, unsettled };
}

function fingerprint({ facts }: CacheReading): string {
  return JSON.stringify([[...facts.states].sort(), [...facts.packfiles.keys()].sort(), facts.locations.length, facts.deleted.length]);
}

/** The sighting beside which a cache is set aside: of the same store. An archive's id is no store's: any of the same folder. */
function homeOf(reading: CacheReading, sightings: readonly SightingReport[]): SightingReport | undefined {
  const { folder, repositoryId } = reading.cache;
  const neighbours = sightings.filter((sighting) => sighting.cache === folder.label && sighting.user === folder.user);
  return neighbours.find((sighting) => sighting.repositoryId === repositoryId) ?? (reading.role === 'archive' ? neighbours[0] : undefined);
}

/**
 * The last log of a cache that nobody writes ends in its middle: plakar itself drops what follows, so the sighting stands, but
 * it may be older than the machine believes. Ends that recycling leaves are normal.
 */
function cutLog(reading: CacheReading): CacheReadError | null {
  const last = reading.pebble?.logs.at(-1);
  if (last === undefined || reading.use.locked || reading.use.recent || last.unreadBytes === 0) return null;
  if (last.end !== 'torn' && last.end !== 'zeros' && last.end !== 'bad-checksum') return null;
  return new CacheReadError(
    'damaged',
    `log ${last.number} ends with ${last.end}, ${last.unreadBytes} bytes are unread: the newest writes may be missing from this sighting`,
  );
}

function saysNothing(reading: CacheReading): CacheFailure {
  const messages = {
    empty: 'the cache holds no keys: it says nothing about the store',
    'header-cache': 'only cached snapshot headers: they say nothing about what the machine shows',
    'older-or-repair-copy': 'an older cache or the working copy of a repair; the cache that counts could not be read',
    archive: 'left by a ptar archive: the id is that of the archive, not of a store',
    view: '',
  };
  return failureOf(reading.cache, reading.engine, new CacheReadError('empty', messages[reading.role]));
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
