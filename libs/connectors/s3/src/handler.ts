import type { Agent as HttpAgent, ClientRequest, IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import { request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { boundConnecting, type ConnectorHost, expectAllowedAddress, StoreError } from '@wardrobe/store-connector';
import type { Attempt } from './attempt.js';
import { UploadBody } from './source.js';

/** What the SDK hands over: a signed request, path already percent-encoded. */
export type SignedRequest = {
  readonly method: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
};

type Answer = { readonly statusCode: number; readonly reason?: string; readonly headers: Record<string, string>; readonly body: Readable };

/** Ties the abort signal of a call, which is all the SDK passes through, to its attempt. */
export type Attempts = WeakMap<object, Attempt>;

type Transport = { readonly tls: boolean; readonly agent: HttpAgent | HttpsAgent; readonly attempts: Attempts; readonly host: ConnectorHost };

/**
 * The SDK's request handler of this connector: every byte that moves is told to the attempt, so that a stalled line is noticed while a slow caller is
 * left alone, and an abort ends the connection at once.
 */
export function requestHandler({ tls, agent, attempts, host }: Transport) {
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    handle: (request: SignedRequest, options: { readonly abortSignal?: object } = {}): Promise<{ response: Answer }> => {
      const attempt = options.abortSignal === undefined ? undefined : attempts.get(options.abortSignal);
      if (attempt === undefined) throw new Error('a request without an attempt');
      return carryOut(request, attempt, (path) => {
        const { method, hostname, port, headers } = request;
        const target = { method, host: hostname.replace(/^\[|\]$/g, ''), path, headers, agent, ...(port === undefined ? {} : { port }) };
        expectAllowedAddress(host, hostname);
        const outgoing = tls ? httpsRequest(target) : httpRequest(target);
        boundConnecting(
          outgoing,
          host.connectMs,
          () => new StoreError(`${attempt.what}: ${hostname} cannot be reached in time`, { fault: 'timeout', retryable: true }),
        );
        return outgoing;
      });
    },
    destroy: () => agent.destroy(),
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  };
}

function carryOut(request: SignedRequest, attempt: Attempt, open: (path: string) => ClientRequest): Promise<{ response: Answer }> {
  const { stopped, limits } = attempt;
  return new Promise((resolve, reject) => {
    if (stopped.aborted) return reject(stopped.reason);
    const body = request.body instanceof Readable ? request.body : null;
    let sentAtMs = performance.now();
    const outgoing = open(request.path + queryText(request.query));
    const onStopped = () => outgoing.destroy(stopped.reason);
    stopped.addEventListener('abort', onStopped, { once: true });
    attempt.expect();
    outgoing.on('error', reject);
    outgoing.once('close', () => {
      stopped.removeEventListener('abort', onStopped);
      body?.destroy();
    });
    outgoing.once('finish', () => {
      if (body === null) return;
      sentAtMs = performance.now();
      // What is still in the buffers of this machine has to cross the line too.
      attempt.expect(2);
    });
    outgoing.once('response', (incoming) => {
      attempt.answered();
      limits.counters.answers += 1;
      limits.counters.latencyMs += performance.now() - sentAtMs;
      // An answer before the end of the request: its rest is not wanted.
      incoming.once('end', () => {
        if (!outgoing.writableFinished) outgoing.destroy();
      });
      const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
      resolve({
        response: {
          statusCode: incoming.statusCode ?? 0,
          ...(incoming.statusMessage === undefined ? {} : { reason: incoming.statusMessage }),
          headers,
          body: new WatchedBody(incoming, attempt),
        },
      });
    });
    if (body !== null) {
      body.once('error', (error) => outgoing.destroy(error));
      if (body instanceof UploadBody) body.pour(outgoing);
      else body.pipe(outgoing);
    } else if (request.body === undefined) outgoing.end();
    else {
      const bytes = typeof request.body === 'string' ? Buffer.from(request.body) : (request.body as Uint8Array);
      limits.counters.bytesWritten += bytes.length;
      outgoing.end(bytes);
    }
  });
}

/** The body of an answer, piece by piece as the caller asks for it. */
class WatchedBody extends Readable {
  constructor(
    readonly source: IncomingMessage,
    readonly attempt: Attempt,
  ) {
    super();
    const onStopped = () => this.destroy(attempt.stopped.reason);
    attempt.stopped.addEventListener('abort', onStopped, { once: true });
    source.pause();
    source.on('data', (piece: Buffer) => {
      attempt.moved(piece.length);
      attempt.limits.counters.bytesRead += piece.length;
      if (this.push(piece)) attempt.expect();
      else source.pause();
    });
    source.once('end', () => {
      attempt.rest();
      this.push(null);
    });
    source.once('error', (error) => this.destroy(error));
    source.once('close', () => attempt.stopped.removeEventListener('abort', onStopped));
  }

  override _read(): void {
    if (!this.source.complete) this.attempt.expect();
    this.source.resume();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.attempt.rest();
    if (!this.source.complete) this.source.destroy();
    done(error);
  }
}

export function queryText(query: SignedRequest['query']): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(query ?? {}).sort(([one], [other]) => (one < other ? -1 : 1))) {
    if (value === null) parts.push(encode(name));
    else for (const one of Array.isArray(value) ? value : [value]) parts.push(`${encode(name)}=${encode(one)}`);
  }
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

/** As the signature does it: everything but unreserved characters. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
