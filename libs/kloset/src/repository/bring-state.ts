import type { StateId } from '@wardrobe/kloset-model';
import { equalBytes } from '../bytes/bytes.js';
import { KlosetError, StoreError } from '../errors/errors.js';
import type { WritableStore } from '../store/store.js';
import { withRetries } from './upload-packfile.js';

export type BroughtState = {
  readonly id: StateId;
  readonly sizeBytes: number;
  /** Bytes that tell the whole new file from anything else that may bear its name, and where they lie in it. */
  readonly mark: { readonly at: number; readonly bytes: Uint8Array };
  /** Writes it. It may fail after it succeeded, or half-way. */
  bring(): Promise<void>;
  /**
   * What becomes of a file that is there and is not the new one. `remove`: the name is new, the file was torn on its way, and one torn state blocks every command of
   * plakar. `keep`: the new file was to take the place of a damaged one, and what is there, torn or damaged, is what the next repair replaces; never is there nothing.
   */
  readonly torn: 'remove' | 'keep';
};

/** Brings a state into the store: this is the moment it becomes visible. @throws StoreError, DiskFullError; then the store does not have it whole */
export async function bringState(store: WritableStore, state: BroughtState, signal: AbortSignal | undefined): Promise<void> {
  try {
    await withRetries(() => state.bring(), signal);
  } catch (error) {
    const found = await whatIsStored(store, state);
    if (found === 'whole') return;
    if (found === 'torn' && state.torn === 'remove') await removeTorn(store, state.id, error);
    throw error;
  }
}

/** A store that does not answer is taken not to have it. */
async function whatIsStored(store: WritableStore, { id, sizeBytes, mark }: BroughtState): Promise<'whole' | 'torn' | 'nothing'> {
  try {
    if ((await store.sizeBytes('state', id)) !== sizeBytes) return 'torn';
    return equalBytes(await store.readRange('state', id, mark.at, mark.bytes.length), mark.bytes) ? 'whole' : 'torn';
  } catch (error) {
    if (error instanceof KlosetError) return 'nothing';
    throw error;
  }
}

async function removeTorn(store: WritableStore, id: StateId, cause: unknown): Promise<void> {
  try {
    await store.remove('state', id);
  } catch (error) {
    if (!(error instanceof KlosetError)) throw error;
    throw new StoreError(
      `state ${id} was written in part and could not be removed (${error.message}): remove states/${id.slice(0, 2)}/${id}, nothing needs it`,
      { cause },
    );
  }
}
