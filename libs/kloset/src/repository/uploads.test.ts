import type { PackfileId } from '@wardrobe/kloset-model';
import { describe, expect, it } from 'vitest';
import { StoreError } from '../errors/errors.js';
import type { WritableStore } from '../store/store.js';
import { type ReadyPackfile, Uploads } from './uploads.js';

const packfiles: readonly ReadyPackfile[] = Array.from({ length: 7 }, (_, index) => ({
  id: `${index}`.repeat(64) as PackfileId,
  path: `/spool/${index}`,
  sizeBytes: 100,
}));

/** `adopt` goes on when it is told. */
function slowStore(isOverLine: boolean) {
  const underWay: { readonly id: string; readonly signal: AbortSignal | undefined; done(): void; fail(error: Error): void }[] = [];
  let most = 0;
  const store = {
    ...(isOverLine ? { line: () => ({}) } : {}),
    adopt: (_kind: string, id: string, _path: string, { signal }: { readonly signal?: AbortSignal }) =>
      new Promise<void>((resolve, reject) => {
        const leave = (act: () => void) => () => {
          underWay.splice(underWay.indexOf(entry), 1);
          act();
        };
        const entry = { id, signal, done: leave(resolve), fail: (error: Error) => leave(() => reject(error))() };
        underWay.push(entry);
        most = Math.max(most, underWay.length);
      }),
    sizeBytes: () => Promise.resolve(0),
  } as unknown as WritableStore;
  return { store, underWay, most: () => most };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('uploads', () => {
  it.each([
    [true, 3],
    [false, 1],
  ])('over a line (%s) go %i at a time, each packfile once', async (isOverLine, atOnce) => {
    const { store, underWay, most } = slowStore(isOverLine);
    const brought: string[] = [];
    const uploads = new Uploads(store, ({ id }) => void brought.push(id));
    const all = Promise.all([uploads.bring(packfiles, {}), uploads.bring(packfiles.slice(0, 4), {})]);
    for (await turn(); underWay.length > 0; await turn()) underWay[0]?.done();
    await all;
    expect(most()).toBe(atOnce);
    expect([...brought].sort()).toEqual(packfiles.map(({ id }) => id));
  });

  it('that are begun let their maker go on while the last few are under way; on local disks they are awaited', async () => {
    for (const isOverLine of [true, false]) {
      const { store, underWay } = slowStore(isOverLine);
      const brought: string[] = [];
      const uploads = new Uploads(store, ({ id }) => void brought.push(id));
      let isReturned = false;
      const begun = uploads.begin(packfiles.slice(0, 5), {}).then(() => {
        isReturned = true;
      });
      for (await turn(); !isReturned; await turn()) underWay[0]?.done();
      await begun;
      expect(5 - brought.length).toBe(isOverLine ? 3 : 0);
      const rest = packfiles.slice(0, 5).filter(({ id }) => !brought.includes(id));
      const all = uploads.bring(rest, {});
      for (await turn(); underWay.length > 0; await turn()) underWay[0]?.done();
      await all;
      expect([...brought].sort()).toEqual(packfiles.slice(0, 5).map(({ id }) => id));
    }
  });

  it('that fail after their maker went on are brought again, and what is under way at the end is stopped', async () => {
    const { store, underWay } = slowStore(true);
    const brought: string[] = [];
    const uploads = new Uploads(store, ({ id }) => void brought.push(id));
    const some = packfiles.slice(0, 2);
    await uploads.begin(some, {});
    underWay[1]?.fail(new StoreError('the disk there is broken'));
    await turn();
    const again = uploads.bring(some, {});
    for (await turn(); underWay.length > 0; await turn()) underWay[0]?.done();
    await again;
    expect([...brought].sort()).toEqual(some.map(({ id }) => id));
    await uploads.begin(packfiles.slice(2, 5), {});
    const [first] = underWay;
    const closing = uploads.close(new Error('the end'));
    for (const one of [...underWay]) one.fail(new Error('stopped by its signal'));
    await closing;
    expect(first?.signal?.aborted).toBe(true);
    expect([underWay.length, brought.length]).toEqual([0, 2]);
  });

  it('that fail are told once nothing is under way any more, and can be brought again', async () => {
    const { store, underWay } = slowStore(true);
    const brought: string[] = [];
    const uploads = new Uploads(store, ({ id }) => void brought.push(id));
    const some = packfiles.slice(0, 3);
    let isSettled = false;
    const failing = uploads.bring(some, {}).finally(() => {
      isSettled = true;
    });
    failing.catch(() => undefined);
    await turn();
    const failure = new StoreError('the disk there is broken');
    underWay[1]?.fail(failure);
    await turn();
    expect(isSettled).toBe(false);
    for (await turn(); underWay.length > 0; await turn()) underWay[0]?.done();
    await expect(failing).rejects.toBe(failure);
    expect(brought).toHaveLength(2);
    const again = uploads.bring([some[1] as ReadyPackfile], {});
    await turn();
    underWay[0]?.done();
    await again;
    expect(brought).toHaveLength(3);
  });

  it('of as many as may be ahead are not waited for, and a failure of theirs is told once, by the next call', async () => {
    const { store, underWay } = slowStore(false);
    const uploads = new Uploads(store, () => undefined);
    await uploads.begin(packfiles.slice(0, 2), { ahead: 2 });
    await turn();
    expect(underWay).toHaveLength(1);
    let isSettled = false;
    const waiting = uploads.begin(packfiles.slice(0, 3), { ahead: 2 }).finally(() => {
      isSettled = true;
    });
    waiting.catch(() => undefined);
    await turn();
    expect(isSettled).toBe(false);
    const failure = new StoreError('the disk there is broken');
    underWay[0]?.fail(failure);
    await expect(waiting).rejects.toBe(failure);
    await turn();
    const later = new StoreError('and still is');
    underWay[0]?.fail(later);
    for (await turn(); underWay.length > 0; await turn()) underWay[0]?.done();
    await expect(uploads.begin([], { ahead: 2 })).rejects.toBe(later);
    await uploads.begin([], { ahead: 2 });
  });

  it('that wait for their turn are not begun after an abort', async () => {
    const { store, underWay } = slowStore(true);
    const stop = new AbortController();
    const uploads = new Uploads(store, () => undefined);
    const bringing = uploads.bring(packfiles, { signal: stop.signal });
    bringing.catch(() => undefined);
    await turn();
    stop.abort(new Error('stopped'));
    for (const one of [...underWay]) one.fail(new Error('stopped'));
    await expect(bringing).rejects.toThrow('stopped');
    expect(underWay).toHaveLength(0);
  });
});
