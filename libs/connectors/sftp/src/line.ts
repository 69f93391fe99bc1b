import type { Duplex } from 'node:stream';
import { onAbort, PassingBuffers, StoreError } from '@wardrobe/store-connector';
import type { Client, SFTPWrapper } from 'ssh2';
import type { Figures } from './figures.js';
import { REQUEST_BYTES } from './request-bytes.js';
import { Slots } from './slots.js';

/** An answer: nothing, or the failure; then its value. */
export type Answer<T> = (error?: Error | null, value?: T) => void;

export type LineInput = {
  /** To the first host; it carries all the others. */
  readonly socket: Duplex | null;
  /** Those of the jump hosts first. */
  readonly clients: readonly Client[];
  readonly sftp: SFTPWrapper;
  readonly figures: Figures;
  /** User, host and port, for messages. */
  readonly where: string;
  /** Longest time without any answer while one is due. */
  readonly stallMs: number;
  readonly lost: (cause: unknown) => StoreError;
};

type Pending = { readonly sentAt: number; readonly alone: boolean; readonly fail: (error: unknown) => void };

/** Data requests under way at once, over all transfers: 4 MB. */
const DATA_REQUESTS = 128;
/** Bytes after which the buffers that carried them are collected. What is read waits for its reader meanwhile: collected more often, it would be taken for lasting. */
const [READ_BYTES, WRITTEN_BYTES] = [4 << 20, 1 << 20];
/** Write requests under way at least: half a MB. */
const FEWEST_WRITES = 16;
/** As many open folders as any server keeps. */
const FEW_HANDLES = 32;
/** One request may take so many times the stall time while others are answered. */
const LONGEST_STALLS = 5;
/** How long a server may take to close its side. */
const FAREWELL_MS = 500;

/**
 * Write requests under way at once, over all files: as much as the server lets the channel send before it has taken some, and one more. It tells that when the
 * channel is opened: OpenSSH 2 MiB.
 */
function writesFor(sftp: SFTPWrapper): number {
  const { outgoing } = sftp as unknown as { readonly outgoing?: { readonly window?: unknown } };
  const granted = outgoing?.window;
  if (typeof granted !== 'number') return FEWEST_WRITES;
  return Math.min(DATA_REQUESTS, Math.max(FEWEST_WRITES, Math.ceil(granted / REQUEST_BYTES) + 1));
}

/** One SFTP session that stands. Once it is lost, everything under way and everything new fails with the same error. */
export class Line {
  readonly sftp: SFTPWrapper;
  readonly where: string;
  /** Requests that carry data take one of these places first. */
  readonly dataSlots = new Slots(DATA_REQUESTS);
  /** The same of those that write, so that the channel always has something to send, and next to nothing waits in front of it. */
  readonly writeSlots: Slots;
  readonly figures: Figures;
  /** The client library makes new ones for each request. */
  readonly buffers = { read: new PassingBuffers(READ_BYTES), written: new PassingBuffers(WRITTEN_BYTES) };
  readonly #input: LineInput;
  readonly #pending = new Set<Pending>();
  #lastAnswerAt = 0;
  #refusesHandles = false;
  #watch: NodeJS.Timeout | undefined;
  #loss: StoreError | null = null;

  constructor(input: LineInput) {
    this.#input = input;
    this.sftp = input.sftp;
    this.where = input.where;
    this.writeSlots = new Slots(writesFor(input.sftp));
    this.figures = input.figures;
    for (const client of input.clients) client.on('error', (error) => this.#lose(error)).on('close', () => this.#lose(null));
    input.sftp.on('error', (error: unknown) => this.#lose(error));
    for (const event of ['end', 'close', 'exit'] as const) input.sftp.on(event, () => this.#lose(null));
  }

  /** Why the line is lost; null while it stands. */
  get loss(): StoreError | null {
    return this.#loss;
  }

  /** Most folders and files that may be open at once; null where the server does not say, and has not refused any. */
  get maxHandles(): number | null {
    if (this.#refusesHandles) return FEW_HANDLES;
    const stated: unknown = 'maxOpenHandles' in this.sftp ? this.sftp.maxOpenHandles : undefined;
    return typeof stated === 'number' ? Math.min(512, Math.max(4, Math.floor(stated / 2))) : null;
  }

  /** The server has refused to keep so many open as were asked for. */
  refusedHandle(): void {
    this.#refusesHandles = true;
  }

  /**
   * Sends one request and waits for its answer, but no longer than the line is quiet.
   * `late` gets an answer that came after the caller had given up: a handle to be closed.
   * @throws StoreError the line is lost; the server's status as ssh2 gives it; the reason of an abort as it came
   */
  request<T>(send: (sftp: SFTPWrapper, answer: Answer<T>) => void, signal: AbortSignal | undefined, late?: (value: T) => void): Promise<T> {
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    if (this.#loss !== null) return Promise.reject(this.#loss);
    return new Promise<T>((resolve, reject) => {
      let settled = false;
      const settle = (act: () => void) => {
        if (settled) return;
        settled = true;
        this.#pending.delete(pending);
        forget();
        act();
      };
      const forget = onAbort(signal, () => settle(() => reject(signal?.reason)));
      const pending: Pending = { sentAt: performance.now(), alone: this.#pending.size === 0, fail: (error) => settle(() => reject(error)) };
      if (pending.alone) this.#lastAnswerAt = pending.sentAt;
      this.#pending.add(pending);
      this.figures.requests += 1;
      this.#startWatch();
      try {
        send(this.sftp, (error, value) => {
          this.#lastAnswerAt = performance.now();
          if (pending.alone && !settled) this.figures.answered(this.#lastAnswerAt - pending.sentAt);
          if (settled && !error && value !== undefined) late?.(value);
          settle(() => (error ? this.#refuse(error, reject) : resolve(value as T)));
        });
      } catch (error) {
        pending.fail(error);
      }
    });
  }

  /** Ends the session. What is still under way fails, and is not tried again. */
  end(): void {
    this.#fail(new StoreError(`the connection to ${this.where} was closed`));
  }

  /** ssh2 answers requests that a broken line has swallowed with an error that has no status. */
  #refuse(error: Error, reject: (error: unknown) => void): void {
    if ('code' in error && typeof error.code === 'number') reject(error);
    else {
      this.#lose(error);
      reject(this.#loss);
    }
  }

  #lose(cause: unknown): void {
    if (this.#loss === null) this.#fail(this.#input.lost(cause));
  }

  #fail(loss: StoreError): void {
    if (this.#loss !== null) return;
    this.#loss = loss;
    clearTimeout(this.#watch);
    for (const pending of [...this.#pending]) pending.fail(loss);
    const { socket, clients } = this.#input;
    if (loss.fault !== undefined) {
      socket?.destroy();
      return;
    }
    for (const client of [...clients].reverse()) client.end();
    setTimeout(() => socket?.destroy(), FAREWELL_MS).unref();
  }

  #startWatch(): void {
    if (this.#watch !== undefined) return;
    this.#watch = setTimeout(() => {
      this.#watch = undefined;
      this.#look();
    }, this.#input.stallMs / 4);
  }

  #look(): void {
    const [oldest] = this.#pending;
    if (oldest === undefined || this.#loss !== null) return;
    const now = performance.now();
    const { stallMs, where } = this.#input;
    if (now - this.#lastAnswerAt > stallMs || now - oldest.sentAt > stallMs * LONGEST_STALLS) {
      const seconds = Math.round((now - Math.min(this.#lastAnswerAt, oldest.sentAt)) / 1000);
      this.#fail(new StoreError(`${where} has not answered for ${seconds} s`, { fault: 'timeout', retryable: true }));
    } else this.#startWatch();
  }
}
