import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectorHost, KlosetError, type LineFigures, StoreError } from '@wardrobe/store-connector';
import { type Abortable, type ArchiveFile, NoFileError } from './archive-file.js';
import { WebLine, type WebAnswer } from './web-line.js';

const TRIES = 4;
const FIRST_PAUSE_MS = 200;
const LONGEST_WAIT_MS = 20_000;

export type WebSettings = {
  /** For messages, without a query. */
  readonly shown: string;
  /** Milliseconds in which something must come. */
  readonly stallMs: number;
  readonly host: Pick<ConnectorHost, 'allowsAddress' | 'connectMs' | 'patienceMs'>;
};

/** A file on a web server that can be read in ranges. @source 04-remote-stores 8.4 */
export function webFile(url: URL, settings: WebSettings): ArchiveFile {
  return new WebFile(new WebLine(url, settings), settings);
}

class WebFile implements ArchiveFile {
  readonly #line: WebLine;
  readonly #shown: string;
  readonly #patienceMs: number;
  /** What the server says of the file's version; all answers must say the same. */
  #version: string | null = null;

  constructor(line: WebLine, { shown, host }: WebSettings) {
    this.#line = line;
    this.#shown = shown;
    this.#patienceMs = host.patienceMs ?? Number.POSITIVE_INFINITY;
  }

  /** By HEAD; where that is not answered, by the first byte. */
  sizeBytes(options: Abortable): Promise<number> {
    return this.#tried(options, async () => {
      const head = await this.#line.ask('HEAD', null, options);
      head.discard();
      const length = head.header('content-length');
      if (head.status === 200 && length !== null && /^\d{1,15}$/.test(length)) {
        this.#version = versionOf(head);
        return Number(length);
      }
      if (head.status === 404 || head.status === 410) throw new NoFileError(`${this.#shown} is not there`);
      return this.#sizeByRange(options);
    });
  }

  readAt(offset: number, lengthBytes: number, options: Abortable): Promise<Uint8Array> {
    if (lengthBytes === 0) return Promise.resolve(new Uint8Array(0));
    return this.#tried(options, async () => {
      const answer = await this.#range(offset, offset + lengthBytes - 1, options);
      const bytes = await answer.bytes(lengthBytes);
      if (bytes.length !== lengthBytes) throw new StoreError(`${this.#shown} gave ${bytes.length} of ${lengthBytes} bytes`, { retryable: true, fault: 'line' });
      return bytes;
    });
  }

  line(): LineFigures {
    return this.#line.figures();
  }

  async close(): Promise<void> {
    this.#line.close();
  }

  async #sizeByRange(options: Abortable): Promise<number> {
    const answer = await this.#range(0, 0, options);
    answer.discard();
    const total = /\/(\d{1,15})$/.exec(answer.header('content-range') ?? '')?.[1];
    if (total === undefined) throw new StoreError(`${this.#shown}: the server does not tell how large the file is`, { fault: 'server' });
    return Number(total);
  }

  /** @throws StoreError anything but exactly this range of the file that was seen first */
  async #range(first: number, last: number, options: Abortable): Promise<WebAnswer> {
    const answer = await this.#line.ask('GET', { first, last }, options);
    if (answer.status !== 206) {
      answer.discard();
      throw this.#refusal(answer);
    }
    if (answer.header('content-range')?.startsWith(`bytes ${first}-${last}/`) !== true) {
      answer.discard();
      throw new StoreError(`${this.#shown} gives another range than the one asked for`, { retryable: true, fault: 'server' });
    }
    const version = versionOf(answer);
    this.#version ??= version;
    if (version !== this.#version) {
      answer.discard();
      throw new StoreError(`${this.#shown} was replaced while it was read: run the command again`, { fault: 'server' });
    }
    return answer;
  }

  #refusal(answer: WebAnswer): Error {
    const { status } = answer;
    if (status === 404 || status === 410) return new NoFileError(`${this.#shown} is not there`);
    if (status === 401 || status === 403) return new StoreError(`${this.#shown}: the server refuses it (${status})`, { fault: 'credentials' });
    if (status === 200)
      return new StoreError(`${this.#shown}: the server gives no ranges, so that the whole file would be read for each part: download it and open the copy`, {
        fault: 'server',
      });
    if (status === 429 || status === 503) return new WaitError(`${this.#shown} asks to slow down (${status})`, answer.header('retry-after'));
    return new StoreError(`${this.#shown}: the server answers ${status}`, { retryable: status >= 500, fault: 'server' });
  }

  async #tried<T>(options: Abortable, work: () => Promise<T>): Promise<T> {
    const untilMs = performance.now() + this.#patienceMs;
    for (let tried = 1; ; tried += 1) {
      try {
        options.signal?.throwIfAborted();
        return await work();
      } catch (error) {
        options.signal?.throwIfAborted();
        const pause = FIRST_PAUSE_MS * 2 ** (tried - 1) * (0.5 + Math.random());
        const wait = error instanceof WaitError ? error.waitMs : 0;
        const late = tried >= TRIES || wait > LONGEST_WAIT_MS || performance.now() + wait + pause > untilMs;
        if (late || !(error instanceof KlosetError) || !error.retryable) throw error;
        await pauseFor(wait + pause, options.signal);
        this.#line.countRetry();
      }
    }
  }
}

class WaitError extends StoreError {
  readonly waitMs: number;

  constructor(message: string, retryAfter: string | null) {
    super(message, { retryable: true, fault: 'throttled' });
    this.waitMs = retryAfter !== null && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) * 1000 : 0;
  }
}

async function pauseFor(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

/** Weak tags say nothing of bytes. */
function versionOf(answer: WebAnswer): string {
  const tag = answer.header('etag');
  return (tag?.startsWith('W/') === true ? null : tag) ?? answer.header('last-modified') ?? '';
}
