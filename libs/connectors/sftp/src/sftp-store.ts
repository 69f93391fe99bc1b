import { open, rm, stat } from 'node:fs/promises';
import type { Mac } from '@wardrobe/kloset-model';
import {
  type ForeignFile,
  InvalidInputError,
  KlosetError,
  type LineFigures,
  type ListedItem,
  NotAStoreError,
  NotFoundError,
  PermissionError,
  type ReadOptions,
  type ResourceKind,
  StoreError,
  TooLargeError,
  type WritableStore,
  type WriteOptions,
} from '@wardrobe/store-connector';
import { makeStoreFolders, mustBeFree } from './create.js';
import type { Figures } from './figures.js';
import { FOLDERS, itemPath, temporaryPath, under } from './layout.js';
import type { Line } from './line.js';
import { listBuckets, listFlat, listForeignFiles } from './listing.js';
import { OpenFiles } from './open-files.js';
import { attributesOf, attributesOfFile, attributesOrNull, isFolder, letGo, openFile, type RemoteFile, removeFile, type Way } from './remote-file.js';
import type { Session } from './session.js';
import { isMissing, requestError, STATUS, statusOf } from './sftp-errors.js';
import { PIECE_BYTES, readExactly, readPieces, readShort } from './transfer.js';
import { mustBeStore, type Writing, writeFailure, writeWhole } from './write.js';

export type SftpStoreInput = {
  /** As the user wrote it, without secrets. */
  readonly location: string;
  /** Where the store may lie on the server; the first one that holds a store counts. */
  readonly paths: readonly string[];
  readonly session: Session;
  readonly figures: Figures;
};

const CONFIG_LIMIT_BYTES = 1 << 20;
const CONFIG_BEGIN_BYTES = 16 << 10;
/** Ranges above this are compared with the file's size before memory is taken for them. */
const TRUSTED_RANGE_BYTES = 1 << 20;

type Item = { readonly kind: ResourceKind; readonly id: Mac };

/**
 * A store in a folder of an SFTP server, in plakar's layout. Nothing is asked of the server before the first call. An item in a bucket that is not its
 * own is listed and read where it lies, and `listForeign` names it.
 * @source 04-remote-stores 4
 */
export function sftpStore(input: SftpStoreInput): WritableStore {
  return new SftpStore(input);
}

class SftpStore implements WritableStore {
  readonly location: string;
  readonly spoolDirectory = null;
  readonly #session: Session;
  readonly #figures: Figures;
  readonly #paths: readonly string[];
  readonly #open = new OpenFiles();
  #root: string | null;
  /** Items in a bucket that is not theirs, as of the last listing of their kind. */
  readonly #misplaced = new Map<ResourceKind, ReadonlyMap<Mac, string>>();

  constructor({ location, paths, session, figures }: SftpStoreInput) {
    this.location = location;
    this.#paths = paths;
    this.#session = session;
    this.#figures = figures;
    this.#root = paths.length === 1 ? (paths[0] ?? null) : null;
  }

  async readConfig(options: ReadOptions = {}): Promise<Uint8Array> {
    return await this.#do(options, 'CONFIG', async (way, root) => {
      try {
        return await readConfigFile(way, under(root, 'CONFIG'));
      } catch (error) {
        if (isMissing(error) || (await isBelowFile(error, way, root))) throw new NotAStoreError(this.location, { cause: error });
        throw error;
      }
    });
  }

  async *list(kind: ResourceKind, options: ReadOptions = {}): AsyncIterable<ListedItem> {
    const input = await this.#listing(options);
    if (kind === 'lock') yield* listFlat(input, under(input.root, FOLDERS.lock));
    else yield* listBuckets(input, kind, (found) => void this.#misplaced.set(kind, found));
  }

  async *listForeign(options: ReadOptions = {}): AsyncIterable<ForeignFile> {
    yield* listForeignFiles(await this.#listing(options));
  }

  async sizeBytes(kind: ResourceKind, id: Mac, options: ReadOptions = {}): Promise<number> {
    return await this.#withItem({ kind, id }, options, async (way, path) => (await attributesOf(way, path)).size);
  }

  async *read(kind: ResourceKind, id: Mac, options: ReadOptions = {}): AsyncIterable<Uint8Array> {
    let offset = 0;
    let size: number | null = null;
    for (let attempt = 0; ; attempt += 1) {
      const { file, found } = await this.#withItem({ kind, id }, options, (way, path) => openWithSize(way, path));
      try {
        if (size !== null && found !== size) throw new StoreError(`${kind} ${id} had ${size} bytes and has ${found} while it is read`);
        size = found;
        for await (const piece of readPieces(file, offset, size)) {
          yield piece;
          offset += piece.length;
          attempt = 0;
        }
        return;
      } catch (error) {
        // Goes on where the line broke: what came until then was whole.
        await this.#session.recover(requestError(error, `${kind} ${id}`, 'read'), attempt, options.signal);
      } finally {
        letGo(file);
      }
    }
  }

  async readRange(kind: ResourceKind, id: Mac, ...range: [offset: number, lengthBytes: number, options?: ReadOptions]): Promise<Uint8Array> {
    const [offset, lengthBytes, options = {}] = range;
    return await this.#withItem({ kind, id }, options, async (way, path) => {
      const ranged = async (file: RemoteFile) => {
        if (lengthBytes === 0 || lengthBytes > TRUSTED_RANGE_BYTES || offset < 0) {
          const { size } = await attributesOfFile(file);
          if (offset < 0 || offset + lengthBytes > size)
            throw new StoreError(`${kind} ${id}: ${lengthBytes} bytes at ${offset} were asked for, the file has ${size}`);
        }
        return await readExactly(file, offset, lengthBytes);
      };
      if (kind === 'packfile') return await this.#open.use(way, path, ranged);
      const file = await openFile(way, path, 'r');
      try {
        return await ranged(file);
      } finally {
        letGo(file);
      }
    });
  }

  async create(config: Uint8Array, options: WriteOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    const root = this.#paths[0] ?? '/';
    if (this.#paths.length > 1 && (await this.#holdsStore(options))) throw new InvalidInputError(`there is a store at ${this.location} already`);
    await this.#change(options, { root, path: root }, (way) => mustBeFree(way, root));
    await this.#change(options, { root, path: root }, (way) => makeStoreFolders(way, root));
    await this.#write(options, {
      root,
      path: under(root, 'CONFIG'),
      temporary: () => temporaryPath(root, 'config', 'CONFIG'),
      folders: [],
      lengthBytes: config.length,
      chunks: () => [config],
      mustBeNew: true,
      readBack: config,
    });
    this.#root = root;
  }

  async write(kind: ResourceKind, id: Mac, bytes: Uint8Array, options: WriteOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    const place = await this.#placeOf(kind, id, options);
    const readBack = kind === 'lock' ? { readBack: bytes } : {};
    await this.#write(options, { ...place, lengthBytes: bytes.length, chunks: () => [bytes], ...readBack });
  }

  async adopt(kind: ResourceKind, id: Mac, localPath: string, options: WriteOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    const place = await this.#placeOf(kind, id, options);
    const { size } = await stat(localPath).catch((cause: unknown) => {
      throw localError(cause, localPath);
    });
    await this.#write(options, { ...place, lengthBytes: size, chunks: () => localChunks(localPath) });
    await rm(localPath, { force: true });
  }

  async remove(kind: ResourceKind, id: Mac, options: WriteOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    const root = await this.#rootOf(options);
    const path = itemPath(root, kind, id);
    let sent = false;
    this.#open.forget(path);
    await this.#change(options, { root, path }, async (way) => {
      const again = sent;
      sent = true;
      try {
        await removeFile(way, path);
      } catch (error) {
        // Gone by the attempt whose answer was lost with the line.
        if (isMissing(error) && again) return;
        throw isMissing(error) ? await this.#missing(error, { kind, id }, way) : error;
      }
    });
  }

  line(): LineFigures {
    return this.#figures.snapshot();
  }

  async close(): Promise<void> {
    this.#open.forgetAll();
    await this.#session.close();
  }

  /** Work on an item where it lies; a missing one is looked for in the buckets of others, once per kind. */
  async #withItem<T>(item: Item, options: ReadOptions, work: (way: Way, path: string) => Promise<T>): Promise<T> {
    return await this.#do(options, `${item.kind} ${item.id}`, async (way, root) => {
      try {
        return await work(way, itemPath(root, item.kind, item.id));
      } catch (error) {
        if (!isMissing(error)) throw error;
        const elsewhere = await this.#elsewhere(item, way);
        if (elsewhere === null) throw await this.#missing(error, item, way);
        try {
          return await work(way, elsewhere);
        } catch (cause) {
          throw isMissing(cause) ? await this.#missing(cause, item, way) : cause;
        }
      }
    });
  }

  async #elsewhere({ kind, id }: Item, { signal }: Way): Promise<string | null> {
    if (kind === 'lock') return null;
    if (!this.#misplaced.has(kind)) {
      const listing = this.list(kind, { signal })[Symbol.asyncIterator]();
      while ((await listing.next()).done !== true);
    }
    return this.#misplaced.get(kind)?.get(id) ?? null;
  }

  /** Absent while the store is there: the item is missing. Absent because the whole store is: the server's disk is. */
  async #missing(error: unknown, { kind, id }: Item, way: Way): Promise<unknown> {
    await mustBeStore(way, await this.#rootOf({ signal: way.signal }));
    return new NotFoundError(kind, id, { cause: error });
  }

  async #placeOf(kind: ResourceKind, id: Mac, options: WriteOptions): Promise<Place> {
    const root = await this.#rootOf(options);
    const folder = under(root, FOLDERS[kind]);
    const folders = kind === 'lock' ? [folder] : [folder, under(folder, id.slice(0, 2))];
    return { root, path: itemPath(root, kind, id), temporary: () => temporaryPath(root, kind, id), folders };
  }

  /** Each attempt writes to a name of its own: the server may still be at work on the one before. */
  async #write(options: WriteOptions, { temporary, ...writing }: Omit<Writing, 'temporary'> & Pick<Place, 'temporary'>): Promise<void> {
    const left: string[] = [];
    try {
      await this.#session.run(async (line) => {
        const name = temporary();
        left.push(name);
        await writeWhole({ line, signal: options.signal }, { ...writing, temporary: name });
        left.pop();
      }, options.signal);
    } finally {
      this.#open.forget(writing.path);
      for (const name of left) this.#session.inBackground((line) => removeFile({ line, signal: undefined }, name));
    }
  }

  async #change<T>(options: WriteOptions, place: { readonly root: string; readonly path: string }, work: (way: Way) => Promise<T>): Promise<T> {
    return await this.#session.run(async (line) => {
      const way = { line, signal: options.signal };
      try {
        return await work(way);
      } catch (error) {
        throw await writeFailure(error, way, place);
      }
    }, options.signal);
  }

  async #do<T>(options: ReadOptions, what: string, work: (way: Way, root: string) => Promise<T>): Promise<T> {
    options.signal?.throwIfAborted();
    const root = await this.#rootOf(options);
    try {
      return await this.#session.run((line: Line) => work({ line, signal: options.signal }, root), options.signal);
    } catch (error) {
      throw requestError(error, what, 'read');
    }
  }

  async #listing(options: ReadOptions) {
    options.signal?.throwIfAborted();
    return { session: this.#session, root: await this.#rootOf(options), signal: options.signal };
  }

  async #holdsStore(options: ReadOptions): Promise<boolean> {
    await this.#rootOf(options);
    return this.#root !== null;
  }

  /** The first path that holds a store; while none does, the first one. @source 04-remote-stores 2.1 */
  async #rootOf({ signal }: ReadOptions): Promise<string> {
    if (this.#root !== null) return this.#root;
    // All are asked about at once: each by itself would cost a round trip.
    const holds = async (path: string): Promise<boolean> => {
      try {
        return (await this.#session.run((line) => attributesOrNull({ line, signal }, under(path, 'CONFIG')), signal)) !== null;
      } catch (error) {
        if (statusOf(error) === null) throw error;
        return false;
      }
    };
    const held = await Promise.all(this.#paths.map(holds));
    const found = this.#paths.find((_, index) => held[index] === true);
    if (found !== undefined) this.#root = found;
    return found ?? this.#paths[0] ?? '/';
  }
}

type Place = { readonly root: string; readonly path: string; readonly temporary: () => string; readonly folders: readonly string[] };

async function openWithSize(way: Way, path: string): Promise<{ readonly file: RemoteFile; readonly found: number }> {
  const file = await openFile(way, path, 'r');
  try {
    return { file, found: (await attributesOfFile(file)).size };
  } catch (error) {
    letGo(file);
    throw error;
  }
}

async function readConfigFile(way: Way, path: string): Promise<Uint8Array> {
  const file = await openFile(way, path, 'r');
  try {
    const { sizeBytes, bytes } = await readShort(file, { beginBytes: CONFIG_BEGIN_BYTES, limitBytes: CONFIG_LIMIT_BYTES });
    if (bytes === null) throw new TooLargeError('CONFIG', sizeBytes, CONFIG_LIMIT_BYTES);
    return bytes;
  } finally {
    letGo(file);
  }
}

/** Servers have no status of their own for a path that leads through a file. */
async function isBelowFile(error: unknown, way: Way, root: string): Promise<boolean> {
  if (statusOf(error) !== STATUS.failure) return false;
  const found = await attributesOrNull(way, root);
  return found !== null && !isFolder(found);
}

/** The file in pieces; one buffer serves them all. */
async function* localChunks(path: string): AsyncIterable<Uint8Array> {
  try {
    const file = await open(path, 'r');
    try {
      const buffer = new Uint8Array(PIECE_BYTES);
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length);
        if (bytesRead === 0) return;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    throw localError(error, path);
  }
}

function localError(error: unknown, path: string): unknown {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
  if (error instanceof KlosetError || code === null) return error;
  if (code === 'EACCES' || code === 'EPERM') return new PermissionError(`the local file ${path}`, { cause: error });
  return new StoreError(`the local file ${path} cannot be read (${code})`, { cause: error });
}
