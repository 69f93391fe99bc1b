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
  const underWay: { readonly id: string; done(): void; fail(error: Error): void }[] = [];
  let most = 0;
  const store = {
    ...(isOverLine ? { line: () => ({}) } : {}),
    adopt: (_kind: string, id: string) =>
      new Promise<void>((resolve, reject) => {
        const leave = (act: () => void) => () => {
          underWay.splice(underWay.indexOf(entry), 1);
          act();
        };
        const entry = { id, done: leave(resolve), fail: (error: Error) => leave(() => reject(error))() };
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

  it('of few packfiles are not waited for, and their failure is told by the next call', async () => {
    const { store, underWay } = slowStore(true);
    const uploads = new Uploads(store, () => undefined);
    await uploads.bring(packfiles.slice(0, 2), { ahead: 2 });
    await turn();
    expect(underWay).toHaveLength(2);
    let isSettled = false;
    const waiting = uploads.bring(packfiles.slice(0, 3), { ahead: 2 }).finally(() => {
      isSettled = true;
    });
    waiting.catch(() => undefined);
    await turn();
    expect(isSettled).toBe(false);
    const failure = new StoreError('the disk there is broken');
    underWay[0]?.fail(failure);
    for (await turn(); underWay.length > 0; await turn()) underWay[0]?.done();
    await expect(waiting).rejects.toBe(failure);
    await expect(uploads.bring([], { ahead: 2 })).rejects.toBe(failure);
    await uploads.bring([], { ahead: 2 });
  });

  it('that nobody waits for are quiet at the end', async () => {
    const { store, underWay } = slowStore(false);
    const uploads = new Uploads(store, () => undefined);
    await uploads.bring(packfiles.slice(0, 1), { ahead: 4 });
    let isQuiet = false;
    const quiet = uploads.quiet().then(() => {
      isQuiet = true;
    });
    await turn();
    expect(isQuiet).toBe(false);
    underWay[0]?.fail(new StoreError('gone'));
    for (await turn(); underWay.length > 0; await turn()) underWay[0]?.done();
    await quiet;
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
