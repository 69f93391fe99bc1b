import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mac } from '@wardrobe/kloset-model';
import { temporaryFolder } from '@wardrobe/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { macFromBytes } from '../bytes/bytes.js';
import { DiskFullError, InvalidInputError, KlosetError, LockedError, StoreError } from '../errors/errors.js';
import { keystream } from '../snapshot/testing/index.js';
import type { ResourceKind, WritableStore } from '../store/store.js';
import { fsStore } from '@wardrobe/connector-fs';
import { type MemoryStore, memoryStore } from '@wardrobe/connector-memory';
import { createStore, type CreateOptions } from './create-store.js';
import { takeLock } from './hold-lock.js';
import { openRepository } from './repository.js';
import type { Repository } from './types.js';
import { openWriter } from './writer.js';

const SMALL_KDF = { memoryKiB: 64, passes: 1 };
const open: Repository[] = [];
afterEach(async () => {
  for (const repository of open.splice(0)) await repository.close();
});

async function made(options: Partial<CreateOptions> = {}, store: WritableStore = memoryStore()): Promise<WritableStore> {
  await createStore(store, { line: '1.0', passphrase: null, kdf: SMALL_KDF, ...options });
  return store;
}

async function opened(store: WritableStore, passphrase?: string): Promise<Repository> {
  const repository = await openRepository(store, { passphrase });
  open.push(repository);
  return repository;
}

const bytes = (seed: string, lengthBytes = 1000): Uint8Array => keystream(seed).bytes(lengthBytes);
const CHUNK = 9;
const SNAPSHOT = 5;

describe.each([
  ['plain LZ4', {}],
  ['plain, nothing compressed, SHA256', { compression: null, hashing: 'SHA256' }],
  ['encrypted', { passphrase: 'a fine passphrase' }],
  ['encrypted GZIP, line 1.1', { passphrase: 'a fine passphrase', compression: 'GZIP', line: '1.1' }],
] as const)('a new store, %s', (_name, options) => {
  it('takes blobs, and every reader finds them after the commit and not before', async () => {
    const store = await made(options);
    const passphrase = 'passphrase' in options ? options.passphrase : undefined;
    const [here, there] = [await opened(store, passphrase), await opened(store, passphrase)];
    const writer = await openWriter(here, { lock: 'shared' });
    const ids = [0, 1, 100, 300_000].map((lengthBytes) => writer.put(CHUNK, bytes(`b${lengthBytes}`, lengthBytes)));
    expect(ids.every((id) => writer.has(CHUNK, id))).toBe(true);
    await writer.settle();
    await there.refresh();
    expect(there.has(CHUNK, ids[0] as Mac)).toBe(false);
    const result = await writer.commit();
    await writer.close();
    expect(result).toMatchObject({ packfiles: 1 });
    await there.refresh();
    for (const [at, lengthBytes] of [0, 1, 100, 300_000].entries())
      expect(await there.get(CHUNK, ids[at] as Mac)).toEqual(bytes(`b${lengthBytes}`, lengthBytes));
    expect(there.view.states.at(-1)?.version).toBe('line' in options ? '1.1.0' : '1.0.0');
    for (const { id } of there.view.packfiles()) expect(await there.verifyPackfile(id)).toMatchObject({ nameKnown: true });
    expect(await there.locks()).toEqual([]);
  });
});

describe('writing', () => {
  it('what is there is not stored again, and a run with nothing to say writes no state', async () => {
    const store = await made();
    const repository = await opened(store);
    const first = await openWriter(repository, { lock: 'shared' });
    const id = first.put(CHUNK, bytes('a'));
    await first.commit();
    await first.close();
    const second = await openWriter(repository, { lock: 'shared' });
    expect(second.put(CHUNK, bytes('a'))).toBe(id);
    expect(await second.commit()).toMatchObject({ state: null, packfiles: 0 });
    await second.close();
    expect(repository.view.states.length).toBe(1);
  });

  it('packfiles are closed at the store’s size, begin and end with padding of 16 KiB or more, and keep data and metadata apart', async () => {
    const store = await made();
    const repository = await opened(store);
    const writer = await openWriter(repository, { lock: 'shared' });
    for (let at = 0; at < 25; at += 1) writer.put(CHUNK, bytes(`c${at}`, 1 << 20));
    writer.put(12, bytes('entry'));
    expect(await writer.commit()).toMatchObject({ packfiles: 3 });
    await writer.close();
    for (const { id } of repository.view.packfiles()) expect((await repository.verifyPackfile(id)).blobs).toBeGreaterThanOrEqual(3);
  });

  it('a snapshot that is removed is gone for all, and the state is named by its content as plakar names it', async () => {
    const store = (await made()) as MemoryStore;
    const repository = await opened(store);
    const snapshot = macFromBytes(bytes('id', 32));
    const writer = await openWriter(repository, { lock: 'shared', id: snapshot });
    writer.put(SNAPSHOT, bytes('header'), snapshot);
    expect((await writer.commit()).state).toBe(snapshot);
    await writer.close();
    expect(repository.view.live.map(({ id }) => id)).toEqual([snapshot]);
    const remover = await openWriter(repository, { lock: 'none' });
    remover.colour(5, snapshot);
    await remover.commit({ state: 'content' });
    await remover.close();
    expect(repository.view.live).toEqual([]);
    expect((await opened(store)).view.deleted.map(({ id }) => id)).toEqual([snapshot]);
    expect([...(await opened(store)).view.states].map((state) => state.id)).toContain(repository.view.states.at(-1)?.id);
  });

  it('delete entries are refused where 1.0.x clients may come, and written where they may not', async () => {
    const old = await openWriter(await opened(await made()), { lock: 'none' });
    expect(() => old.deletePackfile(macFromBytes(bytes('p', 32)))).toThrow(InvalidInputError);
    const store = await made({ line: '1.1' });
    const repository = await opened(store);
    const writer = await openWriter(repository, { lock: 'exclusive' });
    writer.put(CHUNK, bytes('x'));
    await writer.commit();
    const [packfile] = [...repository.view.packfiles()].map(({ id }) => id);
    writer.deletePackfile(packfile as never);
    await writer.commit({ state: macFromBytes(bytes('s', 32)) as never });
    await writer.close();
    expect(repository.view.isPackfileTombstoned(packfile as never)).toBe(true);
  });

  it('a checkpoint publishes what there is, and the next run builds upon it', async () => {
    const store = await made();
    const repository = await opened(store);
    const first = await openWriter(repository, { lock: 'shared' });
    const id = first.put(CHUNK, bytes('long'));
    await first.checkpoint();
    first.put(CHUNK, bytes('lost'));
    await first.close();
    const there = await opened(store);
    expect([there.has(CHUNK, id), there.view.live.length]).toEqual([true, 0]);
  });

  it('an interrupted run’s packfiles are proven and built upon, but not one that holds a snapshot', async () => {
    const store = (await made()) as MemoryStore;
    const repository = await opened(store);
    const broken = await openWriter(repository, { lock: 'shared' });
    const id = broken.put(CHUNK, bytes('orphan', 200_000));
    const header = broken.put(SNAPSHOT, bytes('header'), macFromBytes(bytes('snapshot', 32)));
    // The run ends between its two stages: packfiles stored, no state.
    const adopt = store.adopt.bind(store);
    store.adopt = async (kind: ResourceKind, ...rest) => {
      if (kind === 'state') throw new StoreError('the line is down');
      return adopt(kind, ...rest);
    };
    await expect(broken.commit()).rejects.toBeInstanceOf(StoreError);
    await broken.close();
    store.adopt = adopt;
    expect([store.items.packfile.size, store.items.state.size, store.items.lock.size]).toEqual([2, 0, 0]);
    const second = await openWriter(repository, { lock: 'shared', resume: true });
    expect([second.has(CHUNK, id), second.has(SNAPSHOT, header)]).toEqual([true, false]);
    await second.commit();
    await second.close();
    expect(await (await opened(store)).get(CHUNK, id)).toEqual(bytes('orphan', 200_000));
    expect((await (await opened(store)).hidden({ nowMs: Date.now() + 3_600_000 })).map((hidden) => hidden.id)).toEqual([header]);
  });
});

function environmentAt(nowMs: number) {
  let drawn = 0;
  return { nowMs: () => nowMs, randomBytes: (lengthBytes: number) => keystream(`r${nowMs}.${drawn++}`).bytes(lengthBytes), hostname: 'beside' };
}

describe('failures', () => {
  it.each(['packfile', 'state'] as const)('a %s that cannot be written fails the run, nothing is visible, and the lock is gone', async (kind) => {
    const store = (await made()) as MemoryStore;
    const repository = await opened(store);
    const writer = await openWriter(repository, { lock: 'shared' });
    writer.put(CHUNK, bytes('x'));
    const failing = async (): Promise<never> => {
      throw new DiskFullError('the store');
    };
    const { adopt } = store;
    store.adopt = (wanted, ...rest) => (wanted === kind ? failing() : adopt.call(store, wanted, ...rest));
    await expect(writer.commit()).rejects.toBeInstanceOf(DiskFullError);
    await writer.close();
    expect([store.items.state.size, store.items.lock.size]).toEqual([0, 0]);
  });

  it('a write that fails after it succeeded counts as done', async () => {
    const store = (await made()) as MemoryStore;
    const repository = await opened(store);
    const writer = await openWriter(repository, { lock: 'shared' });
    const id = writer.put(CHUNK, bytes('x'));
    const { adopt } = store;
    store.adopt = async (...rest) => {
      await adopt.apply(store, rest);
      throw new StoreError('connection reset');
    };
    await writer.commit();
    await writer.close();
    expect((await opened(store)).has(CHUNK, id)).toBe(true);
  });

  it('blobs built upon that were scheduled for deletion meanwhile stop the commit', async () => {
    const store = (await made()) as MemoryStore;
    const repository = await opened(store);
    const first = await openWriter(repository, { lock: 'shared' });
    first.put(CHUNK, bytes('shared'));
    await first.commit();
    await first.close();
    const backup = await openWriter(repository, { lock: 'none' });
    backup.put(CHUNK, bytes('shared'));
    backup.put(CHUNK, bytes('new'));
    const maintenance = await openWriter(await opened(store), { lock: 'none' });
    for (const { id } of repository.view.packfiles()) maintenance.colour(4, id);
    await maintenance.commit();
    await expect(backup.commit()).rejects.toThrow('scheduled for deletion');
    await backup.close();
  });
});

describe('locks', () => {
  const id = (name: string): Mac => macFromBytes(bytes(name, 32));

  it('shared ones stand side by side, an exclusive one alone; a stale one is removed, one from the future counts', async () => {
    const store = (await made()) as MemoryStore;
    const repository = await opened(store);
    const now = Date.now();
    const take = (name: string, exclusive: boolean, atMs = now) =>
      takeLock(repository.keys, store, { id: id(name), exclusive, environment: environmentAt(atMs) });
    const [a, b] = [await take('a', false), await take('b', false)];
    await expect(take('c', true)).rejects.toBeInstanceOf(LockedError);
    expect(store.items.lock.size).toBe(2);
    await a.release();
    await b.release();
    const alone = await take('d', true);
    await expect(take('e', false)).rejects.toMatchObject({ code: 'locked', host: 'beside' });
    await expect(take('e', false, now - 4 * 60_000)).rejects.toBeInstanceOf(LockedError);
    const late = await take('f', true, now + 10 * 60_000);
    expect([...store.items.lock.keys()]).toEqual([id('f')]);
    await expect(alone.verify()).rejects.toBeInstanceOf(StoreError);
    await late.release();
    await alone.release();
  });

  it('one that cannot be read forbids going on and is left where it is; one that vanishes is passed over', async () => {
    const store = (await made()) as MemoryStore;
    const repository = await opened(store);
    store.items.lock.set(id('x'), bytes('garbage', 100));
    await expect(openWriter(repository, { lock: 'shared' })).rejects.toBeInstanceOf(KlosetError);
    expect([...store.items.lock.keys()]).toEqual([id('x')]);
    store.items.lock.clear();
    const list = store.list.bind(store);
    store.list = async function* (kind, options) {
      yield* list(kind, options);
      if (kind === 'lock') yield { id: id('gone'), sizeBytes: 100 };
    };
    const writer = await openWriter(repository, { lock: 'exclusive' });
    await writer.close();
    expect(store.items.lock.size).toBe(0);
  });

  it('a shared one has the states read while others are looked at, an exclusive one first knows that it is alone', async () => {
    const store = (await made()) as MemoryStore;
    const repository = await opened(store);
    const list = store.list.bind(store);
    let lockSeen: () => void = () => undefined;
    const order: string[] = [];
    store.list = async function* (kind, options) {
      if (kind === 'lock') await new Promise<void>((resolve) => (lockSeen = resolve));
      order.push(kind);
      yield* list(kind, options);
    };
    for (const lock of ['shared', 'exclusive'] as const) {
      order.length = 0;
      const writing = openWriter(repository, { lock });
      for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      expect(order, lock).toEqual(lock === 'shared' ? ['state'] : []);
      lockSeen();
      const closing = (await writing).close();
      await closing;
      expect(order, lock).toEqual(lock === 'shared' ? ['state', 'lock'] : ['lock', 'state']);
    }
  });

  it('one that is not listed, and is there, was not removed; the last commit lets it go', async () => {
    const store = (await made()) as MemoryStore;
    const repository = await opened(store);
    const list = store.list.bind(store);
    store.list = async function* (kind, options) {
      if (kind !== 'lock') yield* list(kind, options);
    };
    const writer = await openWriter(repository, { lock: 'shared' });
    writer.put(CHUNK, bytes('a'));
    await writer.commit({ isLast: true });
    expect(store.items.lock.size).toBe(0);
    await writer.close();
    const other = await openWriter(repository, { lock: 'shared' });
    store.items.lock.clear();
    other.put(CHUNK, bytes('b'));
    await expect(other.commit()).rejects.toThrow('somebody removed our lock');
    await other.close();
    expect(store.items.state.size).toBe(1);
  });

  it('with wait it looks again until the other is gone', async () => {
    const store = await made();
    const repository = await opened(store);
    const held = await openWriter(repository, { lock: 'exclusive' });
    const waited: string[] = [];
    const waiting = openWriter(await opened(store), { lock: 'shared', wait: true, onWait: (by) => waited.push(by.hostname) });
    while (waited.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await held.close();
    await (await waiting).close();
    expect(waited.length).toBeGreaterThan(0);
  });
});

describe('a store in a folder', () => {
  it('has plakar’s layout, modes and no leftovers, and is refused where something is', async () => {
    const root = join(await temporaryFolder('new-store'), 'store');
    const store = await made({ passphrase: 'a fine passphrase' }, fsStore(root));
    expect((await readdir(root)).sort()).toEqual(['CONFIG', 'locks', 'packfiles', 'states']);
    const repository = await opened(store, 'a fine passphrase');
    const writer = await openWriter(repository, { lock: 'shared' });
    const id = writer.put(CHUNK, bytes('x', 100_000));
    expect((await readdir(join(root, 'packfiles'))).some((name) => name.startsWith('tmp.'))).toBe(true);
    expect((await readdir(join(root, 'locks'))).length).toBe(1);
    await writer.commit();
    writer.put(CHUNK, bytes('given up', 100_000));
    await writer.close();
    expect((await readdir(join(root, 'packfiles'))).length).toBe(256);
    expect(await readdir(join(root, 'locks'))).toEqual([]);
    expect(await (await opened(fsStore(root), 'a fine passphrase')).get(CHUNK, id)).toEqual(bytes('x', 100_000));
    await expect(made({}, fsStore(root))).rejects.toBeInstanceOf(InvalidInputError);
  });
});

describe('long runs', () => {
  it('more blobs than a state should name are published in between, and those put meanwhile wait for the next state', async () => {
    const store = (await made()) as MemoryStore;
    const repository = await opened(store);
    const writer = await openWriter(repository, { lock: 'shared' });
    const small = new Uint8Array(8);
    const view = new DataView(small.buffer);
    const put = (from: number, to: number): void => {
      for (let at = from; at < to; at += 1) {
        view.setUint32(0, at);
        writer.put(12, small);
      }
    };
    put(0, 200_001);
    const settled = writer.settle();
    put(200_001, 200_100);
    await settled;
    await writer.settle();
    put(200_100, 200_200);
    const settledLater = Promise.all([writer.settle(), writer.checkpoint(), writer.settle()]);
    put(200_200, 200_300);
    await settledLater;
    await writer.commit();
    await writer.close();
    const there = await opened(store);
    expect(there.view.states.length).toBeGreaterThanOrEqual(2);
    for (const state of there.view.states) expect(state.counts.locations).toBeLessThan(400_000);
    let found = 0;
    there.view.eachAvailable((type) => {
      if (type === 12) found += 1;
    });
    expect(found).toBe(200_300);
  });
});
