import { type Agent, type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { boundConnecting, type ConnectorHost, expectAllowedAddress, type LineFigures, onAbort } from '@wardrobe/store-connector';
import { answerError, lineError, StalledError } from './failures.js';
import { piecesOf } from './pieces.js';

export type LineSettings = {
  /** Where the store lies; resources are found below its path. */
  readonly url: URL;
  /** The same for messages, without anything secret. */
  readonly location: string;
  readonly token: string | null;
  /** Milliseconds in which at least a kilobyte must come. */
  readonly stallMs: number;
  /** What it says of connections. */
  readonly host: Pick<ConnectorHost, 'allowsAddress' | 'connectMs'>;
};

/** A body that can be sent again: `pieces` starts from its beginning each time. */
export type Body = { readonly lengthBytes: number; pieces(): AsyncIterable<Uint8Array> | Iterable<Uint8Array> };

export type Exchange = {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE';
  /** Below the location's path, with a leading slash. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Body | undefined;
  /** For messages: what is asked for. */
  readonly what: string;
  readonly signal: AbortSignal | undefined;
};

export type Answer = {
  readonly status: number;
  header(name: string): string | null;
  /** Read to its end or given up by leaving the loop; a body that breaks off is a StoreError. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Gives the body up. */
  discard(): void;
};

/** A kilobyte of an error's text is enough for a message. */
const ERROR_TEXT_BYTES = 1 << 10;

/** Requests to one server, one try each, counted. Redirections are not followed. */
export class HttpLine {
  readonly #settings: LineSettings;
  readonly #agent: Agent;
  #requests = 0;
  #retries = 0;
  #bytesRead = 0;
  #bytesWritten = 0;
  #answers = 0;
  #waitedMs = 0;

  constructor(settings: LineSettings, agent: Agent) {
    this.#settings = settings;
    this.#agent = agent;
  }

  get location(): string {
    return this.#settings.location;
  }

  figures(): LineFigures {
    return {
      requests: this.#requests,
      retries: this.#retries,
      bytesRead: this.#bytesRead,
      bytesWritten: this.#bytesWritten,
      meanLatencyMs: this.#answers === 0 ? null : this.#waitedMs / this.#answers,
    };
  }

  countRetry(): void {
    this.#retries += 1;
  }

  close(): void {
    this.#agent.destroy();
  }

  /** The answer whatever its status. @throws StoreError the line; abort as it came */
  async ask(exchange: Exchange): Promise<Answer> {
    const { signal } = exchange;
    signal?.throwIfAborted();
    this.#requests += 1;
    const started = performance.now();
    try {
      const response = await this.#send(exchange);
      this.#answers += 1;
      this.#waitedMs += performance.now() - started;
      return this.#answerOf(response, exchange);
    } catch (error) {
      signal?.throwIfAborted();
      throw lineError(error, this.location, exchange.what);
    }
  }

  /** The answer of a request that must succeed. @throws what `answerError` says of any status but 200 */
  async expect(exchange: Exchange): Promise<Answer> {
    const answer = await this.ask(exchange);
    if (answer.status === 200) return answer;
    throw answerError(
      { status: answer.status, text: await errorText(answer), retryAfter: answer.header('retry-after') },
      { location: this.location, what: exchange.what },
    );
  }

  #send(exchange: Exchange): Promise<IncomingMessage> {
    const { method, body, signal } = exchange;
    const { url, host } = this.#settings;
    const request = url.protocol === 'https:' ? requestHttps : requestHttp;
    expectAllowedAddress(host, url.hostname);
    return new Promise((resolve, reject) => {
      const sent = request(this.#urlOf(exchange.path), { method, agent: this.#agent, headers: this.#headersOf(exchange) });
      boundConnecting(sent, host.connectMs, () => new StalledError());
      sent.on(
        'close',
        onAbort(signal, () => sent.destroy(new Error('stopped'))),
      );
      let isAnswered = false;
      const watch = new Watch(this.#settings.stallMs, () => sent.destroy(new StalledError()));
      sent.on('response', (response) => {
        isAnswered = true;
        watch.end();
        // An answer that came before the body's end leaves a connection that is good for nothing.
        response.once('close', () => {
          if (!sent.writableEnded) sent.destroy();
        });
        resolve(response);
      });
      sent.on('error', (error) => {
        watch.end();
        reject(error);
      });
      this.#push(sent, body, { watch, isAnswered: () => isAnswered }).catch((error: unknown) => {
        watch.end();
        reject(error);
        sent.destroy();
      });
    });
  }

  /** Sends the body as fast as the line takes it; stops when the server has answered before its end. */
  async #push(sent: ClientRequest, body: Body | undefined, state: { readonly watch: Watch; readonly isAnswered: () => boolean }): Promise<void> {
    if (body === undefined) {
      sent.end();
      return;
    }
    for await (const piece of body.pieces()) {
      if (state.isAnswered() || sent.destroyed) return;
      if (!sent.write(piece)) await drained(sent);
      this.#bytesWritten += piece.length;
      state.watch.progress();
    }
    sent.end();
  }

  #urlOf(path: string): URL {
    const url = new URL(this.#settings.url);
    url.pathname = `${url.pathname.replace(/\/+$/, '')}${path}`;
    return url;
  }

  #headersOf({ headers, body }: Exchange): Record<string, string> {
    const { token } = this.#settings;
    return {
      'content-type': 'application/json',
      'user-agent': 'wardrobe',
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-length': String(body.lengthBytes) }),
      ...headers,
    };
  }

  #answerOf(response: IncomingMessage, exchange: Exchange): Answer {
    const { location } = this;
    const body = piecesOf(response, {
      stallMs: this.#settings.stallMs,
      onBytes: (lengthBytes) => {
        this.#bytesRead += lengthBytes;
      },
      failure: (error) => {
        exchange.signal?.throwIfAborted();
        return lineError(error, location, exchange.what);
      },
    });
    return {
      status: response.statusCode ?? 0,
      header: (name) => {
        const found = response.headers[name];
        return Array.isArray(found) ? (found[0] ?? null) : (found ?? null);
      },
      body,
      discard: () => {
        response.destroy();
      },
    };
  }
}

/** Ends a request on which nothing moves. */
class Watch {
  readonly #timer: NodeJS.Timeout;

  constructor(stallMs: number, onStall: () => void) {
    this.#timer = setTimeout(onStall, stallMs);
  }

  progress(): void {
    this.#timer.refresh();
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

function drained(sent: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      for (const name of ['drain', 'close', 'response'] as const) sent.off(name, done);
      resolve();
    };
    for (const name of ['drain', 'close', 'response'] as const) sent.on(name, done);
  });
}

async function errorText(answer: Answer): Promise<string> {
  let text = Buffer.alloc(0);
  for await (const piece of answer.body) {
    text = Buffer.concat([text, piece]);
    if (text.length >= ERROR_TEXT_BYTES) break;
  }
  return text.subarray(0, ERROR_TEXT_BYTES).toString('utf8').trim();
}
