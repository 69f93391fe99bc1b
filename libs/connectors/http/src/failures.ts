import { DiskFullError, KlosetError, PermissionError, ReadOnlyError, StoreError, type StoreFault } from '@wardrobe/store-connector';
import { NO_DELETE_TEXT, READ_ONLY_TEXT } from './words.js';

/** Nothing came, or too little, for longer than the line may take. */
export class StalledError extends Error {}
export class SlowError extends Error {}

/** A failure after which the server wants to be left alone for a while. */
export class LaterError extends StoreError {
  constructor(
    message: string,
    options: { readonly fault: StoreFault },
    readonly waitMs: number | null,
  ) {
    super(message, { ...options, retryable: true });
  }
}

/** The server does not have the item. Internal: callers of the store get a NotFoundError that names it. */
export class MissingError extends Error {}

const NAME = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA', 'EAI_NONAME']);
const ROUTE = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'EADDRNOTAVAIL', 'ENETDOWN']);
const TRUST = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(GET|VERIFY|DECRYPT)|ERR_TLS_CERT|ERR_SSL_|EPROTO|HOSTNAME_MISMATCH|ERR_TLS)/;

/** The error of the engine for one of the socket. What is one of the engine's already passes. */
export function lineError(error: unknown, location: string, what: string): unknown {
  if (error instanceof KlosetError || error instanceof MissingError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (error instanceof StalledError || error instanceof SlowError || code === 'ETIMEDOUT')
    return new StoreError(`${location} sends nothing, or next to nothing: given up waiting for ${what}`, { cause: error, retryable: true, fault: 'timeout' });
  if (NAME.has(code))
    return new StoreError(`the name of ${location} has no address (${code})`, { cause: error, retryable: code === 'EAI_AGAIN', fault: 'name' });
  if (ROUTE.has(code))
    return new StoreError(`${location} cannot be reached (${code}): no server is running there, or something is in the way`, {
      cause: error,
      retryable: true,
      fault: 'route',
    });
  if (TRUST.test(code))
    return new StoreError(`the certificate of ${location} is not to be trusted (${code}): name its authority with the option 'tls_ca'`, {
      cause: error,
      fault: 'trust',
    });
  if (code === '' && !(error instanceof Error && /aborted|hang up|terminated/.test(error.message))) return error;
  return new StoreError(`the line to ${location} broke while waiting for ${what}${code === '' ? '' : ` (${code})`}`, {
    cause: error,
    retryable: true,
    fault: 'line',
  });
}

const MISSING = /(no such file or directory|packfile not found|file does not exist|cannot find the (file|path) specified\.?)$/i;
const DISK_FULL = /no space left|quota exceeded/i;

export function isMissingText(text: string): boolean {
  return MISSING.test(text.trim());
}

/** What a server's refusal in words means: the text of status 500 in protocol 1.1, `Err` in protocol 1.0. */
export function textError(text: string, at: { readonly location: string; readonly what: string }): Error {
  if (text.startsWith(READ_ONLY_TEXT)) return new ReadOnlyError(at.location);
  if (text.includes(NO_DELETE_TEXT)) return new PermissionError(`${at.what}: ${at.location} allows no deletes`);
  if (isMissingText(text)) return new MissingError(text);
  if (DISK_FULL.test(text)) return new DiskFullError(at.location);
  if (/permission denied/i.test(text)) return new PermissionError(`${at.what}: the server may not (${short(text)})`);
  if (/storage is not writable/i.test(text)) return new ReadOnlyError(at.location);
  return new StoreError(`${at.location} cannot give ${at.what}: ${short(text)}`, { retryable: true, fault: 'server' });
}

type Refusal = { readonly status: number; readonly text: string; readonly retryAfter: string | null };

/** The error for a status that is not 200. @source 04-remote-stores 5.2 */
export function answerError({ status, text, retryAfter }: Refusal, at: { readonly location: string; readonly what: string }): Error {
  const { location, what } = at;
  const said = text === '' ? '' : `: ${short(text)}`;
  if (status === 404) return new MissingError(text);
  if (status === 401) return new StoreError(`${location} wants a token, or refuses the one given (option 'auth_token')`, { fault: 'credentials' });
  if (status === 403)
    return text.startsWith(READ_ONLY_TEXT) || text.includes(NO_DELETE_TEXT) ? textError(text, at) : new PermissionError(`${what} at ${location}${said}`);
  if (status === 405) return new ReadOnlyError(location);
  if (status === 413) return new StoreError(`${location} takes no ${what}: it is larger than the server allows`, { fault: 'server' });
  if (status === 507) return new DiskFullError(location);
  if (status === 429 || status === 503)
    return new LaterError(`${location} asks to slow down (${status}) and does not stop asking`, { fault: 'throttled' }, retryAfterMs(retryAfter));
  if (status >= 300 && status < 400) return new StoreError(`${location} redirects (${status}): give the location that it leads to`, { fault: 'server' });
  if (status === 500) return textError(text === '' ? 'status 500' : text, at);
  return new StoreError(`${location} answers ${status} to the wish for ${what}${said}`, { retryable: status >= 500 || status === 408, fault: 'server' });
}

/** Seconds, or a date. Null when there is none, or none that can be read. */
function retryAfterMs(text: string | null): number | null {
  if (text === null) return null;
  if (/^\d{1,6}$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - Date.now());
}

/** One line without control characters: a server's text ends up on a terminal. */
function short(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').slice(0, 200);
}
