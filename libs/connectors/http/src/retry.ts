import { setTimeout as sleep } from 'node:timers/promises';
import { KlosetError } from '@wardrobe/store-connector';
import { LaterError } from './failures.js';

const TRIES = 4;
const FIRST_PAUSE_MS = 200;
/** A server that wants to be left alone for longer is told so. */
const LONGEST_WAIT_MS = 20_000;

export type Tries = {
  readonly signal: AbortSignal | undefined;
  readonly onRetry: () => void;
  /** 0 to 1; spreads clients that failed together. */
  readonly random?: (() => number) | undefined;
  /** No new try begins later than this after the first one. */
  readonly patienceMs?: number | undefined;
};

/** Runs work again while its failure is one that may pass. Only for what does no harm when it happens twice. @throws what the last try threw */
export async function withTries<T>(work: (tried: number) => Promise<T>, tries: Tries): Promise<T> {
  const untilMs = performance.now() + (tries.patienceMs ?? Number.POSITIVE_INFINITY);
  for (let tried = 1; ; tried += 1) {
    try {
      return await work(tried);
    } catch (error) {
      const pause = pauseMs(error, tried, tries.random ?? Math.random);
      if (pause === null || tries.signal?.aborted === true || performance.now() + pause > untilMs) throw error;
      await pauseFor(pause, tries.signal);
      tries.onRetry();
    }
  }
}

/** How long to wait before the next try; null when there is none. */
export function pauseMs(error: unknown, tried: number, random: () => number): number | null {
  if (tried >= TRIES || !(error instanceof KlosetError) || !error.retryable) return null;
  const pause = FIRST_PAUSE_MS * 2 ** (tried - 1) * (0.5 + random());
  if (!(error instanceof LaterError) || error.waitMs === null) return pause;
  return error.waitMs > LONGEST_WAIT_MS ? null : error.waitMs + pause;
}

/** @throws the signal's reason at once */
export async function pauseFor(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
