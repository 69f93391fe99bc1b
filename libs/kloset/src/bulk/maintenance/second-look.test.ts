import type { Mac, SnapshotId, StateId } from '@wardrobe/kloset-model';
import { seededRandom } from '@wardrobe/testing';
import { expect, it } from 'vitest';
import { BLOB_TYPE } from '../../format/state.js';
import { createStore } from '../../repository/create-store.js';
import { openRepository } from '../../repository/repository.js';
import type { RepositoryWriter } from '../../repository/writer-types.js';
import { openWriter } from '../../repository/writer.js';
import { buildSnapshot, faultyStore } from '../../snapshot/testing/index.js';
import type { WritableStore } from '../../store/store.js';
import { memoryStore } from '@wardrobe/connector-memory';
import { checkSnapshots } from '../check.js';
import { runMaintenance } from './run.js';

const DAY = 86_400_000;

it('nothing is removed once somebody who heeds no lock published a snapshot meanwhile; the next run goes on', async () => {
  const random = seededRandom(77);
  const store = memoryStore();
  let nowMs = Date.parse('2026-03-01T00:00:00Z');
  const environment = { nowMs: () => nowMs, hostname: 'alpha', randomBytes: (lengthBytes: number) => random.bytes(lengthBytes) };
  await createStore(store, { line: '1.1', passphrase: null, environment });
  const write = async (state: StateId | 'content', work: (writer: RepositoryWriter) => void): Promise<void> => {
    nowMs += 1000;
    const writer = await openWriter(await openRepository(store), { lock: 'none', environment });
    work(writer);
    await writer.commit({ state });
    await writer.close();
  };
  const save = async (content: string): Promise<SnapshotId> => {
    const id = random.hex64() as SnapshotId;
    await write(
      id as Mac as StateId,
      (writer) =>
        void buildSnapshot(writer, [{ path: `/srv/${content}`, content, xattrs: { 'user.a': content } }], {
          form: '1.1',
          id,
          timestampNs: BigInt(nowMs) * 1_000_000n,
        }),
    );
    return id;
  };
  await save('stays');
  const gone = await save('goes');
  await write('content', (writer) => writer.colour(BLOB_TYPE.snapshot, gone));
  const maintain = async (through: WritableStore) => runMaintenance(await openRepository(through), { environment });
  expect((await maintain(store)).coloured).toBeGreaterThan(0);
  nowMs += 8 * DAY;
  const files = store.items.packfile.size;

  const late: SnapshotId[] = [];
  const watched: WritableStore = {
    ...faultyStore(store).store,
    adopt: async (kind, id, path, options) => {
      await store.adopt(kind, id, path, options);
      if (kind === 'state' && late.length === 0) late.push(await save('goes'));
    },
  };
  await expect(maintain(watched)).rejects.toMatchObject({ code: 'store', retryable: true, message: expect.stringContaining('somebody published a snapshot') });
  expect(late).toHaveLength(1);
  expect(store.items.packfile.size).toBeGreaterThan(files);

  const repository = await openRepository(store);
  expect(repository.view.live.map(({ id }) => id)).toContain(late[0]);
  expect((await maintain(store)).removed).toBeGreaterThan(0);
  for await (const { error } of checkSnapshots(await openRepository(store), { snapshots: late })) throw error;
});
