import type { Mac } from '@wardrobe/kloset-model';
import { macFromBytes } from '../bytes/bytes.js';
import { garbageWatch } from '../bytes/garbage-watch.js';
import { KlosetError, NotFoundError, TooLargeError } from '../errors/errors.js';
import { openEnvelope } from '../format/envelope.js';
import type { LocationTable } from '../state/location-table.js';
import { parseStatePieces } from '../state/parse-state.js';
import { namesState } from '../state/state-copies.js';
import type { StateRecord } from '../state/state-record.js';
import type { ListedItem, ReadOptions } from '../store/store.js';
import type { Keys } from './keys.js';
import { LARGE_STATE_BYTES, PARALLEL_STATES, STATE_LIMIT_BYTES, STATE_UNFOLDED_BYTES, STATE_UNFOLDED_PER_BYTE } from './limits.js';
import { parallel } from './parallel.js';
import { readItem } from './read-item.js';
import { mayBeTheLine, readAgainIfWrong } from './second-reading.js';
import type { UnreadableState } from './types.js';
import { verifyEnvelope } from './verify-envelope.js';

/** `absent`: listed, and not there when they were opened. */
export type LoadedStates = {
  readonly records: readonly StateRecord[];
  readonly unreadable: readonly UnreadableState[];
  readonly absent: readonly UnreadableState[];
};

type LoadOptions = ReadOptions & { readonly table: LocationTable; readonly onState?: (() => void) | undefined };

/**
 * Reads, verifies, decodes and merges states into `table`. A state that fails adds nothing and is reported beside the others.
 */
export async function loadStates(keys: Keys, items: readonly ListedItem[], options: LoadOptions): Promise<LoadedStates> {
  const records: StateRecord[] = [];
  const unreadable: UnreadableState[] = [];
  const absent: UnreadableState[] = [];
  const read = (item: ListedItem) => readState(keys, item, options);
  for await (const { item, file, error } of inTurns(items, read)) {
    const outcome = file === null ? error : await mergeProven(keys, { item, file }, options);
    if (outcome instanceof NotFoundError) absent.push({ id: item.id, sizeBytes: item.sizeBytes, error: outcome });
    else if (outcome instanceof KlosetError) unreadable.push({ id: item.id, sizeBytes: item.sizeBytes, error: outcome });
    else if (outcome !== null) records.push(outcome);
    options.onState?.();
  }
  return { records, unreadable, absent };
}

/** Small states several at a time, large ones one by one: what is read ahead is held, and what was merged is given up before the next comes. */
async function* inTurns(items: readonly ListedItem[], read: (item: ListedItem) => Promise<ReadOutcome>): AsyncGenerator<ReadOutcome> {
  yield* parallel(
    items.filter((item) => item.sizeBytes <= LARGE_STATE_BYTES),
    PARALLEL_STATES,
    read,
  );
  const giveUp = garbageWatch(LARGE_STATE_BYTES);
  for (const item of items) {
    if (item.sizeBytes <= LARGE_STATE_BYTES) continue;
    giveUp();
    yield await read(item);
  }
  giveUp();
}

type ReadOutcome = { readonly item: ListedItem; readonly file: Uint8Array | null; readonly error: KlosetError | null };

async function readState(keys: Keys, item: ListedItem, options: ReadOptions): Promise<ReadOutcome> {
  try {
    const file = await readItem(keys.store, { kind: 'state', id: item.id, sizeBytes: item.sizeBytes, limitBytes: STATE_LIMIT_BYTES }, options);
    return { item, file, error: null };
  } catch (error) {
    if (options.signal?.aborted === true || !(error instanceof KlosetError)) throw error;
    return { item, file: null, error };
  }
}

/** Merges a state; over a line it is fetched once more before it counts as damaged. */
async function mergeProven(keys: Keys, state: { readonly item: ListedItem; readonly file: Uint8Array }, options: LoadOptions) {
  const outcome = mergeState(keys, state, options.table);
  if (!mayBeTheLine(keys.store, outcome)) return outcome;
  const again = await readState(keys, state.item, { ...options, fresh: true });
  return again.file === null ? again.error : mergeState(keys, { item: state.item, file: again.file }, options.table);
}

/** The record of a state whose locations are now in the table, or the error that kept it out. */
function mergeState(keys: Keys, state: { readonly item: ListedItem; readonly file: Uint8Array }, table: LocationTable): StateRecord | KlosetError {
  const { item, file } = state;
  const place = { kind: 'state', file: item.id };
  try {
    const opened = openEnvelope('state', file, { hash: (bytes) => keys.algorithm.hash(bytes), place });
    const pieces = keys.decodePieces(opened.body, STATE_UNFOLDED_BYTES + STATE_UNFOLDED_PER_BYTE * opened.body.length);
    const parsed = parseStatePieces(pieces, { version: opened.version, table, place });
    const namesItself = parsed.counts.packfiles > 0 ? namesState(parsed.residue, item.id) : macOf(keys, pieces()) === item.id;
    return { id: item.id, sizeBytes: item.sizeBytes, stamp: item.stamp ?? null, footer: macFromBytes(opened.footer), namesItself, ...parsed };
  } catch (error) {
    if (error instanceof KlosetError) return error;
    throw error;
  }
}

function macOf(keys: Keys, pieces: Iterable<Uint8Array>): Mac {
  const mac = keys.algorithm.create();
  for (const piece of pieces) mac.update(piece.slice());
  return macFromBytes(mac.digest());
}

/** Reads states again from the store and yields those whose bytes are not what their footers say, whatever an index remembers of them. */
export async function* verifyStates(keys: Keys, items: readonly ListedItem[], options: ReadOptions): AsyncGenerator<UnreadableState> {
  const verify = async (item: ListedItem) => ({ item, failure: await footerFault(keys, item, options) });
  const giveUp = garbageWatch(LARGE_STATE_BYTES);
  for await (const { item, failure } of parallel(items, PARALLEL_STATES, verify)) {
    giveUp();
    if (failure !== null && !(failure instanceof NotFoundError)) yield { id: item.id, sizeBytes: item.sizeBytes, error: failure };
  }
}

/** Null: the footer fits. Over a line a state is fetched once more before it counts as damaged. */
async function footerFault(keys: Keys, { id, sizeBytes }: ListedItem, options: ReadOptions): Promise<KlosetError | null> {
  if (sizeBytes > STATE_LIMIT_BYTES) return new TooLargeError(`state ${id}`, sizeBytes, STATE_LIMIT_BYTES);
  try {
    await readAgainIfWrong(keys.store, options, (again) => verifyEnvelope(keys, { kind: 'state', id, sizeBytes }, again));
    return null;
  } catch (error) {
    if (options.signal?.aborted !== true && error instanceof KlosetError) return error;
    throw error;
  }
}

/** The footer of one state as it lies in the store now, verified; null when it cannot be read or differs from its bytes. */
export async function currentFooter(keys: Keys, item: ListedItem, options: ReadOptions): Promise<Mac | null> {
  const { file } = await readState(keys, item, options);
  if (file === null) return null;
  try {
    return macFromBytes(openEnvelope('state', file, { hash: (bytes) => keys.algorithm.hash(bytes) }).footer);
  } catch (error) {
    if (error instanceof KlosetError) return null;
    throw error;
  }
}
