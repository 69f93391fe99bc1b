import type { Mac, PackfileId, RepositoryId } from '@wardrobe/kloset-model';
import { macFromBytes } from '../bytes/bytes.js';
import { PassphraseNeededError } from '../errors/errors.js';
import type { ListedItem, ReadOptions, Store } from '../store/store.js';
import { archiveStore } from './archive-names.js';
import { type FindLocations, openBlob, readBlob } from './blob-reader.js';
import { type ConfigFile, deriveSecret, proveSecret, readConfig, verifyConfig } from './config-file.js';
import { hiddenSnapshots } from './hidden.js';
import { indexFolder } from './index-folder.js';
import { type Keys, makeKeys } from './keys.js';
import { readLocks } from './locks.js';
import { type OrphanOptions, Orphans } from './orphans.js';
import { verifyStates } from './load-states.js';
import { LocatedSource } from './located-source.js';
import { type PackedRanges, packedRanges } from './packed-ranges.js';
import { readMany } from './read-many.js';
import { listEarly, type RefreshOptions, StateIndex } from './state-index.js';
import type {
  BlobResult,
  BlobSource,
  HiddenOptions,
  HiddenSnapshot,
  LockInfo,
  OpenOptions,
  OrphanPackfiles,
  PackfileReport,
  Repository,
  RepositoryConfig,
  StateView,
  UnreadableState,
} from './types.js';
import { checkPlaces, verifyPackfile } from './verify-packfile.js';

/**
 * Opens a store with its keys and reads its states. One state that cannot be read does not fail it: see `view.unreadable`.
 * With `secret` nothing slow is derived; with `passphrase` the derivation runs here (about a second on this thread).
 * @throws NotAStoreError, WrongPassphraseError, PassphraseNeededError, UnsupportedVersionError, DecodeError, IntegrityError, TooLargeError, StoreError, PermissionError
 */
export async function openRepository(store: Store, options: OpenOptions = {}): Promise<Repository> {
  // Over a line the states are asked for together with CONFIG. Without CONFIG it is no store, and whatever the listing says is met by nobody.
  const early = store.line === undefined ? undefined : listEarly(store, options);
  const configFile = await readConfig(store, { signal: options.signal });
  const secret = await unlock(configFile, options);
  verifyConfig(configFile, secret);
  const keys = makeKeys(store, configFile, secret);
  const storage = options.indexDirectory === undefined ? null : indexFolder(keys, options.indexDirectory, options.onNote ?? (() => undefined));
  const index = new StateIndex(keys, storage);
  const view = await index.refresh({ ...options, early });
  const archive = archiveStore(store, view);
  return new StoreRepository(archive === null ? keys : { ...keys, store: archive, ranges: packedRanges(archive) }, {
    index,
    view,
    isArchive: archive !== null,
  });
}

async function unlock(configFile: ConfigFile, options: OpenOptions): Promise<Uint8Array | null> {
  if (configFile.config.Encryption === null) return null;
  if (options.secret !== undefined) {
    proveSecret(configFile, options.secret);
    return options.secret.slice();
  }
  if (options.passphrase === undefined) throw new PassphraseNeededError();
  options.onProgress?.({ phase: 'key', done: 0, total: 1 });
  return deriveSecret(configFile, options.passphrase, options.derive);
}

class StoreRepository implements Repository {
  readonly #index: StateIndex;
  readonly #orphans: Orphans;
  readonly #isArchive: boolean;
  #view: StateView;

  constructor(
    readonly keys: Keys,
    { index, view, isArchive }: { readonly index: StateIndex; readonly view: StateView; readonly isArchive: boolean },
  ) {
    this.#isArchive = isArchive;
    this.#index = index;
    this.#view = view;
    this.#orphans = new Orphans(keys);
  }

  get store(): Store {
    return this.keys.store;
  }

  get config(): RepositoryConfig {
    return this.keys.config;
  }

  get id(): RepositoryId {
    return this.keys.config.repositoryId;
  }

  get encrypted(): boolean {
    return this.keys.config.encryption !== null;
  }

  get secret(): Uint8Array | null {
    return this.keys.secret;
  }

  get view(): StateView {
    return this.#view;
  }

  mac(bytes: Uint8Array): Mac {
    return this.keys.mac(bytes);
  }

  proves(bytes: Uint8Array, mac: Uint8Array): boolean {
    return this.keys.algorithm.proves(bytes, mac);
  }

  createMac(): { update(bytes: Uint8Array): void; digest(): Mac } {
    const inner = this.keys.algorithm.create();
    return { update: (bytes) => inner.update(bytes), digest: () => macFromBytes(inner.digest()) };
  }

  async refresh(options: RefreshOptions = {}): Promise<StateView> {
    this.keys.ranges.forget();
    this.#view = await this.#index.refresh(options);
    return this.#view;
  }

  get(type: number, id: Mac, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<Uint8Array> {
    return readBlob(this.keys, { type, id, locations: this.view.locations(type, id) }, options);
  }

  getMany(type: number, ids: readonly Mac[], options: { readonly signal?: AbortSignal | undefined } = {}): AsyncIterable<BlobResult> {
    const { view } = this;
    return readMany(this.keys, { type, ids, find: (wantedType, id) => view.locations(wantedType, id) }, options);
  }

  has(type: number, id: Mac): boolean {
    return this.view.locations(type, id).length > 0;
  }

  locks(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<readonly LockInfo[]> {
    return readLocks(this.keys, options);
  }

  async hidden(options: HiddenOptions): Promise<readonly HiddenSnapshot[]> {
    const { view } = this;
    const orphans = await this.#orphans.refresh(view, options);
    if (orphans.every((orphan) => orphan.snapshots.length === 0)) return [];
    return hiddenSnapshots({ orphans, view, locks: await this.locks(options), nowMs: options.nowMs });
  }

  async withOrphans(options: OrphanOptions = {}): Promise<BlobSource> {
    const { view } = this;
    const orphans = new Set((await this.#orphans.refresh(view, options)).map((orphan) => orphan.id));
    const find: FindLocations = (type, id) => [...view.locations(type, id), ...this.#orphans.find(type, id, orphans)];
    return new LocatedSource(this.keys, find);
  }

  async orphans(options: OrphanOptions = {}): Promise<OrphanPackfiles> {
    const packfiles = await this.#orphans.refresh(this.view, options);
    return { packfiles, layer: this.#orphans.layer };
  }

  openStored(blob: { readonly type: number; readonly id: Mac }, stored: Uint8Array): Uint8Array {
    return openBlob(this.keys, blob, stored);
  }

  async verifyPackfile(id: PackfileId, options: ReadOptions = {}): Promise<PackfileReport> {
    const { view } = this;
    const placed = (type: number, blob: Mac) => view.locations(type, blob).find((location) => location.packfile === id);
    const onIndex = (index: Uint8Array): void => checkPlaces(index, { id, isKnown: view.isPackfileKnown(id), placed });
    const report = await verifyPackfile(this.keys, { id, onIndex }, options);
    // In an archive the packfile's name is random: it says nothing.
    return this.#isArchive ? { ...report, nameKnown: true } : report;
  }

  async *verifyStates(options: ReadOptions = {}): AsyncGenerator<UnreadableState> {
    const items: ListedItem[] = [];
    for await (const item of this.store.list('state', options)) items.push(item);
    yield* verifyStates(this.keys, items, options);
  }

  readingFrom(from: { readonly store: Store; readonly ranges?: PackedRanges | undefined }): Repository {
    const keys = { ...this.keys, store: from.store, ranges: from.ranges ?? packedRanges(from.store) };
    return new StoreRepository(keys, { index: this.#index, view: this.#view, isArchive: this.#isArchive });
  }

  close(): Promise<void> {
    this.keys.ranges.forget();
    return this.store.close();
  }
}
