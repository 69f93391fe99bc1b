import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApiConfig } from '../config.js';
import { ApiError } from '../errors/api-error.js';
import { codeOf, HTTP_STATUS, problemOf } from '../errors/bridge.js';

/** The part of the address after the host. `url` of a request is untrusted: a broken one is refused. */
export function requestUrl(req: IncomingMessage): URL {
  try {
    return new URL(req.url ?? '/', 'http://console.invalid');
  } catch (error) {
    throw new ApiError('invalid-input', 'The address of the request cannot be read.', 'Check the address.', { cause: error });
  }
}

/** A query value without decoding, for paths of bytes. */
export function rawQuery(req: IncomingMessage, name: string): string | null {
  const query = (req.url ?? '').split('?', 2)[1]?.split('#', 1)[0] ?? '';
  for (const part of query.split('&')) if (part.startsWith(`${name}=`)) return part.slice(name.length + 1);
  return null;
}

/** The client's address: the connection's, or the last hop that the trusted proxy wrote. */
export function clientAddress(req: IncomingMessage, config: ApiConfig): string {
  const forwarded = config.behindProxy === true ? headerText(req.headers['x-forwarded-for'])?.split(',').at(-1)?.trim() : undefined;
  return (forwarded ?? req.socket.remoteAddress ?? 'unknown').slice(0, 64);
}

export function bearerOf(header: string | undefined): string | null {
  const match = /^Bearer +([\w.~+/=-]{8,200})$/i.exec(header?.trim() ?? '');
  return match?.[1] ?? null;
}

export function headerText(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.at(-1);
}

/** Names that the Host header may bear: the console's own. A page of another name that points to this address (DNS rebinding) is refused. */
export function checkHost(host: string | undefined, config: ApiConfig): void {
  const own = new URL(config.baseUrl);
  const name = hostName(host);
  const allowed = [own.hostname, ...(config.allowedHosts ?? []).map((text) => hostName(text) ?? text)];
  if (isLoopback(own.hostname)) allowed.push('localhost', '127.0.0.1', '[::1]');
  if (name === null || !allowed.includes(name)) throw new ApiError('forbidden', 'The console is not reached under this name.', `Open it at ${config.baseUrl}.`);
}

/**
 * Requests that change something come from the console's own pages (Origin), or from a program that sends a bearer token and no cookie.
 * A missing Origin is no pass: browsers always send it on such requests.
 */
export function checkOrigin(req: {
  readonly method: string;
  readonly origin: string | undefined;
  readonly host: string | undefined;
  readonly fetchSite: string | undefined;
  readonly hasBearer: boolean;
}): void {
  if (req.method === 'GET' || req.method === 'HEAD' || req.hasBearer) return;
  const same = req.origin === undefined ? req.fetchSite === 'same-origin' : originHost(req.origin) === req.host;
  if (!same) throw new ApiError('forbidden', 'This request comes from another page than the console.', 'Use the console’s own pages.');
}

/** Reading with a cookie from another site gives nothing away: the answer is refused before it is made. */
export function checkFetchSite(fetchSite: string | undefined, hasBearer: boolean): void {
  if (!hasBearer && fetchSite === 'cross-site') throw new ApiError('forbidden', 'This request comes from another site.', 'Open the console itself.');
}

export async function readBody(req: IncomingMessage, limitBytes: number): Promise<Uint8Array> {
  const announced = Number(req.headers['content-length'] ?? 0);
  if (announced > limitBytes) throw tooLarge(limitBytes);
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of req as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > limitBytes) throw tooLarge(limitBytes);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

export function sendJson(res: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value), 'utf8');
  res.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': body.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  res.end(body);
}

/** Before the first byte: the problem as JSON. After it: the connection breaks, so that nobody takes half for whole. */
export function sendFailure(req: IncomingMessage, res: ServerResponse, error: unknown): void {
  if (res.headersSent) {
    res.destroy();
    return;
  }
  const code = codeOf(error);
  // What was said about a body that does not come; the server's security headers stay.
  for (const name of res.getHeaderNames())
    if (/^(?:content-(?!security-policy)|accept-ranges|etag|last-modified|cache-control)/.test(name)) res.removeHeader(name);
  // The rest of a refused body is not read: the connection does not serve another request.
  if (!req.complete) res.setHeader('connection', 'close');
  if (code === 'unauthenticated') res.setHeader('www-authenticate', 'Bearer');
  sendJson(res, code === null ? 500 : HTTP_STATUS[code], { problem: problemOf(error) });
}

function tooLarge(limitBytes: number): ApiError {
  return new ApiError('too-large', `The request is larger than ${Math.round(limitBytes / 1024 / 1024)} MiB.`, 'Send less at once.');
}

function hostName(host: string | undefined): string | null {
  if (host === undefined || host === '') return null;
  try {
    return new URL(`http://${host}`).hostname;
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function originHost(origin: string): string | null {
  try {
    return new URL(origin).host;
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function isLoopback(name: string): boolean {
  return name === 'localhost' || name === '[::1]' || /^127\./.test(name);
}
