import { DiskFullError, InvalidInputError, KlosetError, PermissionError } from '../errors/errors.js';

export function errnoOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error ? error.code : null;
}

/** A failure of the local file system as an expected one; anything else is rethrown as it came. `what` names the path as the user knows it. */
export function localError(error: unknown, what: string): KlosetError {
  if (error instanceof KlosetError) return error;
  const code = errnoOf(error);
  if (code === null) throw error;
  const options = { cause: error };
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new DiskFullError(what, options);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new PermissionError(what, options);
    case 'EEXIST':
      return new InvalidInputError(`${what} exists already`, options);
    case 'ELOOP':
    case 'ENOTDIR':
      return new InvalidInputError(`${what} lies behind something that is not a directory`, options);
    default:
      return new InvalidInputError(`${what} cannot be written (${code})`, options);
  }
}
