import type { Mac, PackfileId, SnapshotId } from '@wardrobe/kloset-model';
import { copyToMemory, type MemoryStore } from '@wardrobe/connector-memory';
import { describe, expect, it } from 'vitest';
import { openFixture } from '../../test/open-fixture.js';
import { StoreError } from '../errors/errors.js';
import { openRepository } from '../repository/repository.js';
import type { Repository } from '../repository/types.js';
import type { ReadOptions, Store } from '../store/store.js';
import { checkSnapshots } from './check.js';
import { checkStore } from './check-store.js';
import { wholeStore } from './check-whole.js';

const FIXTURES = ['v10-plain-desync', 'v11-enc-desync'] as const;

/** What goes wrong: one bit of every so-many-th answer, unless it is to be fresh; a packfile that cannot be read. */
type Faults = { every?: number; refused?: PackfileId };
type Line = { readonly store: Store; readonly faults: Faults; packfileBytes: number };

/** A store over a line that counts bytes of packfiles. */
function lineTo(inner: MemoryStore): Line {
  let answers = 0;
  const spoiled = (bytes: Uint8Array, id: Mac, options: ReadOptions | undefined): Uint8Array => {
    answers += 1;
    line.packfileBytes += bytes.length;
    if (line.faults.refused === id) throw new StoreError(`packfile ${id} cannot be read`);
    const isHit = line.faults.every !== undefined && answers % line.faults.every === 0 && options?.fresh !== true;
    return isHit ? hurt(bytes) : bytes;
  };
  const line: Line = {
    faults: {},
    packfileBytes: 0,
    store: {
      location: inner.location,
      readConfig: (options) => inner.readConfig(options),
      list: (kind, options) => inner.list(kind, options),
      listForeign: (options) => inner.listForeign(options),
      sizeBytes: (...item) => inner.sizeBytes(...item),
      async *read(kind, id, options) {
        for await (const piece of inner.read(kind, id, options)) yield kind === 'packfile' ? spoiled(piece, id, options) : piece;
      },
      async readRange(kind, id, offset, lengthBytes, options) {
        const bytes = await inner.readRange(kind, id, offset, lengthBytes, options);
        return kind === 'packfile' ? spoiled(bytes, id, options) : bytes;
      },
      line: () => ({ requests: answers, retries: 0, bytesRead: line.packfileBytes, bytesWritten: 0, meanLatencyMs: null }),
      close: () => inner.close(),
    },
  };
  return line;
}

/** The same with one bit changed. */
function hurt(bytes: Uint8Array, at = bytes.length >> 1): Uint8Array {
  return bytes.map((byte, index) => (index === at ? byte ^ 4 : byte));
}

async function lineOf(name: (typeof FIXTURES)[number]): Promise<{ inner: MemoryStore; line: Line; secret: Uint8Array | undefined; storedBytes: number }> {
  const original = await openFixture(name);
  const inner = await copyToMemory(original.store);
  const secret = original.secret ?? undefined;
  await original.close();
  let storedBytes = 0;
  for await (const { sizeBytes } of inner.list('packfile')) storedBytes += sizeBytes;
  return { inner, line: lineTo(inner), secret, storedBytes };
}

async function all(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  for await (const piece of pieces) found.push(piece);
  return found;
}

type Told = { readonly files: readonly string[]; readonly snapshots: readonly string[]; readonly counts: unknown };

/** All that a check of the whole store tells, in an order of its own. */
async function told(opened: Repository, options: { readonly isWhole: boolean; readonly blobs: boolean; readonly limitBytes?: number }): Promise<Told> {
  const { isWhole, blobs, limitBytes } = options;
  const whole = isWhole ? await wholeStore(opened, { blobs, limitBytes }) : { repository: opened, proofs: null, close: async () => undefined };
  const { repository, proofs } = whole;
  const snapshots: string[] = [];
  const files: string[] = [];
  let counts: unknown = null;
  const ids: SnapshotId[] = repository.view.live.map(({ id }) => id);
  for await (const { snapshot, path, what, id, error } of checkSnapshots(repository, { snapshots: ids }))
    snapshots.push(`${snapshot} ${path?.text} ${what} ${id} ${error.code} ${error.message}`);
  for await (const { kind, id, type, severity, error, snapshots: hit } of checkStore(repository, { blobs, proofs, onCounts: (all) => (counts = all) }))
    files.push(`${kind} ${id} ${type} ${severity} ${error.code} ${error.message} ${hit.join()}`);
  await whole.close();
  return { files: files.sort(), snapshots: snapshots.sort(), counts };
}

describe.each(FIXTURES)('a whole store over a line: %s', (name) => {
  it.each([false, true])('is read once, and found as a check that reads it twice finds it (blobs: %s)', async (blobs) => {
    const { line, secret, storedBytes } = await lineOf(name);
    const repository = await openRepository(line.store, { secret });
    const expected = await told(repository, { isWhole: false, blobs });
    expect(line.packfileBytes).toBeGreaterThan(1.2 * storedBytes);
    line.packfileBytes = 0;
    expect(await told(repository, { isWhole: true, blobs })).toEqual(expected);
    expect(line.packfileBytes).toBeLessThanOrEqual(storedBytes);
    await repository.close();
  });

  it('with little room on the disk is read again in parts at worst', async () => {
    const { line, secret, storedBytes } = await lineOf(name);
    const repository = await openRepository(line.store, { secret });
    const expected = await told(repository, { isWhole: false, blobs: false });
    let largestBytes = 0;
    for await (const { sizeBytes } of line.store.list('packfile')) largestBytes = Math.max(largestBytes, sizeBytes);
    for (const limitBytes of [0, largestBytes / 2, largestBytes * 2]) {
      line.packfileBytes = 0;
      expect(await told(repository, { isWhole: true, blobs: false, limitBytes })).toEqual(expected);
      expect(line.packfileBytes).toBeLessThan(2.5 * storedBytes);
    }
    await repository.close();
  });

  it('tells of damage what a check that reads it twice tells, in the same words', async () => {
    const { inner, line, secret } = await lineOf(name);
    const repository = await openRepository(line.store, { secret });
    const sound = await told(repository, { isWhole: false, blobs: true });
    let found = 0;
    for (const { id } of [...repository.view.packfiles()].slice(0, 4)) {
      const bytes = Buffer.concat(await all(inner.read('packfile', id)));
      for (const at of [200, bytes.length >> 1, bytes.length - 10]) {
        await inner.write('packfile', id, hurt(bytes, at));
        const expected = await told(repository, { isWhole: false, blobs: true });
        expect(await told(repository, { isWhole: true, blobs: true })).toEqual(expected);
        if (expected.files.length > sound.files.length) found += 1;
      }
      await inner.write('packfile', id, bytes);
    }
    expect(found).toBeGreaterThan(0);
    await repository.close();
  });

  it('takes for damage only what is wrong the second time too', async () => {
    const { line, secret } = await lineOf(name);
    const repository = await openRepository(line.store, { secret });
    const sound = await told(repository, { isWhole: false, blobs: true });
    for (const every of [1, 3]) {
      line.faults.every = every;
      expect(await told(repository, { isWhole: true, blobs: true })).toEqual(sound);
    }
    await repository.close();
  });

  it('tells of packfiles that cannot be read or are gone', async () => {
    const { inner, line, secret } = await lineOf(name);
    const repository = await openRepository(line.store, { secret });
    const [refused, gone] = repository.view.live.flatMap(({ packfiles }) => packfiles) as [PackfileId, PackfileId];
    line.faults.refused = refused;
    await inner.remove('packfile', gone);
    const expected = await told(repository, { isWhole: false, blobs: false });
    expect(expected.files.some((text) => text.includes('cannot be read'))).toBe(true);
    expect(expected.files.some((text) => text.includes('not found'))).toBe(true);
    expect(await told(repository, { isWhole: true, blobs: false })).toEqual(expected);
    await repository.close();
  });
});

describe('a whole store that lies on this machine', () => {
  it('is checked as it is', async () => {
    const repository = await openFixture('v10-plain-desync');
    const whole = await wholeStore(repository, { blobs: false });
    expect(whole.repository).toBe(repository);
    expect(whole.proofs).toBeNull();
    await whole.close();
    await repository.close();
  });
});
