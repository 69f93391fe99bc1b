import { constants } from 'node:fs';
import { access, type FileHandle, open, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isMac, type Mac } from '@wardrobe/kloset-model';
import {
  type ForeignFile,
  type ListedItem,
  NotAStoreError,
  type ReadOptions,
  type ResourceKind,
  StoreError,
  TooLargeError,
  type WritableStore,
  type WriteOptions,
} from '@wardrobe/store-connector';
import { errorCode, itemError, storeError, writeError } from './fs-errors.js';
import { listForeignFiles } from './fs-foreign.js';
import { adoptFile, makeFolders, syncFolder, writeFileWhole } from './fs-write.js';

const FOLDERS: Readonly<Record<ResourceKind, string>> = { packfile: 'packfiles', state: 'states', lock: 'locks' };
const PIECE_BYTES = 1 << 20;
const CONFIG_LIMIT_BYTES = 1 << 20;
/** Files whose size is asked for at once while listing. */
const STAT_BATCH = 32;
/** Folders read at once: one after the other, 256 of them are mostly waiting. */
const BUCKET_BATCH = 16;

type Placed = { readonly folder: string; readonly id: Mac };

/**
 * A store in a folder: `CONFIG`, `packfiles/<xx>/<64 hex>`, `states/<xx>/<64 hex>`, `locks/<64 hex>`. An item in a bucket that is not its own
 * is listed and read where it lies (plakar lists it and cannot open it), and `listForeign` names it.
 * @source 01-store 3.1
 */
export function fsStore(root: string): WritableStore {
  return new FsStore(root);
}

class FsStore implements WritableStore {
  /** Items in a bucket that is not theirs, by `<kind>/<id>`, as of the last listing of their kind. */
  readonly #misplaced = new Map<string, string>();
  readonly #listed = new Set<ResourceKind>();

  constructor(readonly location: string) {}

  async readConfig(options: ReadOptions = {}): Promise<Uint8Array> {
    options.signal?.throwIfAborted();
    const path = join(this.location, 'CONFIG');
    try {
      const { size } = await stat(path);
      if (size > CONFIG_LIMIT_BYTES) throw new TooLargeError('CONFIG', size, CONFIG_LIMIT_BYTES);
      return await withFile(path, (file) => readExactly(file, { path, offset: 0, lengthBytes: size, signal: options.signal }));
    } catch (error) {
      const code = errorCode(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') throw new NotAStoreError(this.location, { cause: error });
      throw storeError(error, 'CONFIG', options.signal);
    }
  }

  async *list(kind: ResourceKind, options: ReadOptions = {}): AsyncIterable<ListedItem> {
    const folder = join(this.location, FOLDERS[kind]);
    if (kind === 'lock') return yield* this.#listFolder(folder, { ...options, mayBeAbsent: true });
    const misplaced = new Map<Mac, string>();
    const buckets = await this.#buckets(folder, { ...options, mayBeAbsent: false });
    for (let at = 0; at < buckets.length; at += BUCKET_BATCH) {
      const group = buckets.slice(at, at + BUCKET_BATCH);
      const found = await Promise.all(group.map((bucket) => this.#itemsIn(join(folder, bucket), { ...options, mayBeAbsent: true })));
      const placed: Placed[] = [];
      for (const [index, bucket] of group.entries()) {
        for (const id of found[index] ?? []) {
          if (id.slice(0, 2) === bucket) placed.push({ folder: join(folder, bucket), id });
          else if (!misplaced.has(id)) misplaced.set(id, join(folder, bucket));
        }
      }
      yield* this.#describe(placed, options);
    }
    this.#keepMisplaced(kind, misplaced);
    for (const [id, bucket] of misplaced) if (!(await this.#isPlaced(kind, id, options))) yield* this.#describe([{ folder: bucket, id }], options);
  }

  listForeign(options: ReadOptions = {}): AsyncIterable<ForeignFile> {
    return listForeignFiles(this.location, options);
  }

  async sizeBytes(kind: ResourceKind, id: Mac, options: ReadOptions = {}): Promise<number> {
    options.signal?.throwIfAborted();
    try {
      return (await stat(this.#path(kind, id))).size;
    } catch (error) {
      const item = { kind, id, signal: options.signal };
      const elsewhere = await this.#elsewhere(error, item);
      if (elsewhere !== null) return (await stat(elsewhere)).size;
      throw await this.#itemError(error, item);
    }
  }

  async *read(kind: ResourceKind, id: Mac, options: ReadOptions = {}): AsyncIterable<Uint8Array> {
    const path = this.#path(kind, id);
    options.signal?.throwIfAborted();
    const file = await this.#open(path, { kind, id, signal: options.signal });
    try {
      const { size } = await file.stat();
      for (let offset = 0; offset < size; offset += PIECE_BYTES) {
        yield await readExactly(file, { path, offset, lengthBytes: Math.min(PIECE_BYTES, size - offset), signal: options.signal });
      }
    } catch (error) {
      throw storeError(error, `${kind} ${id}`, options.signal);
    } finally {
      await file.close();
    }
  }

  async readRange(kind: ResourceKind, id: Mac, ...range: [offset: number, lengthBytes: number, options?: ReadOptions]): Promise<Uint8Array> {
    const [offset, lengthBytes, options = {}] = range;
    const path = this.#path(kind, id);
    options.signal?.throwIfAborted();
    const file = await this.#open(path, { kind, id, signal: options.signal });
    try {
      const { size } = await file.stat();
      if (offset < 0 || offset + lengthBytes > size)
        throw new StoreError(`${kind} ${id}: ${lengthBytes} bytes at ${offset} were asked for, the file has ${size}`);
      return await readExactly(file, { path, offset, lengthBytes, signal: options.signal });
    } catch (error) {
      throw storeError(error, `${kind} ${id}`, options.signal);
    } finally {
      await file.close();
    }
  }

  get spoolDirectory(): string {
    return join(this.location, FOLDERS.packfile);
  }

  async create(config: Uint8Array, options: WriteOptions = {}): Promise<void> {
    try {
      await makeFolders(this.location);
    } catch (error) {
      throw writeError(error, this.location, options.signal);
    }
    await writeFileWhole({ spool: this.location, path: join(this.location, 'CONFIG') }, config, options);
  }

  async write(kind: ResourceKind, id: Mac, bytes: Uint8Array, options: WriteOptions = {}): Promise<void> {
    await this.#mustBeThere();
    await writeFileWhole({ spool: this.#spool(kind), path: this.#path(kind, id) }, bytes, options);
  }

  async adopt(kind: ResourceKind, id: Mac, localPath: string, options: WriteOptions = {}): Promise<void> {
    await this.#mustBeThere();
    await adoptFile({ spool: this.#spool(kind), path: this.#path(kind, id) }, localPath, options);
  }

  async remove(kind: ResourceKind, id: Mac, options: WriteOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    const path = this.#path(kind, id);
    try {
      await rm(path);
      await syncFolder(dirname(path));
    } catch (error) {
      throw errorCode(error) === 'ENOENT'
        ? await this.#itemError(error, { kind, id, signal: options.signal })
        : writeError(error, `${kind} ${id}`, options.signal);
    }
  }

  /** Never writes into what is no store any more: an unmounted disk leaves an empty folder. */
  async #mustBeThere(): Promise<void> {
    try {
      await access(join(this.location, 'CONFIG'));
    } catch (cause) {
      throw new StoreError(`the store ${this.location} is not there any more`, { cause, retryable: true });
    }
  }

  /** Where plakar makes its temporary files too: its 1.0.x client cannot bear them among the locks. */
  #spool(kind: ResourceKind): string {
    return kind === 'lock' ? this.location : join(this.location, FOLDERS[kind]);
  }

  async close(): Promise<void> {
    // Files are opened for each read and closed at its end.
  }

  localPath(kind: ResourceKind, id: Mac): string {
    return this.#path(kind, id);
  }

  #path(kind: ResourceKind, id: Mac): string {
    return kind === 'lock' ? join(this.location, FOLDERS[kind], id) : join(this.location, FOLDERS[kind], id.slice(0, 2), id);
  }

  async #open(path: string, item: { kind: ResourceKind; id: Mac; signal: AbortSignal | undefined }): Promise<FileHandle> {
    try {
      return await open(path, constants.O_RDONLY);
    } catch (error) {
      const elsewhere = await this.#elsewhere(error, item);
      if (elsewhere === null) throw await this.#itemError(error, item);
      try {
        return await open(elsewhere, constants.O_RDONLY);
      } catch (cause) {
        throw await this.#itemError(cause, item);
      }
    }
  }

  /** Where an item that is not in its own bucket lies; null when it lies nowhere, or when `error` is another failure. Looks through the buckets once. */
  async #elsewhere(error: unknown, item: { kind: ResourceKind; id: Mac; signal: AbortSignal | undefined }): Promise<string | null> {
    const { kind, id, signal } = item;
    if (errorCode(error) !== 'ENOENT' || kind === 'lock') return null;
    if (!this.#listed.has(kind)) await this.#findMisplaced(kind, { signal });
    return this.#misplaced.get(`${kind}/${id}`) ?? null;
  }

  async #findMisplaced(kind: ResourceKind, options: ReadOptions): Promise<void> {
    const folder = join(this.location, FOLDERS[kind]);
    const misplaced = new Map<Mac, string>();
    for (const bucket of await this.#buckets(folder, { ...options, mayBeAbsent: true })) {
      for (const id of await this.#itemsIn(join(folder, bucket), { ...options, mayBeAbsent: true }))
        if (id.slice(0, 2) !== bucket) misplaced.set(id, join(folder, bucket));
    }
    this.#keepMisplaced(kind, misplaced);
  }

  #keepMisplaced(kind: ResourceKind, found: ReadonlyMap<Mac, string>): void {
    for (const key of this.#misplaced.keys()) if (key.startsWith(`${kind}/`)) this.#misplaced.delete(key);
    for (const [id, bucket] of found) this.#misplaced.set(`${kind}/${id}`, join(bucket, id));
    this.#listed.add(kind);
  }

  async #isPlaced(kind: ResourceKind, id: Mac, options: ReadOptions): Promise<boolean> {
    try {
      return (await stat(this.#path(kind, id))).isFile();
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return false;
      throw storeError(error, `${kind} ${id}`, options.signal);
    }
  }

  /** Absent while the store is there: the item is missing. Absent because the whole store is: the line is. */
  async #itemError(error: unknown, item: { kind: ResourceKind; id: Mac; signal: AbortSignal | undefined }): Promise<unknown> {
    if (errorCode(error) !== 'ENOENT') return storeError(error, `${item.kind} ${item.id}`, item.signal);
    try {
      await access(join(this.location, 'CONFIG'));
    } catch (cause) {
      return new StoreError(`the store ${this.location} is not there any more`, { cause, retryable: true });
    }
    return itemError(error, item);
  }

  async #readFolder(folder: string, options: ReadOptions & { mayBeAbsent: boolean }) {
    options.signal?.throwIfAborted();
    try {
      return await readdir(folder, { withFileTypes: true });
    } catch (error) {
      if (options.mayBeAbsent && errorCode(error) === 'ENOENT') return [];
      throw storeError(error, folder, options.signal);
    }
  }

  async #buckets(folder: string, options: ReadOptions & { mayBeAbsent: boolean }): Promise<readonly string[]> {
    return (await this.#readFolder(folder, options)).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  }

  async #itemsIn(folder: string, options: ReadOptions & { mayBeAbsent: boolean }): Promise<readonly Mac[]> {
    return (await this.#readFolder(folder, options)).filter((entry) => entry.isFile() && isMac(entry.name)).map((entry) => entry.name as Mac);
  }

  async *#listFolder(folder: string, options: ReadOptions & { mayBeAbsent: boolean }): AsyncIterable<ListedItem> {
    const ids = await this.#itemsIn(folder, options);
    yield* this.#describe(
      ids.map((id) => ({ folder, id })),
      options,
    );
  }

  async *#describe(places: readonly Placed[], options: ReadOptions): AsyncIterable<ListedItem> {
    for (let at = 0; at < places.length; at += STAT_BATCH) {
      options.signal?.throwIfAborted();
      const items = await Promise.all(places.slice(at, at + STAT_BATCH).map(({ folder, id }) => describeFile(folder, id)));
      for (const item of items) if (item !== null) yield item;
    }
  }
}

/** Null when the file vanished since its folder was read. */
async function describeFile(folder: string, id: Mac): Promise<ListedItem | null> {
  try {
    const found = await stat(join(folder, id), { bigint: true });
    return { id, sizeBytes: Number(found.size), stamp: `${found.size}.${found.mtimeNs}.${found.ino}` };
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw storeError(error, join(folder, id), undefined);
  }
}

async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, constants.O_RDONLY);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/** Reads on after partial reads; an end that comes too early is an error, never a short buffer. */
async function readExactly(
  file: FileHandle,
  range: { path: string; offset: number; lengthBytes: number; signal: AbortSignal | undefined },
): Promise<Uint8Array> {
  const bytes = new Uint8Array(range.lengthBytes);
  let filled = 0;
  while (filled < bytes.length) {
    range.signal?.throwIfAborted();
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, range.offset + filled);
    if (bytesRead === 0) throw new StoreError(`${range.path} ended after ${filled} of ${bytes.length} bytes`);
    filled += bytesRead;
  }
  return bytes;
}
