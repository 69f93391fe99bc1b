import type { PackfileId } from '@wardrobe/kloset-model';
import { expect, it } from 'vitest';
import { BLOB_TYPE } from '../../format/state.js';
import { World } from './testing/world.js';

it('a copy that was removed is no reason to refuse where another one, scheduled too, is still there', async () => {
  const world = await World.of('1.0');
  const save = () => world.backup({ a: 'twice' });
  const holders = async (): Promise<PackfileId[]> => {
    const repository = await world.open();
    return repository.view.locations(BLOB_TYPE.chunk, repository.mac(Buffer.from('twice'))).map(({ packfile }) => packfile);
  };
  await save();
  const [first] = (await holders()) as [PackfileId];
  await world.write((writer) => writer.colour(BLOB_TYPE.packfile, first), { state: 'content' });
  const live = await save();
  const second = (await holders()).find((id) => id !== first) as PackfileId;
  await world.write((writer) => writer.colour(BLOB_TYPE.packfile, second), { state: 'content' });
  world.store.items.packfile.delete(first);

  const { plan, blobsStoredAgain } = await world.run();
  expect(plan.refusals).toEqual([]);
  expect(plan.heal.map(({ id }) => id)).toEqual([second]);
  expect(blobsStoredAgain).toBeGreaterThan(0);
  const repository = await world.open();
  expect(repository.view.isAvailable(BLOB_TYPE.chunk, repository.mac(Buffer.from('twice')))).toBe(true);
  expect(await world.sound()).toContain(live);

  // Where none is left it is refused as before.
  for (const id of (await holders()).slice()) world.store.items.packfile.delete(id);
  const refused = await world.run();
  expect(refused.plan.refusals.length).toBeGreaterThan(0);
});
