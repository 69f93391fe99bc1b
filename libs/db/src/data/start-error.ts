/** The console cannot start; the message says why and what to do. Shown without a stack, exit code 1. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
