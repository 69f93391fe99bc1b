import type { Mac } from '@wardrobe/kloset-model';
import { temporaryFolder, unpackFixture } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { checkSnapshots } from '../bulk/check.js';
import type { CheckSummary } from '../bulk/check-types.js';
import { NotAStoreError, StoreError } from '../errors/errors.js';
import type { Store } from '../store/store.js';
import { fsStore } from '@wardrobe/connector-fs';
import { openRepository } from './repository.js';

const FIXTURE = 'v10-plain-desync';

type Line = { readonly store: Store; readonly calls: string[]; askedBytes: number; spoiled: string | null };

/** A store that is reached over a line: what is asked is noted, and what comes from `spoiled` is changed. */
function lineTo(inner: Store): Line {
  const line: Line = {
    calls: [],
    askedBytes: 0,
    spoiled: null,
    store: {
      location: inner.location,
      async readConfig(options) {
        line.calls.push('config');
        await turn();
        return inner.readConfig(options);
      },
      list(kind, options) {
        line.calls.push(`list ${kind}`);
        return inner.list(kind, options);
      },
      listForeign: (options) => inner.listForeign(options),
      sizeBytes: (...item) => inner.sizeBytes(...item),
      read: (...item) => inner.read(...item),
      async readRange(...range) {
        line.askedBytes += range[3];
        line.calls.push(`range ${range[0]}`);
        const bytes = await inner.readRange(...range);
        return range[1] === line.spoiled ? bytes.map((byte) => byte ^ 1) : bytes;
      },
      line: () => ({ requests: line.calls.length, retries: 0, bytesRead: line.askedBytes, bytesWritten: 0, meanLatencyMs: null }),
      close: () => inner.close(),
    },
  };
  return line;
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10));

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
