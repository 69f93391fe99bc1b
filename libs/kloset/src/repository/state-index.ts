import type { Mac, StateId } from '@wardrobe/kloset-model';
import { joinLayers, type Layer, newLocationTable } from '../state/layer.js';
import { MergedView } from '../state/state-view.js';
import type { StateRecord } from '../state/state-record.js';
import type { ListedItem, Store } from '../store/store.js';
import type { Keys } from './keys.js';
import { currentFooter, loadStates } from './load-states.js';
import type { OpenProgress, StateView, UnreadableState } from './types.js';

/** `early`: the states of the store, asked for already. */
export type RefreshOptions = ListOptions & { readonly early?: EarlyListing | undefined };
type ListOptions = { readonly signal?: AbortSignal | undefined; readonly onProgress?: ((progress: OpenProgress) => void) | undefined };
type ListedStates = ReadonlyMap<StateId, ListedItem>;
type Sizes = ReadonlyMap<StateId, number>;

/** A listing that is under way before it is known which states the index holds; `know` tells it, for stores whose listings give no sizes. */
export type EarlyListing = { readonly states: Promise<ListedStates>; readonly know: (sizes: Promise<Sizes>) => void };

/** Where layers survive the process. `load` gives none when there is nothing usable; `save` must not fail the caller for a full or read-only disk. */
export interface LayerStorage {
  load(): Promise<readonly Layer[]>;
  save(layers: readonly Layer[]): Promise<void>;
}

/** Encoded bytes a location takes in a state, as measured on incompressible ids; only a guess at how much room to make. */
const STATE_BYTES_PER_LOCATION = 60;

/** More layers than this are joined, the first (largest) one apart. */
const MAX_LAYERS = 12;

/** The layers of a repository's states. A refresh makes a new view; what older views hold is never changed. */
export class StateIndex {
  #layers: readonly Layer[] = [];
  #saved: readonly Layer[] = [];
  #started = false;

  constructor(
    readonly keys: Keys,
    readonly storage: LayerStorage | null,
  ) {}

  /** Lists the states, reads those that are new, and forgets those that are gone with all their entries. @throws StoreError, PermissionError when the store cannot be listed */
  async refresh(options: RefreshOptions): Promise<StateView> {
    const loading = this.#started ? Promise.resolve(this.#layers) : this.#loadSaved(options);
    const sizes = loading.then(sizesOf);
    // Met where the layers themselves are waited for.
    sizes.catch(() => undefined);
    options.early?.know(sizes);
    const [listed, loaded] = await Promise.all([options.early?.states ?? listStates(this.keys.store, options, sizes), loading]);
    const kept = await this.#stillValid(loaded, listed, options);
    const known = new Set(recordsOf(kept).map((record) => record.id));
    const missing = [...listed.values()].filter((item) => !known.has(item.id));
    const { layer, unreadable } = await this.#read(missing, options);
    const layers = layer === null ? kept : tidy([...kept, layer]);
    if (!sameLayers(layers, this.#saved)) await this.#save(layers);
    this.#layers = layers;
    this.#started = true;
    return new MergedView(layers, unreadable);
  }

  async #loadSaved(options: RefreshOptions): Promise<readonly Layer[]> {
    if (this.storage === null) return [];
    options.onProgress?.({ phase: 'index', done: 0, total: 1 });
    this.#saved = await this.storage.load();
    return this.#saved;
  }

  async #save(layers: readonly Layer[]): Promise<void> {
    await this.storage?.save(layers);
    this.#saved = layers;
  }

  /**
   * The layers as far as the store still bears them out. Locations are not kept by state, so a state that is gone or was replaced means reading all again;
   * plakar never removes states, so this is rare. A file that was only touched keeps its entries and gets its new stamp.
   */
  async #stillValid(layers: readonly Layer[], listed: ReadonlyMap<StateId, ListedItem>, options: RefreshOptions): Promise<readonly Layer[]> {
    const stamps = new Map<StateId, string | null>();
    for (const record of recordsOf(layers)) {
      const item = listed.get(record.id);
      if (item === undefined || item.sizeBytes !== record.sizeBytes) return [];
      const stamp = item.stamp ?? null;
      if (stamp === record.stamp) continue;
      if ((await currentFooter(this.keys, item, options)) !== record.footer) return [];
      stamps.set(record.id, stamp);
    }
    return stamps.size === 0 ? layers : layers.map((layer) => restamp(layer, stamps));
  }

  async #read(items: readonly ListedItem[], options: RefreshOptions): Promise<{ layer: Layer | null; unreadable: readonly UnreadableState[] }> {
    if (items.length === 0) return { layer: null, unreadable: [] };
    const sizeBytes = items.reduce((sum, item) => sum + item.sizeBytes, 0);
    const table = newLocationTable(Math.floor(sizeBytes / STATE_BYTES_PER_LOCATION));
    let done = 0;
    const onState = () => options.onProgress?.({ phase: 'states', done: ++done, total: items.length });
    const { records, unreadable, absent } = await loadStates(this.keys, items, { table, signal: options.signal, onState });
    return { layer: records.length === 0 ? null : { table, records }, unreadable: [...unreadable, ...(await this.#stillListed(absent, options))] };
  }

  /** A state that could not be found is gone only when the store does not list it any more; one that is still listed cannot be read. */
  async #stillListed(absent: readonly UnreadableState[], options: RefreshOptions): Promise<readonly UnreadableState[]> {
    if (absent.length === 0) return [];
    const listed = await listStates(this.keys.store, { signal: options.signal }, NO_SIZES);
    return absent.filter((state) => listed.has(state.id));
  }
}

const NO_SIZES: Promise<Sizes> = Promise.resolve(new Map());

/** Begins to list the states of a store. A failure is met by whoever waits for `states`. */
export function listEarly(store: Store, options: ListOptions): EarlyListing {
  let know: EarlyListing['know'] = () => undefined;
  const sizes = new Promise<Sizes>((resolve) => {
    know = resolve;
  });
  const states = listStates(store, options, sizes);
  states.catch(() => undefined);
  return { states, know };
}

/** The states that a store lists now. @throws StoreError, PermissionError */
async function listStates(store: Store, options: ListOptions, sizes: Promise<Sizes>): Promise<ListedStates> {
  const listed = new Map<StateId, ListedItem>();
  const knownSize = async (id: Mac): Promise<number | undefined> => (await sizes).get(id as StateId);
  for await (const item of store.list('state', { signal: options.signal, knownSize })) {
    listed.set(item.id, item);
    options.onProgress?.({ phase: 'list', done: listed.size, total: listed.size });
  }
  return listed;
}

function sizesOf(layers: readonly Layer[]): Sizes {
  return new Map(recordsOf(layers).map(({ id, sizeBytes }) => [id, sizeBytes]));
}

function recordsOf(layers: readonly Layer[]): readonly StateRecord[] {
  return layers.flatMap((layer) => layer.records);
}

function restamp(layer: Layer, stamps: ReadonlyMap<StateId, string | null>): Layer {
  if (!layer.records.some((record) => stamps.has(record.id))) return layer;
  return { table: layer.table, records: layer.records.map((record) => ({ ...record, stamp: stamps.get(record.id) ?? record.stamp })) };
}

function sameLayers(a: readonly Layer[], b: readonly Layer[]): boolean {
  return a.length === b.length && a.every((layer, index) => layer === b[index]);
}

function tidy(layers: readonly Layer[]): readonly Layer[] {
  const [first, ...rest] = layers;
  if (first === undefined || layers.length <= MAX_LAYERS) return layers;
  return [first, joinLayers(rest)];
}
