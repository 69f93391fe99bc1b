import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { chunker } from '../../chunking/chunker.js';
import { detectContentType } from '../../chunking/content-type.js';
import type { RepositoryWriter } from '../../repository/writer-types.js';
import { ContentRoom, contentSink, type StoreContentOptions } from '../../snapshot/write/store-content.js';
import { byteTextOf, shownText } from './byte-text.js';
import type { ContentPipeline, FileJob, FileResult } from './content-pipeline.js';
import { systemErrorText } from './system-errors.js';

/** Never waits for the other end of a pipe that took a file's place, nor follows a link that did. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
const READ_BYTES = 1 << 20;
/** Read between two looks at what else waits: uploads, timers, signals. */
const BYTES_PER_TURN = 16 << 20;
const FILES_PER_TURN = 128;

/** How the contents of files are stored. */
export function fileContentOptions({ repository }: Pick<RepositoryWriter, 'repository'>): StoreContentOptions {
  return { chunker: chunker(repository.config.chunking), contentType: detectContentType, entropy: 'measured' };
}

/** Reads, cuts and stores on this thread, file after file; holds two chunks of the largest size. */
export function threadlessPipeline(writer: RepositoryWriter): ContentPipeline {
  const run = new ThreadlessRun(writer);
  let queue: Promise<unknown> = Promise.resolve();
  return {
    store(jobs, options = {}) {
      const result = queue.then(() => run.store(jobs, options.signal));
      queue = result.catch(() => undefined);
      return result;
    },
    get bytesRead() {
      return run.bytesRead;
    },
    async finish() {
      await queue;
    },
    async close() {
      await queue;
    },
  };
}

class ThreadlessRun {
  bytesRead = 0;
  readonly #writer: RepositoryWriter;
  readonly #content: StoreContentOptions;
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  #unsettledBytes = 0;

  constructor(writer: RepositoryWriter) {
    this.#writer = writer;
    this.#content = { ...fileContentOptions(writer), room: new ContentRoom() };
  }

  async store(jobs: readonly FileJob[], signal: AbortSignal | undefined): Promise<FileResult[]> {
    const results: FileResult[] = [];
    for (const [index, job] of jobs.entries()) {
      signal?.throwIfAborted();
      results.push(await this.#storeFile(job, signal));
      if (index % FILES_PER_TURN === FILES_PER_TURN - 1 || this.#unsettledBytes >= BYTES_PER_TURN) await this.#turn(signal);
    }
    await this.#turn(signal);
    return results;
  }

  /** Lets timers and signals through and uploads packfiles that are full. */
  async #turn(signal: AbortSignal | undefined): Promise<void> {
    this.#unsettledBytes = 0;
    await this.#writer.settle({ signal });
    await nextTurn();
    signal?.throwIfAborted();
  }

  async #storeFile(job: FileJob, signal: AbortSignal | undefined): Promise<FileResult> {
    const name = byteTextOf(job.path);
    let handle: number;
    try {
      handle = openSync(job.path as Buffer, OPEN_FLAGS);
    } catch (error) {
      return { error: systemErrorText('open', name, error) };
    }
    try {
      if (!fstatSync(handle).isFile()) return { error: `open ${shownText(name)}: no regular file any more` };
      return await this.#storeContent(handle, signal);
    } catch (error) {
      if (!(error instanceof ReadFailure)) throw error;
      return { error: systemErrorText('read', name, error.cause) };
    } finally {
      closeSync(handle);
    }
  }

  async #storeContent(handle: number, signal: AbortSignal | undefined): Promise<FileResult> {
    const content = contentSink(this.#writer, this.#content);
    for (;;) {
      const lengthBytes = readSome(handle, this.#buffer);
      if (lengthBytes === 0) return { content: content.finish() };
      this.bytesRead += lengthBytes;
      this.#unsettledBytes += lengthBytes;
      content.push(this.#buffer.subarray(0, lengthBytes));
      if (this.#unsettledBytes >= BYTES_PER_TURN) await this.#turn(signal);
    }
  }
}

/** The file, not the store, is at fault. */
class ReadFailure extends Error {}

function readSome(handle: number, buffer: Buffer): number {
  try {
    return readSync(handle, buffer, 0, buffer.length, null);
  } catch (error) {
    throw new ReadFailure('a file cannot be read', { cause: error });
  }
}
