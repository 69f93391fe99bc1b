import type { ErrorCode } from '@wardrobe/words';

/** Facts that a sentence may name. Never a secret. */
export type Facts = Readonly<Record<string, string | number>>;

/** An expected failure of the API itself (accounts, limits, input). Engine failures keep their own class. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    readonly code: ErrorCode,
    /** What happened, as a sentence for people. */
    readonly sentence: string,
    /** What to do next, as a sentence. Empty: the table of words gives it. */
    readonly next = '',
    options?: ErrorOptions,
  ) {
    super(sentence, options);
  }
}

export function unauthenticated(): ApiError {
  return new ApiError('unauthenticated', 'Nobody is signed in.', 'Sign in and try again.');
}

export function forbidden(what = 'change anything on this console'): ApiError {
  return new ApiError('forbidden', `Your account may not ${what}.`, 'Ask an administrator of this console.');
}

export function notFound(what: string): ApiError {
  return new ApiError('not-found', `${what} does not exist.`, 'It may have been removed. Go back to the list and read it again.');
}
