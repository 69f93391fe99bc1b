import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mac } from '@wardrobe/kloset-model';
import { temporaryFolder } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { macFromBytes } from '../../bytes/bytes.js';
import { KlosetError, NotFoundError } from '../../errors/errors.js';
import { createStore } from '../../repository/create-store.js';
import { openRepository } from '../../repository/repository.js';
import { openWriter } from '../../repository/writer.js';
import { keystream } from '../../snapshot/testing/index.js';
import { fsStore } from '@wardrobe/connector-fs';
import { memoryStore } from '@wardrobe/connector-memory';
import { threadedSource } from './threaded-source.js';

const CHUNK = 9;
const SMALL_KDF = { memoryKiB: 64, passes: 1 };

describe.each([
  ['plain LZ4', {}],
  ['encrypted', { passphrase: 'a fine passphrase' }],
  ['encrypted, nothing compressed, SHA256', { passphrase: 'a fine passphrase', compression: null, hashing: 'SHA256' }],
  ['plain GZIP', { compression: 'GZIP' }],
] as const)('reading on threads, %s', (_name, options) => {
  it('gives what the repository gives, in the order asked, and names what is damaged or absent as it does', { timeout: 60_000 }, async () => {
    const directory = join(await temporaryFolder('reads'), 'store');
    await createStore(fsStore(directory), { line: '1.0', passphrase: null, kdf: SMALL_KDF, ...options });
    const repository = await openRepository(fsStore(directory), { passphrase: 'passphrase' in options ? options.passphrase : undefined });
    const writer = await openWriter(repository, { lock: 'none' });
    const stream = keystream('reads');
    const contents = Array.from({ length: 700 }, (_, i) => {
      const bytes = stream.bytes(i % 50 === 0 ? i * 1000 : i * 13);
      return i % 2 === 0 ? bytes : bytes.map((byte) => 97 + (byte & 3));
    });
    const ids = contents.map((content) => writer.put(CHUNK, content));
    await writer.commit();
    await writer.close();

    const absent = macFromBytes(stream.bytes(32));
    const asked = [...ids].reverse().toSpliced(100, 0, absent);
    const source = await threadedSource(repository, { threads: 2 });
    const read = async (wanted: readonly Mac[]): Promise<(Uint8Array | KlosetError)[]> => {
      const found: (Uint8Array | KlosetError)[] = [];
      for await (const got of source.getMany(CHUNK, wanted)) {
        expect(got.id).toBe(wanted[found.length]);
        found.push('bytes' in got ? got.bytes : got.error);
      }
      return found;
    };
    // The first questions are answered by this thread, until there are so many that others are worth it.
    await read(asked);
    const found = await read(asked);
    expect(found[100]).toBeInstanceOf(NotFoundError);
    const good = found.toSpliced(100, 1).reverse() as Uint8Array[];
    for (const [index, content] of contents.entries()) expect(Buffer.compare(good[index] as Uint8Array, content)).toBe(0);

    const hurt = ids[650] as Mac;
    const place = repository.view.locations(CHUNK, hurt)[0];
    if (place === undefined) throw new Error('it was stored');
    const path = join(directory, 'packfiles', place.packfile.slice(0, 2), place.packfile);
    const file = await readFile(path);
    const at = place.offset + 16 + (place.lengthBytes >> 1);
    file[at] = (file[at] ?? 0) ^ 1;
    await writeFile(path, file);
    const after = await read(ids);
    expect(after[650]).toBeInstanceOf(KlosetError);
    await expect(repository.get(CHUNK, hurt)).rejects.toThrow((after[650] as KlosetError).message);
    expect(after.filter((item) => item instanceof KlosetError)).toHaveLength(1);
    await source.close();
    await repository.close();
  });
});

it('a store without local files is read as it is', async () => {
  const store = memoryStore();
  await createStore(store, { line: '1.0', passphrase: null });
  const repository = await openRepository(store);
  const source = await threadedSource(repository);
  const results: unknown[] = [];
  for await (const got of source.getMany(CHUNK, new Array<Mac>(600).fill('0'.repeat(64) as Mac))) results.push(got);
  expect(results).toHaveLength(600);
  expect((results[0] as { error: unknown }).error).toBeInstanceOf(NotFoundError);
  await source.close();
});
