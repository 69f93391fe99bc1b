import { StoreError, type StoreFault, onAbort, unlessAborted } from '@wardrobe/store-connector';
import type { Figures } from './figures.js';
import type { Line } from './line.js';

/** How long and how often to wait for a server. */
export type Patience = {
  readonly connectMs: number;
  readonly stallMs: number;
  readonly keepAliveMs: number;
  /** Attempts after the first one. */
  readonly retries: number;
  /** Doubles with each attempt; between half and all of it is waited. */
  readonly firstDelayMs: number;
};

export const PATIENCE: Patience = { connectMs: 20_000, stallMs: 45_000, keepAliveMs: 15_000, retries: 5, firstDelayMs: 250 };

/** Attempts after silence: each of them costs the whole stall time. */
const RETRIES_AFTER_SILENCE = 1;
const RETRIES_AT_FIRST = 2;
/** How long the end of a session waits for temporary files to be removed. */
const CLEAN_UP_MS = 2_000;

export type SessionInput = { readonly connect: (signal: AbortSignal) => Promise<Line>; readonly patience: Patience; readonly figures: Figures };

/** Keeps one line: makes it with the first request, and anew when it was lost. */
export class Session {
  readonly #input: SessionInput;
  #line: Line | null = null;
  #connecting: { readonly line: Promise<Line>; readonly controller: AbortController } | null = null;
  #hasStood = false;
  readonly #background = new Set<Promise<void>>();

  constructor(input: SessionInput) {
    this.#input = input;
  }

  /**
   * Does `work` on the line; after a loss of the line, does it again on a new one. Only for work that may be done twice.
   * @throws as `work`; StoreError when the line cannot be had
   */
  async run<T>(work: (line: Line) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await work(await this.line(signal));
      } catch (error) {
        await this.recover(error, attempt, signal);
      }
    }
  }

  /** Waits before another attempt. @throws `error` itself when there is to be none: it is none of the line, or the patience is at its end */
  async recover(error: unknown, attempt: number, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (!(error instanceof StoreError) || !error.retryable || attempt >= this.#retriesAfter(error.fault)) throw error;
    this.#input.figures.retries += 1;
    await pause(this.#input.patience.firstDelayMs * 2 ** attempt * (0.5 + Math.random() / 2), signal);
  }

  /** A server that was never reached is asked again only when it hung up: one that is full does so. */
  #retriesAfter(fault: StoreFault | undefined): number {
    const { retries } = this.#input.patience;
    if (fault !== 'line' && fault !== 'timeout' && fault !== 'route') return 0;
    if (!this.#hasStood) return fault === 'line' ? Math.min(retries, RETRIES_AT_FIRST) : 0;
    return fault === 'timeout' ? Math.min(retries, RETRIES_AFTER_SILENCE) : retries;
  }

  /** The line that stands, or a new one. Those who ask at the same time get the same. */
  async line(signal: AbortSignal | undefined): Promise<Line> {
    signal?.throwIfAborted();
    if (this.#line !== null && this.#line.loss === null) return this.#line;
    this.#connecting ??= this.#connect();
    return await unlessAborted(this.#connecting.line, signal);
  }

  /** Work that nobody waits for, such as the removal of a temporary file; its failure leaves a file that is named as temporary. */
  inBackground(work: (line: Line) => Promise<unknown>): void {
    const line = this.#line;
    if (line === null || line.loss !== null) return;
    const done: Promise<void> = work(line).then(
      () => void this.#background.delete(done),
      () => void this.#background.delete(done),
    );
    this.#background.add(done);
  }

  /** Ends the line; the next request makes a new one. */
  async close(): Promise<void> {
    if (this.#background.size > 0) {
      const late = new AbortController();
      await Promise.race([Promise.all(this.#background), pause(CLEAN_UP_MS, late.signal).catch(() => undefined)]);
      late.abort();
    }
    this.#connecting?.controller.abort(new StoreError('the store was closed'));
    this.#line?.end();
    this.#line = null;
  }

  #connect(): { readonly line: Promise<Line>; readonly controller: AbortController } {
    const controller = new AbortController();
    const line = this.#input.connect(controller.signal).then(
      (made) => {
        this.#connecting = null;
        this.#line = made;
        this.#hasStood = true;
        return made;
      },
      (error: unknown) => {
        this.#connecting = null;
        throw error;
      },
    );
    // Those who wait for it see its failure; they may all have stopped waiting.
    line.catch(() => undefined);
    return { line, controller };
  }
}

function pause(lengthMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      forget();
      resolve();
    }, lengthMs);
    const forget = onAbort(signal, () => {
      clearTimeout(timer);
      reject(signal?.reason);
    });
  });
}
