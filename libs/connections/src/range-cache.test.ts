import { chmod, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fsStore } from '@wardrobe/connector-fs';
import { memoryStore } from '@wardrobe/connector-memory';
import { listSnapshots, openRepository } from '@wardrobe/kloset';
import { CONTRACT_CONTENT, contractId, storeContract, writableContract } from '@wardrobe/store-connector/contract';
import type { WritableStore } from '@wardrobe/store-connector';
import { temporaryFolder, unpackFixture } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { withRangeCache } from './range-cache.js';

const PACKFILE = contractId('ab');
const LIMIT_BYTES = 1 << 24;

/** Counts what passes on to the store itself. */
function counted(inner: WritableStore): { readonly store: WritableStore; readonly ranges: () => number } {
  let ranges = 0;
  const store = new Proxy(inner, {
    get(target, name) {
      if (name === 'readRange') ranges += 1;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
    },
  });
  return { store, ranges: () => ranges };
}

function filled(): WritableStore {
  const store = memoryStore({ config: CONTRACT_CONTENT.config });
  for (const kind of ['packfile', 'state', 'lock'] as const) for (const [id, bytes] of CONTRACT_CONTENT.items[kind]) store.items[kind].set(id, bytes);
  for (const path of CONTRACT_CONTENT.foreign) store.foreign.set(path, new Uint8Array(1));
  return store;
}

async function files(directory: string): Promise<string[]> {
  const found = await readdir(directory, { recursive: true, withFileTypes: true });
  return found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

storeContract('behind a range cache', async (content) => {
  const directory = await temporaryFolder('ranges');
  const inner = content === null ? memoryStore({}) : filled();
  const store = withRangeCache(inner, { directory, limitBytes: LIMIT_BYTES });
  return { store, close: () => store.close() };
});

writableContract('behind a range cache', async () => {
  const directory = await temporaryFolder('ranges');
  const inner = memoryStore({});
  const open = (): WritableStore => withRangeCache(inner, { directory, limitBytes: LIMIT_BYTES });
  return { store: open(), again: () => Promise.resolve(open()), close: () => inner.close() };
});

async function opened(directory: string, limitBytes = LIMIT_BYTES): Promise<{ store: WritableStore; ranges: () => number; notes: string[] }> {
  const inner = counted(filled());
  const notes: string[] = [];
  const store = withRangeCache(inner.store, { directory, limitBytes, onNote: (sentence) => notes.push(sentence) });
  await store.readConfig();
  return { store, ranges: inner.ranges, notes };
}

const whole = CONTRACT_CONTENT.items.packfile.get(PACKFILE) as Uint8Array;
const read = async (store: WritableStore, offset: number, length: number): Promise<boolean> =>
  Buffer.from(await store.readRange('packfile', PACKFILE, offset, length)).equals(whole.subarray(offset, offset + length));

describe('range cache', () => {
  it('asks the store once for a range, in this process and the next; files are for their owner only', async () => {
    const directory = await temporaryFolder('ranges');
    const first = await opened(directory);
    for (let times = 0; times < 3; times += 1) expect(await read(first.store, 1000, 500)).toBe(true);
    expect(first.ranges()).toBe(1);
    const second = await opened(directory);
    expect(await read(second.store, 1000, 500)).toBe(true);
    expect(second.ranges()).toBe(0);
    const [file] = await files(directory);
    expect(((await stat(file ?? '')).mode & 0o777).toString(8)).toBe('600');
  });

  it('what was changed, cut or deleted on the disk is read from the store again', async () => {
    const directory = await temporaryFolder('ranges');
    const damages = [
      async (file: string) => {
        const bytes = await readFile(file);
        bytes[40] = (bytes[40] ?? 0) ^ 1;
        await writeFile(file, bytes);
      },
      (file: string) => writeFile(file, ''),
      async (file: string) => writeFile(file, (await readFile(file)).subarray(0, 50)),
      (file: string) => rm(file),
    ];
    for (const [index, damage] of damages.entries()) {
      const { store, ranges } = await opened(directory);
      expect(await read(store, 0, 100)).toBe(true);
      const before = ranges();
      for (const file of await files(directory)) await damage(file);
      expect([index, await read(store, 0, 100), ranges()]).toEqual([index, true, before + 1]);
    }
  });

  it('a fresh reading passes it and puts the new bytes in its place', async () => {
    const { store, ranges } = await opened(await temporaryFolder('ranges'));
    await store.readRange('packfile', PACKFILE, 5, 10);
    await store.readRange('packfile', PACKFILE, 5, 10, { fresh: true });
    await store.readRange('packfile', PACKFILE, 5, 10);
    expect(ranges()).toBe(2);
  });

  it('a packfile that is written anew is not answered from what was kept', async () => {
    const { store } = await opened(await temporaryFolder('ranges'));
    await store.readRange('packfile', PACKFILE, 0, 4);
    await store.write('packfile', PACKFILE, Uint8Array.of(9, 9, 9, 9));
    expect([...(await store.readRange('packfile', PACKFILE, 0, 4))]).toEqual([9, 9, 9, 9]);
  });

  it('stays below its limit and lets the least recently used go', async () => {
    const directory = await temporaryFolder('ranges');
    const { store, ranges } = await opened(directory, 50_000);
    for (let at = 0; at < 20; at += 1) {
      expect(await read(store, at * 5000, 5000)).toBe(true);
      expect(await read(store, 0, 5000)).toBe(true);
    }
    const sizes = await Promise.all((await files(directory)).map(async (file) => (await stat(file)).size));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(50_000);
    const before = ranges();
    await read(store, 0, 5000);
    expect(ranges()).toBe(before);
  });

  it('keeps nothing of large ranges, and goes on without a disk', async () => {
    const directory = await temporaryFolder('ranges');
    const { store } = await opened(directory);
    expect(await read(store, 0, (1 << 20) + 1)).toBe(true);
    expect(await files(directory)).toEqual([]);
    const blocked = join(await temporaryFolder('ranges'), 'file');
    await writeFile(blocked, 'x');
    await chmod(blocked, 0o600);
    const other = await opened(blocked);
    expect(await read(other.store, 0, 10)).toBe(true);
    expect(await read(other.store, 0, 10)).toBe(true);
    expect(other.notes).toHaveLength(1);
  });

  it('of an encrypted store holds nothing that can be read, and lists the same', async () => {
    const fixture = await unpackFixture('v11-enc-desync');
    const directory = await temporaryFolder('ranges');
    const list = async (store: WritableStore): Promise<string[]> => {
      const repository = await openRepository(store, { passphrase: fixture.passphrase });
      const names: string[] = [];
      for await (const found of listSnapshots(repository))
        names.push('header' in found ? `${found.header.id} ${found.header.source ?? ''}` : found.error.message);
      await repository.close();
      return names;
    };
    const inner = counted(fsStore(fixture.storeDir));
    const cached = withRangeCache(inner.store, { directory, limitBytes: LIMIT_BYTES });
    const names = await list(cached);
    expect(names).toEqual(await list(fsStore(fixture.storeDir)));
    const kept = await files(directory);
    expect(kept.length).toBeGreaterThan(0);
    for (const file of kept) expect((await readFile(file)).includes('srv')).toBe(false);
  });
});
