import type { Mac } from '@wardrobe/kloset-model';
import { DiskFullError, KlosetError, NotFoundError, PermissionError, ReadOnlyError, type ResourceKind, StoreError } from '@wardrobe/store-connector';

/** Failures of the file system that may pass by themselves. */
const RETRYABLE = new Set(['EAGAIN', 'EBUSY', 'EMFILE', 'ENFILE', 'EINTR', 'ETIMEDOUT', 'ESTALE', 'EIO']);

export function errorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** The engine's error for a file system error about `what`; an abort and the engine's own errors pass as they came. */
export function storeError(error: unknown, what: string, signal: AbortSignal | undefined): unknown {
  return engineError(error, { what, failed: 'cannot be read' }, signal);
}

/** The same for a write. */
export function writeError(error: unknown, what: string, signal: AbortSignal | undefined): unknown {
  return engineError(error, { what, failed: 'cannot be written' }, signal);
}

function engineError(error: unknown, { what, failed }: { readonly what: string; readonly failed: string }, signal: AbortSignal | undefined): unknown {
  if (error instanceof KlosetError || signal?.aborted === true) return error;
  const code = errorCode(error);
  if (code === null) return error;
  if (code === 'EACCES' || code === 'EPERM') return new PermissionError(what, { cause: error });
  if (code === 'EROFS') return new ReadOnlyError(what);
  if (code === 'ENOSPC' || code === 'EDQUOT') return new DiskFullError(what, { cause: error });
  return new StoreError(`${what} ${failed} (${code})`, { cause: error, retryable: RETRYABLE.has(code) });
}

export function itemError(error: unknown, item: { readonly kind: ResourceKind; readonly id: Mac }): NotFoundError {
  return new NotFoundError(item.kind, item.id, { cause: error });
}
