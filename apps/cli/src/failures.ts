import { KlosetError, NotAStoreError, PermissionError } from '@wardrobe/kloset';
import { type ErrorCode, sentenceFor } from '@wardrobe/words';
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
  if (error instanceof KlosetError) {
    const { sentence, next } = sentenceFor(error.code, { what: what ?? subjectOf(error), detail: error.message });
    return new CliError(EXIT_OF[error.code] ?? EXIT.usage, sentence, next, { cause: error });
  }
  if (error instanceof Error && 'code' in error && typeof error.code === 'string' && /^E[A-Z]+$/.test(error.code)) return systemFailure(error, error.code);
  return null;
}

/** What the failure is about, where the error names it. */
function subjectOf(error: KlosetError): string | undefined {
  if (error instanceof NotAStoreError) return error.location;
  return error instanceof PermissionError ? error.what : undefined;
}

function systemFailure(error: Error, code: string): CliError {
  if (code === 'ENOSPC')
    return new CliError(EXIT.usage, 'There is no space left on the disk.', 'Free some space. What was finished is kept.', { cause: error });
  if (code === 'EACCES' || code === 'EPERM')
    return new CliError(EXIT.denied, `There is no permission: ${error.message}.`, 'Use an account that may read it.', { cause: error });
  return new CliError(EXIT.usage, error.message, null, { cause: error });
}

/** A mistake in the call. */
export function usage(sentence: string, next: string | null = null): CliError {
  return new CliError(EXIT.usage, sentence, next);
}
