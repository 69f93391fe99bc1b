import type { StateView } from '@wardrobe/kloset';
import type { RepositoryId } from '@wardrobe/kloset-model';
import { type AggregateFacts, deriveLists } from './aggregate.js';
import type { CacheFailure, SightingReport } from './types.js';

/** Wardrobe's own state index of one store, as it lies on this machine. `view`: from the index alone, without asking the store. */
export type OwnIndex = {
  readonly repositoryId: RepositoryId;
  readonly user: string;
  /** Folder of the index for people, with the home folder as `~`. */
  readonly cache: string;
  readonly lastUsedMs: number | null;
  readonly view: Pick<StateView, 'states' | 'live' | 'deleted' | 'packfiles'>;
};

/**
 * Lists Wardrobe's own indexes. The index is the engine's: whoever opens it passes a function of this kind to `readMachineCaches`,
 * and gives an index that cannot be read as a failure.
 */
export type OwnIndexReader = (
  signal: AbortSignal | undefined,
) => Promise<{ readonly indexes: readonly OwnIndex[]; readonly failures: readonly CacheFailure[] }>;

/** The sighting of line `wardrobe`: what Wardrobe itself, on this machine, believes about a store. */
export function sightingOfOwnIndex(index: OwnIndex): SightingReport {
  return {
    repositoryId: index.repositoryId,
    user: index.user,
    cache: index.cache,
    tool: 'wardrobe',
    line: 'wardrobe',
    copy: 'own',
    lastUsedAt: index.lastUsedMs === null ? null : new Date(index.lastUsedMs).toISOString(),
    inMotion: { value: false, why: [] },
    ...deriveLists(factsOfView(index.view)),
    loneStates: [],
    setAside: [],
  };
}

/** A packfile entered by several states is given under the first: any of them explains where it came from. */
function factsOfView(view: OwnIndex['view']): AggregateFacts {
  const packfiles = new Map<string, string>();
  for (const { id, states } of view.packfiles()) {
    const [state] = states;
    if (state !== undefined) packfiles.set(id, state);
  }
  const locations = view.live.flatMap(({ id, packfiles: holding }) => holding.map((packfile) => ({ snapshot: id as string, packfile: packfile as string })));
  return { states: view.states.map(({ id }) => id), packfiles, locations, deleted: view.deleted.map(({ id }) => id), headers: 0, ignoredKeys: 0 };
}
