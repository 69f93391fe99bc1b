import { readFile, writeFile } from 'node:fs/promises';
import type { Mac } from '@wardrobe/kloset-model';
import { copyFixtureStore } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { openFixture } from '../../test/open-fixture.js';
import type { KlosetError } from '../errors/errors.js';
import { HEADER_BYTES } from '../format/envelope.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import { BLOB_TYPE } from '../format/state.js';
import { openRepository } from '../repository/repository.js';
import type { Repository } from '../repository/types.js';
import { openSnapshot } from '../snapshot/open.js';
import { copyToMemory, type MemoryStore } from '@wardrobe/connector-memory';
import { checkSnapshots } from './check.js';
import { createSample } from './check-sample.js';
import { checkStore, type StoreCounts, type StoreProblem } from './check-store.js';

const FIXTURES = ['v10-plain-desync', 'v11-enc-desync'] as const;

async function copyOf(name: (typeof FIXTURES)[number]): Promise<{ store: MemoryStore; repository: Repository }> {
  const original = await openFixture(name);
  const store = await copyToMemory(original.store);
  const secret = original.secret ?? undefined;
  await original.close();
  return { store, repository: await openRepository(store, { secret }) };
}

async function readAll(store: MemoryStore, id: Mac): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of store.read('packfile', id)) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function checked(repository: Repository, options: Parameters<typeof checkStore>[1]): Promise<{ problems: StoreProblem[]; counts: StoreCounts }> {
  let counts: StoreCounts | null = null;
  const problems: StoreProblem[] = [];
  for await (const problem of checkStore(repository, { ...options, onCounts: (told) => (counts = told) })) problems.push(problem);
  if (counts === null) throw new Error('no counts');
  return { problems, counts };
}

/** A file of the oldest snapshot with content of its own, and the place of its first chunk. */
async function aChunk(repository: Repository): Promise<{ path: string; chunk: Mac; packfile: Mac; at: number }> {
  for (const { id } of repository.view.live) {
    const snapshot = await openSnapshot(repository, id);
    for await (const entry of snapshot.walk(snapshot.header.source.directory.bytes)) {
      if (!('object' in entry) || entry.object === null || entry.sizeBytes < 1000n) continue;
      const chunk = (await snapshot.object(entry.object)).chunks[0]?.mac as Mac;
      const place = repository.view.locations(SNAPSHOT_BLOB.chunk, chunk)[0];
      if (place !== undefined) return { path: entry.path.text, chunk, packfile: place.packfile, at: place.offset + (place.lengthBytes >> 1) + HEADER_BYTES };
    }
  }
  throw new Error('no such file');
}

describe.each(FIXTURES)('reading the whole store of %s', (name) => {
  it('proves every blob, and what is damaged is named with the paths that it hits', async () => {
    const { store, repository } = await copyOf(name);
    const sound = await checked(repository, { blobs: true });
    expect(sound.problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(sound.counts).toMatchObject({ packfilesRead: sound.counts.packfiles, packfilesNotRead: 0 });
    expect(sound.counts.blobs).toBeGreaterThan(50);

    const { path, chunk, packfile, at } = await aChunk(repository);
    const bytes = await readAll(store, packfile);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await store.write('packfile', packfile, bytes);
    const { problems } = await checked(repository, { blobs: true });
    expect(problems.filter(({ severity }) => severity === 'error').map(({ kind, id }) => [kind, id])).toEqual([
      ['packfile', packfile],
      ['blob', chunk],
    ]);
    const damagedChunks = new Map<Mac, KlosetError>(problems.flatMap((problem) => (problem.kind === 'blob' ? [[problem.id, problem.error] as const] : [])));
    const named: (string | undefined)[] = [];
    for await (const problem of checkSnapshots(repository, { snapshots: repository.view.live.map(({ id }) => id), fast: true, damagedChunks }))
      named.push(problem.path?.text);
    expect(named).toContain(path);
  });

  it('a share of it is read, the same for the same seed, and the rest is counted', async () => {
    const { repository } = await copyOf(name);
    const sample = { percent: 30, seed: 'week' };
    const [first, again] = [await checked(repository, { sample, blobs: true }), await checked(repository, { sample, blobs: true })];
    expect(first).toEqual(again);
    expect(first.counts.packfilesRead).toBe(Math.ceil(first.counts.packfiles * 0.3));
    expect(first.counts.packfilesRead + first.counts.packfilesNotRead).toBe(first.counts.packfiles);
    const run = checkSnapshots(repository, { snapshots: repository.view.live.map(({ id }) => id), sample });
    for (;;) {
      const step = await run.next();
      if (step.done !== true) continue;
      expect(step.value.problems).toBe(0);
      expect(step.value.objectsNotRead).toBeGreaterThan(step.value.objects * 0.4);
      expect(step.value.objectsNotRead).toBeLessThan(step.value.objects);
      break;
    }
  });
});

describe.each(FIXTURES)('threads on %s', (name) => {
  it('find what one thread finds, in the same order and with the same counts: damage inside, cut, a strange name, nothing', async () => {
    const folder = await copyFixtureStore(name);
    const repository = await openFixture(name, { storeDir: folder });
    const both = async () => {
      const local = await checked(repository, { blobs: true, threads: 2 });
      const memory = await openRepository(await copyToMemory(repository.store), { secret: repository.secret ?? undefined });
      return [local, await checked(memory, { blobs: true })] as const;
    };
    const plain = ({ problems, counts }: Awaited<ReturnType<typeof checked>>) => ({
      counts,
      problems: problems.map(({ error, ...rest }) => ({ ...rest, message: error.message })).sort((a, b) => (a.id < b.id ? -1 : 1)),
    });
    const [sound, soundHere] = await both();
    expect(sound.counts.packfiles).toBeGreaterThan(3);
    expect(plain(sound)).toEqual(plain(soundHere));
    const ids = [...repository.view.packfiles()].map(({ id }) => id);
    const pathOf = (id: Mac): string => repository.store.localPath?.('packfile', id) ?? '';
    const [inside, cut, strange] = ids as [Mac, Mac, Mac];
    const bytes = await readFile(pathOf(inside));
    const { offset, lengthBytes } = (await firstBlob(repository, inside)) ?? { offset: 0, lengthBytes: 2 };
    const at = HEADER_BYTES + offset + (lengthBytes >> 1);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await writeFile(pathOf(inside), bytes);
    await writeFile(pathOf(cut), (await readFile(pathOf(cut))).subarray(0, -100));
    await writeFile(pathOf(strange), await readFile(pathOf(ids.at(-1) as Mac)));
    const [found, foundHere] = await both();
    expect(found.problems.length).toBeGreaterThan(3);
    expect(plain(found)).toEqual(plain(foundHere));
    await repository.close();
  });
});

async function firstBlob(repository: Repository, packfile: Mac) {
  for (const { table } of repository.view.layers)
    for (let index = 0; index < table.count; index++) {
      const row = table.read(index);
      if (row.type !== BLOB_TYPE.padding && table.packfiles.mac(row.packfile) === packfile) return row;
    }
  return null;
}

describe('samples', () => {
  const ids = Array.from({ length: 4000 }, (_, at) => at.toString(16).padStart(64, '0') as Mac);
  it('have the size asked, whichever way they are drawn, and differ by seed', () => {
    const sample = createSample({ percent: 10, seed: 'a' });
    const other = createSample({ percent: 10, seed: 'b' });
    expect(sample.of(ids).size).toBe(400);
    const drawn = ids.filter((id) => sample.has(id)).length;
    expect(Math.abs(drawn - 400)).toBeLessThan(80);
    expect([...other.of(ids)].filter((id) => sample.of(ids).has(id)).length).toBeLessThan(120);
    expect(sample.of(ids.slice(0, 3)).size).toBe(1);
    expect(createSample({ percent: 100, seed: 'a' }).of(ids).size).toBe(4000);
    expect(ids.every((id) => createSample({ percent: 100, seed: 'a' }).has(id))).toBe(true);
  });
  it('a share that is none is refused', () => {
    for (const percent of [0, -1, 101, Number.NaN]) expect(() => createSample({ percent, seed: '' })).toThrow(/share/);
  });
});
