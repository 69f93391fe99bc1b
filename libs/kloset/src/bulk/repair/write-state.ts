import type { RepositoryId, StateId } from '@wardrobe/kloset-model';
import { equalBytes, macFromBytes, NIL_UUID } from '../../bytes/bytes.js';
import { V1_0_0, V1_1_0 } from '../../codec/version.js';
import { IntegrityError } from '../../errors/errors.js';
import { openEnvelope, wrapEnvelope } from '../../format/envelope.js';
import { bringState } from '../../repository/bring-state.js';
import type { RepositoryWriter } from '../../repository/writer-types.js';
import type { StateBuilder } from '../../state/state-builder.js';
import type { StateEndFacts } from './types.js';

/** One repair at work: the writer holds the exclusive lock. */
export type RepairRun = {
  readonly writer: RepositoryWriter;
  readonly signal: AbortSignal | undefined;
  readonly onLog: (line: string) => void;
  /** `packfileBytes`: of the writer, since it began. */
  readonly written: { readonly states: StateId[]; packfiles: number; stateBytes: number; packfileBytes: number };
};

/** What closes a state that a repair makes: of the store's line unless said otherwise. */
export function endOf(run: RepairRun, facts: { readonly timestampNs: bigint; readonly parent?: StateId | null }): StateEndFacts {
  const { line, repository } = run.writer;
  const version = line === '1.1' ? '1.1.0' : '1.0.0';
  return { version, timestampNs: facts.timestampNs, serial: line === '1.1' ? NIL_UUID : repository.id, parent: facts.parent ?? null };
}

/**
 * Publishes a state under a name of one's own choice; a damaged file of that name is replaced by the whole new one, never removed before. What was encoded is
 * decoded and compared first. @throws LockedError somebody else took the store meanwhile; StoreError, DiskFullError: then nothing is visible
 */
export async function writeState(
  run: RepairRun,
  state: { readonly id: StateId | null; readonly builder: StateBuilder; readonly end: StateEndFacts },
): Promise<StateId> {
  const { writer } = run;
  const { keys } = writer.repository;
  const end = state.id === null ? { ...state.end, timestampNs: unlikeBefore(run, state.end.timestampNs) } : state.end;
  const id = state.id ?? (macFromBytes(writer.environment.randomBytes(32)) as StateId);
  const stream = state.builder.finish({ ...end, serial: end.serial as RepositoryId });
  const hash = (bytes: Uint8Array): Uint8Array => keys.algorithm.hash(bytes);
  const version = end.version === '1.1.0' ? V1_1_0 : V1_0_0;
  const file = wrapEnvelope('state', keys.encoder(writer.environment.randomBytes)(stream), { version, hash });
  if (!equalBytes(keys.decodeUnit(openEnvelope('state', file, { hash }).body), stream))
    throw new IntegrityError('state', 'what was encoded does not decode to the same bytes', { kind: 'state', file: id });
  await writeStateFile(run, id, file);
  return id;
}

const LAST_TIMES = new WeakMap<RepairRun, bigint>();

/** Two states of one run never bear the same time: equal bytes under two names are taken for a copy of one over the other (`findCopies`). */
function unlikeBefore(run: RepairRun, timestampNs: bigint): bigint {
  const last = LAST_TIMES.get(run);
  const unlike = last !== undefined && timestampNs <= last ? last + 1n : timestampNs;
  LAST_TIMES.set(run, unlike);
  return unlike;
}

/** Writes the bytes of a whole state file, in place of a damaged one where there is one. Right before it our lock must still stand, and nobody else's. */
export async function writeStateFile(run: RepairRun, id: StateId, file: Uint8Array): Promise<void> {
  const { writer, signal } = run;
  await writer.secondLook({ signal });
  const bring = (): Promise<void> => writer.store.write('state', id, file, { signal });
  // All of it: a damaged file may have the very footer of the whole one.
  const mark = { at: 0, bytes: file };
  await bringState(writer.store, { id, sizeBytes: file.length, mark, bring, torn: 'keep' }, signal);
  run.written.states.push(id);
  run.written.stateBytes += file.length;
  await writer.repository.refresh({ signal });
}
