import type { Mac, PackfileId, SnapshotId, StateId } from '@wardrobe/kloset-model';
import { seededRandom } from '@wardrobe/testing';
import { expect, it } from 'vitest';
import { BLOB_TYPE } from '../../format/state.js';
import { createStore } from '../../repository/create-store.js';
import { openRepository } from '../../repository/repository.js';
import type { RepositoryWriter } from '../../repository/writer-types.js';
import { openWriter } from '../../repository/writer.js';
import { buildSnapshot } from '../../snapshot/testing/index.js';
import { memoryStore } from '@wardrobe/connector-memory';
import { checkSnapshots } from '../check.js';
import { runMaintenance } from './run.js';

it('a copy that was removed is no reason to refuse where another one, scheduled too, is still there', async () => {
  const random = seededRandom(78);
  const store = memoryStore();
  let nowMs = Date.parse('2026-03-01T00:00:00Z');
  const environment = { nowMs: () => nowMs, hostname: 'alpha', randomBytes: (lengthBytes: number) => random.bytes(lengthBytes) };
  await createStore(store, { line: '1.0', passphrase: null, environment });
  const write = async (state: StateId | 'content', work: (writer: RepositoryWriter) => void): Promise<void> => {
    nowMs += 1000;
    const writer = await openWriter(await openRepository(store), { lock: 'none', environment });
    work(writer);
    await writer.commit({ state });
    await writer.close();
  };
  const save = async (): Promise<SnapshotId> => {
    const id = random.hex64() as SnapshotId;
    await write(id as Mac as StateId, (writer) => void buildSnapshot(writer, [{ path: '/srv/a', content: 'twice' }], { form: '1.0', id }));
    return id;
  };
  const holders = async (): Promise<PackfileId[]> => {
    const repository = await openRepository(store);
    return repository.view.locations(BLOB_TYPE.chunk, repository.mac(Buffer.from('twice'))).map(({ packfile }) => packfile);
  };
  await save();
  const [first] = (await holders()) as [PackfileId];
  await write('content', (writer) => writer.colour(BLOB_TYPE.packfile, first));
  const live = await save();
  const second = (await holders()).find((id) => id !== first) as PackfileId;
  await write('content', (writer) => writer.colour(BLOB_TYPE.packfile, second));
  store.items.packfile.delete(first);

  const { plan, blobsStoredAgain } = await runMaintenance(await openRepository(store), { environment });
  expect(plan.refusals).toEqual([]);
  expect(plan.heal.map(({ id }) => id)).toEqual([second]);
  expect(blobsStoredAgain).toBeGreaterThan(0);
  const repository = await openRepository(store);
  expect(repository.view.isAvailable(BLOB_TYPE.chunk, repository.mac(Buffer.from('twice')))).toBe(true);
  for await (const { error } of checkSnapshots(repository, { snapshots: [live] })) throw error;

  // Where none is left it is refused as before.
  for (const id of (await holders()).slice()) store.items.packfile.delete(id);
  const refused = await runMaintenance(await openRepository(store), { environment });
  expect(refused.plan.refusals.length).toBeGreaterThan(0);
});
