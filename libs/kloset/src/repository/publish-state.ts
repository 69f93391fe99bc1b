import { tmpdir } from 'node:os';
import type { RepositoryId, StateId } from '@wardrobe/kloset-model';
import { macFromBytes } from '../bytes/bytes.js';
import { V1_0_0, V1_1_0 } from '../codec/version.js';
import { FOOTER_BYTES, writeEnvelopeHeader } from '../format/envelope.js';
import type { StateBuilder } from '../state/state-builder.js';
import type { WritableStore } from '../store/store.js';
import { bringState } from './bring-state.js';
import { SpoolFile } from './spool-file.js';
import type { Repository } from './types.js';
import type { StoreLine } from './writer-types.js';

export type NewState = {
  readonly builder: StateBuilder;
  /** Beside those in the builder, as `LocationPieces` gives them; asked for once, as they are written. */
  readonly locations: Iterable<Uint8Array>;
  /** `content`: the MAC of the stream. */
  readonly id: StateId | 'content';
  readonly line: StoreLine;
  readonly timestampNs: bigint;
  readonly serial: RepositoryId;
  /** Of a state of version 1.1.0; default: the latest one. */
  readonly parent?: StateId | undefined;
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
    const { id, sizeBytes, footer } = file;
    // The footer is the MAC of all bytes before it.
    const mark = { at: sizeBytes - FOOTER_BYTES, bytes: footer };
    const bring = (): Promise<void> => store.adopt('state', id, spool.path, { signal: state.signal });
    await bringState(store, { id, sizeBytes, mark, bring, torn: 'remove' }, state.signal);
    return id;
  } finally {
    spool.discard();
  }
}

type StateFile = { readonly id: StateId; readonly sizeBytes: number; readonly footer: Uint8Array };

function writeStateFile(repository: Repository, spool: SpoolFile, state: NewState): StateFile {
  const { keys } = repository;
  const version = state.line === '1.1' ? '1.1.0' : '1.0.0';
  const parent = version === '1.1.0' ? (state.parent ?? repository.view.states.at(-1)?.id ?? null) : null;
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
