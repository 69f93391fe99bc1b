import { tmpdir } from 'node:os';
import type { RepositoryId, StateId } from '@wardrobe/kloset-model';
import { equalBytes, macFromBytes } from '../bytes/bytes.js';
import { V1_0_0, V1_1_0 } from '../codec/version.js';
import { KlosetError, StoreError } from '../errors/errors.js';
import { FOOTER_BYTES, writeEnvelopeHeader } from '../format/envelope.js';
import type { LocationEntry } from '../format/state.js';
import type { StateBuilder } from '../state/state-builder.js';
import type { WritableStore } from '../store/store.js';
import { SpoolFile } from './spool-file.js';
import type { Repository } from './types.js';
import { withRetries } from './upload-packfile.js';
import type { StoreLine } from './writer-types.js';

export type NewState = {
  readonly builder: StateBuilder;
  /** Beside those in the builder; asked for once, as they are written. */
  readonly locations: Iterable<LocationEntry>;
  /** `content`: the MAC of the stream. */
  readonly id: StateId | 'content';
  readonly line: StoreLine;
  readonly timestampNs: bigint;
  readonly serial: RepositoryId;
  readonly randomBytes: (lengthBytes: number) => Uint8Array;
  /** Name of the local file in the making. */
  readonly spoolName: string;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Encodes a state into a local file, piece by piece, each proven to decode to the same, and brings it into the store: this is the commit.
 * @throws StoreError, DiskFullError; then the store does not have it
 */
export async function publishState(repository: Repository, store: WritableStore, state: NewState): Promise<StateId> {
  const spool = new SpoolFile(store.spoolDirectory ?? tmpdir(), state.spoolName);
  try {
    const file = writeStateFile(repository, spool, state);
    await bring(store, { ...file, path: spool.path }, state.signal);
    return file.id;
  } finally {
    spool.discard();
  }
}

type StateFile = { readonly id: StateId; readonly sizeBytes: number; readonly footer: Uint8Array };

function writeStateFile(repository: Repository, spool: SpoolFile, state: NewState): StateFile {
  const { keys } = repository;
  const version = state.line === '1.1' ? '1.1.0' : '1.0.0';
  const parent = version === '1.1.0' ? (repository.view.states.at(-1)?.id ?? null) : null;
  const content = keys.algorithm.create();
  const file = keys.algorithm.create();
  let sizeBytes = 0;
  const append = (bytes: Uint8Array): void => {
    file.update(bytes);
    sizeBytes += bytes.length;
    spool.append(bytes);
  };
  append(writeEnvelopeHeader('state', version === '1.1.0' ? V1_1_0 : V1_0_0));
  const unit = keys.encodeStream(state.randomBytes);
  for (const piece of state.builder.pieces({ version, timestampNs: state.timestampNs, serial: state.serial, parent }, state.locations)) {
    content.update(piece);
    for (const encoded of unit.push(piece)) append(encoded);
  }
  for (const encoded of unit.finish()) append(encoded);
  const footer = file.digest();
  spool.append(footer);
  spool.close();
  const named = macFromBytes(content.digest()) as StateId;
  return { id: state.id === 'content' ? named : state.id, sizeBytes: sizeBytes + footer.length, footer };
}

/** A write may fail after it succeeded, or half-way. */
async function bring(store: WritableStore, file: StateFile & { readonly path: string }, signal: AbortSignal | undefined): Promise<void> {
  try {
    await withRetries(() => store.adopt('state', file.id, file.path, { signal }), signal);
  } catch (error) {
    const found = await whatIsStored(store, file);
    if (found === 'whole') return;
    if (found === 'torn') await removeTorn(store, file.id, error);
    throw error;
  }
}

/** Told by its size and its footer, which is the MAC of all bytes before it. A store that does not answer is taken not to have it. */
async function whatIsStored(store: WritableStore, file: StateFile): Promise<'whole' | 'torn' | 'nothing'> {
  try {
    const sizeBytes = await store.sizeBytes('state', file.id);
    if (sizeBytes !== file.sizeBytes) return 'torn';
    return equalBytes(await store.readRange('state', file.id, sizeBytes - FOOTER_BYTES, FOOTER_BYTES), file.footer) ? 'whole' : 'torn';
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
