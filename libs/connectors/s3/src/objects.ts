import type { Mac } from '@wardrobe/kloset-model';
import { type ListedItem, NotAStoreError, NotFoundError, type ReadOptions, type ResourceKind, StoreError, TooLargeError } from '@wardrobe/store-connector';
import { ARCHIVED, type Failure } from './failures.js';
import { FROZEN, folderOf, itemPath, meaningOf } from './keys.js';
import { CallFailed, type Line } from './line.js';
import type { ListPage, Target } from './s3-calls.js';

export type FoundObject = { readonly sizeBytes: number; readonly etag: string | null };
export type ListedObject = { readonly path: string; readonly sizeBytes: number; readonly etag: string | null };

const CONFIG_LIMIT_BYTES = 1 << 20;

/** The objects of one store by their path below its prefix. */
export class Objects {
  #prefix: Promise<string> | null = null;
  /** Paths of items in a folder that is not theirs, by `<kind>/<id>`, as of the last listing. */
  readonly #misplaced = new Map<string, string>();

  constructor(
    readonly line: Line,
    readonly location: string,
  ) {}

  get bucket(): string {
    return this.line.settings.place.bucket;
  }

  /** Bucket and key. */
  async at(path: string, signal: AbortSignal | undefined): Promise<Target> {
    const prefix = await this.prefix(signal);
    return { bucket: this.bucket, key: prefix === '' ? path : `${prefix}/${path}` };
  }

  /** Of several ways to read the location, the one below which there is a CONFIG; else the first. @source 04-remote-stores 2.1 */
  async prefix(signal: AbortSignal | undefined): Promise<string> {
    const [first = '', ...others] = this.line.settings.place.prefixes;
    if (others.length === 0) return first;
    // An aborted search must not become everybody's answer.
    this.#prefix ??= this.#findPrefix([first, ...others], signal).catch((error) => {
      this.#prefix = null;
      throw error;
    });
    return await this.#prefix;
  }

  /** @throws NotAStoreError the bucket is there and CONFIG is not, or the bucket is not */
  async config(options: ReadOptions): Promise<Uint8Array> {
    const target = await this.at('CONFIG', options.signal);
    try {
      return await this.line.call('CONFIG', options, async (s3) => {
        const { body, sizeBytes } = await s3.getObject(target, this.line.settings.encryption.customer);
        if (sizeBytes !== null && sizeBytes > CONFIG_LIMIT_BYTES) {
          body.destroy();
          throw new TooLargeError('CONFIG', sizeBytes, CONFIG_LIMIT_BYTES);
        }
        const pieces: Uint8Array[] = [];
        for await (const piece of body) pieces.push(piece as Uint8Array);
        const bytes = new Uint8Array(Buffer.concat(pieces));
        if (sizeBytes !== null && bytes.length !== sizeBytes) throw shortAnswer('CONFIG', bytes.length, sizeBytes);
        return bytes;
      });
    } catch (error) {
      const failure = failureIn(error);
      if (failure?.status === 404) {
        const cause = new Error(failure.code === 'NoSuchBucket' ? `there is no bucket '${this.bucket}'` : `there is no object '${target.key}'`);
        throw new NotAStoreError(this.location, { cause });
      }
      throw failure?.error ?? error;
    }
  }

  /** Null: not there. Failures are `CallFailed` of `failure`. */
  async head(path: string, options: ReadOptions & { readonly what: string }): Promise<FoundObject | null> {
    const target = await this.at(path, options.signal);
    return await this.#headKey(target.key, options);
  }

  /** `path` of an item as it is to be read: its own place, or where the last listing saw it. */
  pathOf(kind: ResourceKind, id: Mac): string {
    return this.#misplaced.get(`${kind}/${id}`) ?? itemPath(kind, id);
  }

  /** The error for an item whose object is not there: archived, or absent. @source 04-remote-stores 3.8 */
  async absent(kind: ResourceKind, id: Mac, options: ReadOptions): Promise<Error> {
    const what = `${kind} ${id}`;
    const frozen = await this.head(`${itemPath(kind, id)}${FROZEN}`, { ...options, what });
    return frozen === null ? new NotFoundError(kind, id) : new StoreError(`${what}: ${ARCHIVED}`, { fault: 'archived' });
  }

  /** Every object below `folder` (a path that ends in a slash, or empty for all), page by page. @source 04-remote-stores 3.5 */
  async *list(folder: string, options: ReadOptions): AsyncGenerator<ListedObject> {
    const prefix = await this.prefix(options.signal);
    const base = prefix === '' ? '' : `${prefix}/`;
    const what = `listing of ${folder === '' ? 'the store' : folder.slice(0, -1)}`;
    for (let token: string | null = null, more = true; more; ) {
      const asked = { bucket: this.bucket, prefix: `${base}${folder}`, token };
      const page: ListPage = await portErrors(this.line.call(what, options, (s3) => s3.listObjects(asked)));
      for (const object of page.objects) {
        const key = page.isEncoded ? decodedKey(object.key) : object.key;
        if (key.startsWith(base)) yield { path: key.slice(base.length), sizeBytes: object.sizeBytes, etag: object.etag };
      }
      options.signal?.throwIfAborted();
      more = page.isTruncated;
      if (more && (page.nextToken === null || page.nextToken === token))
        throw new StoreError(`${what}: the server says that there is more, and not how to go on`, { fault: 'server' });
      token = page.nextToken;
    }
  }

  /** Items of one kind; those in a folder that is not theirs come last, unless they lie in their own as well. */
  async *items(kind: ResourceKind, options: ReadOptions): AsyncGenerator<ListedItem> {
    const misplaced = new Map<Mac, ListedObject>();
    for await (const object of this.list(folderOf(kind), options)) {
      const meaning = meaningOf(object.path, object.sizeBytes);
      if (typeof meaning === 'string') continue;
      if (meaning.misplaced) misplaced.set(meaning.id, object);
      else yield itemOf(meaning.id, object);
    }
    for (const key of this.#misplaced.keys()) if (key.startsWith(`${kind}/`)) this.#misplaced.delete(key);
    for (const [id, object] of misplaced) {
      if ((await portErrors(this.head(itemPath(kind, id), { ...options, what: `${kind} ${id}` }))) !== null) continue;
      this.#misplaced.set(`${kind}/${id}`, object.path);
      yield itemOf(id, object);
    }
  }

  async #findPrefix(candidates: readonly string[], signal: AbortSignal | undefined): Promise<string> {
    for (const prefix of candidates) {
      const key = prefix === '' ? 'CONFIG' : `${prefix}/CONFIG`;
      if ((await this.#headKey(key, { signal, what: 'CONFIG' })) !== null) return prefix;
    }
    return candidates[0] ?? '';
  }

  async #headKey(key: string, { what, signal }: ReadOptions & { readonly what: string }): Promise<FoundObject | null> {
    try {
      const target = { bucket: this.bucket, key };
      const { sizeBytes, etag } = await this.line.call(what, { signal }, (s3) => s3.headObject(target, this.line.settings.encryption.customer));
      if (sizeBytes === null) throw new StoreError(`${what}: the server did not tell its size`, { fault: 'server' });
      return { sizeBytes, etag };
    } catch (error) {
      if (failureIn(error)?.status === 404) return null;
      throw error;
    }
  }
}

function itemOf(id: Mac, { sizeBytes, etag }: ListedObject): ListedItem {
  return { id, sizeBytes, ...(etag === null ? {} : { stamp: etag }) };
}

/** Keys in listings are percent-encoded as in forms; what cannot be decoded is taken as it is. */
function decodedKey(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}

export function failureIn(error: unknown): Failure | null {
  return error instanceof CallFailed ? error.failure : null;
}

/** Awaits a call; its failure becomes the port's error. */
export async function portErrors<T>(calling: Promise<T>): Promise<T> {
  try {
    return await calling;
  } catch (error) {
    throw failureIn(error)?.error ?? error;
  }
}

export function shortAnswer(what: string, found: number, promised: number): StoreError {
  return new StoreError(`${what}: the line gave ${found} of ${promised} bytes`, { fault: 'line', retryable: true });
}
