import { NIL_UUID } from '../../../bytes/bytes.js';
import type { Mac, PackfileId, SnapshotId, StateId } from '@wardrobe/kloset-model';
import { V1_0_0, V1_1_0 } from '../../../codec/version.js';
import { wrapEnvelope } from '../../../format/envelope.js';
import { createStore } from '../../../repository/create-store.js';
import { openRepository } from '../../../repository/repository.js';
import type { Repository } from '../../../repository/types.js';
import { openWriter } from '../../../repository/writer.js';
import type { StoreLine } from '../../../repository/writer-types.js';
import { type BuildEntry, type BuildOptions, buildSnapshot } from '../../../snapshot/testing/snapshot-builder.js';
import { StateBuilder } from '../../../state/state-builder.js';
import type { WritableStore } from '../../../store/store.js';
import { memoryStore } from '@wardrobe/connector-memory';

/** A store in memory that is filled as a backup fills one, and then damaged. For tests. */
export type MadeStore = {
  readonly store: WritableStore;
  readonly line: StoreLine;
  /** Opened afresh, as another machine would. */
  open(): Promise<Repository>;
  backup(entries: readonly BuildEntry[], options?: Partial<BuildOptions>): Promise<MadeBackup>;
  /** A state of version 1.1.0 or 1.0.0 with entries of one's own. */
  state(
    id: StateId,
    fill: (builder: StateBuilder) => void,
    options?: { readonly parent?: StateId | null; readonly version?: '1.0.0' | '1.1.0'; readonly timestampNs?: bigint },
  ): Promise<void>;
  damage(kind: 'state' | 'packfile', id: Mac, at?: number): Promise<void>;
};
export type MadeBackup = { readonly id: SnapshotId; readonly state: StateId; readonly packfiles: readonly PackfileId[] };

/** Long before any test runs: nothing looks as if it were being written. */
const EPOCH_MS = 1_700_000_000_000;

export async function makeStore(line: StoreLine): Promise<MadeStore> {
  const store = memoryStore() as WritableStore;
  let nowMs = EPOCH_MS;
  const environment = { nowMs: () => nowMs };
  await createStore(store, { line, passphrase: null, environment });
  const open = (): Promise<Repository> => openRepository(store);
  return {
    store,
    line,
    open,
    async backup(entries, options = {}) {
      nowMs += 3_600_000;
      const repository = await open();
      const before = new Set([...repository.view.packfiles()].map(({ id }) => id));
      const writer = await openWriter(repository, { lock: 'none', environment });
      const id = buildSnapshot(writer, entries, { form: line, timestampNs: BigInt(nowMs) * 1_000_000n, ...options });
      await writer.commit({ state: id as StateId });
      await writer.close();
      const packfiles = [...repository.view.packfiles()].map((packfile) => packfile.id).filter((packfile) => !before.has(packfile));
      return { id, state: id as StateId, packfiles };
    },
    async state(id, fill, options = {}) {
      const { keys } = await open();
      const builder = new StateBuilder();
      fill(builder);
      const version = options.version ?? '1.1.0';
      const stream = builder.finish({
        version,
        timestampNs: options.timestampNs ?? BigInt(nowMs) * 1_000_000n,
        serial: NIL_UUID as never,
        parent: options.parent ?? null,
      });
      const hash = (bytes: Uint8Array): Uint8Array => keys.algorithm.hash(bytes);
      const body = keys.encoder((lengthBytes) => new Uint8Array(lengthBytes))(stream);
      await store.write('state', id, wrapEnvelope('state', body, { version: version === '1.1.0' ? V1_1_0 : V1_0_0, hash }));
    },
    async damage(kind, id, at = 40) {
      const bytes = (await store.readRange(kind, id, 0, await store.sizeBytes(kind, id))).slice();
      bytes[at] = (bytes[at] ?? 0) ^ 0xff;
      await store.write(kind, id, bytes);
    },
  };
}
