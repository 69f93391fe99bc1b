import { readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import type { Mac } from '@wardrobe/kloset-model';
import { idOf, randomMac, snapshotIn, type StateEntries, storeBuilder } from '../../test/store-builder.js';
import type { ListedItem, ReadOptions, ResourceKind } from '../store/store.js';
import { type MemoryStore, memoryStore } from '@wardrobe/connector-memory';
import { removeStateIndex } from './index-folder.js';
import { openRepository } from './repository.js';

const builder = storeBuilder({ compression: 'LZ4' });

/** A store of small states that counts how many were read, and stamps each item with a number the test can change. */
async function world(count: number) {
  const store = memoryStore({ config: builder.config(), location: 'memory:index' });
  const stamps = new Map<Mac, string>();
  const reads: Mac[] = [];
  const counted = Object.assign(Object.create(store) as MemoryStore, {
    async *list(kind: ResourceKind, options?: ReadOptions): AsyncIterable<ListedItem> {
      for await (const item of store.list(kind, options)) yield { ...item, stamp: stamps.get(item.id) ?? '0' };
    },
    readRange(kind: ResourceKind, id: Mac, ...range: [number, number, ReadOptions?]) {
      reads.push(id);
      return store.readRange(kind, id, ...range);
    },
  });
  const add = (id: Mac = randomMac(), entries: StateEntries = {}) => {
    const packfile = randomMac();
    store.items.state.set(id, builder.state(id, { packfiles: [packfile], locations: [snapshotIn(id, packfile)], ...entries }));
    return id;
  };
  for (let index = 0; index < count; index += 1) add();
  const indexDirectory = await temporaryFolder('index');
  const notes: string[] = [];
  const open = () => openRepository(counted, { indexDirectory, onNote: (note) => notes.push(note) });
  const takeReads = () => reads.splice(0).length;
  return { store, stamps, add, open, takeReads, notes, indexDirectory };
}

async function layerFiles(directory: string): Promise<readonly string[]> {
  const [folder] = await readdir(directory);
  return (await readdir(join(directory, folder as string))).filter((name) => name.endsWith('.layer')).map((name) => join(directory, folder as string, name));
}

const summary = (view: { live: readonly { id: Mac }[]; counts: object }) => ({ live: view.live.map((snapshot) => snapshot.id).sort(), counts: view.counts });

describe('state index on disk', () => {
  it('a second open reads only what is new, and shows the same', async () => {
    const { add, open, takeReads, notes } = await world(20);
    const first = await open();
    expect(takeReads()).toBe(20);
    const second = await open();
    expect(takeReads()).toBe(0);
    expect(summary(second.view)).toEqual(summary(first.view));
    expect(second.view.states).toEqual(first.view.states);
    const added = add();
    const third = await open();
    expect(takeReads()).toBe(1);
    expect(third.view.live.map((snapshot) => snapshot.id)).toContain(added);
    expect(notes).toEqual([]);
  });

  it('many small additions are joined and stay right', async () => {
    const { add, open, takeReads } = await world(1);
    for (let round = 0; round < 20; round += 1) {
      add();
      await open();
    }
    takeReads();
    expect((await open()).view.live.length).toBe(21);
    expect(takeReads()).toBe(0);
  });

  it('a state that vanished is forgotten with all its entries', async () => {
    const { store, add, open } = await world(3);
    const victim = add();
    expect((await open()).view.live.length).toBe(4);
    store.items.state.delete(victim);
    const { view } = await open();
    expect(view.live.map((snapshot) => snapshot.id)).not.toContain(victim);
    expect(view.locations(5, victim)).toEqual([]);
    expect(view.states.length).toBe(3);
  });

  it('a touched file is looked at once and kept; a replaced one is read again', async () => {
    const { store, stamps, add, open, takeReads } = await world(3);
    const id = add();
    await open();
    takeReads();
    stamps.set(id, '1');
    await open();
    expect(takeReads()).toBe(1);
    await open();
    expect(takeReads()).toBe(0);
    const packfile = randomMac();
    store.items.state.set(id, builder.state(id, { packfiles: [packfile], locations: [snapshotIn(idOf('f'), packfile)] }));
    stamps.set(id, '2');
    const { view } = await open();
    expect(view.live.map((snapshot) => snapshot.id)).toContain(idOf('f'));
    expect(view.live.map((snapshot) => snapshot.id)).not.toContain(id);
  });

  it('a state damaged after it was indexed is found by its stamp and named', async () => {
    const { store, stamps, add, open } = await world(3);
    const id = add();
    await open();
    store.items.state.get(id)?.fill(0, 40, 44);
    stamps.set(id, '1');
    const { view } = await open();
    expect(view.unreadable.map((state) => state.id)).toEqual([id]);
    expect(view.live.length).toBe(3);
  });

  it('a view is never changed by a later refresh', async () => {
    const { add, open } = await world(2);
    const repository = await open();
    const before = repository.view;
    const shown = summary(before);
    const added = add();
    const after = await repository.refresh();
    expect(summary(before)).toEqual(shown);
    expect(before.locations(5, added)).toEqual([]);
    expect(after.live.length).toBe(3);
    expect(repository.view).toBe(after);
  });

  it.each(['flipped', 'truncated', 'emptied', 'removed', 'manifest'])(
    'an index that is damaged (%s) is thrown away and built again, with a note',
    async (kind) => {
      const { open, takeReads, notes, indexDirectory } = await world(5);
      const expected = summary((await open()).view);
      takeReads();
      const [file] = (await layerFiles(indexDirectory)) as [string];
      const bytes = await readFile(file);
      if (kind === 'flipped')
        await writeFile(
          file,
          bytes.map((byte, at) => (at === bytes.length >> 1 ? byte ^ 1 : byte)),
        );
      if (kind === 'truncated') await writeFile(file, bytes.subarray(0, bytes.length - 5));
      if (kind === 'emptied') await writeFile(file, '');
      if (kind === 'removed') await rm(file);
      if (kind === 'manifest') await writeFile(join(file, '..', 'manifest.json'), '{"layers":["../../x"]}');
      expect(summary((await open()).view)).toEqual(expected);
      expect(takeReads()).toBe(5);
      expect(notes).toEqual([expect.stringContaining('is damaged and is built again')]);
      await open();
      expect(takeReads()).toBe(0);
    },
  );

  it('every single flipped byte of an index file is noticed', async () => {
    const { open, notes, indexDirectory } = await world(1);
    const expected = summary((await open()).view);
    const [file] = (await layerFiles(indexDirectory)) as [string];
    const bytes = await readFile(file);
    for (let at = 0; at < bytes.length; at += Math.ceil(bytes.length / 60)) {
      const copy = Uint8Array.from(bytes);
      copy[at] = (copy[at] as number) ^ 0x40;
      await writeFile(file, copy);
      await writeFile(join(file, '..', 'manifest.json'), JSON.stringify({ format: 1, layers: [file.slice(-38)] }));
      notes.length = 0;
      expect(summary((await open()).view)).toEqual(expected);
      expect(notes.length).toBe(1);
    }
  });

  it('a folder that cannot be written is a note, not a failure', async () => {
    const { store } = await world(2);
    const directory = await temporaryFolder('index');
    await writeFile(join(directory, 'file'), '');
    const notes: string[] = [];
    const repository = await openRepository(store, { indexDirectory: join(directory, 'file'), onNote: (note) => notes.push(note) });
    expect(repository.view.live.length).toBe(2);
    expect(notes.length).toBeGreaterThan(0);
  });

  it('lies in a private folder and holds nothing under a guessable name; it can be removed', async () => {
    const { open, indexDirectory } = await world(2);
    const repository = await open();
    const [folder] = await readdir(indexDirectory);
    expect(folder).toMatch(new RegExp(`^${repository.id}-[0-9a-f]{32}$`));
    await removeStateIndex(indexDirectory, repository.id);
    expect(await readdir(indexDirectory)).toEqual([]);
  });

  it('two stores of one repository id at two locations keep apart', async () => {
    const { store, indexDirectory, open } = await world(2);
    await open();
    const elsewhere = memoryStore({ config: builder.config(), location: 'memory:elsewhere' });
    for (const [id, bytes] of store.items.state) elsewhere.items.state.set(id, bytes);
    await openRepository(elsewhere, { indexDirectory });
    expect((await readdir(indexDirectory)).length).toBe(2);
  });

  it('leftovers of a crash are removed only when they are old', async () => {
    const { open, add, indexDirectory } = await world(2);
    await open();
    const [file] = (await layerFiles(indexDirectory)) as [string];
    const [fresh, old] = [join(file, '..', 'a'.repeat(32).concat('.layer.tmp')), join(file, '..', 'b'.repeat(32).concat('.layer.tmp'))];
    await writeFile(fresh, 'x');
    await writeFile(old, 'x');
    await utimes(old, 1, 1);
    add();
    await open();
    const left = await readdir(join(file, '..'));
    expect(left).toContain(fresh.slice(-42));
    expect(left).not.toContain(old.slice(-42));
  });
});
