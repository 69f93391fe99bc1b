import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { deriveLists, entriesBeforeState } from './aggregate.js';
import { errorCode } from './cache-error.js';
import { type CacheReading, readingLabel } from './cache-reading.js';
import type { PebbleFiles } from './pebble/read-pebble.js';
import { type ReadCachesOptions, readAllCaches } from './read-machine-caches.js';
import type { SqliteCounts, SqliteFiles } from './sqlite/read-sqlite.js';
import type { CacheFailure, CacheLine, LoneStateReport, SightingReport } from './types.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** One cache with everything that was found out about it. `role`: the machine's view, or why it is not. */
export type CacheInspection = {
  readonly repositoryId: string;
  readonly user: string;
  readonly cache: string;
  readonly line: CacheLine;
  readonly role: CacheReading['role'];
  readonly lastUsedAt: string | null;
  readonly locked: boolean;
  readonly inMerge: boolean;
  readonly states: readonly string[];
  readonly shown: SightingReport['shown'];
  readonly deleted: readonly string[];
  /** States that packfile entries name and that are not merged: lost and forgotten, or a merge cut short. */
  readonly notMerged: readonly { readonly state: string; readonly packfiles: readonly string[] }[];
  readonly loneStates: readonly LoneStateReport[];
  readonly counts: SightingReport['counts'] & { readonly headers: number };
  readonly digest: string;
  readonly pebble: PebbleFiles | null;
  /** `statesInOrder`: as merged; the last one becomes the parent of the machine's next state. */
  readonly sqlite: { readonly files: SqliteFiles; readonly counts: SqliteCounts; readonly statesInOrder: readonly string[] } | null;
};

/** Stores that only `maintenance` or `vfs` name: the machine has worked with them, what it shows is not known. @source 03 C1 */
export type WeakEvidence = { readonly cache: string; readonly user: string; readonly kind: 'maintenance' | 'vfs'; readonly repositoryIds: readonly string[] };

export type CachesInspection = {
  readonly caches: readonly CacheInspection[];
  readonly failures: readonly CacheFailure[];
  readonly weakEvidence: readonly WeakEvidence[];
};

/** Everything about the caches below the directories, for `wardrobe agent inspect`. Reads as `readMachineCaches` does. */
export async function inspectCaches(options: ReadCachesOptions): Promise<CachesInspection> {
  const { readings, unsettled, failures } = await readAllCaches(options);
  return { caches: readings.map((reading) => inspection(reading, unsettled.has(reading))), failures, weakEvidence: await weakEvidence(readings) };
}

function inspection(reading: CacheReading, inMerge: boolean): CacheInspection {
  const { cache, facts, use } = reading;
  const { states, shown, deleted, introduced, digest, counts } = deriveLists(facts);
  const unmerged = new Set(entriesBeforeState(facts));
  return {
    repositoryId: cache.repositoryId,
    user: cache.folder.user,
    cache: readingLabel(reading),
    line: reading.engine === 'sqlite' ? '1.1' : '1.0',
    role: reading.role,
    lastUsedAt: use.lastUsedMs === null ? null : new Date(use.lastUsedMs).toISOString(),
    locked: use.locked,
    inMerge,
    states,
    shown,
    deleted,
    notMerged: introduced.states.filter(({ state }) => unmerged.has(state)),
    loneStates: reading.loneStates,
    counts: { ...counts, headers: facts.headers },
    digest,
    pebble: reading.pebble,
    sqlite: reading.sqlite,
  };
}

async function weakEvidence(readings: readonly CacheReading[]): Promise<WeakEvidence[]> {
  const folders = new Map(readings.map(({ cache }) => [cache.folder.path, cache.folder]));
  const found: WeakEvidence[] = [];
  for (const folder of folders.values()) {
    const known = new Set(readings.filter(({ cache }) => cache.folder.path === folder.path).map(({ cache }) => cache.repositoryId));
    for (const kind of ['maintenance', 'vfs'] as const) {
      const repositoryIds = (await names(join(folder.path, '2.0.0', kind))).filter((name) => UUID.test(name) && !known.has(name)).sort();
      if (repositoryIds.length > 0) found.push({ cache: folder.label, user: folder.user, kind, repositoryIds });
    }
  }
  return found;
}

/** Weaker evidence is a courtesy: a folder that is absent or closed to us gives none. */
async function names(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (errorCode(error) === null) throw error;
    return [];
  }
}
