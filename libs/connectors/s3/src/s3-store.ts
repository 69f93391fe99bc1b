import { rm } from 'node:fs/promises';
import type { Mac } from '@wardrobe/kloset-model';
import {
  type ForeignFile,
  InvalidInputError,
  type LineFigures,
  type ListedItem,
  type ReadOptions,
  type ResourceKind,
  StoreError,
  type WritableStore,
  type WriteOptions,
} from '@wardrobe/store-connector';
import { itemPath, meaningOf } from './keys.js';
import { DEFAULT_TUNING, Line, type S3Tuning } from './line.js';
import { failureIn, Objects, portErrors } from './objects.js';
import { mayCreateAt } from './place.js';
import { readRange, readWhole } from './reading.js';
import { archiveRefusal, type S3Settings } from './settings.js';
import { bytesSource, fileSource, type UploadSource } from './source.js';
import { Uploader } from './writing.js';

/**
 * A store in a bucket, laid out as plakar does it. Nothing is contacted before the first call.
 * @source 04-remote-stores 3
 */
export function s3Store(settings: S3Settings, tuning: Partial<S3Tuning> = {}): WritableStore {
  return new S3Store(settings, { ...DEFAULT_TUNING, ...tuning });
}

class S3Store implements WritableStore {
  readonly location: string;
  /** Any local folder will do: uploads stream from the file. */
  readonly spoolDirectory = null;
  readonly #line: Line;
  readonly #objects: Objects;
  readonly #uploader: Uploader;

  constructor(
    readonly settings: S3Settings,
    tuning: S3Tuning,
  ) {
    this.location = settings.place.shown;
    this.#line = new Line(settings, tuning);
    this.#objects = new Objects(this.#line, this.location);
    this.#uploader = new Uploader(this.#objects);
  }

  readConfig(options: ReadOptions = {}): Promise<Uint8Array> {
    return portErrors(this.#objects.config(options));
  }

  list(kind: ResourceKind, options: ReadOptions = {}): AsyncIterable<ListedItem> {
    return this.#objects.items(kind, options);
  }

  async *listForeign(options: ReadOptions = {}): AsyncIterable<ForeignFile> {
    for await (const { path, sizeBytes } of this.#objects.list('', options)) {
      const meaning = meaningOf(path, sizeBytes);
      if (meaning === 'foreign' || (typeof meaning === 'object' && meaning.misplaced)) yield { path, sizeBytes };
    }
  }

  async sizeBytes(kind: ResourceKind, id: Mac, options: ReadOptions = {}): Promise<number> {
    const found = await portErrors(this.#objects.head(this.#objects.pathOf(kind, id), { ...options, what: `${kind} ${id}` }));
    if (found === null) throw await portErrors(this.#objects.absent(kind, id, options));
    return found.sizeBytes;
  }

  read(kind: ResourceKind, id: Mac, options: ReadOptions = {}): AsyncIterable<Uint8Array> {
    return readWhole(this.#objects, { kind, id }, options);
  }

  async readRange(kind: ResourceKind, id: Mac, ...range: [offset: number, lengthBytes: number, options?: ReadOptions]): Promise<Uint8Array> {
    const [offset, lengthBytes, options = {}] = range;
    if (lengthBytes > 0 && offset >= 0) return await readRange(this.#objects, { kind, id }, { offset, lengthBytes }, options);
    const sizeBytes = await this.sizeBytes(kind, id, options);
    if (lengthBytes === 0 && offset >= 0 && offset <= sizeBytes) return new Uint8Array(0);
    throw new StoreError(`${kind} ${id}: ${lengthBytes} bytes at ${offset} were asked for, the object has ${sizeBytes}`);
  }

  line(): LineFigures {
    return this.#line.figures();
  }

  async create(config: Uint8Array, options: WriteOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    this.#mustBeWritable();
    if (!mayCreateAt(this.settings.place))
      throw new InvalidInputError(
        `${this.location}: a store is made below a prefix of letters, digits and - . _ ~ only, since versions of plakar read other characters differently`,
      );
    await portErrors(this.#makeBucket(options));
    if ((await portErrors(this.#objects.head('CONFIG', { ...options, what: 'CONFIG' }))) !== null) throw this.#isThere();
    const upload = { path: 'CONFIG', what: 'CONFIG', storageClass: null, source: bytesSource(config), onlyIfAbsent: true };
    if (!(await this.#uploader.upload(upload, options))) throw this.#isThere();
  }

  async write(kind: ResourceKind, id: Mac, bytes: Uint8Array, options: WriteOptions = {}): Promise<void> {
    await this.#put({ kind, id }, bytesSource(bytes), options);
  }

  async adopt(kind: ResourceKind, id: Mac, localPath: string, options: WriteOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    const source = await fileSource(localPath);
    try {
      await this.#put({ kind, id }, source, options);
    } finally {
      await source.close();
    }
    await rm(localPath, { force: true });
  }

  /** The server does not say whether there was something to remove, so it is asked before. @source 04-remote-stores 1 */
  async remove(kind: ResourceKind, id: Mac, options: WriteOptions = {}): Promise<void> {
    const what = `${kind} ${id}`;
    const path = this.#objects.pathOf(kind, id);
    if ((await portErrors(this.#objects.head(path, { ...options, what }))) === null) throw await portErrors(this.#objects.absent(kind, id, options));
    const target = await portErrors(this.#objects.at(path, options.signal));
    await portErrors(this.#line.call(what, options, (s3) => s3.deleteObject(target)));
  }

  async close(): Promise<void> {
    await this.#uploader.close();
    this.#line.clients.close();
  }

  async #put({ kind, id }: { readonly kind: ResourceKind; readonly id: Mac }, source: UploadSource, options: WriteOptions): Promise<void> {
    options.signal?.throwIfAborted();
    this.#mustBeWritable();
    const { storageClass } = this.settings;
    // Locks come and go: classes with a least time of keeping would bill each for a month.
    const upload = {
      path: itemPath(kind, id),
      what: `${kind} ${id}`,
      storageClass: kind === 'lock' || storageClass === 'STANDARD' ? null : storageClass,
      source,
    };
    await this.#uploader.upload(upload, options);
  }

  #mustBeWritable(): void {
    const refusal = archiveRefusal(this.settings.storageClass);
    if (refusal !== null) throw new InvalidInputError(`${this.location}: ${refusal}`);
  }

  #isThere(): InvalidInputError {
    return new InvalidInputError(`${this.location}: there is a store already`);
  }

  /** @source 04-remote-stores 3.3 */
  async #makeBucket(options: WriteOptions): Promise<void> {
    const { bucket } = this.settings.place;
    const what = `bucket ${bucket}`;
    try {
      await this.#line.call(what, options, (s3) => s3.headBucket(bucket));
      return;
    } catch (error) {
      const status = failureIn(error)?.status;
      // Who may write objects need not be allowed to look at the bucket.
      if (status === 403) return;
      if (status !== 404) throw error;
    }
    try {
      await this.#line.call(what, options, (s3) => s3.createBucket(bucket));
    } catch (error) {
      // A try before has made it, or another writer of this account.
      if (failureIn(error)?.code !== 'BucketAlreadyOwnedByYou') throw error;
    }
  }
}
