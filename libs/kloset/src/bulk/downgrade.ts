import { randomFillSync } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StateId } from '@wardrobe/kloset-model';
import { concatBytes, equalBytes } from '../bytes/bytes.js';
import { encode } from '../codec/codec.js';
import { ByteReader } from '../codec/byte-reader.js';
import { V1_0_0, V1_1_0 } from '../codec/version.js';
import { IntegrityError, InvalidInputError, KlosetError } from '../errors/errors.js';
import { openEnvelope, wrapEnvelope } from '../format/envelope.js';
import { stateMetadata } from '../format/state.js';
import type { Keys } from '../repository/keys.js';
import { STATE_LIMIT_BYTES, STATE_UNFOLDED_BYTES, STATE_UNFOLDED_PER_BYTE } from '../repository/limits.js';
import { readItem } from '../repository/read-item.js';
import { storeLine } from '../repository/store-line.js';
import type { LockInfo, Repository } from '../repository/types.js';
import { openWriter } from '../repository/writer.js';
import type { RepositoryWriter, WriterEnvironment } from '../repository/writer-types.js';
import { newLocationTable } from '../state/layer.js';
import { type ParsedState, parseState } from '../state/parse-state.js';

/** `deletes`: entries that no state of version 1.0.0 can hold; with any the store stays one for plakar 1.1. */
export type DowngradeState = { readonly id: StateId; readonly sizeBytes: number; readonly deletes: number };

export type DowngradePlan = {
  /** States of version 1.1.0, oldest first. */
  readonly states: readonly DowngradeState[];
  /** States that forbid it: they hold delete entries, or cannot be read. */
  readonly forbidding: readonly { readonly id: StateId; readonly reason: string }[];
};

export type DowngradeOptions = {
  readonly wait?: boolean | undefined;
  readonly onWait?: ((by: LockInfo) => void) | undefined;
  readonly environment?: Partial<WriterEnvironment> | undefined;
  /** Where a folder for the old bytes is made; default: the system's for temporary files. */
  readonly asideDirectory?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
};

/** What keeps plakar 1.0 out of a store, and whether it can be rewritten. Reads nothing beyond what is open. @source 01-store 9.2 */
export function planDowngrade(repository: Repository): DowngradePlan {
  const { view } = repository;
  const states = view.states
    .filter((state) => state.version === '1.1.0')
    .map(({ id, sizeBytes, counts }): DowngradeState => ({ id, sizeBytes, deletes: counts.deletes }));
  const forbidding = [
    ...states
      .filter(({ deletes }) => deletes > 0)
      .map(({ id, deletes }) => ({ id, reason: `it deletes ${deletes} ${deletes === 1 ? 'entry' : 'entries'}, which version 1.0.0 cannot say` })),
    ...view.unreadable.map(({ id, error }) => ({ id, reason: `it cannot be read: ${error.message}` })),
  ];
  return { states, forbidding };
}

/**
 * Rewrites every state of version 1.1.0 as 1.0.0 under the same id, one after the other, under an exclusive lock: each is proven to say the same before it is
 * written and after, and its old bytes lie in a local file until then. Can be interrupted and run again. Returns how many were rewritten.
 * @throws InvalidInputError a state forbids it (then nothing was changed); LockedError, StoreError, DiskFullError, IntegrityError
 */
export async function downgrade(repository: Repository, options: DowngradeOptions = {}): Promise<number> {
  const { signal, wait, onWait, environment } = options;
  const writer = await openWriter(repository, { lock: 'exclusive', wait, onWait, environment, signal });
  try {
    const plan = planDowngrade(repository);
    const [first] = plan.forbidding;
    if (first !== undefined) throw new InvalidInputError(`state ${first.id} forbids it: ${first.reason}`);
    await rewriteAll(repository, writer, { plan, options });
    return plan.states.length;
  } finally {
    await writer.close();
  }
}

/** The old bytes stay in their folder only when something is wrong that they may mend. */
async function rewriteAll(
  repository: Repository,
  writer: RepositoryWriter,
  { plan, options }: { readonly plan: DowngradePlan; readonly options: DowngradeOptions },
): Promise<void> {
  const { signal } = options;
  const before = liveIds(repository);
  const folder = await mkdtemp(join(options.asideDirectory ?? tmpdir(), 'wardrobe-downgrade-'));
  let isKept = false;
  try {
    for (const [done, state] of plan.states.entries()) {
      signal?.throwIfAborted();
      await rewrite(repository.keys, writer, { state, folder, signal });
      options.onProgress?.(done + 1, plan.states.length);
    }
    await repository.refresh({ signal });
    if (storeLine(repository.view) !== '1.0' || liveIds(repository) !== before)
      throw new IntegrityError('store', `it does not show the same after the rewriting; the old states are in ${folder}`, { kind: 'state' });
  } catch (error) {
    isKept = error instanceof IntegrityError;
    throw error;
  } finally {
    if (!isKept) await rm(folder, { recursive: true, force: true });
  }
}

function liveIds({ view }: Repository): string {
  return view.live
    .map(({ id }) => id)
    .sort()
    .join();
}

type Rewriting = { readonly state: DowngradeState; readonly folder: string; readonly signal: AbortSignal | undefined };

async function rewrite(keys: Keys, writer: RepositoryWriter, { state, folder, signal }: Rewriting): Promise<void> {
  const { id } = state;
  const old = await readItem(keys.store, { kind: 'state', id, sizeBytes: state.sizeBytes, limitBytes: STATE_LIMIT_BYTES }, { signal });
  const file = downgraded(keys, old, id);
  const aside = join(folder, `${id}.state`);
  await writeDurably(aside, old);
  await writer.secondLook({ signal });
  try {
    await writer.store.write('state', id, file, { signal });
    if (!(await holds(keys, id, file))) throw new IntegrityError('state', 'the store does not give back what was written', { kind: 'state', file: id });
  } catch (error) {
    await putBack(keys, writer, { id, old, fresh: file, aside });
    throw error;
  }
}

/** After a failure the store may hold neither, or a part: the old bytes are as good as the new ones. */
async function putBack(
  keys: Keys,
  writer: RepositoryWriter,
  item: { readonly id: StateId; readonly old: Uint8Array; readonly fresh: Uint8Array; readonly aside: string },
): Promise<void> {
  const { id, old, fresh, aside } = item;
  if ((await holds(keys, id, fresh)) || (await holds(keys, id, old))) return;
  try {
    await writer.store.write('state', id, old);
  } catch (cause) {
    throw new IntegrityError(
      'state',
      `it may be damaged in the store; its bytes are in ${aside}: put them there under its name`,
      { kind: 'state', file: id },
      { cause },
    );
  }
}

async function holds(keys: Keys, id: StateId, bytes: Uint8Array): Promise<boolean> {
  try {
    return (await keys.store.sizeBytes('state', id)) === bytes.length && equalBytes(await keys.store.readRange('state', id, 0, bytes.length), bytes);
  } catch (error) {
    if (error instanceof KlosetError) return false;
    throw error;
  }
}

/** The same state as version 1.0.0, proven. @throws DecodeError, IntegrityError */
export function downgraded(keys: Keys, file: Uint8Array, id: StateId): Uint8Array {
  const hash = (bytes: Uint8Array): Uint8Array => keys.algorithm.hash(bytes);
  const place = { kind: 'state', file: id };
  const opened = openEnvelope('state', file, { hash, place });
  const limitBytes = STATE_UNFOLDED_BYTES + STATE_UNFOLDED_PER_BYTE * opened.body.length;
  const stream = keys.decodeUnit(opened.body, limitBytes);
  const before = facts(stream, opened.version);
  if (opened.version !== V1_1_0 || before.parsed.counts.deletes > 0) throw new IntegrityError('state', 'it changed since it was looked at', place);
  const metadataAt = stream.length - stateMetadata.sizeBytes;
  const metadata = stateMetadata.read(new ByteReader(stream.subarray(metadataAt), 'state metadata', place));
  const rewritten = concatBytes([stream.subarray(PARENT_BYTES, metadataAt), encode(stateMetadata, { ...metadata, version: V1_0_0 })]);
  const result = wrapEnvelope('state', keys.encoder(randomBytes)(rewritten), { version: V1_0_0, hash });
  const reopened = openEnvelope('state', result, { hash, place });
  const after = facts(keys.decodeUnit(reopened.body, limitBytes), reopened.version);
  if (!equalBytes(before.entries, after.entries) || before.locations !== after.locations || after.parsed.version !== V1_0_0)
    throw new IntegrityError('state', 'as version 1.0.0 it would not say the same', place);
  return result;
}

const PARENT_BYTES = 32;

/** What a state says, in a form that can be compared: the entries themselves, and how many locations they make. */
function facts(stream: Uint8Array, version: number): { readonly parsed: ParsedState; readonly entries: Uint8Array; readonly locations: number } {
  const table = newLocationTable();
  const parsed = parseState(stream, { version, table });
  const start = version >= V1_1_0 ? PARENT_BYTES : 0;
  return { parsed, entries: stream.subarray(start, stream.length - stateMetadata.sizeBytes), locations: table.count };
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

function randomBytes(lengthBytes: number): Uint8Array {
  return randomFillSync(new Uint8Array(lengthBytes));
}
