import {
  DecodeError,
  IntegrityError,
  InvalidInputError,
  KlosetError,
  LockedError,
  NotAStoreError,
  NotFoundError,
  PermissionError,
  StoreError,
  TooLargeError,
} from '@wardrobe/kloset';
import { type ErrorCode, faultWords, sentenceFor } from '@wardrobe/words';
import { CliError, EXIT, type ExitCode } from './exit-codes.js';

/** The exit code that belongs to each expected failure of the engine. */
const EXIT_OF: Partial<Record<ErrorCode, ExitCode>> = {
  decode: EXIT.damaged,
  integrity: EXIT.damaged,
  'wrong-passphrase': EXIT.denied,
  'passphrase-needed': EXIT.denied,
  permission: EXIT.denied,
};

/** What the user reads of any failure: sentence, next step, exit code. Bugs are passed on as they are. */
export function asCliError(error: unknown, what?: string): CliError | null {
  if (error instanceof CliError) return error;
  if (error instanceof NotFoundError && LOST.has(error.kind)) return lost(error);
  if (error instanceof TooLargeError)
    return new CliError(
      EXIT.damaged,
      `The store holds a value beyond its bound: ${error.message}.`,
      'It is damaged there. See everything that this hits with: check.',
      {
        cause: error,
      },
    );
  if (error instanceof LockedError)
    return new CliError(
      EXIT.usage,
      `The store is locked by ${error.host} since ${new Date(error.sinceMs).toISOString()}.`,
      'Try again when it has finished, or wait for it with --wait where the command has it. See who holds it with: locks',
      { cause: error },
    );
  if (error instanceof StoreError && error.fault !== undefined) {
    const { sentence, next } = faultWords(error.fault, { detail: error.message });
    return new CliError(error.fault === 'credentials' ? EXIT.denied : EXIT.usage, sentence, next, { cause: error });
  }
  if (error instanceof KlosetError) {
    const { sentence, next } = sentenceFor(error.code, { what: what ?? subjectOf(error), detail: error.message });
    return new CliError(EXIT_OF[error.code] ?? EXIT.usage, sentence, next, { cause: error });
  }
  if (error instanceof Error && 'code' in error && typeof error.code === 'string' && /^E[A-Z]+$/.test(error.code)) return systemFailure(error, error.code);
  return null;
}

/** Parts of the store that something names: that they are absent is damage, not a mistake in the call. */
const LOST: ReadonlySet<NotFoundError['kind']> = new Set(['packfile', 'blob', 'state']);

function lost(error: NotFoundError): CliError {
  const what = error.kind === 'state' ? 'State file' : error.kind === 'packfile' ? 'Packfile' : 'Blob';
  return new CliError(
    EXIT.damaged,
    `${what} ${error.id} is missing from the store.`,
    'See everything that this hits with: check. Put it back from a copy of the store.',
    {
      cause: error,
    },
  );
}

/** Whether the failure lies in the store's data, not in the call, the line or this machine. */
export function isDamage(error: KlosetError): boolean {
  return asCliError(error)?.exitCode === EXIT.damaged;
}

/** What the failure is about, where the error names it. */
function subjectOf(error: KlosetError): string | undefined {
  if (error instanceof NotAStoreError) return error.location;
  if (error instanceof DecodeError || error instanceof IntegrityError) {
    const { kind, file } = error.place;
    return file === undefined ? undefined : file === 'CONFIG' ? file : `${kind ?? 'file'} ${file}`;
  }
  return error instanceof PermissionError ? error.what : undefined;
}

function systemFailure(error: Error, code: string): CliError {
  if (code === 'ENOSPC')
    return new CliError(EXIT.usage, 'There is no space left on the disk.', 'Free some space. What was finished is kept.', { cause: error });
  if (code === 'EACCES' || code === 'EPERM')
    return new CliError(EXIT.denied, `There is no permission: ${error.message}.`, 'Use an account that may read it.', { cause: error });
  return new CliError(EXIT.usage, error.message, null, { cause: error });
}

/** Does something with what the user named; that it does not fit is said as the connector says it. */
export async function sayMistake<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    throw new CliError(EXIT.usage, `${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.`, null, { cause: error });
  }
}

/** A mistake in the call. */
export function usage(sentence: string, next: string | null = null): CliError {
  return new CliError(EXIT.usage, sentence, next);
}
