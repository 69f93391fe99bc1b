import type { Mac } from '@wardrobe/kloset-model';
import { temporaryFolder, unpackFixture } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { checkSnapshots } from '../bulk/check.js';
import type { CheckSummary } from '../bulk/check-types.js';
import { NotAStoreError, StoreError } from '../errors/errors.js';
import type { Store } from '../store/store.js';
import { fsStore } from '@wardrobe/connector-fs';
import { openRepository } from './repository.js';
import { lineTo } from './testing/line-store.js';

const FIXTURE = 'v10-plain-desync';

describe('opening over a line', () => {
  it('asks for CONFIG and the states together, and with nothing new for nothing else', async () => {
    const { storeDir } = await unpackFixture(FIXTURE);
    const indexDirectory = await temporaryFolder('index');
    const first = await openRepository(lineTo(fsStore(storeDir)).store, { indexDirectory });
    const line = lineTo(fsStore(storeDir));
    const again = await openRepository(line.store, { indexDirectory });
    expect([...line.calls].sort()).toEqual(['config', 'list state']);
    expect(again.view.live).toEqual(first.view.live);
    await first.close();
    await again.close();
  });

  it('says that it is no store, whatever the listing says', async () => {
    const { store } = lineTo(fsStore(await temporaryFolder('empty')));
    await expect(openRepository(store)).rejects.toBeInstanceOf(NotAStoreError);
  });

  it('fails as the listing fails', async () => {
    const { storeDir } = await unpackFixture(FIXTURE);
    const failure = new StoreError('the line broke', { fault: 'line', retryable: true });
    const { store } = lineTo(fsStore(storeDir));
    const list = (): AsyncIterable<never> => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(failure) }) });
    const broken: Store = { ...store, list };
    await expect(openRepository(broken)).rejects.toBe(failure);
  });
});

describe('a check over a line', () => {
  it('asks for little more than the packfiles hold, and finds and counts what a check on the disk does', async () => {
    const { storeDir } = await unpackFixture(FIXTURE);
    const inner = fsStore(storeDir);
    const expected = await foundIn(inner);
    const line = lineTo(inner);
    expect(await foundIn(line.store)).toEqual(expected);
    let packfiles = 0;
    for await (const { sizeBytes } of inner.list('packfile')) packfiles += sizeBytes;
    expect(line.askedBytes).toBeLessThan(1.3 * packfiles);
  });

  it('reads the store, not what a reading before has left: what was spoiled in between is found', async () => {
    const { storeDir } = await unpackFixture(FIXTURE);
    const line = lineTo(fsStore(storeDir));
    const repository = await openRepository(line.store);
    const snapshots = repository.view.live.map(({ id }) => id);
    const check = async (): Promise<number> => {
      let problems = 0;
      for await (const _ of checkSnapshots(repository, { snapshots })) problems += 1;
      return problems;
    };
    const sound = await check();
    const [placed] = repository.view.live[0]?.packfiles ?? [];
    line.spoiled = placed ?? null;
    expect(await check()).toBeGreaterThan(sound);
    line.spoiled = null;
    expect(await check()).toBe(sound);
    await repository.close();
  });
});

/** What a check of all snapshots tells, and what it counts. */
async function foundIn(store: Store): Promise<{ readonly problems: readonly [string, Mac | string | null][]; readonly counts: CheckSummary }> {
  const repository = await openRepository(store);
  const problems: [string, Mac | string | null][] = [];
  const check = checkSnapshots(repository, { snapshots: repository.view.live.map(({ id }) => id) });
  for (;;) {
    const step = await check.next();
    if (step.done !== true) {
      problems.push([step.value.what, step.value.id]);
      continue;
    }
    await repository.close();
    return { problems, counts: step.value };
  }
}
