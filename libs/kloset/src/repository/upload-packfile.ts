import { setTimeout as sleep } from 'node:timers/promises';
import type { PackfileId } from '@wardrobe/kloset-model';
import { KlosetError, NotFoundError } from '../errors/errors.js';
import type { WritableStore } from '../store/store.js';

const TRIES = 4;
const FIRST_PAUSE_MS = 500;

/** Runs a write again while its failure is one that may pass. @throws what the last try threw */
export async function withRetries<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await work();
    } catch (error) {
      if (tried >= TRIES || signal?.aborted === true || !(error instanceof KlosetError) || !error.retryable) throw error;
      await sleep(FIRST_PAUSE_MS * 2 ** (tried - 1), undefined, { signal });
    }
  }
}

/** Brings a finished packfile into the store. One that is there already in full size, after a failure that came too late, counts as brought. */
export function uploadPackfile(
  store: WritableStore,
  packfile: { readonly id: PackfileId; readonly path: string; readonly sizeBytes: number },
  options: { readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const { signal } = options;
  return withRetries(async () => {
    try {
      await store.adopt('packfile', packfile.id, packfile.path, { signal });
    } catch (error) {
      if (signal?.aborted === true || !(await isThere(store, packfile))) throw error;
    }
  }, signal);
}

async function isThere(store: WritableStore, packfile: { readonly id: PackfileId; readonly sizeBytes: number }): Promise<boolean> {
  try {
    return (await store.sizeBytes('packfile', packfile.id)) === packfile.sizeBytes;
  } catch (error) {
    if (error instanceof NotFoundError || error instanceof KlosetError) return false;
    throw error;
  }
}
