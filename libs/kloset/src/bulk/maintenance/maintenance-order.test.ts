import type { Mac, PackfileId } from '@wardrobe/kloset-model';
import { seededRandom } from '@wardrobe/testing';
import { expect, it } from 'vitest';
import { BLOB_TYPE } from '../../format/state.js';
import { mergeLikePlakar, orderByParents, parseStates } from '../repair/testing/merge-like-plakar.js';
import { World } from './testing/world.js';

const ORDERS = 80;
const MINUTE = 60_000;

it('after maintenance no machine picks a copy in a packfile that is gone, in whatever order it merges, clocks apart or not', async () => {
  const random = seededRandom(404);
  const world = await World.of('1.1');
  const { store } = world;
  const save = (content: string) => world.backup({ a: content });
  const colour = (type: 4 | 5, id: Mac) => world.write((writer) => writer.colour(type, id), { state: 'content' });
  // A machine whose clock is fast: what others write for some minutes after it is nobody's parent.
  const aheadOfAll = async (content: string): Promise<void> => {
    world.nowMs += 10 * MINUTE;
    await save(content);
    world.nowMs -= 10 * MINUTE;
  };
  await aheadOfAll('of another machine');
  const first = await save('in two packfiles');
  const reader = await world.open();
  const packfile = reader.view.locations(BLOB_TYPE.chunk, reader.mac(Buffer.from('in two packfiles')))[0]?.packfile as PackfileId;
  await colour(BLOB_TYPE.snapshot, first);
  // Scheduled for deletion, taken back, and scheduled again; the content was stored anew in between.
  await colour(BLOB_TYPE.packfile, packfile);
  const second = await save('in two packfiles');
  world.nowMs += 20 * MINUTE;
  await aheadOfAll('of another machine once more');
  await world.write((writer) => writer.uncolour(BLOB_TYPE.packfile, packfile), { state: 'content' });
  world.nowMs += 20 * MINUTE;
  const maintain = () => world.run({ graceMs: 0 });
  await colour(BLOB_TYPE.packfile, packfile);
  world.nowMs += MINUTE;
  await maintain();
  world.nowMs += MINUTE;
  await maintain();
  expect(store.items.packfile.has(packfile)).toBe(false);
  const repository = await world.open();
  expect(repository.view.live.map(({ id }) => id)).toContain(second);
  expect(repository.view.mergeHazards()).toEqual([]);
  const chunk = repository.mac(Buffer.from('in two packfiles'));
  const states = await parseStates(repository);
  const picked = new Set<Mac | null>();
  for (let order = 0; order < ORDERS; order += 1) picked.add(mergeLikePlakar(orderByParents(states, random.below)).pick(BLOB_TYPE.chunk, chunk));
  expect(picked.has(packfile)).toBe(false);
  expect([...picked].every((id) => id !== null && store.items.packfile.has(id))).toBe(true);
});
