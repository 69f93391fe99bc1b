import type { Mac, PackfileId } from '@wardrobe/kloset-model';
import { KlosetError, NotFoundError } from '../errors/errors.js';
import type { Repository } from '../repository/types.js';

/** Damage of the store's own files, whether or not a snapshot is known to need them. `snapshots`: those whose header lies in the packfile. */
export type StoreProblem = {
  readonly kind: 'state' | 'packfile' | 'lock';
  readonly id: Mac;
  readonly severity: 'error' | 'warning';
  readonly error: KlosetError;
  readonly snapshots: readonly Mac[];
};
export type CheckStoreOptions = {
  /** Packfiles must exist; they are not read. */
  readonly fast?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
};

/**
 * Reads every state and every known packfile from end to end: footers, indexes, counts. A packfile that is only coloured may be gone without being a fault.
 * @source 01-store 11.2
 */
export async function* checkStore(repository: Repository, options: CheckStoreOptions = {}): AsyncGenerator<StoreProblem> {
  const { view } = repository;
  for (const state of view.unreadable) yield { kind: 'state', id: state.id, severity: 'error', error: state.error, snapshots: [] };
  for (const lock of await repository.locks({ signal: options.signal })) {
    if (lock.error) yield { kind: 'lock', id: lock.id, severity: 'warning', error: lock.error, snapshots: [] };
  }
  const present = new Set<string>();
  for await (const item of repository.store.list('packfile', { signal: options.signal })) present.add(item.id);
  const holders = headerHolders(repository);
  const known = [...view.packfiles()];
  let done = 0;
  for (const packfile of known) {
    options.onProgress?.(done, known.length);
    done += 1;
    const snapshots = holders.get(packfile.id) ?? [];
    if (!present.has(packfile.id)) {
      if (!packfile.coloured) yield { kind: 'packfile', id: packfile.id, severity: 'error', error: new NotFoundError('packfile', packfile.id), snapshots };
    } else if (!options.fast) {
      const error = await faultOf(repository, packfile.id, options.signal);
      if (error !== null) yield { kind: 'packfile', id: packfile.id, severity: 'error', error, snapshots };
    }
  }
}

async function faultOf(repository: Repository, id: PackfileId, signal: AbortSignal | undefined): Promise<KlosetError | null> {
  try {
    await repository.verifyPackfile(id, { signal });
    return null;
  } catch (error) {
    if (error instanceof KlosetError) return error;
    throw error;
  }
}

function headerHolders(repository: Repository): ReadonlyMap<string, Mac[]> {
  const holders = new Map<string, Mac[]>();
  for (const snapshot of repository.view.live) {
    for (const packfile of snapshot.packfiles) {
      const list = holders.get(packfile);
      if (list) list.push(snapshot.id);
      else holders.set(packfile, [snapshot.id]);
    }
  }
  return holders;
}
