import { parseMac, type SnapshotId, type StateId } from '@wardrobe/kloset-model';
import { temporaryFolder } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { createStore } from '../repository/create-store.js';
import { openRepository } from '../repository/repository.js';
import { openWriter } from '../repository/writer.js';
import type { RepositoryWriter } from '../repository/writer-types.js';
import { buildSnapshot, FAULT_KINDS, faultyStore, keystream } from '../snapshot/testing/index.js';
import { copyToMemory, type MemoryStore, memoryStore } from '@wardrobe/connector-memory';
import { checkSnapshots } from './check.js';
import { downgrade, planDowngrade } from './downgrade.js';

const random = keystream('downgrade');
const idOf = () => parseMac(Buffer.from(random.bytes(32)).toString('hex')) as SnapshotId & StateId;
const PASSPHRASE = 'a fine passphrase';
const open = (store: Parameters<typeof openRepository>[0]) => openRepository(store, { passphrase: PASSPHRASE });

async function write(store: MemoryStore, work: (writer: RepositoryWriter) => void, state?: StateId): Promise<void> {
  const writer = await openWriter(await open(store), { lock: 'none' });
  work(writer);
  await writer.commit({ state });
  await writer.close();
}

async function filled(passphrase: string | null = PASSPHRASE): Promise<MemoryStore> {
  const store = memoryStore();
  await createStore(store, { line: '1.1', passphrase, kdf: { memoryKiB: 64, passes: 1 } });
  const [kept, gone] = [idOf(), idOf()];
  for (const [index, id] of [kept, gone].entries())
    await write(store, (writer) => void buildSnapshot(writer, [{ path: '/srv/a', content: `content ${index}` }], { form: '1.1', id }), id);
  await write(store, (writer) => writer.colour(5, gone));
  return store;
}

async function shown(store: MemoryStore) {
  const { view } = await open(store);
  return {
    live: view.live.map(({ id, packfiles }) => [id, packfiles]).sort(),
    deleted: view.deleted.map(({ id, whenNs }) => [id, whenNs]).sort(),
    packfiles: [...view.packfiles()].map(({ id, coloured, states }) => [id, coloured, [...states].sort()]).sort(),
    states: view.states.map(({ id, timestampNs }) => [id, timestampNs]).sort(),
    locations: view.counts.locations,
  };
}

/** Of the calls to the store one in so many fails, others for each kind of failure. */
const STEP = process.env['WARDROBE_TEST_LONG'] === '1' ? 1 : 4;

describe('downgrade', () => {
  it('rewrites every state as 1.0.0 under its id, and nothing looks different', async () => {
    const store = await filled();
    const before = await shown(store);
    const repository = await open(store);
    expect(planDowngrade(repository)).toMatchObject({ forbidding: [], states: { length: 4 } });
    expect(await downgrade(repository)).toBe(4);
    expect(await shown(store)).toEqual(before);
    const after = await open(store);
    expect(after.view.states.map(({ version, parent }) => [version, parent])).toEqual(Array(4).fill(['1.0.0', null]));
    for await (const problem of checkSnapshots(after, { snapshots: after.view.live.map(({ id }) => id) })) throw problem.error;
    expect(await downgrade(after)).toBe(0);
    expect(store.items.lock.size).toBe(0);
  });

  it('a state with delete entries forbids it and is named', async () => {
    const store = await filled();
    const repository = await open(store);
    const packfile = [...repository.view.packfiles()][0]?.id as StateId;
    const bytes = new Map(store.items.state);
    await write(store, (writer) => writer.uncolour(4, packfile));
    const deleting = [...store.items.state.keys()].find((id) => !bytes.has(id));
    await repository.refresh();
    expect(planDowngrade(repository).forbidding.map(({ id }) => id)).toEqual([deleting]);
    await expect(downgrade(repository)).rejects.toMatchObject({ code: 'invalid-input' });
    for (const [id, file] of bytes) expect(store.items.state.get(id)).toEqual(file);
  });

  it('a failure at any call to the store loses no state, and the next run finishes', async () => {
    const base = await filled(null);
    const asideDirectory = await temporaryFolder('downgrade');
    const before = await shown(base);
    for (const [turn, kind] of FAULT_KINDS.entries())
      for (let call = turn % STEP, isOver = false; !isOver; call += STEP) {
        const store = await copyToMemory(base);
        const faulty = faultyStore(store, { at: call, kind });
        try {
          await downgrade(await open(faulty.store), { asideDirectory });
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
        isOver = faulty.calls <= call;
        store.items.lock.clear();
        const left = await shown(store);
        expect(left).toEqual(before);
        await downgrade(await open(store));
        expect(await shown(store)).toEqual(before);
        expect((await open(store)).view.states.every(({ version }) => version === '1.0.0')).toBe(true);
      }
  });
});
