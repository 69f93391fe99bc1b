import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { KlosetError, type Store } from '@wardrobe/store-connector';
import { collect } from '../collect.js';
import { answerJson } from './json-side.js';
import { malformed, Refusal, refusalOf } from './refusal.js';
import { answerResource } from './resource-side.js';

/** A store and what may be done with it. */
export type ServedStore = {
  readonly store: Store;
  /** False: everything that changes the store is refused. */
  readonly writable: boolean;
  /** States and packfiles may be deleted; locks may be wherever the store is writable. */
  readonly allowDelete: boolean;
  /** Null: anybody may use it. */
  readonly token: string | null;
  /** Where uploads are kept until they are whole, for stores without a place of their own. */
  readonly temporaryFolder: string;
  /** Bytes of the largest item taken. */
  readonly maxItemBytes?: number | undefined;
  /** For tests: 1.0 or 1.1 alone. */
  readonly protocols?: readonly ('1.0' | '1.1')[] | undefined;
  readonly onAnswered?: ((answered: Answered) => void) | undefined;
};

/** One request, for counting and logs: nothing secret is in it. `failure`: why it was refused. */
export type Answered = { readonly method: string; readonly path: string; readonly status: number; readonly failure: string | null };

export type Job = {
  readonly served: ServedStore;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: readonly string[];
  readonly signal: AbortSignal;
};

/** Bodies that are no items. */
const SMALL_BODY_BYTES = 64 << 10;
const PASS_OVER_MS = 5_000;
const JSON_PATHS = new Set(['states', 'state', 'packfiles', 'packfile', 'locks', 'lock', 'foreign']);

/**
 * Answers both protocols of plakar's store servers from one store: paths tell them apart, and at `/` the body does. Never rejects.
 * @source 04-remote-stores 5, 6, 7
 */
export function storeHandler(served: ServedStore): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const digest = served.token === null ? null : sha256(served.token);
  return async (request, response) => {
    const stopped = new AbortController();
    response.on('close', () => {
      if (!response.writableFinished) stopped.abort(new GoneError());
    });
    const [method, path] = [request.method ?? '', (request.url ?? '/').split('?', 1)[0] ?? '/'];
    let failure: string | null = null;
    try {
      expectToken(request, digest);
      await answer({ served, request, response, path: path.split('/').filter((part) => part !== ''), signal: stopped.signal });
    } catch (error) {
      failure = refuse(response, error);
    }
    if (!request.complete) passOver(request);
    served.onAnswered?.({ method, path, status: response.statusCode, failure });
  };
}

/** What is left of a body that nobody wanted is read for a while, so that the client gets to hear why; then the connection is ended. */
function passOver(request: IncomingMessage): void {
  const timer = setTimeout(() => request.destroy(), PASS_OVER_MS);
  request.on('close', () => clearTimeout(timer));
  request.on('error', () => clearTimeout(timer));
  request.resume();
}

/** The client went away: nobody is left to be told. */
class GoneError extends Error {}

async function answer(job: Job): Promise<void> {
  const { request, path, served } = job;
  const protocols = served.protocols ?? ['1.0', '1.1'];
  const [first] = path;
  if (first === 'resources' && protocols.includes('1.1')) return answerResource(job);
  if (first !== undefined && JSON_PATHS.has(first) && protocols.includes('1.0')) return answerJson(job);
  if (first !== undefined) throw new Refusal(404, 'there is nothing below this path');
  if (request.method === 'PUT') return isJson(request) && protocols.includes('1.0') && !protocols.includes('1.1') ? answerJson(job) : answerResource(job);
  const body = await collect(request, { what: 'body', bytes: SMALL_BODY_BYTES });
  if (body.length === 0 && protocols.includes('1.1')) return answerResource(job);
  if (!protocols.includes('1.0') || body.length === 0) throw malformed('EOF');
  return answerJson(job, body);
}

function isJson(request: IncomingMessage): boolean {
  return request.headers['content-type'] === 'application/json';
}

function expectToken(request: IncomingMessage, digest: Buffer | null): void {
  if (digest === null) return;
  const [scheme, token = ''] = (request.headers.authorization ?? '').split(' ', 2);
  if (scheme?.toLowerCase() !== 'bearer' || !timingSafeEqual(sha256(token), digest)) throw new Refusal(401, 'this server wants a token');
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Tells the client, where that is still possible; a broken answer is a broken connection. Returns the words. */
function refuse(response: ServerResponse, error: unknown): string {
  const refusal = refusalOf(error);
  const words = refusal.status === 500 && !(error instanceof KlosetError) ? String(error) : refusal.message;
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return words;
  }
  const headers = { 'content-type': 'text/plain; charset=utf-8', ...(refusal.status === 401 ? { 'www-authenticate': 'Bearer' } : {}) };
  response.writeHead(refusal.status, headers);
  response.end(`${refusal.message}\n`);
  return words;
}
