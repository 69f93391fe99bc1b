import type { Mac, SnapshotId } from '@wardrobe/kloset-model';
import { describe, expect, it } from 'vitest';
import { NotFoundError } from '../errors/errors.js';
import type { CheckProblem } from '../snapshot/types.js';
import { EarlyProblems } from './check-early.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const MAC = '2'.repeat(64) as Mac;

function problem(number: number): CheckProblem {
  return {
    snapshot: MAC as string as SnapshotId,
    path: null,
    what: 'index',
    id: number.toString(16).padStart(64, '0') as Mac,
    error: new NotFoundError('blob', MAC),
  };
}

type Search = { found: number; isEnded: boolean };

async function* search(seen: Search, { count, failure }: { readonly count: number; readonly failure?: Error }): AsyncGenerator<CheckProblem> {
  try {
    for (; seen.found < count; seen.found++) {
      await turn();
      yield problem(seen.found);
    }
    if (failure !== undefined) throw failure;
  } finally {
    seen.isEnded = true;
  }
}

describe('problems that are looked for early', () => {
  it('are held, a bounded number of them, and told in order', async () => {
    const seen: Search = { found: 0, isEnded: false };
    const early = new EarlyProblems(() => search(seen, { count: 1000 }), undefined);
    await turn();
    expect(seen.found).toBe(0);
    early.begin();
    for (let turns = 0; turns < 1000; turns++) await turn();
    expect(seen.found).toBeGreaterThan(100);
    expect(seen.found).toBeLessThan(300);
    const told: CheckProblem[] = [];
    for await (const each of early.told()) told.push(each);
    expect(told.map(({ id }) => id)).toEqual(Array.from({ length: 1000 }, (_, number) => problem(number).id));
    await early.stop();
  });

  it('come before the failure of the search, which is told in its turn', async () => {
    const failure = new Error('no more');
    const early = new EarlyProblems(() => search({ found: 0, isEnded: false }, { count: 3, failure }), undefined);
    early.begin();
    for (let turns = 0; turns < 20; turns++) await turn();
    const told: CheckProblem[] = [];
    const all = async (): Promise<void> => {
      for await (const each of early.told()) told.push(each);
    };
    await expect(all()).rejects.toBe(failure);
    expect(told.length).toBe(3);
  });

  it('are not looked for any more after a stop, whether the search waits for room or for answers', async () => {
    const full: Search = { found: 0, isEnded: false };
    const early = new EarlyProblems(() => search(full, { count: 1000 }), undefined);
    early.begin();
    for (let turns = 0; turns < 1000; turns++) await turn();
    await early.stop();
    expect(full.isEnded).toBe(true);
    const signals: AbortSignal[] = [];
    const waiting = new EarlyProblems((signal) => {
      signals.push(signal);
      return answeredNever(signal);
    }, new AbortController().signal);
    waiting.begin();
    await turn();
    await waiting.stop();
    expect(signals[0]?.aborted).toBe(true);
  });
});

async function* answeredNever(signal: AbortSignal): AsyncGenerator<CheckProblem> {
  await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  yield problem(0);
}
