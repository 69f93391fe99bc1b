import { setMaxListeners } from 'node:events';
import { type PassingBuffers, StoreError } from '@wardrobe/store-connector';

/** What the requests of one store share: counted here, read by `line()`. */
export type Counters = { requests: number; retries: number; bytesRead: number; bytesWritten: number; latencyMs: number; answers: number };

/** Bytes that have to come while we wait for `stallMs`: a line that gives less is as good as broken. */
const FLOOR_BYTES = 1024;

/**
 * One try of one request: ends it when the caller stops, and when nothing moves for too long. Time in which the caller does not take what has come is
 * not counted.
 */
export class Attempt {
  readonly #controller = new AbortController();
  readonly #onStop = () => this.#controller.abort(this.signal?.reason);
  #timer: NodeJS.Timeout | null = null;
  #waitingSinceMs = 0;
  #waitedMs = 0;
  #windowBytes = 0;

  constructor(
    readonly what: string,
    readonly signal: AbortSignal | undefined,
    readonly limits: { readonly stallMs: number; readonly counters: Counters; readonly buffers: PassingBuffers },
  ) {
    if (signal === undefined) return;
    // One signal may stand for a whole job with many requests at once; each listener is taken away in `end`.
    setMaxListeners(0, signal);
    if (signal.aborted) this.#onStop();
    else signal.addEventListener('abort', this.#onStop, { once: true });
  }

  /** Aborted when the caller stops or the line stalls; its reason is the error to throw. */
  get stopped(): AbortSignal {
    return this.#controller.signal;
  }

  /** Something has to move within `factor` stall times from now on. */
  expect(factor = 1): void {
    this.rest();
    this.#waitingSinceMs = performance.now();
    const leftMs = Math.max(1, this.limits.stallMs * factor - (factor === 1 ? this.#waitedMs : 0));
    this.#timer = setTimeout(() => this.#stall(leftMs), leftMs);
  }

  /** The next move is ours or the caller's. */
  rest(): void {
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#waitedMs += performance.now() - this.#waitingSinceMs;
  }

  /** The answer began: its body gets a window of its own. */
  answered(): void {
    this.rest();
    [this.#waitedMs, this.#windowBytes] = [0, 0];
  }

  /** Bytes moved; with a window full of waiting behind us, enough of them. */
  moved(bytes: number): void {
    this.rest();
    this.#windowBytes += bytes;
    if (this.#windowBytes >= FLOOR_BYTES) [this.#waitedMs, this.#windowBytes] = [0, 0];
  }

  /** Must be called once, whatever happened. */
  end(): void {
    this.rest();
    this.signal?.removeEventListener('abort', this.#onStop);
  }

  #stall(afterMs: number): void {
    const seconds = Math.round(Math.max(afterMs, this.limits.stallMs) / 100) / 10;
    const message = `${this.what}: the line stood still for ${seconds} s, or gave less than ${FLOOR_BYTES} bytes in that time`;
    this.#controller.abort(new StoreError(message, { fault: 'timeout', retryable: true }));
  }
}
