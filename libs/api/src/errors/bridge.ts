import { TRPCError } from '@trpc/server';
import type { ProblemDto } from '@wardrobe/contracts';
import { KlosetError } from '@wardrobe/kloset';
import { ERROR_CODES, type ErrorCode } from '@wardrobe/words';
import { ApiError } from './api-error.js';
import { sentenceFor } from './sentences.js';

type TrpcCode = TRPCError['code'];

/** Every expected failure has one answer on the wire. */
export const TRPC_CODE = {
  decode: 'UNPROCESSABLE_CONTENT',
  'unsupported-version': 'UNPROCESSABLE_CONTENT',
  integrity: 'UNPROCESSABLE_CONTENT',
  'not-found': 'NOT_FOUND',
  store: 'SERVICE_UNAVAILABLE',
  'wrong-passphrase': 'PRECONDITION_FAILED',
  locked: 'CONFLICT',
  'read-only': 'METHOD_NOT_SUPPORTED',
  'passphrase-needed': 'PRECONDITION_FAILED',
  'not-a-store': 'UNPROCESSABLE_CONTENT',
  permission: 'UNPROCESSABLE_CONTENT',
  busy: 'CONFLICT',
  'too-large': 'PAYLOAD_TOO_LARGE',
  'invalid-input': 'BAD_REQUEST',
  cancelled: 'CLIENT_CLOSED_REQUEST',
  'disk-full': 'SERVICE_UNAVAILABLE',
  unauthenticated: 'UNAUTHORIZED',
  forbidden: 'FORBIDDEN',
  conflict: 'CONFLICT',
  'rate-limited': 'TOO_MANY_REQUESTS',
} as const satisfies Record<ErrorCode, TrpcCode>;

export const HTTP_STATUS = {
  decode: 422, 'unsupported-version': 422, integrity: 422, 'not-found': 404, store: 503, 'wrong-passphrase': 412, locked: 409, 'read-only': 405,
  'passphrase-needed': 412, 'not-a-store': 422, permission: 422, busy: 409, 'too-large': 413, 'invalid-input': 400, cancelled: 499, 'disk-full': 503,
  unauthenticated: 401, forbidden: 403, conflict: 409, 'rate-limited': 429,
} as const satisfies Record<ErrorCode, number>;

/** Code of an expected failure, or null for a bug. */
export function codeOf(error: unknown): ErrorCode | null {
  if (error instanceof ApiError) return error.code;
  if (error instanceof KlosetError) return error.code;
  if (isAbort(error)) return 'cancelled';
  if (error instanceof TRPCError) return codeOfTrpc(error);
  return null;
}

/** What people read. A bug gives a sentence without its inner text: that goes to the log only. */
export function problemOf(error: unknown): ProblemDto {
  if (error instanceof ApiError) {
    const words = sentenceFor(error.code, {});
    return { code: error.code, sentence: error.sentence, next: error.next === '' ? words.next : error.next };
  }
  const code = codeOf(error);
  if (code === null) return { code: 'store', sentence: 'The console failed at this request.', next: 'Try again. When it stays, look into the log of the server.' };
  if (error instanceof KlosetError) return { code, ...sentenceFor(code, factsOf(error)), detail: error.message };
  return { code, ...sentenceFor(code, {}) };
}

export function bridgeError(error: unknown): TRPCError {
  if (error instanceof TRPCError) return error;
  const code = codeOf(error);
  return new TRPCError({ code: code === null ? 'INTERNAL_SERVER_ERROR' : TRPC_CODE[code], message: problemOf(error).sentence, cause: error });
}

export function isErrorCode(text: string): text is ErrorCode {
  return (ERROR_CODES as readonly string[]).includes(text);
}

function codeOfTrpc(error: TRPCError): ErrorCode | null {
  if (error.code === 'BAD_REQUEST' || error.code === 'PARSE_ERROR' || error.code === 'UNSUPPORTED_MEDIA_TYPE') return 'invalid-input';
  if (error.code === 'NOT_FOUND') return 'not-found';
  if (error.code === 'METHOD_NOT_SUPPORTED') return 'invalid-input';
  if (error.code === 'PAYLOAD_TOO_LARGE') return 'too-large';
  return null;
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/** Plain facts of an engine error for its sentence: only strings and numbers, and of `place` the file. */
function factsOf(error: KlosetError): Record<string, string | number> {
  const facts: Record<string, string | number> = {};
  for (const [key, value] of Object.entries(error)) if (typeof value === 'string' || typeof value === 'number') facts[key] = value;
  const place: unknown = 'place' in error ? error.place : null;
  if (typeof place === 'object' && place !== null && 'file' in place && typeof place.file === 'string') facts['file'] = place.file;
  return facts;
}
