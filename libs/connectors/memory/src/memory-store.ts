import { readFile, rm } from 'node:fs/promises';
import type { Mac } from '@wardrobe/kloset-model';
import {
  type ForeignFile,
  InvalidInputError,
  type ListedItem,
  NotAStoreError,
  NotFoundError,
  type ReadOptions,
  type ResourceKind,
  type Store,
  StoreError,
  type WritableStore,
  type WriteOptions,
} from '@wardrobe/store-connector';

/** A store in memory: for tests, and as the simplest reading of the port. Bytes handed in are kept as they are. */
export interface MemoryStore extends WritableStore {
  /** Null: `readConfig` rejects with `NotAStoreError`. */
  config: Uint8Array | null;
  readonly items: Readonly<Record<ResourceKind, Map<Mac, Uint8Array>>>;
  readonly foreign: Map<string, Uint8Array>;
}

const PIECE_BYTES = 1 << 16;

export function memoryStore(options: { readonly config?: Uint8Array; readonly location?: string } = {}): MemoryStore {
  return new InMemoryStore(options.location ?? 'memory:', options.config ?? null);
}

/** Everything of another store, in memory. */
export async function copyToMemory(source: Store): Promise<MemoryStore> {
  const copy = memoryStore({ config: await source.readConfig(), location: source.location });
  for (const kind of ['packfile', 'state', 'lock'] as const) {
    for await (const { id, sizeBytes } of source.list(kind)) copy.items[kind].set(id, await source.readRange(kind, id, 0, sizeBytes));
  }
  return copy;
}

class InMemoryStore implements MemoryStore {
  readonly items = { packfile: new Map<Mac, Uint8Array>(), state: new Map<Mac, Uint8Array>(), lock: new Map<Mac, Uint8Array>() };
  readonly foreign = new Map<string, Uint8Array>();

  constructor(
    readonly location: string,
    public config: Uint8Array | null,
  ) {}

  async readConfig(options: ReadOptions = {}): Promise<Uint8Array> {
    options.signal?.throwIfAborted();
    if (this.config === null) throw new NotAStoreError(this.location);
    return this.config.slice();
  }

  async *list(kind: ResourceKind, options: ReadOptions = {}): AsyncIterable<ListedItem> {
    for (const [id, bytes] of [...this.items[kind]]) {
      options.signal?.throwIfAborted();
      yield { id, sizeBytes: bytes.length };
    }
  }

  async *listForeign(options: ReadOptions = {}): AsyncIterable<ForeignFile> {
    for (const [path, bytes] of [...this.foreign]) {
      options.signal?.throwIfAborted();
      yield { path, sizeBytes: bytes.length };
    }
  }

  async sizeBytes(kind: ResourceKind, id: Mac, options: ReadOptions = {}): Promise<number> {
    options.signal?.throwIfAborted();
    return this.#item(kind, id).length;
  }

  async *read(kind: ResourceKind, id: Mac, options: ReadOptions = {}): AsyncIterable<Uint8Array> {
    const bytes = this.#item(kind, id);
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      options.signal?.throwIfAborted();
      yield bytes.slice(at, at + PIECE_BYTES);
    }
  }

  async readRange(kind: ResourceKind, id: Mac, ...range: [offset: number, lengthBytes: number, options?: ReadOptions]): Promise<Uint8Array> {
    const [offset, lengthBytes, options = {}] = range;
    options.signal?.throwIfAborted();
    const bytes = this.#item(kind, id);
    if (offset < 0 || offset + lengthBytes > bytes.length)
      throw new StoreError(`${kind} ${id}: ${lengthBytes} bytes at ${offset} were asked for, the item has ${bytes.length}`);
    return bytes.slice(offset, offset + lengthBytes);
  }

  get spoolDirectory(): null {
    return null;
  }

  async create(config: Uint8Array, options: WriteOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    if (this.config !== null) throw new InvalidInputError(`${this.location} is a store already`);
    this.config = config.slice();
  }

  async write(kind: ResourceKind, id: Mac, bytes: Uint8Array, options: WriteOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    this.items[kind].set(id, bytes.slice());
  }

  async adopt(kind: ResourceKind, id: Mac, localPath: string, options: WriteOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    this.items[kind].set(id, new Uint8Array(await readFile(localPath)));
    await rm(localPath, { force: true });
  }

  async remove(kind: ResourceKind, id: Mac, options: WriteOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    if (!this.items[kind].delete(id)) throw new NotFoundError(kind, id);
  }

  async close(): Promise<void> {
    // Nothing is held open.
  }

  #item(kind: ResourceKind, id: Mac): Uint8Array {
    const bytes = this.items[kind].get(id);
    if (bytes === undefined) throw new NotFoundError(kind, id);
    return bytes;
  }
}
