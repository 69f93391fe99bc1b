import { temporaryFolder, unpackFixture } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { checkSnapshots } from '../bulk/check.js';
import { listSnapshots } from '../snapshot/list.js';
import type { ReadOptions, Store } from '../store/store.js';
import { fsStore } from '@wardrobe/connector-fs';
import { openRepository } from './repository.js';

/** A line that changes one bit of every `every`-th answer; `always`: of each answer that comes from this packfile. `figures`: it counts, as a line does. */
function noisyLine(
  inner: Store,
  { every, always, figures }: { readonly every: number; readonly always?: string; readonly figures: boolean },
): { readonly store: Store; readonly changed: () => number } {
  let answers = 0;
  let changed = 0;
  const store: Store = {
    location: inner.location,
    readConfig: (options) => inner.readConfig(options),
    list: (kind, options) => inner.list(kind, options),
    listForeign: (options) => inner.listForeign(options),
    sizeBytes: (...args) => inner.sizeBytes(...args),
    async *read(kind, id, options) {
      for await (const piece of inner.read(kind, id, options)) yield spoil(piece, id, options);
    },
    async readRange(...args) {
      return spoil(await inner.readRange(...args), args[1], args[4]);
    },
    close: () => inner.close(),
    ...(figures ? { line: () => ({ requests: answers, retries: 0, bytesRead: 0, bytesWritten: 0, meanLatencyMs: null }) } : {}),
  };
  function spoil(bytes: Uint8Array, id: string, options: ReadOptions | undefined): Uint8Array {
    answers += 1;
    const strikes = id === always || (answers % every === 0 && options?.fresh !== true);
    if (!strikes || bytes.length === 0) return bytes;
    changed += 1;
    const wrong = bytes.slice();
    wrong[wrong.length >> 1] = (wrong[wrong.length >> 1] ?? 0) ^ 4;
    return wrong;
  }
  return { store, changed: () => changed };
}

async function problemsOf(store: Store, passphrase: string | undefined): Promise<{ snapshots: number; unreadable: number; problems: number }> {
  const repository = await openRepository(store, { passphrase, indexDirectory: await temporaryFolder('index') });
  const ids = [];
  for await (const found of listSnapshots(repository)) if ('header' in found) ids.push(found.header.id);
  let problems = 0;
  const check = checkSnapshots(repository, { snapshots: ids });
  for (let step = await check.next(); step.done !== true; step = await check.next()) problems += 1;
  const unreadable = repository.view.unreadable.length;
  await repository.close();
  return { snapshots: ids.length, unreadable, problems };
}

describe.each([
  ['block by block', true],
  ['as it is', false],
])('a line that changes bytes, read %s', (_, figures) => {
  it.each([
    ['v10-plain-desync', [2, 3, 5]],
    ['v11-enc-desync', [3]],
  ] as const)('%s: what comes right the second time is no damage', async (name, shares) => {
    const fixture = await unpackFixture(name);
    const sound = await problemsOf(fsStore(fixture.storeDir), fixture.passphrase);
    for (const every of shares) {
      const line = noisyLine(fsStore(fixture.storeDir), { every, figures });
      expect(await problemsOf(line.store, fixture.passphrase)).toEqual(sound);
      expect(line.changed()).toBeGreaterThan(0);
    }
  });

  it('what is wrong the second time too is damage, of what lies there and of nothing else', async () => {
    const fixture = await unpackFixture('v10-plain-desync');
    const inner = fsStore(fixture.storeDir);
    const repository = await openRepository(inner);
    const places = [...repository.view.packfiles()].map(({ id }) => id);
    const { snapshots } = await problemsOf(inner, undefined);
    let hurt = 0;
    for (const always of places.slice(0, 6)) {
      const found = await problemsOf(noisyLine(inner, { every: Number.MAX_SAFE_INTEGER, always, figures }).store, undefined);
      if (found.problems > 0 || found.snapshots < snapshots) hurt += 1;
      expect(found.unreadable).toBe(0);
    }
    expect(hurt).toBeGreaterThan(0);
  });
});
