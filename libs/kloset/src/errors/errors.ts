import type { Mac } from '@wardrobe/kloset-model';

/** Codes of the engine's expected failures; callers test these, never message text. */
export type KlosetErrorCode =
  | 'decode'
  | 'unsupported-version'
  | 'integrity'
  | 'not-found'
  | 'store'
  | 'wrong-passphrase'
  | 'passphrase-needed'
  | 'locked'
  | 'read-only'
  | 'not-a-store'
  | 'permission'
  | 'disk-full'
  | 'invalid-input'
  | 'too-large';

/** Where in the store a failure lies, as far as it is known. */
export type Place = { readonly kind?: string; readonly file?: string; readonly offset?: number };

/** Base of every expected failure of the engine. `retryable`: the same call may succeed later without a change. */
export abstract class KlosetError extends Error {
  abstract readonly code: KlosetErrorCode;
  readonly retryable: boolean = false;
}

/** Bytes that are not what the format says. `place` names the file or record. */
export class DecodeError extends KlosetError {
  override readonly name = 'DecodeError';
  readonly code = 'decode';
  constructor(
    readonly what: string,
    readonly detail: string,
    readonly place: Place = {},
    options?: ErrorOptions,
  ) {
    super(`${what}: ${detail}`, options);
  }
}

export class UnsupportedVersionError extends KlosetError {
  override readonly name = 'UnsupportedVersionError';
  readonly code = 'unsupported-version';
  constructor(
    readonly what: string,
    readonly found: string,
    readonly known: string,
  ) {
    super(`${what} has version ${found}; this program knows ${known}`);
  }
}

/** A MAC, footer or tag differs from the bytes. */
export class IntegrityError extends KlosetError {
  override readonly name = 'IntegrityError';
  readonly code = 'integrity';
  constructor(
    readonly what: string,
    readonly detail: string,
    readonly place: Place = {},
    options?: ErrorOptions,
  ) {
    super(`${what}: ${detail}`, options);
  }
}

export class NotFoundError extends KlosetError {
  override readonly name = 'NotFoundError';
  readonly code = 'not-found';
  constructor(
    readonly kind: 'blob' | 'packfile' | 'state' | 'snapshot' | 'lock' | 'path',
    readonly id: Mac | string,
    options?: ErrorOptions,
  ) {
    super(`${kind} ${id} not found`, options);
  }
}

/** The store could not be read or written: the line, not the data. */
export class StoreError extends KlosetError {
  override readonly name = 'StoreError';
  readonly code = 'store';
  override readonly retryable: boolean;
  constructor(message: string, options?: ErrorOptions & { retryable?: boolean }) {
    super(message, options);
    this.retryable = options?.retryable ?? false;
  }
}

export class NotAStoreError extends KlosetError {
  override readonly name = 'NotAStoreError';
  readonly code = 'not-a-store';
  constructor(
    readonly location: string,
    options?: ErrorOptions,
  ) {
    super(`${location} is not a Kloset store: it has no CONFIG`, options);
  }
}

export class PermissionError extends KlosetError {
  override readonly name = 'PermissionError';
  readonly code = 'permission';
  constructor(
    readonly what: string,
    options?: ErrorOptions,
  ) {
    super(`no permission: ${what}`, options);
  }
}

export class WrongPassphraseError extends KlosetError {
  override readonly name = 'WrongPassphraseError';
  readonly code = 'wrong-passphrase';
  constructor() {
    super('the passphrase does not open this store');
  }
}

export class PassphraseNeededError extends KlosetError {
  override readonly name = 'PassphraseNeededError';
  readonly code = 'passphrase-needed';
  constructor() {
    super('the store is encrypted: a passphrase is needed');
  }
}

export class LockedError extends KlosetError {
  override readonly name = 'LockedError';
  readonly code = 'locked';
  override readonly retryable = true;
  constructor(
    readonly host: string,
    readonly sinceMs: number,
  ) {
    super(`the store is locked by ${host}`);
  }
}

export class ReadOnlyError extends KlosetError {
  override readonly name = 'ReadOnlyError';
  readonly code = 'read-only';
  constructor(readonly what: string) {
    super(`${what} is read-only`);
  }
}

export class DiskFullError extends KlosetError {
  override readonly name = 'DiskFullError';
  readonly code = 'disk-full';
  constructor(
    readonly where: string,
    options?: ErrorOptions,
  ) {
    super(`no space left: ${where}`, options);
  }
}

export class InvalidInputError extends KlosetError {
  override readonly name = 'InvalidInputError';
  readonly code = 'invalid-input';
}

/** A length or parameter from the wire above its bound: refused before anything is allocated. */
export class TooLargeError extends KlosetError {
  override readonly name = 'TooLargeError';
  readonly code = 'too-large';
  constructor(
    readonly what: string,
    readonly found: number | bigint,
    readonly limit: number,
  ) {
    super(`${what} is ${found}; the limit is ${limit}`);
  }
}
