import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@wardrobe/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { kernelModule } from '@wardrobe/kernel';
import { concatBytes } from '../../bytes/bytes.js';
import { StoreError } from '../../errors/errors.js';
import { createStore, type CreateOptions } from '../../repository/create-store.js';
import { openRepository } from '../../repository/repository.js';
import type { Repository } from '../../repository/types.js';
import { openWriter } from '../../repository/writer.js';
import { readContent, readObject } from '../../snapshot/content.js';
import { keystream } from '../../snapshot/testing/index.js';
import { fsStore } from '@wardrobe/connector-fs';
import type { ContentPipeline, FileJob, FileResult } from '../backup/content-pipeline.js';
import { threadlessPipeline } from '../backup/threadless-pipeline.js';
import { BlobStore } from './blob-store.js';
import { ContentWriter } from './content-writer.js';
import { newSegment } from './dedup-table.js';
import { newIndexRoom } from './index-room.js';
import { RANGE_RECORD_BYTES } from './protocol.js';
import { threadPipeline } from './thread-pipeline.js';
import type { FinishedPackfile } from './worker-packfile.js';

const SMALL_KDF = { memoryKiB: 64, passes: 1 };
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const item of open.splice(0).reverse()) await item.close();
});

async function store(options: Partial<CreateOptions>) {
  const directory = join(await temporaryFolder('pipeline'), 'store');
  await createStore(fsStore(directory), { line: '1.0', passphrase: null, kdf: SMALL_KDF, ...options });
  const repository = await openRepository(fsStore(directory), { passphrase: options.passphrase ?? undefined });
  open.push(repository);
  return { directory, repository };
}

type Made = { readonly job: FileJob; readonly content: Uint8Array };

async function tree(): Promise<Made[]> {
  const folder = await temporaryFolder('pipeline');
  const stream = keystream('pipeline tree');
  const text = (lengthBytes: number): Uint8Array => stream.bytes(lengthBytes).map((byte) => 97 + (byte % 7));
  const contents: [string, Uint8Array][] = [
    ['empty', new Uint8Array(0)],
    ['one', stream.bytes(1)],
    ['page', stream.bytes(4096)],
    ['twin', new Uint8Array(0)],
    ['text', text(200_000)],
    ['min', stream.bytes(65536)],
    ['min+1', stream.bytes(65537)],
    ['large', concatBytes([text(4 << 20), stream.bytes(4 << 20), new Uint8Array(9 << 20), text(1234)])],
    ['zeros', new Uint8Array(17 << 20)],
  ];
  contents.push(['large twin', contents[7]?.[1] as Uint8Array]);
  for (let i = 0; i < 300; i++) contents.push([`small ${i}`, i % 3 === 0 ? text(i * 31) : stream.bytes(i * 29)]);
  return Promise.all(
    contents.map(async ([name, content]) => {
      const path = join(folder, name);
      await writeFile(path, content);
      return { job: { path: Buffer.from(path), sizeBytes: content.length }, content };
    }),
  );
}

async function backedUp(
  repository: Repository,
  files: readonly Made[],
  pipelineOf: (writer: Awaited<ReturnType<typeof openWriter>>) => Promise<ContentPipeline>,
) {
  const writer = await openWriter(repository, { lock: 'none' });
  const pipeline = await pipelineOf(writer);
  const half = files.length >>> 1;
  const results = await Promise.all([pipeline.store(files.slice(0, half).map((file) => file.job)), pipeline.store(files.slice(half).map((file) => file.job))]);
  await pipeline.finish();
  const { bytesRead } = pipeline;
  await pipeline.close();
  const committed = await writer.commit();
  await writer.close();
  return { results: results.flat(), committed, bytesRead };
}

function contentOf(result: FileResult | undefined) {
  if (result === undefined || !('content' in result)) throw new Error(JSON.stringify(result));
  return result.content;
}

describe.each([
  ['plain', {}],
  ['encrypted', { passphrase: 'a fine passphrase' }],
  ['plain SHA256, nothing compressed, line 1.1', { hashing: 'SHA256', compression: null, line: '1.1' }],
  ['encrypted GZIP', { passphrase: 'a fine passphrase', compression: 'GZIP' }],
] as const)('threads, %s', (_name, options) => {
  it('store the same objects as one thread does, and all of it reads back from whole packfiles', { timeout: 120_000 }, async () => {
    const files = await tree();
    const many = await store(options);
    const { results, committed, bytesRead } = await backedUp(many.repository, files, (writer) => threadPipeline(writer, { threads: 2 }));
    expect(bytesRead).toBe(files.reduce((sum, file) => sum + file.content.length, 0));
    for (const [index, file] of files.entries()) {
      const content = contentOf(results[index]);
      const object = await readObject(many.repository, content.object);
      expect(object).toMatchObject({ sizeBytes: file.content.length, contentMac: many.repository.mac(file.content), entropy: content.entropy });
      expect(content).toMatchObject({ sizeBytes: file.content.length, chunks: object.chunks.length });
      const pieces: Uint8Array[] = [];
      for await (const piece of readContent(many.repository, object)) pieces.push(piece.slice());
      expect(Buffer.compare(concatBytes(pieces), file.content)).toBe(0);
    }
    for (const { id } of many.repository.view.packfiles()) await many.repository.verifyPackfile(id);
    expect(committed.packfiles).toBeGreaterThanOrEqual(2);
    expect((await readdir(join(many.directory, 'packfiles'))).filter((name) => name.startsWith('tmp.'))).toEqual([]);

    // All of what one thread makes of the same files must be there already.
    const again = await backedUp(many.repository, files, (writer) => Promise.resolve(threadlessPipeline(writer)));
    expect(again.results).toEqual(results);
    expect(again.committed.blobs).toBe(0);
    const third = await backedUp(many.repository, files, (writer) => threadPipeline(writer, { threads: 2 }));
    expect(third.results).toEqual(results);
    expect(third.committed).toMatchObject({ packfiles: 0, blobs: 0 });
  });
});

describe('one thread of many', () => {
  it('finds the same chunks in a scan, stores them as ranges, and notices when the file has changed in between', async () => {
    const { repository, directory } = await store({});
    const folder = await temporaryFolder('pipeline');
    const path = Buffer.from(join(folder, 'large'));
    const content = concatBytes([keystream('scanned').bytes(3 << 20), new Uint8Array(5 << 20)]);
    await writeFile(path, content);
    const packfiles: FinishedPackfile[] = [];
    const blobs = new BlobStore(
      {
        role: 'store',
        module: kernelModule(),
        config: await fsStore(directory).readConfig(),
        secret: null,
        segments: [newSegment(1000, [1, 2])],
        indexRoom: newIndexRoom(),
        packfileMaxBytes: 1 << 20,
        folder,
        namePrefix: 'tmp.test-',
        clockOffsetMs: 0,
      },
      (packfile) => packfiles.push({ ...packfile, index: packfile.index.slice() }),
    );
    const scanner = new ContentWriter(blobs);
    const stream = scanner.open(path);
    if ('error' in stream) throw new Error(stream.error);
    const scanned = scanner.advance(stream, { mode: 'scan', bytes: 1 << 30 });
    const chunks = concatBytes(scanned.chunks);
    const content1 = contentOf(scanned.result ?? undefined);
    expect(content1.sizeBytes).toBe(content.length);
    expect(chunks.length / RANGE_RECORD_BYTES).toBe(content1.chunks);

    expect(scanner.storeRange(path, chunks)).toBe(true);
    const stored = new Set(scanned.chunks.map((record) => Buffer.from(record.subarray(16)).toString('hex')));
    blobs.endPackfile();
    const found = packfiles.flatMap(({ index }) =>
      Array.from({ length: index.length / 56 }, (_, n) => Buffer.from(index.subarray(n * 56 + 8, n * 56 + 40)).toString('hex')),
    );
    expect([...stored].filter((mac) => !found.includes(mac))).toEqual([]);
    const whole = scanner.storeFile(path);
    expect(contentOf(whole)).toEqual(content1);
    expect(content1.object).toMatch(/^[0-9a-f]{64}$/);
    expect(repository.mac(content)).toHaveLength(64);

    await writeFile(path, concatBytes([content.subarray(0, 100_000), Uint8Array.of(1), content.subarray(100_001)]));
    expect(scanner.storeRange(path, chunks)).toBe(false);
    await writeFile(path, content.subarray(0, 1000));
    expect(scanner.storeRange(path, chunks)).toBe(false);
    await rm(path);
    expect(scanner.storeRange(path, chunks)).toBe(false);
    await rm(folder, { recursive: true });
  });
});

describe('what goes wrong', () => {
  it('a file that cannot be read is told as plakar words it, and the rest is stored', async () => {
    const { repository } = await store({});
    const folder = await temporaryFolder('pipeline');
    await writeFile(join(folder, 'good'), 'good');
    const job = (path: string, sizeBytes = 4) => ({ path: Buffer.from(path), sizeBytes });
    const writer = await openWriter(repository, { lock: 'none' });
    const pipeline = await threadPipeline(writer, { threads: 1 });
    const results = await pipeline.store([job(join(folder, 'none')), job(join(folder, 'good')), job(folder), job(join(folder, 'none'), 1 << 30)]);
    expect(results[0]).toEqual({ error: `open ${folder}/none: no such file or directory` });
    expect(contentOf(results[1]).sizeBytes).toBe(4);
    expect(results[2]).toEqual({ error: `read ${folder}: is a directory` });
    expect(results[3]).toEqual({ error: `open ${folder}/none: no such file or directory` });
    await pipeline.finish();
    await pipeline.close();
    await writer.close();
  });

  it('when packfiles cannot be written the run ends, and no file is left', async () => {
    const { repository, directory } = await store({});
    const folder = await temporaryFolder('pipeline');
    await writeFile(join(folder, 'good'), keystream('x').bytes(100_000));
    const writer = await openWriter(repository, { lock: 'none' });
    const nowhere = { ...writer.store, spoolDirectory: join(folder, 'nowhere'), readConfig: () => writer.store.readConfig() };
    const broken = Object.create(writer, { store: { value: nowhere } }) as typeof writer;
    Object.defineProperty(broken, 'repository', { value: repository });
    Object.defineProperty(broken, 'environment', { value: writer.environment });
    Object.defineProperty(broken, 'eachKnown', { value: writer.eachKnown.bind(writer) });
    const pipeline = await threadPipeline(broken, { threads: 2 });
    await expect(pipeline.store([{ path: Buffer.from(join(folder, 'good')), sizeBytes: 100_000 }])).rejects.toThrow(StoreError);
    await expect(pipeline.finish()).rejects.toThrow(StoreError);
    await pipeline.close().catch(() => undefined);
    await writer.close();
    expect((await readdir(join(directory, 'packfiles'))).filter((name) => name.startsWith('tmp.'))).toEqual([]);
  });

  it('an aborted call is rejected with its reason; others go on, and nothing is left behind', async () => {
    const { repository, directory } = await store({});
    const files = (await tree()).filter((file) => file.content.length > 0);
    const writer = await openWriter(repository, { lock: 'none' });
    const pipeline = await threadPipeline(writer, { threads: 2 });
    const abort = new AbortController();
    const aborted = pipeline.store(
      files.map((file) => file.job),
      { signal: abort.signal },
    );
    const other = pipeline.store(files.slice(-50).map((file) => file.job));
    abort.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    expect((await other).map((result) => contentOf(result).sizeBytes)).toEqual(files.slice(-50).map((file) => file.content.length));
    await pipeline.close();
    await writer.close();
    const left = await readdir(join(directory, 'packfiles'));
    expect(left.filter((name) => name.startsWith('tmp.'))).toEqual([]);
  });
});
