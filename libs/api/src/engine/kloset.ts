import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BlobSource,
  type OpenOptions,
  openRepository as open,
  openSnapshot as openSnapshotOf,
  type Repository,
  type Snapshot,
  snapshotSource,
  type Store,
  type WritableStore,
} from '@wardrobe/kloset';
import type { Surroundings } from '@wardrobe/connections';
import type { SnapshotId } from '@wardrobe/kloset-model';
import { type ConnectorHost, parseStoreLocation, StoreError } from '@wardrobe/store-connector';
import { mayLieAt } from './addresses.js';
import type { ProbedStep, StoreAddress } from './types.js';

/**
 * The store at a place that was checked. Only the connector of its kind is loaded, and it gets nothing of this process's environment: what it needs stands in
 * the options.
 * @throws InvalidInputError an option that does not fit
 */
export async function storeAt({ location, options, connectorsFolder }: StoreAddress, host: ConnectorHost = HOST): Promise<WritableStore> {
  const { openLocation, resolveLocation } = await import('@wardrobe/connections');
  const surroundings: Surroundings = { host, configFolder: null, plakarFolder: null, connectorsFolder };
  return openLocation(await resolveLocation(location, { options, surroundings }), surroundings);
}

/** The same for browsing: what is read over a line is kept beside the store's index, so that looking again asks nobody. */
export async function browsedStoreAt(address: StoreAddress & { readonly indexDirectory: string | null }): Promise<WritableStore> {
  const store = await storeAt(address);
  const { isLocal, RANGE_LIMIT_BYTES, withRangeCache } = await import('@wardrobe/connections');
  if (address.indexDirectory === null || isLocal(parseStoreLocation(address.location))) return store;
  return withRangeCache(store, { directory: join(address.indexDirectory, 'ranges'), limitBytes: RANGE_LIMIT_BYTES });
}

/** A test of a place tries once, and ends after so long. */
const TEST_CONNECT_MS = 5_000;
const TEST_MS = 20_000;

/** Tries a place step by step, up to whether it is a store. */
export async function probeAt(address: StoreAddress, signal: AbortSignal): Promise<readonly ProbedStep[]> {
  const { isLocal, probeStore } = await import('@wardrobe/connections');
  const local = isLocal(parseStoreLocation(address.location));
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new StoreError(`nothing came of it within ${TEST_MS / 1000} s`, { fault: 'server' })), TEST_MS);
  const open = (): Promise<WritableStore> => storeAt(address, { ...HOST, connectMs: TEST_CONNECT_MS, patienceMs: 0 });
  try {
    const { steps, error } = await probeStore({ open, local, passphrase: async () => null, signal: AbortSignal.any([signal, late.signal]) });
    return steps.map((step) => ({ ...step, code: step.ok ? null : (error?.code ?? 'passphrase-needed') }));
  } finally {
    clearTimeout(timer);
  }
}

/** Somebody waits in front of a page: that a server is away is told after so long. */
const PATIENCE_MS = 30_000;

/** The connectors of the console get no environment, run no programs, and connect to no place at which credentials are handed out. */
const HOST: ConnectorHost = { environment: {}, home: homedir(), temporaryFolder: tmpdir(), patienceMs: PATIENCE_MS, allowsAddress: mayLieAt };

/** The entry points of the engine that this library uses, in one place. */

export function openRepository(store: Store, options: OpenOptions): Promise<Repository> {
  return open(store, options);
}

export function openSnapshot(source: BlobSource, repository: Repository, id: SnapshotId, signal: AbortSignal): Promise<Snapshot> {
  return openSnapshotOf(source === repository ? repository : snapshotSource(repository, source), id, { signal });
}
