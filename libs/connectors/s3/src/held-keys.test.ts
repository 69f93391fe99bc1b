import { expect, it } from 'vitest';
import { heldKeys } from './held-keys.js';

const KEYS = { accessKeyId: 'a', secretAccessKey: 'b' };
const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000);

it('keys are asked for once, by all who want them together', async () => {
  let asked = 0;
  const keys = heldKeys(async () => {
    asked += 1;
    return { ...KEYS, expiration: inMinutes(60) };
  });
  await Promise.all([keys(), keys()]);
  await keys();
  expect(asked).toBe(1);
});

it('keys that end within minutes are asked for anew, and the new ones are held', async () => {
  const lives = [4, 60, 60];
  let asked = 0;
  const keys = heldKeys(async () => ({ ...KEYS, accessKeyId: `a${++asked}`, expiration: inMinutes(lives[asked - 1] ?? 0) }));
  expect((await keys()).accessKeyId).toBe('a1');
  expect((await keys()).accessKeyId).toBe('a2');
  expect((await keys()).accessKeyId).toBe('a2');
});

it('a failure is told to those who asked, and the next one asks again', async () => {
  let asked = 0;
  const keys = heldKeys(() => (++asked === 1 ? Promise.reject(new Error('not yet')) : Promise.resolve(KEYS)));
  await expect(Promise.all([keys(), keys()])).rejects.toThrow('not yet');
  expect(await keys()).toBe(KEYS);
});
