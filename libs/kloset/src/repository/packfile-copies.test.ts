import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PackfileId } from '@wardrobe/kloset-model';
import { temporaryFolder } from '@wardrobe/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StoreError } from '../errors/errors.js';
import type { Store } from '../store/store.js';
import { PackfileCopies } from './packfile-copies.js';

const MIB = 1 << 20;

type Packfiles = ReadonlyMap<PackfileId, Uint8Array>;

function packfilesOf(count: number, lengthBytes = MIB): Packfiles {
  return new Map(Array.from({ length: count }, (_, at) => [at.toString(16).padStart(64, '0') as PackfileId, new Uint8Array(randomBytes(lengthBytes))]));
}

/** A store over a line: counts how often each packfile is read, and holds answers back while it is told to. */
class LineStore implements Pick<Store, 'read'> {
  readonly fetched: PackfileId[] = [];
  readonly failing = new Set<PackfileId>();
  isHeld = false;

  constructor(readonly packfiles: Packfiles) {}

  async *read(_kind: string, id: PackfileId, options: { readonly signal?: AbortSignal | undefined } = {}): AsyncIterable<Uint8Array> {
    this.fetched.push(id);
    const bytes = this.packfiles.get(id) as Uint8Array;
    yield bytes.subarray(0, bytes.length >> 1);
    while (this.isHeld) {
      await turn();
      options.signal?.throwIfAborted();
    }
    if (this.failing.has(id)) throw new StoreError('the line broke');
    yield bytes.subarray(bytes.length >> 1);
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2));
const opened: PackfileCopies[] = [];

async function copiesOf(store: LineStore, options: { readonly limitBytes?: number; readonly onArrival?: (id: PackfileId) => Promise<void> } = {}) {
  const packfiles = [...store.packfiles].map(([id, bytes]) => ({ id, sizeBytes: bytes.length }));
  const copies = await PackfileCopies.open(store, { ...options, packfiles });
  opened.push(copies);
  return { copies, ids: packfiles.map(({ id }) => id) };
}

let folder = '';
beforeEach(async () => {
  folder = await temporaryFolder('copies');
  vi.stubEnv('TMPDIR', folder);
});
afterEach(async () => {
  for (const copies of opened.splice(0)) await copies.close();
  vi.unstubAllEnvs();
});

describe('copies of packfiles', () => {
  it('come once, whoever asks for them, and give the bytes of the packfile', async () => {
    const store = new LineStore(packfilesOf(5));
    const { copies, ids } = await copiesOf(store);
    expect(await Promise.all([...ids, ...ids].map((id) => copies.ready(id)))).not.toContain(false);
    for (const id of ids) {
      const bytes = store.packfiles.get(id) as Uint8Array;
      expect(copies.sizeBytes(id)).toBe(MIB);
      const part = new Uint8Array(MIB - 1000);
      expect(copies.read(id, 1000, part)).toBe(true);
      expect(Buffer.compare(part, bytes.subarray(1000))).toBe(0);
      expect(copies.read(id, MIB - 10, new Uint8Array(11))).toBe(false);
    }
    expect([...store.fetched].sort()).toEqual(ids);
  });

  it('come before anybody asks, as far as half of the room', async () => {
    const store = new LineStore(packfilesOf(20));
    const { ids } = await copiesOf(store, { limitBytes: 8 * MIB });
    for (let waited = 0; store.fetched.length < 4 && waited < 500; waited += 1) await turn();
    for (let more = 0; more < 20; more += 1) await turn();
    expect(store.fetched).toEqual(ids.slice(0, 4));
  });

  it('that were used make room for others, the longest unused first, and do not come again', async () => {
    const store = new LineStore(packfilesOf(12));
    const { copies, ids } = await copiesOf(store, { limitBytes: 4 * MIB });
    const [kept] = ids as [PackfileId];
    for (const id of ids) {
      expect(await copies.ready(id)).toBe(true);
      expect(await copies.ready(kept)).toBe(true);
      const held = ids.reduce((sum, other) => sum + (copies.sizeBytes(other) ?? 0), 0);
      expect(held).toBeLessThanOrEqual(4 * MIB);
    }
    expect([...store.fetched].sort()).toEqual(ids);
    const dropped = ids.filter((id) => copies.sizeBytes(id) === null);
    expect(dropped.length).toBeGreaterThanOrEqual(8);
    for (const id of dropped) {
      expect(copies.read(id, 0, new Uint8Array(1))).toBe(false);
      expect(await copies.ready(id)).toBe(false);
    }
    expect(store.fetched).toHaveLength(ids.length);
  });

  it('are not made of what is larger than the room, nor of what the store does not list', async () => {
    const store = new LineStore(packfilesOf(2, 3 * MIB));
    const { copies, ids } = await copiesOf(store, { limitBytes: 2 * MIB });
    expect(await Promise.all(ids.map((id) => copies.ready(id)))).toEqual([false, false]);
    expect(await copies.ready('f'.repeat(64) as PackfileId)).toBe(false);
    expect(store.fetched).toEqual([]);
  });

  it('stay until what runs at their arrival is done, and others wait for the room', async () => {
    const store = new LineStore(packfilesOf(3));
    const done = new Map<PackfileId, () => void>();
    const onArrival = (id: PackfileId): Promise<void> => new Promise((resolve) => done.set(id, resolve));
    const { copies, ids } = await copiesOf(store, { limitBytes: MIB, onArrival });
    const [first, second] = ids as [PackfileId, PackfileId];
    expect(await copies.ready(first)).toBe(true);
    const waiting = copies.ready(second);
    for (let more = 0; more < 10; more += 1) await turn();
    expect(copies.sizeBytes(first)).toBe(MIB);
    done.get(first)?.();
    expect(await waiting).toBe(true);
    expect(copies.sizeBytes(first)).toBeNull();
  });

  it('that fail are not there, and cost the others nothing', async () => {
    const store = new LineStore(packfilesOf(4));
    const [, broken] = [...store.packfiles.keys()] as [PackfileId, PackfileId];
    store.failing.add(broken);
    const { copies, ids } = await copiesOf(store);
    expect(await Promise.all(ids.map((id) => copies.ready(id)))).toEqual([true, false, true, true]);
    expect(copies.read(broken, 0, new Uint8Array(1))).toBe(false);
  });

  it('end with whatever is under way, and leave nothing on the disk', async () => {
    const store = new LineStore(packfilesOf(4));
    store.isHeld = true;
    const { copies, ids } = await copiesOf(store);
    const waiting = ids.map((id) => copies.ready(id));
    await turn();
    await copies.close();
    expect(await Promise.all(waiting)).toEqual([false, false, false, false]);
    expect(await copies.ready(ids[0] as PackfileId)).toBe(false);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('are not had where the disk takes none, and what it took stays', async () => {
    const store = new LineStore(packfilesOf(12, 2 * MIB));
    const { copies, ids } = await copiesOf(store, { limitBytes: 24 * MIB });
    const first = ids[0] as PackfileId;
    expect(await copies.ready(first)).toBe(true);
    for (const name of readdirSync(folder)) await rm(join(folder, name), { recursive: true });
    expect((await Promise.all(ids.map((id) => copies.ready(id)))).at(-1)).toBe(false);
    const part = new Uint8Array(100);
    expect(copies.read(first, 0, part)).toBe(true);
    expect(Buffer.compare(part, (store.packfiles.get(first) as Uint8Array).subarray(0, 100))).toBe(0);
    expect(store.fetched.length).toBeLessThan(ids.length);
  });

  it.skipIf(process.platform === 'win32')('have no names while they are there', async () => {
    const { copies, ids } = await copiesOf(new LineStore(packfilesOf(2)));
    expect(await Promise.all(ids.map((id) => copies.ready(id)))).toEqual([true, true]);
    expect(readdirSync(folder).flatMap((name) => readdirSync(join(folder, name)))).toEqual([]);
  });
});
