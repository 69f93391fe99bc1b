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

/** What kept a store from being reached or used, as far as a connector can tell; each has a sentence and a next step. */
export type StoreFault =
  /** The host's name has no address. */
  | 'name'
  /** No way to the host, or nothing listens there. */
  | 'route'
  /** The certificate or host key is not the one to be trusted. */
  | 'trust'
  /** Key, password or token refused, missing or expired. */
  | 'credentials'
  /** Nothing came for too long. */
  | 'timeout'
  /** The server asked to slow down until the end of our patience. */
  | 'throttled'
  /** The server failed by itself. */
  | 'server'
  /** The line broke, or gave less or other bytes than it promised. */
  | 'line'
  /** The object lies in an archive class and must be brought back first. */
  | 'archived';

/** The store could not be read or written: the line, not the data. `fault` says more where a connector knows more. */
export class StoreError extends KlosetError {
  override readonly name = 'StoreError';
  readonly code = 'store';
  override readonly retryable: boolean;
  readonly fault: StoreFault | undefined;
  constructor(message: string, options?: ErrorOptions & { retryable?: boolean; fault?: StoreFault }) {
    super(message, options);
    this.retryable = options?.retryable ?? false;
    this.fault = options?.fault;
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
