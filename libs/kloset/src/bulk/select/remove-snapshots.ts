import type { SnapshotId, StateId } from '@wardrobe/kloset-model';
import { IntegrityError } from '../../errors/errors.js';
import { openRepository } from '../../repository/repository.js';
import type { Repository } from '../../repository/types.js';
import type { WriterEnvironment } from '../../repository/writer-types.js';
import { openWriter } from '../../repository/writer.js';

export type RemoveOptions = { readonly environment?: Partial<WriterEnvironment> | undefined; readonly signal?: AbortSignal | undefined };
/** `state`: null when it was deleted by somebody else in the meantime, and nothing had to be written. */
export type RemovedSnapshot = { readonly id: SnapshotId; readonly state: StateId | null };

/**
 * Removes snapshots: for each one state with its colour, under the MAC of its content, as plakar does. Each is yielded when its state is in the store, so that
 * after a failure it is known what is removed and what not. Takes no lock; the space comes back through maintenance.
 * @throws ReadOnlyError, StoreError, DiskFullError
 * @source 01-store 7.1
 */
export async function* removeSnapshots(repository: Repository, ids: readonly SnapshotId[], options: RemoveOptions = {}): AsyncGenerator<RemovedSnapshot> {
  const { signal } = options;
  const writer = await openWriter(repository, { lock: 'none', environment: options.environment, signal });
  try {
    for (const id of ids) {
      signal?.throwIfAborted();
      if (!repository.view.live.some((snapshot) => snapshot.id === id)) {
        yield { id, state: null };
        continue;
      }
      writer.colour(5, id);
      const { state } = await writer.commit({ state: 'content', signal });
      yield { id, state };
    }
  } finally {
    await writer.close();
  }
}

/**
 * Proves from the store alone that snapshots are gone for everybody: every state is read anew, past this machine's index, and the merge shows each as deleted.
 * @throws IntegrityError one is not
 */
export async function proveRemoved(
  repository: Repository,
  ids: readonly SnapshotId[],
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const { view } = await openRepository(repository.store, { secret: repository.secret ?? undefined, signal: options.signal });
  const live = new Set<string>(view.live.map(({ id }) => id));
  const deleted = new Set<string>(view.deleted.map(({ id }) => id));
  for (const id of ids)
    if (live.has(id) || !deleted.has(id))
      throw new IntegrityError(`snapshot ${id}`, 'its removal was written, and the states of the store do not show it', { kind: 'snapshot', file: id });
}
