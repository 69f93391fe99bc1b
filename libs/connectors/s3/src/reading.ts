import type { Readable } from 'node:stream';
import type { Mac } from '@wardrobe/kloset-model';
import { type ReadOptions, type ResourceKind, StoreError } from '@wardrobe/store-connector';
import type { Attempt } from './attempt.js';
import { failureIn, type Objects, portErrors, shortAnswer } from './objects.js';
import type { ObjectAnswer } from './s3-calls.js';

export type Item = { readonly kind: ResourceKind; readonly id: Mac };

/** Breaks of one read in a row, without a byte in between, that are borne. */
const BREAKS = 4;

type Opened = {
  readonly body: Readable;
  readonly attempt: Attempt;
  /** Of the whole object. */
  readonly sizeBytes: number | null;
  readonly etag: string | null;
};

/**
 * A whole object in order. After a break it goes on where it was, as long as the object is still the same; the caller sees nothing of it.
 * @throws NotFoundError, StoreError
 */
export async function* readWhole(objects: Objects, item: Item, options: ReadOptions): AsyncGenerator<Uint8Array> {
  const what = `${item.kind} ${item.id}`;
  let [offset, breaks] = [0, 0];
  let first: Opened | null = null;
  for (;;) {
    const opened = await open(objects, item, { ...options, offset, etag: first?.etag ?? null });
    first ??= opened;
    try {
      for await (const piece of opened.body) {
        const bytes = piece as Uint8Array;
        offset += bytes.length;
        breaks = 0;
        yield bytes;
        options.signal?.throwIfAborted();
      }
      if (first.sizeBytes === null || offset === first.sizeBytes) return;
      throw shortAnswer(what, offset, first.sizeBytes);
    } catch (thrown) {
      options.signal?.throwIfAborted();
      const failure = objects.line.judge(opened.attempt.stopped.aborted ? opened.attempt.stopped.reason : thrown, what);
      breaks += 1;
      if (!failure.retry || breaks > BREAKS || (first.sizeBytes !== null && offset > first.sizeBytes)) throw failure.error;
      await objects.line.pauseAfter(breaks, options.signal);
    } finally {
      opened.body.destroy();
      opened.attempt.end();
    }
  }
}

async function open(objects: Objects, item: Item, at: ReadOptions & { offset: number; etag: string | null }): Promise<Opened> {
  const what = `${item.kind} ${item.id}`;
  const { offset, etag, signal } = at;
  const target = await portErrors(objects.at(objects.pathOf(item.kind, item.id), signal));
  const resumed = offset > 0 ? { range: `bytes=${offset}-`, ...(etag === null ? {} : { 'if-match': etag }) } : {};
  try {
    return await objects.line.call(what, { signal, hold: true }, async (s3, attempt) => {
      const { body, range, sizeBytes, ...answer } = await s3.getObject(target, { ...resumed, ...objects.line.settings.encryption.customer });
      if (offset > 0 && range?.startsWith(`bytes ${offset}-`) !== true) {
        body.destroy();
        throw wrongRange(what, `bytes from ${offset} on`, range);
      }
      return { body, attempt, sizeBytes: sizeBytes === null ? null : sizeBytes + offset, etag: answer.etag };
    });
  } catch (error) {
    throw await readError(objects, item, { error, signal });
  }
}

/**
 * Exactly the bytes asked for; length and range of the answer are looked at before anything is allocated.
 * @throws StoreError the object ends before; NotFoundError
 */
export async function readRange(objects: Objects, item: Item, range: { offset: number; lengthBytes: number }, options: ReadOptions): Promise<Uint8Array> {
  const what = `${item.kind} ${item.id}`;
  const { offset, lengthBytes } = range;
  const target = await portErrors(objects.at(objects.pathOf(item.kind, item.id), options.signal));
  try {
    return await objects.line.call(what, options, async (s3) => {
      const asked = { range: `bytes=${offset}-${offset + lengthBytes - 1}`, ...objects.line.settings.encryption.customer };
      const answer = await s3.getObject(target, asked);
      try {
        verifyRange(what, range, answer);
        return await collect(what, answer.body, lengthBytes);
      } finally {
        answer.body.destroy();
      }
    });
  } catch (error) {
    if (failureIn(error)?.status === 416) throw beyondTheEnd(what, range, null);
    throw await readError(objects, item, { error, signal: options.signal });
  }
}

function verifyRange(what: string, range: { offset: number; lengthBytes: number }, answer: Pick<ObjectAnswer, 'range' | 'sizeBytes'>): void {
  const { offset, lengthBytes } = range;
  const found = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(answer.range ?? '');
  if (found === null) {
    // A server without ranges gives the whole object, which may be just what was asked for.
    if (answer.range === null && offset === 0 && answer.sizeBytes === lengthBytes) return;
    throw wrongRange(what, `${lengthBytes} bytes at ${offset}`, answer.range);
  }
  const [start, end, total] = [Number(found[1]), Number(found[2]), found[3] === '*' ? null : Number(found[3])];
  if (total !== null && offset + lengthBytes > total) throw beyondTheEnd(what, range, total);
  if (start !== offset || end !== offset + lengthBytes - 1) throw wrongRange(what, `${lengthBytes} bytes at ${offset}`, answer.range);
}

async function collect(what: string, body: AsyncIterable<unknown>, lengthBytes: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(lengthBytes);
  let filled = 0;
  for await (const piece of body) {
    const found = piece as Uint8Array;
    if (filled + found.length > lengthBytes) throw shortAnswer(what, filled + found.length, lengthBytes);
    bytes.set(found, filled);
    filled += found.length;
  }
  if (filled !== lengthBytes) throw shortAnswer(what, filled, lengthBytes);
  return bytes;
}

/** Not there under its own name: archived or absent; anything else as it is. */
export async function readError(objects: Objects, item: Item, thrown: { error: unknown; signal: AbortSignal | undefined }): Promise<unknown> {
  const failure = failureIn(thrown.error);
  if (failure === null) return thrown.error;
  if (failure.status === 404 && failure.code !== 'NoSuchBucket') return await portErrors(objects.absent(item.kind, item.id, { signal: thrown.signal }));
  if (failure.status === 412)
    return new StoreError(`${item.kind} ${item.id} was replaced while it was read`, { fault: 'line', retryable: true, cause: failure.error });
  return failure.error;
}

function wrongRange(what: string, asked: string, got: string | null): StoreError {
  return new StoreError(`${what}: ${asked} were asked for, the answer is ${got ?? 'no range'}`, { fault: 'line', retryable: true });
}

function beyondTheEnd(what: string, { offset, lengthBytes }: { offset: number; lengthBytes: number }, total: number | null): StoreError {
  return new StoreError(`${what}: ${lengthBytes} bytes at ${offset} were asked for, the object ${total === null ? 'ends before' : `has ${total}`}`);
}
