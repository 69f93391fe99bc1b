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
import { mergeLikePlakar, orderByParents, parseStates } from '../repair/testing/merge-like-plakar.js';
import { runMaintenance } from './run.js';

const ORDERS = 80;
const MINUTE = 60_000;

it('after maintenance no machine picks a copy in a packfile that is gone, in whatever order it merges, clocks apart or not', async () => {
  const random = seededRandom(404);
  const store = memoryStore();
  let nowMs = Date.parse('2026-03-01T00:00:00Z');
  const environment = { nowMs: () => nowMs, hostname: 'alpha', randomBytes: (lengthBytes: number) => random.bytes(lengthBytes) };
  await createStore(store, { line: '1.1', passphrase: null, environment });
  const open = () => openRepository(store);
  const write = async (state: StateId | undefined, work: (writer: RepositoryWriter) => void): Promise<void> => {
    nowMs += 1000;
    const writer = await openWriter(await open(), { lock: 'none', environment });
    work(writer);
    await writer.commit({ state: state ?? 'content' });
    await writer.close();
  };
  const save = async (content: string): Promise<SnapshotId> => {
    const id = random.hex64() as SnapshotId;
    await write(id as Mac as StateId, (writer) => void buildSnapshot(writer, [{ path: '/srv/a', content }], { form: '1.1', id }));
    return id;
  };
  // A machine whose clock is fast: what others write for some minutes after it is nobody's parent.
  const aheadOfAll = async (content: string): Promise<void> => {
    nowMs += 10 * MINUTE;
    await save(content);
    nowMs -= 10 * MINUTE;
  };
  await aheadOfAll('of another machine');
  const first = await save('in two packfiles');
  const reader = await open();
  const packfile = reader.view.locations(BLOB_TYPE.chunk, reader.mac(Buffer.from('in two packfiles')))[0]?.packfile as PackfileId;
  await write(undefined, (writer) => writer.colour(BLOB_TYPE.snapshot, first));
  // Scheduled for deletion, taken back, and scheduled again; the content was stored anew in between.
  await write(undefined, (writer) => writer.colour(BLOB_TYPE.packfile, packfile));
  const second = await save('in two packfiles');
  nowMs += 20 * MINUTE;
  await aheadOfAll('of another machine once more');
  await write(undefined, (writer) => writer.uncolour(BLOB_TYPE.packfile, packfile));
  nowMs += 20 * MINUTE;
  const maintain = async () => runMaintenance(await open(), { environment, graceMs: 0 });
  await write(undefined, (writer) => writer.colour(BLOB_TYPE.packfile, packfile));
  nowMs += MINUTE;
  await maintain();
  nowMs += MINUTE;
  await maintain();
  expect(store.items.packfile.has(packfile)).toBe(false);
  const repository = await open();
  expect(repository.view.live.map(({ id }) => id)).toContain(second);
  expect(repository.view.mergeHazards()).toEqual([]);
  const chunk = repository.mac(Buffer.from('in two packfiles'));
  const states = await parseStates(repository);
  const picked = new Set<Mac | null>();
  for (let order = 0; order < ORDERS; order += 1) picked.add(mergeLikePlakar(orderByParents(states, random.below)).pick(BLOB_TYPE.chunk, chunk));
  expect(picked.has(packfile)).toBe(false);
  expect([...picked].every((id) => id !== null && store.items.packfile.has(id))).toBe(true);
});
