import { describe, expect, it } from 'vitest';
import { begunAhead, inParts } from './parallel.js';

async function* counted(count: number, failure?: Error): AsyncGenerator<number> {
  for (let number = 0; number < count; number++) yield number;
  if (failure !== undefined) throw failure;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('work that is begun ahead', () => {
  it('gives its results in order, so many under way beside the one that is used', async () => {
    let underWay = 0;
    let most = 0;
    const found: number[] = [];
    const work = async (number: number): Promise<number> => {
      underWay += 1;
      most = Math.max(most, underWay);
      for (let turns = 0; turns < 5 - (number % 5); turns++) await turn();
      underWay -= 1;
      return number;
    };
    for await (const number of begunAhead(counted(20), 3, work)) found.push(number);
    expect(found).toEqual(Array.from({ length: 20 }, (_, number) => number));
    expect(most).toBe(4);
  });

  it('hands out what was begun before the failure of the items', async () => {
    const failure = new Error('no more');
    const found: number[] = [];
    const all = async (): Promise<void> => {
      for await (const number of begunAhead(counted(5, failure), 3, async (number) => number)) found.push(number);
    };
    await expect(all()).rejects.toBe(failure);
    expect(found).toEqual([0, 1, 2, 3, 4]);
  });

  it('fails where its own work fails, after what comes before', async () => {
    const failure = new Error('the third');
    const found: number[] = [];
    const work = (number: number): Promise<number> => (number === 2 ? Promise.reject(failure) : Promise.resolve(number));
    const all = async (): Promise<void> => {
      for await (const number of begunAhead(counted(5), 3, work)) found.push(number);
    };
    await expect(all()).rejects.toBe(failure);
    expect(found).toEqual([0, 1]);
  });

  it('leaves nothing under way when no more is wanted', async () => {
    let underWay = 0;
    const work = async (number: number): Promise<number> => {
      underWay += 1;
      for (let turns = 0; turns < 20; turns++) await turn();
      underWay -= 1;
      return number;
    };
    for await (const _ of begunAhead(counted(10), 3, work)) break;
    expect(underWay).toBe(0);
  });
});

describe('items in parts', () => {
  it.each([
    [0, []],
    [3, [3]],
    [4, [4]],
    [9, [4, 4, 1]],
  ])('%i of them in fours', async (count, sizes) => {
    const found: (readonly number[])[] = [];
    for await (const part of inParts(counted(count), 4)) found.push(part);
    expect(found.map(({ length }) => length)).toEqual(sizes);
    expect(found.flat()).toEqual(Array.from({ length: count }, (_, number) => number));
  });

  it('come before the failure after them', async () => {
    const failure = new Error('no more');
    const found: number[] = [];
    const all = async (): Promise<void> => {
      for await (const part of inParts(counted(6, failure), 4)) found.push(...part);
    };
    await expect(all()).rejects.toBe(failure);
    expect(found).toEqual([0, 1, 2, 3, 4, 5]);
  });
});
