import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { unlessAborted } from './on-abort.js';

it('many who wait for one signal are stopped with its reason, by one listener, which goes with the last work', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  let finish = (): void => undefined;
  const work = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const waiting = Array.from({ length: 30 }, () => unlessAborted(work, signal));
  expect(await unlessAborted(Promise.resolve(7), signal)).toBe(7);
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  const reason = new Error('stopped');
  controller.abort(reason);
  expect(await Promise.allSettled(waiting)).toEqual(waiting.map(() => ({ status: 'rejected', reason })));
  finish();
  await new Promise((resolve) => setImmediate(resolve));
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
