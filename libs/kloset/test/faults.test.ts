import type { Mac, SnapshotId } from '@wardrobe/kloset-model';
import { describe, expect, it } from 'vitest';
import { createStore } from '../src/repository/create-store.js';
import { openRepository } from '../src/repository/repository.js';
import { openWriter } from '../src/repository/writer.js';
import { buildSnapshot, keystream } from '../src/snapshot/testing/index.js';
import type { WritableStore } from '../src/store/store.js';
import { memoryStore } from '@wardrobe/connector-memory';
import { macFromBytes } from '../src/bytes/bytes.js';
import { strikeEverywhere } from './faults.js';

const OLD = idOf('old');
const NEW = idOf('new');

function idOf(seed: string): SnapshotId {
  return macFromBytes(keystream(seed).bytes(32)) as SnapshotId;
}

async function backup(store: WritableStore, id: SnapshotId, resume: boolean): Promise<void> {
  const repository = await openRepository(store);
  try {
    const writer = await openWriter(repository, { lock: 'shared', id, resume });
    try {
      if (repository.view.live.some((snapshot) => snapshot.id === id)) return;
      for (let at = 0; at < 3; at += 1) writer.put(9, keystream(`${id}${at}`).bytes(5000));
      await writer.checkpoint();
      const content = { path: '/a', content: keystream('shared').bytes(3000) };
      buildSnapshot(writer, [content, { path: `/${id}`, content: keystream(id).bytes(2000) }], { form: '1.0', id });
      await writer.commit();
    } finally {
      await writer.close();
    }
  } finally {
    await repository.close();
  }
}

async function before() {
  const store = memoryStore();
  await createStore(store, { line: '1.0', passphrase: null });
  await backup(store, OLD, false);
  return store;
}

const both = (visible: readonly Mac[]): boolean => visible.length === 2 && visible.includes(NEW);

describe('a fault at every call to the store', () => {
  it.each([false, true])('of a backup (resuming: %s): nothing is half visible, nothing old is hurt, a second run finishes', async (resume) => {
    const count = await strikeEverywhere({ before: await before(), run: (store) => backup(store, NEW, resume), kept: [OLD], after: both });
    expect(count.runs).toBeGreaterThan(60);
    expect([count.failed > 40, count.survived > 0]).toEqual([true, true]);
  });

  it('of a removal: the snapshot is there or gone, and the other one is whole', async () => {
    const store = await before();
    await backup(store, NEW, false);
    const remove = async (faulty: WritableStore): Promise<void> => {
      const repository = await openRepository(faulty);
      const writer = await openWriter(repository, { lock: 'none' });
      try {
        writer.colour(5, NEW);
        await writer.commit({ state: 'content' });
      } finally {
        await writer.close();
      }
    };
    const count = await strikeEverywhere({ before: store, run: remove, kept: [OLD], after: (visible) => visible.length === 1 });
    expect(count.failed).toBeGreaterThan(10);
  });
});
