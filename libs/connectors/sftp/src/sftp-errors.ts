import { DiskFullError, KlosetError, PermissionError, StoreError, type StoreFault } from '@wardrobe/store-connector';

/** Status codes of the protocol's version 3. @source draft-ietf-secsh-filexfer-02, 7 */
export const STATUS = { eof: 1, noSuchFile: 2, permissionDenied: 3, failure: 4, unsupported: 8 } as const;

/** The status with which the server answered a request; null for any other error. */
export function statusOf(error: unknown): number | null {
  return !(error instanceof KlosetError) && error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : null;
}

export function isMissing(error: unknown): boolean {
  return statusOf(error) === STATUS.noSuchFile;
}

/** The engine's error for a request about `what` that failed; an abort and the engine's own errors pass as they came. */
export function requestError(error: unknown, what: string, verb: 'read' | 'written'): unknown {
  const status = statusOf(error);
  if (status === null || !(error instanceof Error)) return error;
  if (status === STATUS.permissionDenied) return new PermissionError(what, { cause: error });
  if (/no space|disk (?:is )?full|quota/i.test(error.message)) return new DiskFullError(what, { cause: error });
  return new StoreError(`${what} cannot be ${verb}: the server answered "${shortened(error.message)}" (${status})`, { cause: error, fault: 'server' });
}

const FAULT_OF_CODE: Readonly<Record<string, { readonly fault: StoreFault; readonly sentence: string }>> = {
  ENOTFOUND: { fault: 'name', sentence: 'its name has no address' },
  EAI_AGAIN: { fault: 'name', sentence: 'its name cannot be looked up now' },
  ECONNREFUSED: { fault: 'route', sentence: 'nothing listens there' },
  EHOSTUNREACH: { fault: 'route', sentence: 'there is no way to it' },
  ENETUNREACH: { fault: 'route', sentence: 'there is no way to it' },
  EADDRNOTAVAIL: { fault: 'route', sentence: 'there is no way to it' },
  EACCES: { fault: 'route', sentence: 'this machine does not allow the connection' },
  ETIMEDOUT: { fault: 'timeout', sentence: 'it does not answer' },
};

/** The engine's error for a connection that could not be made or was lost. `where`: user, host and port. */
export function lineError(error: unknown, where: string, phase: 'connecting' | 'connected'): StoreError {
  if (error instanceof StoreError) return error;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const level = error instanceof Error && 'level' in error ? error.level : undefined;
  const known = FAULT_OF_CODE[code];
  const cause = error instanceof Error ? { cause: error } : {};
  if (known !== undefined && phase === 'connecting')
    return new StoreError(`${where} cannot be reached: ${known.sentence}`, { ...cause, fault: known.fault, retryable: known.fault !== 'name' });
  if (level === 'client-timeout') return new StoreError(`${where} did not answer in time`, { ...cause, fault: 'timeout', retryable: true });
  if (error instanceof Error && /no matching|unsupported algorithm/i.test(error.message))
    return new StoreError(`${where} and this program have no method of encryption in common: ${shortened(error.message)}`, { ...cause, fault: 'server' });
  const why = error instanceof Error && error.message !== '' ? `: ${shortened(error.message)}` : '';
  return new StoreError(`the line to ${where} ${phase === 'connecting' ? 'broke while it was set up' : 'broke'}${why}`, {
    ...cause,
    fault: 'line',
    retryable: true,
  });
}

/** Words of a server, kept to one short line. */
export function shortened(text: string): string {
  const line = [...text]
    .map((character) => (character < ' ' || character === '\u007f' ? ' ' : character))
    .join('')
    .trim();
  return line.length > 160 ? `${line.slice(0, 160)}…` : line;
}
