import { DiskFullError, KlosetError, PermissionError, StoreError, type StoreFault } from '@wardrobe/store-connector';
import { AnswerError } from './s3-client.js';

/** What went wrong with one request, and whether the same request may do better. `code`: the server's word for it. */
export type Failure = {
  readonly error: unknown;
  readonly retry: boolean;
  /** The server's wish, null when it has none. */
  readonly retryAfterMs: number | null;
  readonly code: string | null;
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Region of the bucket, where the answer names it. */
  readonly region: string | null;
};

export type FailureContext = { readonly what: string; readonly secrets: readonly string[] };

const RETRIED_STATUS = new Set([408, 429, 499, 500, 502, 503, 504, 520]);
const THROTTLED = new Set(['SlowDown', 'Throttling', 'ThrottlingException', 'RequestLimitExceeded', 'TooManyRequests', 'TooManyRequestsException', 'Busy']);
/** Bytes that changed or went missing on their way to the server. */
const SPOILED = new Set(['BadDigest', 'IncompleteBody', 'XAmzContentSHA256Mismatch', 'InvalidDigest']);
const FULL = new Set(['QuotaExceeded', 'QuotaExceededException', 'XMinioStorageFull', 'StorageQuotaExceeded', 'InsufficientStorage', 'ServiceQuotaExceeded']);
const KEYS: ReadonlyMap<string, string> = new Map([
  ['InvalidAccessKeyId', 'the server does not know the access key'],
  ['SignatureDoesNotMatch', 'the secret access key does not fit the access key'],
  ['InvalidToken', 'the session token is not valid'],
  ['InvalidClientTokenId', 'the session token is not valid'],
  ['ExpiredToken', 'the session token has expired: get a new one'],
  ['ExpiredTokenException', 'the session token has expired: get a new one'],
  ['TokenRefreshRequired', 'the session token has expired: get a new one'],
  ['RequestTimeTooSkewed', 'the clocks of this machine and the server differ too much: set the clock'],
  ['RequestExpired', 'the clocks of this machine and the server differ too much: set the clock'],
  ['AuthorizationHeaderMalformed', 'the server does not take the signature: set the option region'],
  ['InvalidSecurity', 'the keys are not valid'],
  ['MissingSecurityHeader', 'the server wants keys'],
  ['AuthFailure', 'the server refused the keys'],
]);
const SYSTEM: ReadonlyMap<string, readonly [StoreFault, string, boolean]> = new Map([
  ['ENOTFOUND', ['name', 'the host’s name has no address', false]],
  ['EAI_AGAIN', ['name', 'the host’s name could not be looked up', true]],
  ['EAI_FAIL', ['name', 'the host’s name could not be looked up', false]],
  ['ECONNREFUSED', ['route', 'nothing listens at the host and port', true]],
  ['EHOSTUNREACH', ['route', 'there is no way to the host', true]],
  ['ENETUNREACH', ['route', 'there is no way to the host', true]],
  ['EADDRNOTAVAIL', ['route', 'there is no way to the host', true]],
  ['ETIMEDOUT', ['timeout', 'the host did not answer', true]],
  ['ECONNRESET', ['line', 'the connection broke', true]],
  ['ECONNABORTED', ['line', 'the connection broke', true]],
  ['EPIPE', ['line', 'the connection broke', true]],
  ['ERR_STREAM_PREMATURE_CLOSE', ['line', 'the connection broke', true]],
  ['EPROTO', ['route', 'what listens there does not speak TLS as asked: look at use_tls and the port', false]],
  ['ERR_SSL_WRONG_VERSION_NUMBER', ['route', 'what listens there does not speak TLS: look at use_tls and the port', false]],
]);
const TRUST = /^(CERT_|ERR_TLS_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/;

/** Looks at whatever a request was rejected with. An abort is no failure: callers look for it first. */
export function failureOf(thrown: unknown, context: FailureContext): Failure {
  const none = { retryAfterMs: null, code: null, status: null, headers: {}, region: null };
  if (thrown instanceof KlosetError) return { ...none, error: thrown, retry: thrown.retryable };
  if (thrown instanceof AnswerError) return answeredFailure(thrown, context);
  const code = memberText(thrown, 'code');
  if (code === null) return { ...none, error: thrown, retry: false };
  const make = (fault: StoreFault, sentence: string, retry: boolean): Failure => {
    const error = new StoreError(`${context.what}: ${sentence} (${code})`, { fault, retryable: retry, cause: plainCause(thrown) });
    return { ...none, code, error, retry };
  };
  const known = SYSTEM.get(code);
  if (known !== undefined) return make(...known);
  if (TRUST.test(code)) return make('trust', 'the server’s certificate is not to be trusted: give its authority with tls_ca', false);
  if (code.startsWith('HPE_')) return make('line', 'the answer is no HTTP: look at use_tls and the port', true);
  if (code.startsWith('ERR_SSL_')) return make('route', 'TLS failed: look at use_tls and the port', false);
  return { ...none, code, error: thrown, retry: false };
}

function answeredFailure({ status, headers, words }: AnswerError, { what, secrets }: FailureContext): Failure {
  const { code } = words;
  const retryAfterMs = retryAfter(headers['retry-after']);
  const cause = new Error(`${code} (HTTP ${status}${headers['x-amz-request-id'] === undefined ? '' : `, request ${headers['x-amz-request-id']}`})`);
  const base = { retryAfterMs, code, status, headers, region: words.region ?? headers['x-amz-bucket-region'] ?? null };
  const store = (fault: StoreFault | undefined, sentence: string, retry: boolean): Failure => ({
    ...base,
    retry,
    error: new StoreError(`${what}: ${sentence}`, { cause, retryable: retry, ...(fault === undefined ? {} : { fault }) }),
  });
  if (status < 300) return store('line', 'the answer could not be understood', true);
  if (THROTTLED.has(code) || status === 429 || (status === 503 && retryAfterMs !== null))
    return store('throttled', `the server asks to slow down (HTTP ${status})`, true);
  if (SPOILED.has(code)) return store('line', `the bytes changed on their way to the server (${code})`, true);
  if (code === 'RequestTimeout' || status === 408) return store('timeout', 'the server got nothing for too long', true);
  const keys = KEYS.get(code);
  if (keys !== undefined) return store('credentials', keys, false);
  if (status === 401) return store('credentials', 'the server refused the keys', false);
  if (code === 'InvalidObjectState') return store('archived', ARCHIVED, false);
  if (FULL.has(code) || status === 507) return { ...base, retry: false, error: new DiskFullError(`${what} (${code})`, { cause }) };
  if (status === 403) return { ...base, retry: false, error: new PermissionError(what, { cause }) };
  if (code === 'NoSuchBucket') return store(undefined, 'the bucket does not exist', false);
  if (status === 301 || status === 307 || code === 'PermanentRedirect')
    return store('route', `the bucket lies in another region${base.region === null ? '' : `: set region=${base.region}`}`, false);
  if (RETRIED_STATUS.has(status) || code === 'OperationAborted' || code === 'ConditionalRequestConflict')
    return store('server', `the server failed (HTTP ${status}${code === '' ? '' : `, ${code}`})`, true);
  return store(status >= 500 ? 'server' : undefined, `the server answered ${code} (HTTP ${status}): ${shownMessage(words.message, secrets)}`, false);
}

/** What readers are told about objects in an archive class. @source 04-remote-stores 3.8 */
export const ARCHIVED = 'it lies in an archive class: have the provider restore the object, and copy X.frozen to X where there is no X, before it can be read';

/** Seconds or a date; null when there is none. @source RFC 9110 10.2.3 */
function retryAfter(header: string | undefined): number | null {
  if (header === undefined) return null;
  if (/^\d{1,6}$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - Date.now());
}

/** The server's own words, without line ends, bounded, and without anything secret. */
function shownMessage(message: string, secrets: readonly string[]): string {
  let text = message.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 300);
  for (const secret of secrets) text = text.replaceAll(secret, '***');
  return text;
}

/** Only what the system said: errors of a connection carry more. */
function plainCause(thrown: unknown): Error {
  return new Error(thrown instanceof Error ? thrown.message : String(thrown));
}

function memberText(thrown: unknown, name: string): string | null {
  const value = thrown instanceof Error && name in thrown ? (thrown as unknown as Record<string, unknown>)[name] : undefined;
  return typeof value === 'string' && value !== '' ? value : null;
}
