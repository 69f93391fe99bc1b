import { type Mac, nameBytes, type SnapshotId } from '@wardrobe/kloset-model';
import { macFromBytes, NIL_UUID } from '../bytes/bytes.js';
import { encode } from '../codec/codec.js';
import { IntegrityError, NotFoundError } from '../errors/errors.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import { snapshotHeader } from '../format/snapshot-header.js';
import type { LockInfo, Repository } from '../repository/types.js';
import { systemEnvironment } from '../repository/system-environment.js';
import { openWriter } from '../repository/writer.js';
import type { WriterEnvironment } from '../repository/writer-types.js';
import { readRecord, type SnapshotSource } from '../snapshot/source.js';
import { checkSnapshots } from './check.js';
import { packfilesOf } from './maintenance/packfiles-of.js';

/** Key of the context pair that says what a snapshot is a copy of; other programs show it or pass over it. */
export const DUPLICATED_FROM = 'DuplicatedFrom';

export type DupOptions = {
  /** What is to be said about the run that makes the copy, in place of that of the original. */
  readonly context?: readonly { readonly key: string; readonly value: string }[] | undefined;
  readonly wait?: boolean | undefined;
  readonly onWait?: ((by: LockInfo) => void) | undefined;
  readonly environment?: Partial<WriterEnvironment> | undefined;
  readonly signal?: AbortSignal | undefined;
};

/** `signed`: the original has a signature, which cannot hold for a header with another id: the copy has none. */
export type Duplicate = { readonly original: SnapshotId; readonly copy: SnapshotId; readonly signed: boolean };

/**
 * Makes a second snapshot of what one holds, with an id and a time of its own. Only a header and a state are written; everything that the header names is
 * proven to be in the store, in packfiles that are not scheduled for deletion.
 * @throws NotFoundError no such snapshot; IntegrityError something of it is missing or about to be removed; LockedError, StoreError: nothing is visible then
 * @source 02-snapshot 7.9
 */
export async function dupSnapshot(repository: Repository, original: SnapshotId, options: DupOptions = {}): Promise<Duplicate> {
  const environment = { ...systemEnvironment(), ...options.environment };
  const { signal, wait, onWait } = options;
  const startedMs = environment.nowMs();
  const copy = macFromBytes(environment.randomBytes(32)) as SnapshotId;
  const writer = await openWriter(repository, { lock: 'shared', id: copy, environment, wait, onWait, signal });
  try {
    const record = await readRecord(repository, { type: SNAPSHOT_BLOB.header, id: original, codec: snapshotHeader }, { signal });
    await expectWhole(repository, original, signal);
    const needed = await packfilesOf(repository, original, { signal });
    writer.relyOn(needed.packfiles.filter((packfile) => !repository.view.isPackfileColoured(packfile)));
    const context = options.context?.map(({ key, value }) => ({ key: nameBytes(key), value: nameBytes(value) })) ?? record.context ?? [];
    const bytes = encode(snapshotHeader, {
      ...record,
      identifier: copy,
      timestamp: BigInt(startedMs) * 1_000_000n,
      duration: BigInt(Math.max(0, environment.nowMs() - startedMs)) * 1_000_000n,
      identity: { identifier: NIL_UUID, public_key: null },
      context: [...context, { key: nameBytes(DUPLICATED_FROM), value: nameBytes(original) }],
    });
    writer.put(SNAPSHOT_BLOB.header, bytes, copy);
    await writer.commit({ signal });
    return { original, copy, signed: record.identity.identifier !== NIL_UUID };
  } finally {
    await writer.close();
  }
}

/** Every blob that the snapshot names lies in a packfile that stays. */
async function expectWhole(repository: Repository, id: SnapshotId, signal: AbortSignal | undefined): Promise<void> {
  for await (const problem of checkSnapshots(availableSource(repository), { snapshots: [id], fast: true, signal }))
    throw new IntegrityError(`snapshot ${id}`, `it is not whole (${problem.error.message}), so a copy of it would not be either`, {
      kind: 'snapshot',
      file: id,
    });
}

/** Only what lies in packfiles that are not scheduled for deletion. */
function availableSource(repository: Repository): SnapshotSource {
  const gone = (blob: Mac): NotFoundError => new NotFoundError('blob', blob);
  return {
    mac: (bytes) => repository.mac(bytes),
    createMac: () => repository.createMac(),
    has: (type, blob) => repository.view.isAvailable(type, blob),
    async get(type, blob, options) {
      if (!repository.view.isAvailable(type, blob)) throw gone(blob);
      return repository.get(type, blob, options);
    },
    async *getMany(type, ids, options) {
      for await (const got of repository.getMany(type, ids, options))
        yield repository.view.isAvailable(type, got.id) ? got : { id: got.id, error: gone(got.id) };
    },
  };
}
