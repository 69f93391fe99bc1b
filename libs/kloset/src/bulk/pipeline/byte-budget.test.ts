import { describe, expect, it } from 'vitest';
import { ByteBudget } from './byte-budget.js';

describe('a budget of bytes', () => {
  it('lets as much begin as there is room for, in the order asked, and one that is too large by itself', async () => {
    const budget = new ByteBudget(10);
    const begun: string[] = [];
    const ends = new Map<string, () => void>();
    const start = (name: string, bytes: number): Promise<void> =>
      budget.use(bytes, () => {
        begun.push(name);
        return new Promise((resolve) => ends.set(name, resolve));
      });
    const all = [start('a', 6), start('b', 4), start('c', 20), start('d', 1)];
    await Promise.resolve();
    expect(begun).toEqual(['a', 'b']);
    ends.get('a')?.();
    await all[0];
    expect(begun).toEqual(['a', 'b']);
    ends.get('b')?.();
    await all[1];
    await Promise.resolve();
    expect(begun).toEqual(['a', 'b', 'c']);
    ends.get('c')?.();
    await all[2];
    await Promise.resolve();
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
    ends.get('d')?.();
    await all[3];
  });

  it('gives back what failed', async () => {
    const budget = new ByteBudget(1);
    await expect(budget.use(1, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await budget.use(1, () => Promise.resolve('done'))).toBe('done');
  });
});
