import type { Mac } from '@wardrobe/kloset-model';
import { setTimeout as sleep } from 'node:timers/promises';
import { V1_0_0 } from '../codec/version.js';
import { encode } from '../codec/codec.js';
import { InvalidInputError, LockedError, NotFoundError, StoreError } from '../errors/errors.js';
import { wrapEnvelope } from '../format/envelope.js';
import { lock as lockTable } from '../format/lock.js';
import type { WritableStore } from '../store/store.js';
import type { Keys } from './keys.js';
import { readLocksBeside } from './locks.js';
import type { LockInfo } from './types.js';
import type { WriterEnvironment } from './writer-types.js';

/** Holders rewrite their lock this often; one not rewritten for `STALE_LOCK_MS` belongs to nobody. @source 01-store 6.4 */
export const REFRESH_LOCK_MS = 5 * 60_000;
export const STALE_LOCK_MS = 10 * 60_000;
const RETRY_REFRESH_MS = 20_000;
const POLL_MS = 2_000;

export type LockOptions = {
  readonly id: Mac;
  readonly exclusive: boolean;
  readonly environment: WriterEnvironment;
  /** Instead of giving up, looks again until the other locks are gone or stale. */
  readonly wait?: boolean | undefined;
  readonly onWait?: ((by: LockInfo) => void) | undefined;
  /** What is to be done once our lock stands. A shared lock begins it while the others are looked at; an exclusive one knows first that it is alone. */
  readonly onceTaken?: (() => Promise<unknown>) | undefined;
  readonly signal?: AbortSignal | undefined;
};

/** A lock of ours in the store, rewritten in the background as long as it is held. */
export type HeldLock = {
  readonly id: Mac;
  readonly exclusive: boolean;
  /** Locks of others that count and forbid nothing, as of the moment when ours was taken. */
  readonly beside: readonly LockInfo[];
  /** Looks again: our lock is there and not stale, and nobody else's forbids going on. @throws LockedError, StoreError the lock was lost */
  verify(): Promise<void>;
  /** Removes it. Safe to call twice: the second call waits for the first. */
  release(): Promise<void>;
};

/** Whether a lock still counts. A time in the future (clocks apart) counts. */
export function isFresh(lock: LockInfo, nowMs: number): boolean {
  return lock.error !== undefined || nowMs - Number(lock.timestampNs / 1_000_000n) < STALE_LOCK_MS;
}

/**
 * Writes our lock, then looks at all others: a shared one gives way to a fresh exclusive one, an exclusive one to any fresh lock. Stale locks met are removed.
 * A lock that cannot be read counts as fresh: it may be anybody's.
 * @throws LockedError somebody else holds the store; ours is removed again
 * @source 01-store 6.4
 */
export async function takeLock(keys: Keys, store: WritableStore, options: LockOptions): Promise<HeldLock> {
  for (let waited = false; ; waited = true) {
    await writeLock(keys, store, options);
    let found: Others;
    try {
      found = await lookAndBegin(keys, store, { ...options, isEarly: !waited && !options.exclusive });
    } catch (error) {
      await removeLock(store, options.id);
      throw error;
    }
    const { hindrance, beside } = found;
    if (hindrance === null) return new Held({ keys, store, options, beside });
    await removeLock(store, options.id);
    if (options.wait !== true) throw lockedBy(hindrance);
    options.onWait?.(hindrance);
    await sleep(POLL_MS, undefined, { signal: options.signal });
  }
}

/** The others, and when they forbid nothing, `onceTaken` is done. */
async function lookAndBegin(keys: Keys, store: WritableStore, { isEarly, ...options }: LockOptions & { readonly isEarly: boolean }): Promise<Others> {
  const early = isEarly ? options.onceTaken?.() : undefined;
  const [looked] = await Promise.allSettled([lookAtOthers(keys, store, options), early]);
  if (looked.status === 'rejected') throw looked.reason;
  if (looked.value.hindrance === null) await (isEarly ? early : options.onceTaken?.());
  return looked.value;
}

type Parts = { readonly keys: Keys; readonly store: WritableStore; readonly options: LockOptions; readonly beside: readonly LockInfo[] };

class Held implements HeldLock {
  readonly #parts: Parts;
  #timer: NodeJS.Timeout | null = null;
  #writtenAtMs: number;
  #released: Promise<void> | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#writtenAtMs = parts.options.environment.nowMs();
    this.#schedule(REFRESH_LOCK_MS);
  }

  get id(): Mac {
    return this.#parts.options.id;
  }

  get exclusive(): boolean {
    return this.#parts.options.exclusive;
  }

  get beside(): readonly LockInfo[] {
    return this.#parts.beside;
  }

  async verify(): Promise<void> {
    const { keys, store, options } = this.#parts;
    if (options.environment.nowMs() - this.#writtenAtMs >= STALE_LOCK_MS)
      throw new StoreError('our lock could not be rewritten for 10 minutes: others may have taken it for left behind', { retryable: true });
    // Also after the run was told to stop: then what it stored is still to be published.
    const { hindrance, isListed } = await lookAtOthers(keys, store, { ...options, signal: undefined });
    if (!isListed) await expectThere(store, options.id);
    if (hindrance !== null) throw lockedBy(hindrance);
  }

  release(): Promise<void> {
    this.#released ??= this.#release();
    return this.#released;
  }

  async #release(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#writing;
    await removeLock(this.#parts.store, this.id);
  }

  #schedule(delayMs: number): void {
    this.#timer = setTimeout(() => {
      this.#writing = this.#rewrite();
    }, delayMs);
    this.#timer.unref();
  }

  /** A refresh that fails is tried again soon; `verify` tells when it was in vain for too long. */
  async #rewrite(): Promise<void> {
    const { keys, store, options } = this.#parts;
    try {
      await writeLock(keys, store, { ...options, signal: undefined });
      this.#writtenAtMs = options.environment.nowMs();
      if (this.#released === null) this.#schedule(REFRESH_LOCK_MS);
    } catch {
      if (this.#released === null) this.#schedule(RETRY_REFRESH_MS);
    }
  }
}

async function writeLock(keys: Keys, store: WritableStore, options: LockOptions): Promise<void> {
  const { environment } = options;
  const plain = encode(lockTable, {
    version: V1_0_0,
    timestamp: BigInt(environment.nowMs()) * 1_000_000n,
    hostname: environment.hostname,
    exclusive: options.exclusive,
  });
  const body = keys.encoder(environment.randomBytes)(plain);
  const file = wrapEnvelope('lock', body, { version: V1_0_0, hash: (bytes) => keys.algorithm.hash(bytes) });
  await store.write('lock', options.id, file, { signal: options.signal });
}

type Others = {
  /** The lock of somebody else that forbids ours; the newest of them. */
  readonly hindrance: LockInfo | null;
  readonly beside: readonly LockInfo[];
  /** Whether the store shows our own lock. */
  readonly isListed: boolean;
};

async function lookAtOthers(keys: Keys, store: WritableStore, options: LockOptions): Promise<Others> {
  const nowMs = options.environment.nowMs();
  const { locks, isListed } = await readLocksBeside(options.id, { ...keys, store }, { signal: options.signal });
  const beside: LockInfo[] = [];
  let hindrance: LockInfo | null = null;
  for (const lock of locks) {
    if (!isFresh(lock, nowMs)) await removeLock(store, lock.id);
    else if (options.exclusive || lock.exclusive || lock.error !== undefined) hindrance ??= lock;
    else beside.push(lock);
  }
  return { hindrance, beside, isListed };
}

/** @throws StoreError our lock is gone */
async function expectThere(store: WritableStore, id: Mac): Promise<void> {
  try {
    await store.sizeBytes('lock', id);
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    throw new StoreError('somebody removed our lock while we worked', { cause: error, retryable: true });
  }
}

/** A lock that is gone already is as good as removed. */
async function removeLock(store: WritableStore, id: Mac): Promise<void> {
  try {
    await store.remove('lock', id);
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
  }
}

function lockedBy(lock: LockInfo): Error {
  if (lock.error !== undefined)
    return new InvalidInputError(
      `lock ${lock.id} cannot be read, so nobody can tell whose it is: ${lock.error.message}. If nothing else uses the store, clear it.`,
      { cause: lock.error },
    );
  return new LockedError(lock.hostname, Number(lock.timestampNs / 1_000_000n));
}
