import { TRPCError } from '@trpc/server';
import type { ProblemDto } from '@wardrobe/contracts';
import { KlosetError } from '@wardrobe/kloset';
import { type ErrorCode, sentenceFor } from '@wardrobe/words';
import { EngineFailure, failureOf } from '../workers/failure.js';
import { ApiError } from './api-error.js';

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

/** The same for plain HTTP. */
export const HTTP_STATUS = {
  decode: 422,
  'unsupported-version': 422,
  integrity: 422,
  'not-found': 404,
  store: 503,
  'wrong-passphrase': 412,
  locked: 409,
  'read-only': 405,
  'passphrase-needed': 412,
  'not-a-store': 422,
  permission: 422,
  busy: 409,
  'too-large': 413,
  'invalid-input': 400,
  cancelled: 499,
  'disk-full': 503,
  unauthenticated: 401,
  forbidden: 403,
  conflict: 409,
  'rate-limited': 429,
} as const satisfies Record<ErrorCode, number>;

/** Code of an expected failure, or null for a bug. */
export function codeOf(error: unknown): ErrorCode | null {
  if (error instanceof ApiError || error instanceof KlosetError || error instanceof EngineFailure) return error.code;
  if (error instanceof Error && error.name === 'AbortError') return 'cancelled';
  if (error instanceof TRPCError) return codeOfTrpc(error);
  return null;
}

/** What people read. A bug gives a sentence without its inner text: that goes to the log only. */
export function problemOf(error: unknown): ProblemDto {
  const code = codeOf(error);
  if (error instanceof ApiError) return { code: error.code, sentence: error.sentence, next: error.next === '' ? sentenceFor(error.code).next : error.next };
  if (error instanceof EngineFailure && error.problem !== null) return error.problem;
  if (code === null)
    return { code: 'store', sentence: 'The console failed at this request.', next: 'Try again. When it stays, look into the log of the server.' };
  if (error instanceof KlosetError || error instanceof EngineFailure) {
    const { what, detail, message, problem } = failureOf(error);
    if (problem !== null) return problem;
    return { code, ...sentenceFor(code, { what: what ?? undefined, detail: detail === null ? undefined : withoutCode(detail) }), detail: message };
  }
  return { code, ...sentenceFor(code) };
}

export function bridgeError(error: unknown): TRPCError {
  if (error instanceof TRPCError) return error;
  const code = codeOf(error);
  return new TRPCError({ code: code === null ? 'INTERNAL_SERVER_ERROR' : TRPC_CODE[code], message: problemOf(error).sentence, cause: error });
}

function codeOfTrpc(error: TRPCError): ErrorCode | null {
  if (error.code === 'BAD_REQUEST' || error.code === 'PARSE_ERROR' || error.code === 'UNSUPPORTED_MEDIA_TYPE' || error.code === 'METHOD_NOT_SUPPORTED')
    return 'invalid-input';
  if (error.code === 'NOT_FOUND') return 'not-found';
  if (error.code === 'PAYLOAD_TOO_LARGE') return 'too-large';
  return null;
}

/** The code names of the operating system stay in the log: "x cannot be read (ENOENT)" reads "x is not there". */
function withoutCode(text: string): string {
  return text
    .replace(/ cannot be read \(ENOENT\)/g, ' is not there')
    .replace(/ cannot be read \((EACCES|EPERM)\)/g, ' may not be read by the user of this server')
    .replace(/ \(E[A-Z]{3,}\)/g, '');
}
