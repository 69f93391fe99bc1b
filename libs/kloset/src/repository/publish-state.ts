import type { RepositoryId, StateId } from '@wardrobe/kloset-model';
import { equalBytes } from '../bytes/bytes.js';
import { V1_0_0, V1_1_0 } from '../codec/version.js';
import { IntegrityError, KlosetError, StoreError } from '../errors/errors.js';
import { openEnvelope, wrapEnvelope } from '../format/envelope.js';
import type { StateBuilder } from '../state/state-builder.js';
import type { WritableStore } from '../store/store.js';
import type { Repository } from './types.js';
import type { EncodeUnit } from './unit-codec.js';
import { withRetries } from './upload-packfile.js';
import type { StoreLine } from './writer-types.js';

export type NewState = {
  readonly builder: StateBuilder;
  /** `content`: the MAC of the stream. */
  readonly id: StateId | 'content';
  readonly line: StoreLine;
  readonly timestampNs: bigint;
  readonly serial: RepositoryId;
  readonly encodeUnit: EncodeUnit;
  readonly signal?: AbortSignal | undefined;
};

/** Encodes a state, proves that it decodes to the same, and writes it: this is the commit. @throws StoreError, DiskFullError; then the store does not have it */
export async function publishState(repository: Repository, store: WritableStore, state: NewState): Promise<StateId> {
  const { keys } = repository;
  const version = state.line === '1.1' ? '1.1.0' : '1.0.0';
  const parent = version === '1.1.0' ? (repository.view.states.at(-1)?.id ?? null) : null;
  const stream = state.builder.finish({ version, timestampNs: state.timestampNs, serial: state.serial, parent });
  const id = state.id === 'content' ? (keys.mac(stream) as StateId) : state.id;
  const hash = (bytes: Uint8Array): Uint8Array => keys.algorithm.hash(bytes);
  const file = wrapEnvelope('state', state.encodeUnit(stream), { version: version === '1.1.0' ? V1_1_0 : V1_0_0, hash });
  if (!equalBytes(keys.decodeUnit(openEnvelope('state', file, { hash }).body), stream))
    throw new IntegrityError('state', 'what was encoded does not decode to the same bytes', { kind: 'state', file: id });
  try {
    await withRetries(() => store.write('state', id, file, { signal: state.signal }), state.signal);
  } catch (error) {
    const found = await whatIsStored(store, id, file);
    if (found === 'whole') return id;
    if (found === 'torn') await removeTorn(store, id, error);
    throw error;
  }
  return id;
}

/** A write may fail after it succeeded, or half-way. A store that does not answer is taken not to have it. */
async function whatIsStored(store: WritableStore, id: StateId, file: Uint8Array): Promise<'whole' | 'torn' | 'nothing'> {
  try {
    const sizeBytes = await store.sizeBytes('state', id);
    const found = sizeBytes === file.length ? await store.readRange('state', id, 0, sizeBytes) : null;
    return found !== null && equalBytes(found, file) ? 'whole' : 'torn';
  } catch (error) {
    if (error instanceof KlosetError) return 'nothing';
    throw error;
  }
}

/** One state that is not whole blocks every command of plakar, so it must not stay. */
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
