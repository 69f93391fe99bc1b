import {
  DiskFullError,
  InvalidInputError,
  KlosetError,
  NotAStoreError,
  NotFoundError,
  PermissionError,
  ReadOnlyError,
  StoreError,
  type StoreFault,
  TooLargeError,
  type WritableStore,
} from '@wardrobe/store-connector';

/**
 * A store of a package with classes of its own: what it throws becomes our errors, by its `code`. Aborts and bugs pass as they came.
 */
export function withOurErrors(store: WritableStore): WritableStore {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...args: readonly unknown[]): unknown => {
        try {
          return translated(Reflect.apply(value, target, args) as unknown);
        } catch (error) {
          throw ours(error);
        }
      };
    },
  });
}

function translated(result: unknown): unknown {
  if (result instanceof Promise)
    return result.catch((error: unknown) => {
      throw ours(error);
    });
  if (typeof result === 'object' && result !== null && Symbol.asyncIterator in result) return pieces(result as AsyncIterable<unknown>);
  return result;
}

async function* pieces(items: AsyncIterable<unknown>): AsyncGenerator<unknown, void, undefined> {
  try {
    yield* items;
  } catch (error) {
    throw ours(error);
  }
}

type Facts = { readonly [name: string]: unknown };

const MADE: Readonly<Record<string, (facts: Facts, message: string, cause: ErrorOptions) => KlosetError>> = {
  'not-found': ({ kind, id }, _message, cause) => new NotFoundError(kind as NotFoundError['kind'], String(id), cause),
  store: ({ retryable, fault }, message, cause) =>
    new StoreError(message, { ...cause, retryable: retryable === true, ...(typeof fault === 'string' ? { fault: fault as StoreFault } : {}) }),
  'not-a-store': ({ location }, _message, cause) => new NotAStoreError(String(location), cause),
  permission: ({ what }, _message, cause) => new PermissionError(String(what), cause),
  'read-only': ({ what }) => new ReadOnlyError(String(what)),
  'disk-full': ({ where }, _message, cause) => new DiskFullError(String(where), cause),
  'invalid-input': (_facts, message, cause) => new InvalidInputError(message, cause),
  'too-large': ({ what, found, limit }) => new TooLargeError(String(what), Number(found), Number(limit)),
};

function ours(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof KlosetError || !('code' in error) || typeof error.code !== 'string') return error;
  const make = Object.hasOwn(MADE, error.code) ? MADE[error.code] : undefined;
  return make === undefined ? error : make({ ...error, ...('retryable' in error ? { retryable: error.retryable } : {}) }, error.message, { cause: error });
}
