import { describe, expect, it } from 'vitest';
import type { Mac } from '@wardrobe/kloset-model';
import { randomMac, storeBuilder } from '../../test/store-builder.js';
import { equalBytes } from '../bytes/bytes.js';
import { IntegrityError, KlosetError, NotFoundError, TooLargeError } from '../errors/errors.js';
import { memoryStore } from '@wardrobe/connector-memory';
import { openRepository } from './repository.js';

const CHUNK = 9;
const builder = storeBuilder({ compression: 'LZ4' });

/** A repository whose chunks lie in several packfiles; `copies` of them in each. */
async function world(chunks: readonly Uint8Array[], copies = 1) {
  const store = memoryStore({ config: builder.config() });
  const blobs = chunks.map((plain) => ({ type: CHUNK, id: builder.mac(plain), plain }));
  const packs = Array.from({ length: copies }, () =>
    builder.packfile([{ type: 255, id: randomMac(), plain: new TextEncoder().encode(randomMac()) }, ...blobs]),
  );
  for (const pack of packs) store.items.packfile.set(pack.id, pack.file);
  const state = randomMac();
  store.items.state.set(state, builder.state(state, { packfiles: packs.map((pack) => pack.id), locations: packs.flatMap((pack) => pack.locations) }));
  return { store, packs, ids: blobs.map((blob) => blob.id), repository: await openRepository(store) };
}

const chunksOf = (count: number, lengthBytes: number) =>
  Array.from({ length: count }, (_, index) => new Uint8Array(lengthBytes).fill(index).map((byte, at) => byte ^ (at & 0xff)));

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe('reading blobs', () => {
  it('many come in the order asked, repeated ones too, over several windows', async () => {
    const chunks = chunksOf(1300, 50);
    const { repository, ids } = await world(chunks);
    const order = [...ids].reverse().concat(ids[3] as Mac, ids[3] as Mac);
    const results = await collect(repository.getMany(CHUNK, order));
    expect(results.map((result) => result.id)).toEqual(order);
    for (const result of results) expect('bytes' in result && equalBytes(result.bytes, chunks[ids.indexOf(result.id)] as Uint8Array)).toBe(true);
  });

  it('a blob larger than a window is read like any other', async () => {
    const random = Uint8Array.from({ length: 9 << 20 }, (_, index) => Math.imul(index ^ 0x5bd1e995, 0x9e3779b1) >>> 24);
    const { repository, ids } = await world([random, ...chunksOf(3, 10)]);
    for (const result of await collect(repository.getMany(CHUNK, ids))) expect('bytes' in result).toBe(true);
    expect(equalBytes(await repository.get(CHUNK, ids[0] as Mac), random)).toBe(true);
  });

  it('every location is tried before an error is reported', async () => {
    const { store, packs, ids, repository } = await world(chunksOf(4, 100), 3);
    store.items.packfile.delete(packs[0]?.id as Mac);
    store.items.packfile.get(packs[1]?.id as Mac)?.fill(0, 16, 200);
    for (const id of ids) expect((await repository.get(CHUNK, id)).length).toBe(100);
    for (const result of await collect(repository.getMany(CHUNK, ids))) expect('bytes' in result).toBe(true);
    store.items.packfile.get(packs[2]?.id as Mac)?.fill(0, 16, 200);
    await expect(repository.get(CHUNK, ids[0] as Mac)).rejects.toBeInstanceOf(KlosetError);
    await expect(repository.get(CHUNK, ids[0] as Mac)).rejects.not.toBeInstanceOf(NotFoundError);
  });

  it('among many, one that fails is an error in its place and the others are whole', async () => {
    const { store, packs, ids, repository } = await world(chunksOf(5, 100));
    const bad = packs[0]?.locations.find((location) => location.blob === ids[2]);
    store.items.packfile.get(packs[0]?.id as Mac)?.fill(0, 16 + (bad?.offset ?? 0) + 8, 16 + (bad?.offset ?? 0) + 40);
    const results = await collect(repository.getMany(CHUNK, ids));
    expect(results.map((result) => 'bytes' in result)).toEqual([true, true, false, true, true]);
    expect(results.map((result) => result.id)).toEqual(ids);
  });

  it('bytes that decode but are not the ones named are an IntegrityError', async () => {
    const [first, second] = chunksOf(2, 100) as [Uint8Array, Uint8Array];
    const store = memoryStore({ config: builder.config() });
    const pack = builder.packfile([{ type: CHUNK, id: builder.mac(first), plain: second }]);
    store.items.packfile.set(pack.id, pack.file);
    const state = randomMac();
    store.items.state.set(state, builder.state(state, { packfiles: [pack.id], locations: pack.locations }));
    const repository = await openRepository(store);
    await expect(repository.get(CHUNK, builder.mac(first))).rejects.toBeInstanceOf(IntegrityError);
  });

  it('a location of absurd length is refused before anything is allocated', async () => {
    const { store, packs } = await world(chunksOf(1, 10));
    const [blob, state] = [randomMac(), randomMac()];
    store.items.state.set(
      state,
      builder.state(state, { locations: [{ type: CHUNK, blob, packfile: packs[0]?.id as Mac, offset: 0, lengthBytes: 0xffffffff }] }),
    );
    await expect((await openRepository(store)).get(CHUNK, blob)).rejects.toBeInstanceOf(TooLargeError);
  });

  it('an abort is rethrown as it came, alone and in the middle of many', async () => {
    const { repository, ids } = await world(chunksOf(20, 10));
    const reason = new Error('stopped');
    await expect(repository.get(CHUNK, ids[0] as Mac, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const reading = (async () => {
      for await (const result of repository.getMany(CHUNK, ids, { signal: controller.signal })) if (result.id === ids[4]) controller.abort(reason);
    })();
    await expect(reading).rejects.toBe(reason);
  });

  it('a reader that stops early leaves nothing running', async () => {
    const { repository, ids } = await world(chunksOf(1300, 10));
    for await (const result of repository.getMany(CHUNK, ids)) if (result.id === ids[0]) break;
    await repository.close();
  });

  it('other hashings and compressions read the same way', async () => {
    for (const options of [{ hashing: 'SHA256' as const }, { compression: 'LZ4' as const, hashing: 'SHA256' as const }, {}]) {
      const other = storeBuilder(options);
      const store = memoryStore({ config: other.config() });
      const plain = new TextEncoder().encode('hello\n');
      const pack = other.packfile([{ type: CHUNK, id: other.mac(plain), plain }]);
      store.items.packfile.set(pack.id, pack.file);
      const state = randomMac();
      store.items.state.set(state, other.state(state, { version: '1.1.0', packfiles: [pack.id], locations: pack.locations }));
      const repository = await openRepository(store);
      expect(equalBytes(await repository.get(CHUNK, other.mac(plain)), plain)).toBe(true);
      expect(await repository.verifyPackfile(pack.id)).toMatchObject({ nameKnown: true, blobs: 1 });
    }
  });
});
