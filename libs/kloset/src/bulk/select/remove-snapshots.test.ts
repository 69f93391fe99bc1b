import type { SnapshotId } from '@wardrobe/kloset-model';
import { describe, expect, it } from 'vitest';
import { openFixture } from '../../../test/open-fixture.js';
import { StoreError } from '../../errors/errors.js';
import { openRepository } from '../../repository/repository.js';
import type { Repository } from '../../repository/types.js';
import { copyToMemory, type MemoryStore } from '@wardrobe/connector-memory';
import { proveRemoved, removeSnapshots } from './remove-snapshots.js';

const FIXTURES = ['v10-plain-desync', 'v10-enc-desync', 'v11-plain-desync', 'v11-enc-desync'] as const;

async function copyOf(name: (typeof FIXTURES)[number]): Promise<{ store: MemoryStore; open: () => Promise<Repository> }> {
  const original = await openFixture(name);
  const store = await copyToMemory(original.store);
  const secret = original.secret ?? undefined;
  await original.close();
  return { store, open: () => openRepository(store, { secret }) };
}

const liveIds = (repository: Repository): SnapshotId[] => repository.view.live.map(({ id }) => id);

async function removed(repository: Repository, ids: readonly SnapshotId[]): Promise<string[]> {
  const done: string[] = [];
  for await (const { id } of removeSnapshots(repository, ids)) done.push(id);
  return done;
}

describe.each(FIXTURES)('removing from %s', (name) => {
  it('each snapshot gets one state named by its content, and every reader misses it afterwards', async () => {
    const { open } = await copyOf(name);
    const repository = await open();
    const [first, second, ...rest] = liveIds(repository);
    const before = repository.view.states;
    const wanted = [first, second] as SnapshotId[];
    expect(await removed(repository, wanted)).toEqual(wanted);
    const other = await open();
    expect(liveIds(other).sort()).toEqual([...rest].sort());
    const added = other.view.states.filter(({ id }) => !before.some((old) => old.id === id));
    expect(added.map((state) => state.colouredSnapshots)).toEqual(expect.arrayContaining([[first], [second]]));
    expect(added.map(({ version }) => version)).toEqual(added.map(() => (name.startsWith('v11') ? '1.1.0' : '1.0.0')));
    await proveRemoved(repository, wanted);
    expect(await repository.locks()).toHaveLength((await other.locks()).length);
    await expect(proveRemoved(repository, ['f'.repeat(64) as SnapshotId])).rejects.toThrow(/do not show it/);
  });
});

describe('removing', () => {
  it('what somebody else removed in the meantime is not written again', async () => {
    const { open } = await copyOf('v10-plain-desync');
    const [here, there] = [await open(), await open()];
    const id = liveIds(here)[0] as SnapshotId;
    await removed(there, [id]);
    const states = there.view.states.length;
    const results = [];
    for await (const item of removeSnapshots(here, [id])) results.push(item);
    expect(results).toEqual([{ id, state: null }]);
    expect(here.view.states).toHaveLength(states);
  });
  it('after a failed write those told are gone and the others are there', async () => {
    const { store, open } = await copyOf('v10-plain-desync');
    const repository = await open();
    const ids = liveIds(repository);
    const [write, adopt] = [store.write.bind(store), store.adopt.bind(store)];
    let writes = 0;
    const down = (): Promise<never> => Promise.reject(new StoreError('the line is down'));
    store.write = (...args) => (++writes > 1 ? down() : write(...args));
    store.adopt = (...args) => (++writes > 1 ? down() : adopt(...args));
    const done: string[] = [];
    await expect(
      (async () => {
        for await (const { id } of removeSnapshots(repository, ids)) done.push(id);
      })(),
    ).rejects.toThrow(/line is down/);
    expect(done).toEqual(ids.slice(0, 1));
    expect(liveIds(await open()).sort()).toEqual(ids.slice(1).sort());
  });
});
