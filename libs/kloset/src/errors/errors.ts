import { KlosetError, type Place } from '@wardrobe/store-connector';

export {
  DiskFullError,
  InvalidInputError,
  KlosetError,
  type KlosetErrorCode,
  NotAStoreError,
  NotFoundError,
  PermissionError,
  type Place,
  ReadOnlyError,
  StoreError,
  type StoreFault,
  TooLargeError,
} from '@wardrobe/store-connector';

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
