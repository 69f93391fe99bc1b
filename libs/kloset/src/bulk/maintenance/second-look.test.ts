import type { SnapshotId } from '@wardrobe/kloset-model';
import { expect, it } from 'vitest';
import { faultyStore } from '../../snapshot/testing/index.js';
import type { WritableStore } from '../../store/store.js';
import { World } from './testing/world.js';

const DAY = 86_400_000;

it('nothing is removed once somebody who heeds no lock published a snapshot meanwhile; the next run goes on', async () => {
  const world = await World.of('1.1');
  const { store } = world;
  const save = (content: string) => world.backup({ [content]: content });
  await save('stays');
  const gone = await save('goes');
  await world.remove(gone);
  expect((await world.run()).coloured).toBeGreaterThan(0);
  world.nowMs += 8 * DAY;
  const files = store.items.packfile.size;

  const late: SnapshotId[] = [];
  const watched: WritableStore = {
    ...faultyStore(store).store,
    adopt: async (kind, id, path, options) => {
      await store.adopt(kind, id, path, options);
      if (kind === 'state' && late.length === 0) late.push(await save('goes'));
    },
  };
  await expect(world.run({}, watched)).rejects.toMatchObject({
    code: 'store',
    retryable: true,
    message: expect.stringContaining('somebody published a snapshot'),
  });
  expect(late).toHaveLength(1);
  expect(store.items.packfile.size).toBeGreaterThan(files);

  const repository = await world.open();
  expect(repository.view.live.map(({ id }) => id)).toContain(late[0]);
  expect((await world.run()).removed).toBeGreaterThan(0);
  expect(await world.sound()).toContain(late[0]);
});
