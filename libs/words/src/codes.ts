/** Closed list of expected failures. A code without a sentence or an API status does not compile. */
export const ERROR_CODES = [
  'decode',
  'unsupported-version',
  'integrity',
  'not-found',
  'store',
  'wrong-passphrase',
  'locked',
  'read-only',
  'passphrase-needed',
  'not-a-store',
  'permission',
  'busy',
  'too-large',
  'invalid-input',
  'cancelled',
  'disk-full',
  'unauthenticated',
  'forbidden',
  'conflict',
  'rate-limited',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];
