import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

export type GuardOptions = { readonly allowedHosts: ReadonlySet<string>; readonly allowedOrigins: ReadonlySet<string>; readonly secure: boolean };
export type Refusal = { readonly status: number; readonly sentence: string };

const CHANGING = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** Why a request is not served at all; null: it is. */
export function refusalOf(request: IncomingMessage, options: GuardOptions): Refusal | null {
  const host = request.headers.host?.toLowerCase() ?? '';
  if (!options.allowedHosts.has(host)) {
    return {
      status: 421,
      sentence: 'This console does not answer to that host name. Use the address it printed at start, or name the host in WARDROBE_ALLOWED_HOSTS.',
    };
  }
  if (!CHANGING.has(request.method ?? 'GET')) return null;
  // A browser names the page's origin on every request that changes something; programs (agents, scripts) name none.
  const { origin } = request.headers;
  const site = request.headers['sec-fetch-site'];
  const foreign = origin === undefined ? site !== undefined && site !== 'same-origin' && site !== 'none' : !options.allowedOrigins.has(origin.toLowerCase());
  return foreign ? { status: 403, sentence: 'The request came from a page of another site.' } : null;
}

/** Origins from which pages of this console send requests: each allowed host under the schemes it is served by. */
export function originsOf(hosts: readonly string[], options: { readonly baseUrl: string; readonly secure: boolean; readonly behindProxy: boolean }): string[] {
  const schemes = options.behindProxy ? ['https'] : [options.secure ? 'https' : 'http'];
  return [...new Set([options.baseUrl, ...hosts.flatMap((host) => schemes.map((scheme) => `${scheme}://${host}`))])];
}

/** On every answer; the api replaces the content policy on files of a backup by one that sandboxes. */
export function setSecurityHeaders(response: ServerResponse, options: Pick<GuardOptions, 'secure'>): void {
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('X-Frame-Options', 'DENY');
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  response.setHeader('Permissions-Policy', 'camera=(), geolocation=(), microphone=(), payment=(), usb=()');
  response.setHeader('X-DNS-Prefetch-Control', 'off');
  response.setHeader('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'");
  if (options.secure) response.setHeader('Strict-Transport-Security', 'max-age=31536000');
}

/**
 * The policy of pages. The framework reads the nonce from the *request's* header of the same name and puts it on its own scripts.
 * Style attributes are allowed: positions of virtual rows are computed; style elements want the nonce.
 */
export function setPagePolicy(request: IncomingMessage, response: ServerResponse): void {
  const nonce = randomBytes(16).toString('base64');
  const policy = [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'`,
    `style-src 'self' 'nonce-${nonce}'`,
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "media-src 'self' blob:",
    "connect-src 'self'",
    "worker-src 'self' blob:",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
  request.headers['content-security-policy'] = policy;
  request.headers['x-nonce'] = nonce;
  response.setHeader('Content-Security-Policy', policy);
}

/** A short answer in words; JSON for programs. */
export function answer(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  const wantsJson = (request.url ?? '').startsWith('/api/') || (request.headers.accept ?? '').includes('application/json');
  response.statusCode = refusal.status;
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Content-Type', wantsJson ? 'application/json; charset=utf-8' : 'text/plain; charset=utf-8');
  // What is left of a refused upload is not read.
  if (CHANGING.has(request.method ?? 'GET')) response.setHeader('Connection', 'close');
  response.end(wantsJson ? JSON.stringify({ error: { sentence: refusal.sentence } }) : `${refusal.sentence}\n`);
}
