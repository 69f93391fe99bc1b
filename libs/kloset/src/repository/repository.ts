import type { Mac, RepositoryId } from '@wardrobe/kloset-model';
import { macFromBytes } from '../bytes/bytes.js';
import { PassphraseNeededError } from '../errors/errors.js';
import type { Store } from '../store/store.js';
import { readBlob } from './blob-reader.js';
import { type ConfigFile, deriveSecret, proveSecret, readConfig, verifyConfig } from './config-file.js';
import { type Keys, makeKeys } from './keys.js';
import { readLocks } from './locks.js';
import { readMany } from './read-many.js';
import { type RefreshOptions, StateIndex } from './state-index.js';
import type { BlobSource, HiddenSnapshot, LockInfo, OpenOptions, Repository, RepositoryConfig, StateView } from './types.js';
import type { KlosetError } from '../errors/errors.js';

/**
 * Opens a store with its keys and reads its states. One state that cannot be read does not fail it: see `view.unreadable`.
 * With `secret` nothing slow is derived; with `passphrase` the derivation runs here (about a second on this thread).
 * @throws NotAStoreError, WrongPassphraseError, PassphraseNeededError, UnsupportedVersionError, DecodeError, IntegrityError, TooLargeError, StoreError, PermissionError
 */
export async function openRepository(store: Store, options: OpenOptions = {}): Promise<Repository> {
  const configFile = await readConfig(store, { signal: options.signal });
  const secret = await unlock(configFile, options);
  verifyConfig(configFile, secret);
  const keys = makeKeys(store, configFile, secret);
  const repository = new StoreRepository(keys, new StateIndex(keys, null));
  await repository.refresh(options);
  return repository;
}

async function unlock(configFile: ConfigFile, options: OpenOptions): Promise<Uint8Array | null> {
  if (configFile.config.Encryption === null) return null;
  if (options.secret !== undefined) {
    proveSecret(configFile, options.secret);
    return options.secret.slice();
  }
  if (options.passphrase === undefined) throw new PassphraseNeededError();
  options.onProgress?.({ phase: 'key', done: 0, total: 1 });
  return deriveSecret(configFile, options.passphrase);
}

class StoreRepository implements Repository {
  readonly #keys: Keys;
  readonly #index: StateIndex;
  #view: StateView | null = null;

  constructor(keys: Keys, index: StateIndex) {
    this.#keys = keys;
    this.#index = index;
  }

  get store(): Store {
    return this.#keys.store;
  }

  get config(): RepositoryConfig {
    return this.#keys.config;
  }

  get id(): RepositoryId {
    return this.#keys.config.repositoryId;
  }

  get encrypted(): boolean {
    return this.#keys.config.encryption !== null;
  }

  get secret(): Uint8Array | null {
    return this.#keys.secret;
  }

  get view(): StateView {
    if (this.#view === null) throw new Error('the repository has not been read yet');
    return this.#view;
  }

  mac(bytes: Uint8Array): Mac {
    return this.#keys.mac(bytes);
  }

  createMac(): { update(bytes: Uint8Array): void; digest(): Mac } {
    const inner = this.#keys.algorithm.create();
    return { update: (bytes) => inner.update(bytes), digest: () => macFromBytes(inner.digest()) };
  }

  async refresh(options: RefreshOptions = {}): Promise<StateView> {
    this.#view = await this.#index.refresh(options);
    return this.#view;
  }

  get(type: number, id: Mac, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<Uint8Array> {
    return readBlob(this.#keys, { type, id, locations: this.view.locations(type, id) }, options);
  }

  getMany(type: number, ids: readonly Mac[], options: { readonly signal?: AbortSignal | undefined } = {}): AsyncIterable<{ readonly id: Mac; readonly bytes: Uint8Array } | { readonly id: Mac; readonly error: KlosetError }> {
    const { view } = this;
    return readMany(this.#keys, { type, ids, find: (wantedType, id) => view.locations(wantedType, id) }, options);
  }

  has(type: number, id: Mac): boolean {
    return this.view.locations(type, id).some((location) => !location.coloured);
  }

  locks(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<readonly LockInfo[]> {
    return readLocks(this.#keys, options);
  }

  hidden(options: { readonly nowMs: number; readonly signal?: AbortSignal | undefined }): Promise<readonly HiddenSnapshot[]> {
    throw new Error(`not yet ${options.nowMs}`);
  }

  withOrphans(): Promise<BlobSource> {
    throw new Error('not yet');
  }

  close(): Promise<void> {
    return this.store.close();
  }
}
