import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { StoreError, type WriteOptions } from '@wardrobe/store-connector';
import type { Attempt } from './attempt.js';
import { failureIn, type Objects, portErrors } from './objects.js';
import type { Target, UploadPart } from './s3-calls.js';
import type { Headers } from './signature.js';
import { bodyOf, md5Of, type Slice, type UploadSource } from './source.js';

/** What is written where. `storageClass`: null leaves it to the bucket. `onlyIfAbsent`: for small ones; nothing that is there is replaced. */
export type Upload = {
  readonly path: string;
  readonly what: string;
  readonly storageClass: string | null;
  readonly source: UploadSource;
  readonly onlyIfAbsent?: boolean;
};

type UploadTarget = Target & { readonly uploadId: string };

const KIND: Headers = { 'content-type': 'application/octet-stream' };
const MAX_PARTS = 10_000;
/** Up to here the body is one piece of memory, that is signed as a whole. */
const SMALL_BYTES = 256 << 10;
/** How long the removal of an unfinished upload may take. */
const ABANDON_MS = 10_000;

/** Writes objects: one request up to a part's size, parts beyond. An object appears only when it is whole. Rejects with the port's errors. @source 04-remote-stores 3.7 */
export class Uploader {
  /** Removals of unfinished uploads that nobody waits for. */
  readonly #abandoning = new Set<Promise<void>>();

  constructor(readonly objects: Objects) {}

  /** False: `onlyIfAbsent` was asked for, and there is another object. */
  async upload(upload: Upload, options: WriteOptions): Promise<boolean> {
    options.signal?.throwIfAborted();
    const target = await portErrors(this.objects.at(upload.path, options.signal));
    const { partBytes } = this.objects.line.tuning;
    if (upload.source.sizeBytes <= partBytes) return await this.#putWhole(target, upload, options);
    await this.#putParts(target, upload, { ...options, partBytes: Math.max(partBytes, partSizeOf(upload.source.sizeBytes)) });
    return true;
  }

  /** Waits, for a bounded time, for what still goes on. */
  async close(): Promise<void> {
    if (this.#abandoning.size === 0) return;
    await Promise.race([Promise.all(this.#abandoning), wait(ABANDON_MS, undefined, { ref: false })]);
  }

  async #putWhole(target: Target, upload: Upload, options: WriteOptions): Promise<boolean> {
    const { what, source } = upload;
    const slice = { offset: 0, lengthBytes: source.sizeBytes };
    const md5 = await md5Of(source, slice);
    const small = source.sizeBytes <= SMALL_BYTES ? await wholeOf(source, slice) : null;
    try {
      const { encryption } = this.objects.line.settings;
      await this.objects.line.call(what, options, (s3, attempt) => {
        const headers = {
          ...bodyHeaders(source.sizeBytes, md5),
          ...KIND,
          ...(upload.onlyIfAbsent === true ? { 'if-none-match': '*' } : {}),
          ...classOf(upload),
          ...encryption.write,
          ...encryption.customer,
        };
        return s3.putObject(target, headers, small ?? bodyOf(source, slice, countIn(attempt)));
      });
      return true;
    } catch (error) {
      if (upload.onlyIfAbsent === true && isConditionUnknown(error)) return await this.#putWhole(target, { ...upload, onlyIfAbsent: false }, options);
      const matches = (etag: string | null) => etag?.replaceAll('"', '') === md5.toString('hex');
      if (await this.#arrived(error, { upload, signal: options.signal, matches })) return true;
      if (failureIn(error)?.status === 412) return false;
      throw failureIn(error)?.error ?? error;
    }
  }

  async #putParts(target: Target, upload: Upload, options: WriteOptions & { readonly partBytes: number }): Promise<void> {
    const { line } = this.objects;
    const { write, customer } = line.settings.encryption;
    const headers = { ...KIND, ...classOf(upload), ...write, ...customer };
    const uploadId = await portErrors(line.call(upload.what, options, (s3) => s3.beginParts(target, headers)));
    if (uploadId === null) throw new StoreError(`${upload.what}: the server began no upload in parts`, { fault: 'server' });
    try {
      const parts = await this.#sendParts({ ...target, uploadId }, upload, options);
      await this.#complete({ ...target, uploadId }, { upload, parts }, options);
    } catch (error) {
      const abandoning = this.#abandon({ ...target, uploadId }, upload.what);
      // Who cancels does not wait for the tidying up.
      if (options.signal?.aborted !== true) await abandoning;
      throw failureIn(error)?.error ?? error;
    }
  }

  /** A few parts at once; the first failure stops the others. */
  async #sendParts(target: UploadTarget, upload: Upload, options: WriteOptions & { readonly partBytes: number }) {
    const { source, what } = upload;
    const parts: UploadPart[] = [];
    const stop = new AbortController();
    const onStop = () => stop.abort(options.signal?.reason);
    options.signal?.addEventListener('abort', onStop, { once: true });
    let next = 0;
    const work = async (): Promise<void> => {
      for (let offset = next; offset < source.sizeBytes; offset = next) {
        next += options.partBytes;
        const slice = { offset, lengthBytes: Math.min(options.partBytes, source.sizeBytes - offset) };
        parts.push(await this.#sendPart({ ...target, number: offset / options.partBytes + 1 }, { source, slice, what }, stop.signal));
      }
    };
    try {
      options.signal?.throwIfAborted();
      const workers = Array.from({ length: this.objects.line.tuning.parallelParts }, () =>
        work().catch((error) => {
          stop.abort(error);
          throw error;
        }),
      );
      await Promise.allSettled(workers);
      stop.signal.throwIfAborted();
      return parts.sort((one, other) => one.number - other.number);
    } finally {
      options.signal?.removeEventListener('abort', onStop);
    }
  }

  async #sendPart(
    target: UploadTarget & { readonly number: number },
    { source, slice, what }: { source: UploadSource; slice: Slice; what: string },
    signal: AbortSignal,
  ): Promise<UploadPart> {
    const md5 = await md5Of(source, slice);
    const headers = { ...bodyHeaders(slice.lengthBytes, md5), ...KIND, ...this.objects.line.settings.encryption.customer };
    return await this.objects.line.call(what, { signal }, (s3, attempt) => s3.putPart(target, headers, bodyOf(source, slice, countIn(attempt))));
  }

  async #complete(target: UploadTarget, { upload, parts }: { upload: Upload; parts: readonly UploadPart[] }, options: WriteOptions) {
    try {
      const { customer } = this.objects.line.settings.encryption;
      await this.objects.line.call(upload.what, options, (s3) => s3.completeParts(target, customer, parts));
    } catch (error) {
      const suffix = new RegExp(`-${parts.length}"?$`);
      if (await this.#arrived(error, { upload, signal: options.signal, matches: (etag) => suffix.test(etag ?? '') })) return;
      throw error;
    }
  }

  /**
   * Whether an object is there although the answer to its upload was lost or unclear ("500 after the data arrived", a completion that was sent twice).
   * Only failures that say nothing about the bytes come into question. Size and tag decide; where the tag says nothing, the bytes do.
   */
  async #arrived(error: unknown, { upload, signal, matches }: { upload: Upload; signal: AbortSignal | undefined; matches(etag: string | null): boolean }) {
    const failure = failureIn(error);
    // 412: an earlier try of ours may have made the object that is in the way.
    if (failure === null || !(failure.retry || failure.status === 404 || failure.status === 412)) return false;
    try {
      const found = await this.objects.head(upload.path, { signal, what: upload.what });
      if (found === null || found.sizeBytes !== upload.source.sizeBytes) return false;
      return matches(found.etag) || (await this.#holdsSame(upload, signal));
    } catch (later) {
      signal?.throwIfAborted();
      // The question failed like the upload: the first failure is the one to tell.
      if (failureIn(later) !== null) return false;
      throw later;
    }
  }

  async #holdsSame({ path, what, source }: Upload, signal: AbortSignal | undefined): Promise<boolean> {
    const target = await this.objects.at(path, signal);
    const there = await this.objects.line.call(what, { signal }, async (s3) => {
      const { body } = await s3.getObject(target, this.objects.line.settings.encryption.customer);
      const hash = createHash('md5');
      for await (const piece of body) hash.update(piece as Uint8Array);
      return hash.digest();
    });
    return there.equals(await md5Of(source, { offset: 0, lengthBytes: source.sizeBytes }));
  }

  /** Without the caller's signal: it may be what ended the upload. What cannot be removed now, the bucket's lifecycle rule for unfinished uploads removes. */
  #abandon(target: UploadTarget, what: string): Promise<void> {
    const abandoning = this.objects.line
      .call(what, { signal: AbortSignal.timeout(ABANDON_MS), retry: false }, (s3) => s3.abandonParts(target))
      .then(
        () => undefined,
        () => undefined,
      )
      .finally(() => this.#abandoning.delete(abandoning));
    this.#abandoning.add(abandoning);
    return abandoning;
  }
}

/** Servers that do not know conditional writes say so in these ways; the look before the write is then all there is. @source 04-remote-stores 3.3 */
function isConditionUnknown(error: unknown): boolean {
  const failure = failureIn(error);
  return failure !== null && (failure.status === 501 || failure.code === 'NotImplemented' || (failure.status === 400 && failure.code === 'InvalidArgument'));
}

function classOf({ storageClass }: Upload): Headers {
  return storageClass === null ? {} : { 'x-amz-storage-class': storageClass };
}

function bodyHeaders(lengthBytes: number, md5: Buffer): Headers {
  return { 'content-length': String(lengthBytes), 'content-md5': md5.toString('base64') };
}

function countIn(attempt: Attempt): (bytes: number) => void {
  return (bytes) => {
    attempt.moved(bytes);
    attempt.expect();
    attempt.limits.counters.bytesWritten += bytes;
  };
}

/** 10,000 parts at most. */
function partSizeOf(sizeBytes: number): number {
  return Math.ceil(sizeBytes / MAX_PARTS);
}

async function wholeOf(source: UploadSource, slice: Slice): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of source.pieces(slice)) pieces.push(piece);
  return new Uint8Array(Buffer.concat(pieces));
}
