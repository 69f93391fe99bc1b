import { readFile } from 'node:fs/promises';
import { DiskFullError, StoreError } from '../../errors/errors.js';
import type { ResourceKind, WritableStore } from '../../store/store.js';

/**
 * What happens at one call: `error` nothing was done; `late` it was done and says it failed; `short` half of the item is there; `full` no space, nothing done;
 * `dead` nothing was done, and neither will any later call be, as after the process was killed or the line cut for good.
 */
export type FaultKind = 'error' | 'late' | 'short' | 'full' | 'dead';
export const FAULT_KINDS: readonly FaultKind[] = ['error', 'late', 'short', 'full', 'dead'];

export type FaultyStore = {
  readonly store: WritableStore;
  /** Calls made so far that could fail. */
  readonly calls: number;
};

const NEVER = Number.POSITIVE_INFINITY;

/** A store whose call number `at` (from 0; reads count too) goes wrong. Errors say that trying again is no use, so that tests do not wait. */
export function faultyStore(inner: WritableStore, fault: { readonly at: number; readonly kind: FaultKind } = { at: NEVER, kind: 'error' }): FaultyStore {
  let calls = 0;
  let dead = false;
  const failure = (): Error => (fault.kind === 'full' ? new DiskFullError('the store') : new StoreError('the line is down'));
  const step = async <T>(work: () => Promise<T>, torn?: () => Promise<void>): Promise<T> => {
    const strikes = calls++ === fault.at;
    if (strikes && fault.kind === 'dead') dead = true;
    if (dead) throw failure();
    if (!strikes) return work();
    if (fault.kind === 'late') await work();
    if (fault.kind === 'short') await torn?.();
    throw failure();
  };
  async function* steps<T>(items: AsyncIterable<T>): AsyncIterable<T> {
    await step(async () => undefined);
    yield* items;
  }
  const halfOf = async (kind: ResourceKind, id: Parameters<WritableStore['write']>[1], bytes: Uint8Array): Promise<void> =>
    inner.write(kind, id, bytes.subarray(0, bytes.length >> 1));
  const store: WritableStore = {
    location: inner.location,
    spoolDirectory: inner.spoolDirectory,
    readConfig: (options) => step(() => inner.readConfig(options)),
    list: (kind, options) => steps(inner.list(kind, options)),
    listForeign: (options) => steps(inner.listForeign(options)),
    sizeBytes: (kind, id, options) => step(() => inner.sizeBytes(kind, id, options)),
    read: (kind, id, options) => steps(inner.read(kind, id, options)),
    readRange: (...args) => step(() => inner.readRange(...args)),
    create: (config, options) => step(() => inner.create(config, options)),
    write: (kind, id, bytes, options) =>
      step(
        () => inner.write(kind, id, bytes, options),
        () => halfOf(kind, id, bytes),
      ),
    adopt: (kind, id, path, options) =>
      step(
        () => inner.adopt(kind, id, path, options),
        async () => halfOf(kind, id, new Uint8Array(await readFile(path))),
      ),
    remove: (kind, id, options) => step(() => inner.remove(kind, id, options)),
    close: () => inner.close(),
  };
  return {
    store,
    get calls() {
      return calls;
    },
  };
}
