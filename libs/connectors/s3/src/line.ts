import { type LineFigures, PassingBuffers, StoreError } from '@wardrobe/store-connector';
import { Attempt, type Counters } from './attempt.js';
import { Clients } from './client.js';
import { type Failure, failureOf } from './failures.js';
import { S3Calls } from './s3-calls.js';
import { isFarOff } from './server-clock.js';
import type { S3Settings } from './settings.js';

/** Times and sizes of the connector; tests make them small. */
export type S3Tuning = {
  /** Nothing moves for so long: the try is given up. */
  readonly stallMs: number;
  /** No new try after so long; before the server has answered once, `firstPatienceMs`. */
  readonly patienceMs: number;
  readonly firstPatienceMs: number;
  /** First wait between tries; doubles up to `maxDelayMs`, a random half of each is left out. */
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  /** Bytes up to which an upload is one request, and size of the parts of larger ones. @source 04-remote-stores 3.7 */
  readonly partBytes: number;
  readonly parallelParts: number;
};

export const DEFAULT_TUNING: S3Tuning = {
  stallMs: 30_000,
  patienceMs: 120_000,
  firstPatienceMs: 15_000,
  baseDelayMs: 150,
  maxDelayMs: 8_000,
  partBytes: 16 << 20,
  parallelParts: 4,
};

export type CallOptions = {
  readonly signal?: AbortSignal | undefined;
  /** The attempt goes on after the call, for a body that is still being read; the caller ends it. */
  readonly hold?: boolean;
  /** False for requests that must not be sent twice. */
  readonly retry?: boolean;
  /** This is the question for the region itself. */
  readonly asksRegion?: boolean;
};

type Try<T> = (s3: S3Calls, attempt: Attempt) => Promise<T>;

/** Read bytes after which the buffers that brought them are collected. */
const PASSING_BYTES = 2 << 20;

/** A failure on its way to whoever turns it into the port's errors. */
export class CallFailed extends Error {
  constructor(
    readonly failure: Failure,
    readonly tries: number,
  ) {
    super('call failed', { cause: failure.error });
  }
}

/** The requests of one store: tries them again where that is safe, within bounds, and counts. */
export class Line {
  readonly clients: Clients;
  readonly counters: Counters = { requests: 0, retries: 0, bytesRead: 0, bytesWritten: 0, latencyMs: 0, answers: 0 };
  readonly #buffers = new PassingBuffers(PASSING_BYTES);
  #discovering: Promise<void> | null = null;

  constructor(
    readonly settings: S3Settings,
    readonly tuning: S3Tuning,
  ) {
    this.clients = new Clients(settings);
  }

  figures(): LineFigures {
    const { requests, retries, bytesRead, bytesWritten, latencyMs, answers } = this.counters;
    return { requests, retries, bytesRead, bytesWritten, meanLatencyMs: answers === 0 ? null : latencyMs / answers };
  }

  /**
   * `what` is for messages. `work` sends one request by way of `s3`.
   * @throws CallFailed the request failed for good; the caller's abort reason as it came
   */
  async call<T>(what: string, options: CallOptions, work: Try<T>): Promise<T> {
    const startedMs = performance.now();
    let skewRetried = false;
    for (let tries = 1; ; tries += 1) {
      options.signal?.throwIfAborted();
      const { region } = this.clients;
      const outcome = await this.#try(what, { options, tries }, work);
      if ('value' in outcome) return outcome.value;
      const { failure } = outcome;
      if (options.asksRegion !== true && (await this.#regionChanged(what, { failure, region }, options.signal))) continue;
      if (!skewRetried && isSkewed(failure)) {
        // The server's time was learnt from this answer.
        skewRetried = true;
        continue;
      }
      const delayMs = this.#delayMs(failure.retryAfterMs, tries);
      const patienceMs = this.counters.answers === 0 ? this.tuning.firstPatienceMs : this.tuning.patienceMs;
      const spentMs = performance.now() - startedMs;
      const given = !failure.retry || options.retry === false || spentMs + delayMs > patienceMs || (isWrongAnswer(failure) && tries >= WRONG_ANSWERS);
      if (given) throw new CallFailed(withTries(failure, tries), tries);
      await pause(delayMs, options.signal);
    }
  }

  /** What a failure outside of `call` (in a body that is still read) means. */
  judge(thrown: unknown, what: string): Failure {
    return failureOf(thrown, { what, secrets: this.settings.secrets });
  }

  /** The wait before the next try after so many. */
  async pauseAfter(tries: number, signal: AbortSignal | undefined): Promise<void> {
    await pause(this.#delayMs(null, tries), signal);
  }

  async #try<T>(what: string, { options, tries }: { options: CallOptions; tries: number }, work: Try<T>): Promise<{ value: T } | { failure: Failure }> {
    const attempt = new Attempt(what, options.signal, { stallMs: this.tuning.stallMs, counters: this.counters, buffers: this.#buffers });
    this.counters.requests += 1;
    if (tries > 1) this.counters.retries += 1;
    let held = false;
    try {
      // Keys may have to be fetched first.
      attempt.expect(2);
      const value = await orStopped(attempt, this.#send(attempt, work));
      held = options.hold === true;
      return { value };
    } catch (thrown) {
      options.signal?.throwIfAborted();
      return { failure: this.judge(attempt.stopped.aborted ? attempt.stopped.reason : thrown, what) };
    } finally {
      if (!held) attempt.end();
    }
  }

  async #send<T>(attempt: Attempt, work: Try<T>): Promise<T> {
    return await work(new S3Calls(await this.clients.get(), attempt), attempt);
  }

  /** Full jitter on the upper half; the server's own wish counts where it is longer. */
  #delayMs(retryAfterMs: number | null, tries: number): number {
    const step = Math.min(this.tuning.maxDelayMs, this.tuning.baseDelayMs * 2 ** (tries - 1));
    return Math.max(retryAfterMs ?? 0, step / 2 + (Math.random() * step) / 2);
  }

  /** Once a store, for all its calls: where nobody has named the region and the server minds, it is asked. @source 04-remote-stores 3.2 */
  async #regionChanged(what: string, tried: { readonly failure: Failure; readonly region: string }, signal: AbortSignal | undefined): Promise<boolean> {
    if (!this.clients.mayDiscover || !mindsRegion(tried.failure)) return false;
    const others = this.#discovering;
    try {
      this.#discovering ??= this.#discover(what, tried.failure, signal);
      await this.#discovering;
    } catch (error) {
      this.#discovering = null;
      if (others === null) throw error;
    }
    return this.clients.region !== tried.region;
  }

  async #discover(what: string, failure: Failure, signal: AbortSignal | undefined): Promise<void> {
    const region = failure.region ?? (await this.#askRegion(what, signal));
    if (region !== null) this.clients.useRegion(region);
  }

  async #askRegion(what: string, signal: AbortSignal | undefined): Promise<string | null> {
    try {
      const { bucket } = this.settings.place;
      const location = await this.call(`region of bucket ${bucket}`, { signal, asksRegion: true }, (s3) => s3.bucketLocation(bucket));
      return location === 'EU' ? 'eu-west-1' : location || 'us-east-1';
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      // The answer to the question that was asked first is the one to show; this one may say the region beside its refusal.
      if (error.failure.status === null) throw new StoreError(`${what}: the bucket's region could not be asked for`, { cause: error.failure.error });
      return error.failure.region;
    }
  }
}

/** A promise that hangs in another wait (keys, for one) ends with the attempt as well. */
async function orStopped<T>(attempt: Attempt, working: Promise<T>): Promise<T> {
  const { stopped } = attempt;
  let onStopped: (() => void) | undefined;
  const stop = new Promise<never>((_, reject) => {
    onStopped = () => reject(stopped.reason);
    if (stopped.aborted) onStopped();
    else stopped.addEventListener('abort', onStopped, { once: true });
  });
  try {
    return await Promise.race([working, stop]);
  } finally {
    if (onStopped !== undefined) stopped.removeEventListener('abort', onStopped);
    // Its end is awaited by nobody any more when the attempt was stopped.
    working.catch(() => undefined);
  }
}

/** Of answers that came whole and are not what was asked for, so many in a row are borne: the server means it. */
const WRONG_ANSWERS = 4;

function isWrongAnswer({ error, code, status }: Failure): boolean {
  return code === null && status === null && error instanceof StoreError && error.fault === 'line';
}

function mindsRegion({ code, status, region }: Failure): boolean {
  if (code === 'AuthorizationHeaderMalformed' || code === 'PermanentRedirect' || code === 'IllegalLocationConstraintException') return true;
  return status === 301 || status === 307 || (status === 400 && region !== null);
}

function isSkewed({ status, headers }: Failure): boolean {
  return status === 403 && isFarOff(headers['date']);
}

function withTries(failure: Failure, tries: number): Failure {
  if (tries === 1 || !(failure.error instanceof StoreError)) return failure;
  const { message, fault, retryable, cause } = failure.error;
  return { ...failure, error: new StoreError(`${message}; tried ${tries} times`, { cause, retryable, ...(fault === undefined ? {} : { fault }) }) };
}

/** Ends at once with the caller's reason when the caller stops. */
function pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onStop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onStop);
      resolve();
    }, delayMs);
    signal?.addEventListener('abort', onStop, { once: true });
  });
}
