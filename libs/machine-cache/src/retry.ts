import { setTimeout as sleep } from 'node:timers/promises';
import { CacheReadError } from './cache-error.js';

const ATTEMPTS = 20;
const STEP_MS = 20;
const LONGEST_MS = 300;

/** Waits for plakar between attempts; tests pass one that does not. */
export type Wait = (ms: number, signal: AbortSignal | undefined) => Promise<void>;

export type RetryOptions = { readonly signal?: AbortSignal | undefined; readonly wait?: Wait | undefined; readonly attempts?: number | undefined };

export async function realWait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, signal === undefined ? {} : { signal });
}

/**
 * Runs `attempt` until it succeeds, pausing 20 ms times the attempt, at most 300 ms.
 * @throws CacheReadError after the last attempt: the same problem each time is damage, changing problems mean that plakar is busy
 * @source 03 A2, step 4
 */
export async function withRetries<T>(attempt: (number: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const attempts = options.attempts ?? ATTEMPTS;
  const wait = options.wait ?? realWait;
  const messages = new Set<string>();
  for (let number = 1; ; number++) {
    options.signal?.throwIfAborted();
    try {
      return await attempt(number);
    } catch (error) {
      if (!(error instanceof CacheReadError) || !error.again) throw error;
      messages.add(error.message);
      if (number < attempts) {
        await wait(Math.min(STEP_MS * number, LONGEST_MS), options.signal);
        continue;
      }
      if (messages.size === 1) throw new CacheReadError(error.code, error.message, { cause: error });
      throw new CacheReadError('busy', `changed during each of ${attempts} attempts; last: ${error.message}`, { cause: error });
    }
  }
}
