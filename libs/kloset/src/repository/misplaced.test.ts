import { mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { copyFixtureStore } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { idOf, randomMac, storeBuilder } from '../../test/store-builder.js';
import { openFixture } from '../../test/open-fixture.js';
import { NotFoundError } from '../errors/errors.js';
import { memoryStore } from '@wardrobe/connector-memory';
import { openRepository } from './repository.js';

const FIXTURE = 'v11-plain-desync';

describe('items that do not lie where they belong', () => {
  it('a state and all packfiles in wrong buckets change nothing of the view, and every blob is still read', async () => {
    const sound = await openFixture(FIXTURE);
    const storeDir = await copyFixtureStore(FIXTURE);
    const moved = [sound.view.states[0]?.id, ...[...sound.view.packfiles()].map((packfile) => packfile.id)] as string[];
    for (const [index, id] of moved.entries()) {
      const kind = index === 0 ? 'states' : 'packfiles';
      const wrong = join(storeDir, kind, id.startsWith('00') ? '01' : '00', id);
      await mkdir(dirname(wrong), { recursive: true });
      await rename(join(storeDir, kind, id.slice(0, 2), id), wrong);
    }
    const repository = await openFixture(FIXTURE, { storeDir });
    expect(repository.view.unreadable).toEqual([]);
    expect(repository.view.states.map((state) => state.id)).toEqual(sound.view.states.map((state) => state.id));
    expect(repository.view.live).toEqual(sound.view.live);
    for (const { id } of repository.view.live) expect(await repository.get(5, id)).toEqual(await sound.get(5, id));
  });

  it('a state that the store lists and cannot open is unreadable, never left out; one that is gone meanwhile is left out', async () => {
    const builder = storeBuilder();
    const store = memoryStore({ config: builder.config() });
    store.items.state.set(idOf('a'), builder.state(idOf('a'), { packfiles: [randomMac()] }));
    store.items.state.set(idOf('b'), builder.state(idOf('b'), { packfiles: [randomMac()] }));
    const readRange = store.readRange.bind(store);
    store.readRange = (kind, id, ...range) => (id === idOf('b') ? Promise.reject(new NotFoundError(kind, id)) : readRange(kind, id, ...range));
    const { view } = await openRepository(store);
    expect([view.states.map((state) => state.id), view.unreadable.map((state) => state.id)]).toEqual([[idOf('a')], [idOf('b')]]);
    store.readRange = (kind, id, ...range) => {
      if (id !== idOf('b')) return readRange(kind, id, ...range);
      store.items.state.delete(id);
      return Promise.reject(new NotFoundError(kind, id));
    };
    const later = (await openRepository(store)).view;
    expect([later.states.map((state) => state.id), later.unreadable]).toEqual([[idOf('a')], []]);
  });
});
