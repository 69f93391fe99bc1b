import type { Agent as HttpAgent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import { Readable } from 'node:stream';
import { boundConnecting, type ConnectorHost, expectAllowedAddress, StoreError } from '@wardrobe/store-connector';
import type { Attempt } from './attempt.js';
import type { Headers } from './signature.js';
import { UploadBody } from './source.js';

/** A signed request; `target` is path and query, percent-encoded. */
export type SignedRequest = {
  readonly method: string;
  readonly hostname: string;
  readonly port: number | null;
  readonly target: string;
  readonly headers: Headers;
  readonly body: Uint8Array | UploadBody | null;
};

export type Answer = { readonly status: number; readonly headers: Headers; readonly body: Readable };

/** `request`: of `node:http` or `node:https`, which is loaded only where it is used. */
export type Transport = {
  readonly request: (options: RequestOptions) => ClientRequest;
  readonly agent: HttpAgent | HttpsAgent;
  readonly host: ConnectorHost;
};

/**
 * Carries one request out: every byte that moves is told to the attempt, so that a stalled line is noticed while a slow caller is left alone, and an abort ends
 * the connection at once. The body of the answer is to be read or destroyed.
 */
export function carryOut({ request: open, agent, host }: Transport, request: SignedRequest, attempt: Attempt): Promise<Answer> {
  const { stopped, limits } = attempt;
  const { body, hostname, port } = request;
  return new Promise((resolve, reject) => {
    if (stopped.aborted) return reject(stopped.reason);
    let sentAtMs = performance.now();
    expectAllowedAddress(host, hostname);
    const { method, target: path, headers } = request;
    const outgoing = open({ method, host: hostname.replace(/^\[|\]$/g, ''), path, headers, agent, ...(port === null ? {} : { port }) });
    const late = () => new StoreError(`${attempt.what}: ${hostname} cannot be reached in time`, { fault: 'timeout', retryable: true });
    boundConnecting(outgoing, host.connectMs, late);
    const onStopped = () => outgoing.destroy(stopped.reason);
    stopped.addEventListener('abort', onStopped, { once: true });
    attempt.expect();
    outgoing.on('error', reject);
    outgoing.once('close', () => {
      stopped.removeEventListener('abort', onStopped);
      if (body instanceof UploadBody) body.destroy();
    });
    outgoing.once('finish', () => {
      if (!(body instanceof UploadBody)) return;
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
      resolve({ status: incoming.statusCode ?? 0, headers: textHeaders(incoming), body: new WatchedBody(incoming, attempt) });
    });
    if (body instanceof UploadBody) {
      body.once('error', (error) => outgoing.destroy(error));
      body.pour(outgoing);
    } else {
      limits.counters.bytesWritten += body?.length ?? 0;
      outgoing.end(body ?? undefined);
    }
  });
}

export function textHeaders({ headers }: IncomingMessage): Headers {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
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
      attempt.limits.buffers.passed(piece.length);
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
