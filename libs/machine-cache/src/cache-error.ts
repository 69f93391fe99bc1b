import type { CacheFailureCode } from './types.js';

/**
 * Why a cache could not be read. `again`: another attempt may succeed, because plakar may have been writing;
 * without it the finding is final. Messages name files inside the cache by their last part only.
 */
export class CacheReadError extends Error {
  override readonly name = 'CacheReadError';
  readonly again: boolean;
  constructor(
    readonly code: CacheFailureCode,
    message: string,
    options: ErrorOptions & { readonly again?: boolean } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.again = options.again ?? false;
  }
}

/** Bytes that are not what the format says. Read again first: a file may have been caught while it was written. */
export function damaged(message: string, cause?: unknown): CacheReadError {
  return new CacheReadError('damaged', message, { again: true, cause });
}

/** A feature or version that this reader does not know: final at once, never guessed. */
export function unsupported(message: string): CacheReadError {
  return new CacheReadError('unsupported', message);
}

export function errorCode(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}

/** A failure of the file system under a cache, in the words of a cache failure. `what` names the file for people. */
export function fileFailure(error: unknown, what: string): CacheReadError {
  if (error instanceof CacheReadError) return error;
  const code = errorCode(error);
  if (code === 'EACCES' || code === 'EPERM') return new CacheReadError('permission', `no permission to read ${what}`, { cause: error });
  if (code === 'ENOENT' || code === 'ENOTDIR') return new CacheReadError('damaged', `${what} is missing`, { again: true, cause: error });
  if (code === 'ELOOP' || code === 'ENXIO') return new CacheReadError('damaged', `${what} is not a regular file`, { cause: error });
  if (code === 'EMFILE' || code === 'ENFILE') return new CacheReadError('busy', `too many open files while reading ${what}`, { again: true, cause: error });
  if (code !== null) return new CacheReadError('damaged', `${what} cannot be read (${code})`, { again: true, cause: error });
  throw error;
}
