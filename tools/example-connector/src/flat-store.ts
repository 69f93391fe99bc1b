import { createReadStream } from 'node:fs';
import { copyFile, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { isMac, type Mac } from '@wardrobe/kloset-model';
import {
  type ForeignFile,
  InvalidInputError,
  KlosetError,
  type ListedItem,
  NotAStoreError,
  NotFoundError,
  PermissionError,
  type ReadOptions,
  type ResourceKind,
  StoreError,
  type WritableStore,
  type WriteOptions,
} from '@wardrobe/store-connector';

const CONFIG = 'CONFIG';

/** A store in one folder without folders below it: `CONFIG`, and `<kind>-<id>` for each item. */
export class FlatStore implements WritableStore {
  readonly location: string;
  readonly spoolDirectory = null;
  #made = 0;

  constructor(readonly folder: string) {
    this.location = `flat:${folder}`;
  }

  async readConfig({ signal }: ReadOptions = {}): Promise<Uint8Array> {
    signal?.throwIfAborted();
    try {
      return new Uint8Array(await readFile(join(this.folder, CONFIG)));
    } catch (error) {
      throw isAbsent(error) ? new NotAStoreError(this.location, { cause: error }) : storeError(error, CONFIG);
    }
  }

  async *list(kind: ResourceKind, { signal }: ReadOptions = {}): AsyncIterable<ListedItem> {
    for (const name of await this.#names()) {
      signal?.throwIfAborted();
      const id = name.slice(kind.length + 1);
      if (!name.startsWith(`${kind}-`) || !isMac(id)) continue;
      yield { id, sizeBytes: await this.sizeBytes(kind, id, { signal }) };
    }
  }

  async *listForeign({ signal }: ReadOptions = {}): AsyncIterable<ForeignFile> {
    for (const entry of await readdir(this.folder, { recursive: true, withFileTypes: true })) {
      signal?.throwIfAborted();
      const path = relative(this.folder, join(entry.parentPath, entry.name)).split(sep).join('/');
      if (!entry.isFile() || path === CONFIG || /^(?:packfile|state|lock)-[0-9a-f]{64}$/.test(path)) continue;
      yield { path, sizeBytes: (await stat(join(this.folder, path))).size };
    }
  }

  async sizeBytes(kind: ResourceKind, id: Mac, { signal }: ReadOptions = {}): Promise<number> {
    signal?.throwIfAborted();
    return (await stat(this.#path(kind, id)).catch((error: unknown) => this.#failed(error, kind, id))).size;
  }

  async *read(kind: ResourceKind, id: Mac, { signal }: ReadOptions = {}): AsyncIterable<Uint8Array> {
    try {
      for await (const piece of createReadStream(this.#path(kind, id))) {
        signal?.throwIfAborted();
        yield piece as Uint8Array;
      }
    } catch (error) {
      signal?.throwIfAborted();
      this.#failed(error, kind, id);
    }
  }

  async readRange(kind: ResourceKind, id: Mac, ...range: [offset: number, lengthBytes: number, options?: ReadOptions]): Promise<Uint8Array> {
    const [offset, lengthBytes, options = {}] = range;
    // Looked at first: a length from a damaged file must not allocate anything.
    if (offset + lengthBytes > (await this.sizeBytes(kind, id, options))) throw new StoreError(`${kind} ${id} ends before ${offset + lengthBytes}`);
    const file = await open(this.#path(kind, id)).catch((error: unknown) => this.#failed(error, kind, id));
    try {
      const bytes = new Uint8Array(lengthBytes);
      const { bytesRead } = await file.read(bytes, 0, lengthBytes, offset);
      if (bytesRead < lengthBytes) throw new StoreError(`${kind} ${id} gave ${bytesRead} bytes of ${lengthBytes}`);
      return bytes;
    } finally {
      await file.close();
    }
  }

  async create(config: Uint8Array, { signal }: WriteOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    await mkdir(this.folder, { recursive: true });
    if ((await this.#names()).length > 0) throw new InvalidInputError(`${this.location} is not empty`);
    await this.#whole(CONFIG, (aside) => writeFile(aside, config));
  }

  async write(kind: ResourceKind, id: Mac, bytes: Uint8Array, { signal }: WriteOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    await this.#whole(`${kind}-${id}`, (aside) => writeFile(aside, bytes));
  }

  async adopt(kind: ResourceKind, id: Mac, localPath: string, { signal }: WriteOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    await this.#whole(`${kind}-${id}`, (aside) => copyFile(localPath, aside));
    await rm(localPath, { force: true });
  }

  async remove(kind: ResourceKind, id: Mac, { signal }: WriteOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    await rm(this.#path(kind, id)).catch((error: unknown) => this.#failed(error, kind, id));
  }

  async close(): Promise<void> {
    // Nothing is held open.
  }

  /** Made under another name, brought to the disk, renamed: an item is whole or not there. */
  async #whole(name: string, make: (aside: string) => Promise<void>): Promise<void> {
    this.#made += 1;
    const aside = join(this.folder, `tmp.${process.pid}.${this.#made}`);
    try {
      await make(aside);
      const file = await open(aside, 'r+');
      await file.sync().finally(() => file.close());
      await rename(aside, join(this.folder, name));
    } catch (error) {
      await rm(aside, { force: true });
      throw storeError(error, name);
    }
  }

  #names(): Promise<string[]> {
    return readdir(this.folder).catch((error: unknown) => {
      throw storeError(error, this.location);
    });
  }

  #path(kind: ResourceKind, id: Mac): string {
    return join(this.folder, `${kind}-${id}`);
  }

  #failed(error: unknown, kind: ResourceKind, id: Mac): never {
    throw isAbsent(error) ? new NotFoundError(kind, id, { cause: error }) : storeError(error, `${kind} ${id}`);
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** The interface's error for one of the file system; what is no such error passes as it came. */
function storeError(error: unknown, what: string): unknown {
  if (!(error instanceof Error) || error instanceof KlosetError || !('code' in error)) return error;
  if (error.code === 'EACCES' || error.code === 'EPERM') return new PermissionError(what, { cause: error });
  return new StoreError(`${what}: ${String(error.code)}`, { cause: error });
}
