import { join } from 'node:path';
import { fsStore } from '@wardrobe/connector-fs';
import type { PackfileId } from '@wardrobe/kloset-model';
import { temporaryFolder } from '@wardrobe/testing';
import { expect, it, vi } from 'vitest';
import { createStore } from '../../repository/create-store.js';
import { openRepository } from '../../repository/repository.js';
import { openWriter } from '../../repository/writer.js';
import { EarlyThreads } from './early-threads.js';
import { readersFor } from './readers-for.js';

const CHUNK = 9;

it.each([1, 2, 3])('%i threads that were there before, or not, answer what they are asked', { timeout: 60_000 }, async (count) => {
  const directory = join(await temporaryFolder('early'), 'store');
  await createStore(fsStore(directory), { line: '1.0', passphrase: 'a fine passphrase', kdf: { memoryKiB: 64, passes: 1 } });
  const early = new EarlyThreads();
  early.start(count, count);
  const repository = await openRepository(fsStore(directory), { passphrase: 'a fine passphrase' });
  const writer = await openWriter(repository, { lock: 'none' });
  writer.put(CHUNK, Buffer.from('one'));
  writer.put(CHUNK, Buffer.from('two'));
  await writer.commit();
  await writer.close();
  const [packfile] = [...repository.view.packfiles()].map(({ id }) => id) as [PackfileId];
  const path = repository.store.localPath?.('packfile', packfile) ?? '';
  const readers = await readersFor(repository, { threads: 2, early });
  expect(readers).not.toBeNull();
  const answers = await Promise.all([0, 1].map((lane) => readers?.ask({ kind: 'prove', packfile, path, blobs: true }, [], lane)));
  expect(answers.map((answer) => answer?.lengths[0])).toEqual([2, 2]);
  expect(early.take() === null).toBe(count <= 2);
  await readers?.close();
  await early.close();
  await repository.close();
});

it('load one after the other where all at once would leave the derivation no processor', { timeout: 60_000 }, async () => {
  const early = new EarlyThreads();
  early.start(2, 1);
  const first = early.take();
  expect(first).not.toBeNull();
  expect(early.take()).toBeNull();
  await first?.terminate();

  early.start(2, 1);
  await vi.waitFor(() => expect(early.count).toBe(2), { timeout: 30_000 });
  await early.close();
  expect(early.count).toBe(0);
});

it('are none when they were never started, and after they were ended', { timeout: 60_000 }, async () => {
  const early = new EarlyThreads();
  expect(early.take()).toBeNull();
  early.start(1);
  await early.close();
  expect(early.take()).toBeNull();
});
