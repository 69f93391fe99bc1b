import { EventEmitter } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { fsStore } from '@wardrobe/connector-fs';
import type { Mac, PackfileId } from '@wardrobe/kloset-model';
import { temporaryFolder } from '@wardrobe/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { DiskFullError, StoreError } from '../../errors/errors.js';
import { createStore } from '../../repository/create-store.js';
import { openRepository } from '../../repository/repository.js';
import type { Repository } from '../../repository/types.js';
import { openWriter } from '../../repository/writer.js';
import type { PackfileTicket, RepositoryWriter } from '../../repository/writer-types.js';
import { keystream } from '../../snapshot/testing/index.js';
import { BATCH_HEAD_BYTES, eachInBatch } from './blob-batch.js';
import type { FromWorker, ToWorker } from './protocol.js';
import { threadPipeline } from './thread-pipeline.js';
import { ThreadPacker } from './thread-packer.js';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const item of open.splice(0).reverse()) await item.close();
});

const CHUNK = 9;
const ENTRY = 12;
const PASSPHRASE = 'a fine passphrase';

async function packing(passphrase: string | null) {
  const directory = join(await temporaryFolder('packer'), 'store');
  await createStore(fsStore(directory), { line: '1.1', passphrase, kdf: { memoryKiB: 64, passes: 1 } });
  const reopen = async (): Promise<Repository> => {
    const repository = await openRepository(fsStore(directory), passphrase === null ? {} : { passphrase });
    open.push(repository);
    return repository;
  };
  const writer = await openWriter(await reopen(), { lock: 'shared' });
  const pipeline = await threadPipeline(writer, { threads: 2 });
  await pipeline.store([{ path: Buffer.from(import.meta.filename), sizeBytes: 1000 }]);
  await pipeline.finish();
  const packers = await pipeline.intoPackers?.();
  if (packers === null || packers === undefined) throw new Error('no packers');
  writer.packWith(packers);
  const temporary = async (): Promise<string[]> => (await readdir(join(directory, 'packfiles'))).filter((name) => name.startsWith('tmp.'));
  return { writer, pipeline, reopen, temporary };
}

type Put = { readonly type: number; readonly id: Mac; readonly bytes: Uint8Array };

/** Blobs of every size that a packer meets, and two that it leaves to this thread. */
function putMany(writer: RepositoryWriter): Put[] {
  const stream = keystream('packed');
  const sizes = [0, 1, 700, 1 << 16, 100_000, 1 << 20, 1 << 20, 1 << 20, 9 << 20, ...Array.from({ length: 1500 }, (_, n) => 1 + ((n * 37) % 2000))];
  return sizes.map((lengthBytes, n) => {
    const type = n % 3 === 0 ? CHUNK : ENTRY;
    const bytes = n % 2 === 0 ? stream.bytes(lengthBytes) : stream.bytes(lengthBytes).fill(97, 4);
    return { type, bytes, id: writer.put(type, bytes) };
  });
}

describe.each([
  ['plain', null],
  ['encrypted', PASSPHRASE],
] as const)('threads that stored contents, %s', (_name, passphrase) => {
  it('pack what is put: it is known at once, and after the commit every reader finds it in sound packfiles', { timeout: 120_000 }, async () => {
    const { writer, pipeline, reopen, temporary } = await packing(passphrase);
    const blobs = putMany(writer);
    expect(blobs.every(({ type, id }) => writer.has(type, id))).toBe(true);
    expect(blobs.filter(({ type, id, bytes }) => writer.put(type, bytes) !== id)).toEqual([]);
    await writer.settle({ ahead: 2 });
    const before = await reopen();
    expect(blobs.some(({ type, id }) => before.has(type, id))).toBe(false);
    const { blobs: count } = await writer.commit();
    await pipeline.close();
    await writer.close();
    const after = await reopen();
    for (const { type, id, bytes } of blobs) expect(Buffer.compare(await after.get(type, id), bytes)).toBe(0);
    for (const { id } of after.view.packfiles()) await after.verifyPackfile(id);
    // Each once, beside the chunk and the object of the file, and the paddings of packfiles.
    const paddings = 2 * [...after.view.packfiles()].length;
    expect(count).toBe(new Set(blobs.map(({ type, id }) => `${type} ${id}`)).size + 2 + paddings);
    expect(after.view.counts.locations).toBe(count);
    expect(await temporary()).toEqual([]);
  });

  it('a checkpoint publishes what was packed so far, and packing goes on', { timeout: 120_000 }, async () => {
    const { writer, pipeline, reopen } = await packing(passphrase);
    const first = writer.put(ENTRY, Buffer.from('before'));
    await writer.checkpoint();
    expect((await reopen()).has(ENTRY, first)).toBe(true);
    const second = writer.put(ENTRY, Buffer.from('behind'));
    expect((await reopen()).has(ENTRY, second)).toBe(false);
    await writer.commit();
    await pipeline.close();
    await writer.close();
    expect(Buffer.from(await (await reopen()).get(ENTRY, second)).toString()).toBe('behind');
  });
});

it('a run that is given up leaves nothing of what was packed', { timeout: 60_000 }, async () => {
  const { writer, pipeline, temporary } = await packing(null);
  putMany(writer);
  await pipeline.close();
  await writer.close();
  expect(await temporary()).toEqual([]);
});

it('a thread that ends makes the run fail before anything is published', { timeout: 60_000 }, async () => {
  const { writer, pipeline, reopen } = await packing(null);
  const [{ type, id }] = putMany(writer) as [Put, ...Put[]];
  // As if it had run out of memory.
  await pipeline.close();
  await expect(writer.commit()).rejects.toThrow();
  await writer.close();
  expect((await reopen()).has(type, id)).toBe(false);
});

/** Answers when it is told. */
class FakeThread extends EventEmitter {
  readonly sent: (ToWorker & { kind: 'pack' })[] = [];
  ended = false;

  postMessage(message: ToWorker): void {
    if (message.kind === 'pack') this.sent.push(message);
  }

  say(message: FromWorker): void {
    this.emit('message', message);
  }

  async terminate(): Promise<number> {
    this.ended = true;
    this.emit('exit', 1);
    return 1;
  }
}

const ID = 'ab'.repeat(32) as Mac;

function fake(packfileMaxBytes = 1 << 20) {
  const thread = new FakeThread();
  const packfiles: { readonly id: string; readonly ticket: PackfileTicket }[] = [];
  const packer = new ThreadPacker({
    worker: thread as unknown as Worker,
    limitBytes: 1 << 20,
    packfileMaxBytes,
    onPackfile: ({ id, sizeBytes }, ticket) => {
      packfiles.push({ id, ticket });
      return sizeBytes;
    },
  });
  const blobsOf = ({ blobs, lengthBytes }: ToWorker & { kind: 'pack' }): [number, string][] => {
    const bytes = new Uint8Array(blobs);
    const found: [number, string][] = [];
    eachInBatch(bytes, { start: 0, lengthBytes }, (type, { input, lengthBytes: length }) =>
      found.push([type, Buffer.from(bytes.slice(input, input + length)).toString()]),
    );
    return found;
  };
  return { thread, packer, packfiles, blobsOf };
}

const ticket = (number: number): PackfileTicket => ({ words: new Uint32Array(16), number });

describe('a packer', () => {
  it('sends blobs in batches, in the order in which they came', () => {
    const { thread, packer, blobsOf } = fake();
    for (const [n, text] of ['one', 'two', ''].entries()) packer.add(n, ID, Buffer.from(text));
    expect(thread.sent).toEqual([]);
    packer.endPackfile(ticket(1));
    expect(thread.sent.map(({ isEnd }) => isEnd)).toEqual([true]);
    expect(blobsOf(thread.sent[0] as ToWorker & { kind: 'pack' })).toEqual([
      [0, 'one'],
      [1, 'two'],
      [2, ''],
    ]);
  });

  it('is full by what its thread packed and what it was sent since then, and empty after the end of a packfile', () => {
    const { thread, packer } = fake(100_000);
    packer.add(ENTRY, ID, new Uint8Array(60_000));
    packer.add(ENTRY, ID, new Uint8Array(60_000));
    expect(packer.isFull).toBe(true);
    packer.add(ENTRY, ID, new Uint8Array(60_000));
    // Two were sent and take little: the third has yet to be packed.
    expect(thread.sent).toHaveLength(1);
    thread.say({ kind: 'packed', bodyBytes: 5000 });
    expect(packer.isFull).toBe(false);
    packer.endPackfile(ticket(1));
    packer.add(ENTRY, ID, new Uint8Array(10));
    // That was of the packfile before.
    thread.say({ kind: 'packed', bodyBytes: 200_000 });
    expect(packer.isFull).toBe(false);
  });

  it('takes two large blobs at a time, none beyond its limit, and small ones always', () => {
    const { thread, packer } = fake();
    expect(packer.accepts((1 << 20) + 1)).toBe(false);
    for (let n = 0; n < 2; n++) {
      expect(packer.accepts(1 << 20)).toBe(true);
      packer.add(CHUNK, ID, new Uint8Array(1 << 20));
    }
    expect(packer.accepts(1 << 20)).toBe(false);
    expect(packer.accepts(1000)).toBe(true);
    thread.say({ kind: 'packed', bodyBytes: 0 });
    expect(packer.accepts(1 << 20)).toBe(true);
    packer.add(CHUNK, ID, new Uint8Array(1 << 20));
    expect(new Set(thread.sent.map(({ blobs }) => blobs)).size).toBe(2);
    expect(thread.sent.every(({ lengthBytes }) => lengthBytes === (1 << 20) + BATCH_HEAD_BYTES)).toBe(true);
  });

  it('gives back each packfile with its ticket, and has finished when all have come', async () => {
    const { thread, packer, packfiles } = fake();
    packer.add(ENTRY, ID, new Uint8Array(1));
    packer.endPackfile(ticket(1));
    packer.add(ENTRY, ID, new Uint8Array(1));
    packer.endPackfile(ticket(2));
    let isDone = false;
    const finished = packer.finish().then(() => {
      isDone = true;
    });
    for (const id of ['first', 'second']) {
      expect(isDone).toBe(false);
      thread.say({ kind: 'packfile', id: id as PackfileId, path: '', sizeBytes: 1, index: new Uint8Array(0) });
      thread.say({ kind: 'packed', bodyBytes: 0 });
    }
    await finished;
    expect(packfiles).toEqual([
      { id: 'first', ticket: ticket(1) },
      { id: 'second', ticket: ticket(2) },
    ]);
  });

  it('does not take a packfile that lacks some of its blobs', async () => {
    const { thread, packer } = fake();
    packer.add(ENTRY, ID, new Uint8Array(1));
    packer.add(ENTRY, ID, new Uint8Array(1));
    packer.endPackfile(ticket(1));
    thread.say({ kind: 'packfile', id: 'first' as PackfileId, path: '', sizeBytes: 1, index: new Uint8Array(0) });
    thread.say({ kind: 'packed', bodyBytes: 0 });
    await expect(packer.finish()).rejects.toThrow('given 2 blobs and handed over 1');
  });

  it('waits while its thread is far behind', async () => {
    const { thread, packer } = fake();
    while (thread.sent.length < 8) packer.add(ENTRY, ID, new Uint8Array(60_000));
    let isDone = false;
    const settled = packer.settle().then(() => {
      isDone = true;
    });
    await new Promise(setImmediate);
    expect(isDone).toBe(false);
    thread.say({ kind: 'packed', bodyBytes: 0 });
    await settled;
  });

  it.each([
    ['tells of a full disk', (thread: FakeThread) => thread.say({ kind: 'failure', code: 'disk-full', message: '/spool' }), DiskFullError],
    ['tells that its thread ended', (thread: FakeThread) => thread.emit('exit', 1), StoreError],
  ])('%s to whoever waits, and to whoever comes later', async (_what, fail, kind) => {
    const { thread, packer } = fake();
    packer.add(ENTRY, ID, new Uint8Array(1));
    packer.endPackfile(ticket(1));
    const finished = packer.finish();
    finished.catch(() => undefined);
    fail(thread);
    await expect(finished).rejects.toBeInstanceOf(kind);
    await expect(packer.settle()).rejects.toBeInstanceOf(kind);
  });
});
