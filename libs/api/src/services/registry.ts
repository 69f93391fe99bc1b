import { rm } from 'node:fs/promises';
import { addCarried, getStore, type StoreRow } from '@wardrobe/db';
import type { Opened, ProbedStep } from '../engine/types.js';
import { ApiError, notFound } from '../errors/api-error.js';
import { EngineFailure } from '../workers/failure.js';
import { workerClient, type WorkerClient } from '../workers/client.js';
import type { StoreMethods } from '../workers/store-role.js';
import type { Deps } from './deps.js';
import { indexFolder } from './locations.js';
import { placeOf, type StorePlace } from './places.js';

export type Reader = WorkerClient<StoreMethods>;
type OpenStore = { readonly reader: Reader; readonly opened: Promise<Opened> };
export type OpenRequest = {
  readonly place: StorePlace;
  readonly passphrase: string | null;
  readonly secret: Uint8Array | null;
  readonly indexDirectory: string | null;
  readonly signal?: AbortSignal;
  readonly onProgress?: (value: unknown) => void;
  readonly graceMs?: () => number;
  readonly browsing?: boolean;
};

/** So long a thread may take to tell its figures. */
const COUNT_MS = 1000;

/**
 * The stores that are open: one thread each, one key ring. Derived secrets lie in this process's memory, or sealed in the database;
 * passphrases are handed to the thread that derives and forgotten.
 */
export class Registry {
  private readonly stores = new Map<string, OpenStore>();
  private readonly ring = new Map<string, Uint8Array>();
  private deriving: Promise<unknown> = Promise.resolve();

  constructor(private readonly deps: Deps) {}

  /** The thread of an open store; opens it when it is not. @throws ApiError passphrase-needed, EngineFailure */
  async reader(storeId: string): Promise<Reader> {
    const known = this.stores.get(storeId);
    if (known) {
      await known.opened;
      return known.reader;
    }
    const store = await getStore(this.deps.db, storeId);
    if (store === null) throw notFound('This store');
    // Another request may have opened it meanwhile.
    const open = this.stores.get(storeId) ?? this.begin(store);
    await open.opened;
    return open.reader;
  }

  /** A store opened on a thread of its own that belongs to nobody yet: for "test" and "add". */
  async openAside(request: OpenRequest): Promise<{ reader: Reader; opened: Opened }> {
    const reader = this.newReader();
    try {
      return { reader, opened: await this.open(reader, request) };
    } catch (error) {
      await reader.stop();
      throw error;
    }
  }

  /** Tries a place step by step up to whether it is a store, on a thread that ends with it. */
  async probe(place: StorePlace): Promise<readonly ProbedStep[]> {
    const reader = this.newReader();
    try {
      return await reader.call('probe', place);
    } finally {
      await reader.stop();
    }
  }

  /** Keeps what the line of a store has carried in a thread since the last time. A thread that does not answer at once, or has ended, keeps nobody waiting. */
  async count(storeId: string, reader: Reader): Promise<void> {
    const { db, clock, log } = this.deps;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), COUNT_MS);
    try {
      const carried = await Promise.race([reader.call('carried', null), once(late.signal)]);
      if (carried !== null && carried.requests > 0) await addCarried(db, storeId, { ...carried, since: new Date(clock.nowMs()) });
    } catch (error) {
      if (!(error instanceof EngineFailure))
        log('warn', `what store ${storeId} carried was not counted: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      clearTimeout(timer);
    }
  }

  /** A stored store on a thread of its own, for work that must not keep others waiting. The caller stops it. */
  async aside(store: StoreRow, options: Pick<OpenRequest, 'signal' | 'onProgress' | 'graceMs'>): Promise<Reader> {
    const place = await placeOf(this.deps, store);
    const secret = store.encrypted ? this.secretOf(store) : null;
    const indexDirectory = indexFolder(this.deps, place.location);
    const { reader, opened } = await this.openAside({ place, passphrase: null, secret, indexDirectory, ...options });
    try {
      expectSame(store, opened);
      return reader;
    } catch (error) {
      await reader.stop();
      throw error;
    }
  }

  /** Takes over a thread that `openAside` opened. */
  adopt(storeId: string, aside: { reader: Reader; opened: Opened }): void {
    this.stores.set(storeId, { reader: aside.reader, opened: Promise.resolve(aside.opened) });
  }

  keep(storeId: string, secret: Uint8Array): void {
    this.ring.set(storeId, secret);
  }

  holds(storeId: string): boolean {
    return this.ring.has(storeId);
  }

  forgetKey(storeId: string): void {
    this.ring.get(storeId)?.fill(0);
    this.ring.delete(storeId);
  }

  /** Ends the thread; the next request opens the store again. */
  async close(storeId: string): Promise<void> {
    const open = this.stores.get(storeId);
    this.stores.delete(storeId);
    if (open === undefined) return;
    await this.count(storeId, open.reader);
    await open.reader.stop();
  }

  async wipeIndex(location: string): Promise<void> {
    await rm(indexFolder(this.deps, location), { recursive: true, force: true });
  }

  async stop(): Promise<void> {
    await Promise.all([...this.stores.keys()].map((storeId) => this.close(storeId)));
    for (const storeId of [...this.ring.keys()]) this.forgetKey(storeId);
  }

  private begin(store: StoreRow): OpenStore {
    const reader = this.newReader();
    const open: OpenStore = { reader, opened: this.openStored(store, reader) };
    this.stores.set(store.id, open);
    open.opened.catch(() => {
      if (this.stores.get(store.id) === open) this.stores.delete(store.id);
      return reader.stop();
    });
    return open;
  }

  private async openStored(store: StoreRow, reader: Reader): Promise<Opened> {
    const place = await placeOf(this.deps, store);
    const secret = store.encrypted ? this.secretOf(store) : null;
    const indexDirectory = indexFolder(this.deps, place.location);
    const opened = await this.open(reader, { place, passphrase: null, secret, indexDirectory, browsing: true }).catch(async (error: unknown) => {
      await this.count(store.id, reader);
      throw error;
    });
    expectSame(store, opened);
    return opened;
  }

  secretOf(store: StoreRow): Uint8Array {
    const held = this.ring.get(store.id);
    if (held) return held;
    if (store.sealedKey === null)
      throw new ApiError('passphrase-needed', `${store.name} is encrypted and its key is not loaded.`, 'Unlock it with its passphrase.');
    try {
      const secret = this.deps.sealer.open(store.sealedKey, sealedKeyName(store.repositoryId));
      this.ring.set(store.id, secret);
      return secret;
    } catch (error) {
      throw new ApiError(
        'passphrase-needed',
        `The kept key of ${store.name} does not fit the key file of this console.`,
        'Put the right key file back, or unlock the store with its passphrase.',
        { cause: error },
      );
    }
  }

  /** Deriving a key takes hundreds of MiB and a second: one at a time in the whole console. */
  private open(reader: Reader, { place, passphrase, secret, indexDirectory, browsing = false, ...options }: OpenRequest): Promise<Opened> {
    const call = (): Promise<Opened> => reader.call('open', { ...place, passphrase, secret, indexDirectory, browsing }, options);
    if (passphrase === null) return call();
    const result = this.deriving.then(call, call);
    this.deriving = result.catch(() => null);
    return result;
  }

  /** A thread for one store. When it crashes the store counts as closed, and the next request opens it on a new one. */
  private newReader(): Reader {
    const reader: Reader = workerClient<StoreMethods>({
      url: this.deps.config.workerUrl,
      role: 'store',
      restarts: false,
      onCrash: (why) => {
        this.deps.log('error', `the thread of a store ended: ${why}`);
        for (const [storeId, open] of this.stores) if (open.reader === reader) this.stores.delete(storeId);
      },
    });
    return reader;
  }
}

function expectSame(store: StoreRow, opened: Opened): void {
  if (opened.repositoryId === store.repositoryId) return;
  throw new ApiError(
    'conflict',
    `Another store lies at ${store.location} now: its id is ${opened.repositoryId.slice(0, 8)}, not ${store.repositoryId.slice(0, 8)}.`,
    'Put the store back, or remove it here and add the other one.',
  );
}

/** Null once the signal aborts. */
function once(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(null), { once: true }));
}

/** What a sealed key is bound to. */
export function sealedKeyName(repositoryId: string): string {
  return `store-key:${repositoryId}`;
}
