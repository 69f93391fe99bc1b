import { getSystemErrorMap } from 'node:util';
import { errnoOf } from '../local-error.js';
import { type ByteText, shownText } from './byte-text.js';

/** Texts that the two plakar lines write for a system error; where Node's own differ. */
const GO_TEXT: Readonly<Record<string, string>> = {
  EIO: 'input/output error',
  ENXIO: 'no such device or address',
  EPERM: 'operation not permitted',
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  ENOTDIR: 'not a directory',
  EISDIR: 'is a directory',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files in system',
  ENAMETOOLONG: 'file name too long',
  ELOOP: 'too many levels of symbolic links',
  EBUSY: 'device or resource busy',
  ESTALE: 'stale NFS file handle',
  EINVAL: 'invalid argument',
  ENOMEM: 'cannot allocate memory',
  ENODEV: 'no such device',
  ENODATA: 'no data available',
  ENOTCONN: 'transport endpoint is not connected',
  ETIMEDOUT: 'connection timed out',
  EHOSTDOWN: 'host is down',
  ENOTSUP: 'operation not supported',
  EOPNOTSUPP: 'operation not supported',
  ERANGE: 'numerical result out of range',
};

/** A failure of one name as plakar words it: `open /srv/a: permission denied`. Anything that is no system error is rethrown. */
export function systemErrorText(call: string, path: ByteText, error: unknown): string {
  const code = errnoOf(error);
  if (code === null) throw error;
  return `${call} ${shownText(path)}: ${GO_TEXT[code] ?? libraryText(error) ?? code}`;
}

/** Text of a system error number, of libraries that give nothing but it. */
export function errnoText(errno: number): string {
  const known = getSystemErrorMap().get(-errno);
  return known === undefined ? `errno ${errno}` : (GO_TEXT[known[0]] ?? known[1]);
}

function libraryText(error: unknown): string | null {
  const errno = error instanceof Error && 'errno' in error && typeof error.errno === 'number' ? error.errno : null;
  return errno === null ? null : (getSystemErrorMap().get(errno)?.[1] ?? null);
}
