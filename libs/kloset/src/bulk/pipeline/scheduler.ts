import type { Worker } from 'node:worker_threads';
import { StoreError } from '../../errors/errors.js';
import type { FileJob, FileResult } from '../backup/content-pipeline.js';
import type { DedupSeed } from './dedup-seed.js';
import { unpackResults } from './packed-results.js';
import { failureOf, type FromWorker, type PackfileMessage, RANGE_RECORD_BYTES, type ToWorker } from './protocol.js';
import { type Call, type Task, WorkQueue } from './work-queue.js';

export type SchedulerParts = {
  readonly startWorkers: () => readonly Worker[];
  readonly seed: DedupSeed;
  /** Returns the number of its blobs, padding left out. */
  readonly addPackfile: (packfile: PackfileMessage) => number;
  /** Uploads what is complete; one call at a time. */
  readonly settle: () => Promise<void>;
};

type Stream = {
  readonly id: number;
  readonly task: Task;
  /** Its thread is at it. */
  isBusy: boolean;
  isBegun: boolean;
  /** Ranges handed out or waiting. */
  ranges: number;
  hasChanged: boolean;
  result: FileResult | null;
};
type Range = { readonly stream: Stream; readonly chunks: Uint8Array };
/** `stored`: blobs that it put into packfiles; null until it has finished. */
type Thread = { readonly worker: Worker; outstanding: number; stream: Stream | null; stored: number | null };

/** Pieces of work a thread holds: the one at hand and the next, so that it never waits for this thread. */
const OUTSTANDING = 2;
const TURN_BYTES = 64 << 20;
const RANGE_BYTES = 8 << 20;
/** Packfiles that may wait for their upload before no more work is handed out. */
const WAITING_UPLOADS = 4;

/** Deals out work to threads and collects what they answer. Runs on the thread of its caller and only waits there. */
export class Scheduler {
  readonly #parts: SchedulerParts;
  readonly #threads: Thread[];
  readonly #queue = new WorkQueue();
  readonly #batches = new Map<number, readonly Task[]>();
  readonly #streams = new Map<number, Stream>();
  #ranges: Range[] = [];
  readonly #rangeJobs = new Map<number, Range>();
  #nextId = 1;
  #failure: Error | null = null;
  #isOver = false;
  #isFinishing = false;
  /** Blobs in the packfiles that were handed over, padding left out. */
  #packed = 0;
  #waitingUploads = 0;
  #uploads: Promise<void> = Promise.resolve();
  #onIdle: (() => void) | null = null;
  bytesRead = 0;

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
    this.#threads = parts.startWorkers().map((worker) => ({ worker, outstanding: 0, stream: null, stored: null }));
    for (const thread of this.#threads) {
      thread.worker.on('message', (message: FromWorker) => this.#receive(thread, message));
      thread.worker.on('error', (error) =>
        this.#fail(new StoreError(`a storing thread failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error })),
      );
      thread.worker.on('exit', () => this.#fail(new StoreError('a storing thread ended early')));
    }
  }

  get threads(): number {
    return this.#threads.length;
  }

  store(jobs: readonly FileJob[], signal: AbortSignal | undefined): Promise<readonly FileResult[]> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => call.reject(signal?.reason as Error);
      const call: Call = {
        results: [],
        left: jobs.length,
        isDone: false,
        resolve: () => end(() => resolve(call.results)),
        reject: (error) => end(() => reject(error)),
      };
      const end = (act: () => void): void => {
        if (call.isDone) return;
        call.isDone = true;
        signal?.removeEventListener('abort', onAbort);
        this.#queue.forget(call);
        act();
        this.#lookIdle();
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#queue.add(call, jobs);
      if (jobs.length === 0) call.resolve();
      this.#pump();
    });
  }

  /** Waits for what runs and ends all packfiles. Their uploads may still be under way. */
  async finish(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      this.#lookIdle();
    });
    if (this.#failure !== null) throw this.#failure;
    this.#isFinishing = true;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      for (const { worker } of this.#threads) worker.postMessage({ kind: 'finish' } satisfies ToWorker);
    });
    if (this.#failure !== null) throw this.#failure;
    const stored = this.#threads.reduce((sum, thread) => sum + (thread.stored ?? Number.NaN), 0);
    if (stored !== this.#packed) throw new Error(`the threads stored ${stored} blobs and handed over ${this.#packed}`);
  }

  /** After `finish`: gives up the table of what is stored and some of the threads to whoever asks, and ends the others. */
  async release(count: number): Promise<readonly Worker[]> {
    this.#isOver = true;
    this.#parts.seed.release();
    const released = this.#threads.splice(0, count).map(({ worker }) => worker);
    for (const worker of released) for (const event of ['message', 'error', 'exit']) worker.removeAllListeners(event);
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
    return released;
  }

  /** Nothing is under way any more when it returns. */
  async close(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
    for (const call of this.#queue.calls) call.reject(new StoreError('storing was ended'));
    await this.#uploads;
  }

  #pump(): void {
    if (this.#failure !== null || this.#isOver) return;
    for (let isMoving = true; isMoving && this.#waitingUploads < WAITING_UPLOADS; ) {
      isMoving = false;
      // The idlest first, each one piece a round.
      for (const thread of [...this.#threads].sort((a, b) => a.outstanding - b.outstanding)) {
        if (thread.outstanding < OUTSTANDING && this.#give(thread)) isMoving = true;
      }
    }
    this.#lookIdle();
  }

  /** Hands one piece of work to a thread, if there is one for it. */
  #give(thread: Thread): boolean {
    const { stream } = thread;
    const enoughRanges = this.#ranges.length >= OUTSTANDING * this.#threads.length;
    if (this.#ranges.length > 0 && (stream === null || enoughRanges)) return this.#giveRange(thread);
    if (stream !== null && !stream.isBusy) return this.#goOn(thread, stream);
    const large = stream === null ? this.#queue.takeLarge() : null;
    if (large !== null) return this.#begin(thread, large);
    const batch = this.#queue.takeBatch();
    if (batch.length > 0) return this.#giveBatch(thread, batch);
    return this.#ranges.length > 0 && this.#giveRange(thread);
  }

  #giveBatch(thread: Thread, tasks: readonly Task[]): boolean {
    const id = this.#nextId++;
    this.#batches.set(id, tasks);
    const paths = Buffer.concat(tasks.map((task) => task.job.path));
    let end = 0;
    const ends = Uint32Array.from(tasks, (task) => (end += task.job.path.length));
    return this.#post(thread, { kind: 'files', id, paths, ends });
  }

  #begin(thread: Thread, task: Task): boolean {
    const stream: Stream = { id: this.#nextId++, task, isBusy: false, isBegun: false, ranges: 0, hasChanged: false, result: null };
    this.#streams.set(stream.id, stream);
    thread.stream = stream;
    return this.#goOn(thread, stream);
  }

  /** While others have enough to do, a thread does all of its large file itself; else it finds work for them. */
  #goOn(thread: Thread, stream: Stream): boolean {
    if (stream.task.call.isDone) {
      thread.stream = null;
      this.#streams.delete(stream.id);
      thread.worker.postMessage({ kind: 'drop', id: stream.id } satisfies ToWorker);
      return this.#give(thread);
    }
    const othersIdle = this.#threads.some((other) => other !== thread && other.outstanding === 0);
    const mode = othersIdle && this.#queue.isEmpty && !stream.task.wholeOnly ? 'scan' : 'whole';
    const path = stream.isBegun ? null : stream.task.job.path;
    stream.isBegun = true;
    stream.isBusy = true;
    return this.#post(thread, { kind: 'stream', id: stream.id, path, mode, bytes: TURN_BYTES });
  }

  #giveRange(thread: Thread): boolean {
    const range = this.#ranges.shift();
    if (range === undefined) return false;
    if (range.stream.task.call.isDone) return true;
    const id = this.#nextId++;
    this.#rangeJobs.set(id, range);
    return this.#post(thread, { kind: 'range', id, path: range.stream.task.job.path, chunks: range.chunks });
  }

  #post(thread: Thread, message: ToWorker): true {
    thread.outstanding += 1;
    thread.worker.postMessage(message);
    return true;
  }

  #receive(thread: Thread, message: FromWorker): void {
    switch (message.kind) {
      case 'files':
        this.#endBatch(message);
        break;
      case 'stream':
        this.#endTurn(thread, message);
        break;
      case 'range':
        this.#endRange(message);
        break;
      case 'packed':
        break;
      default:
        this.#note(thread, message);
        return;
    }
    thread.outstanding -= 1;
    this.#grow();
    this.#pump();
  }

  /** What comes between answers. */
  #note(thread: Thread, message: Exclude<FromWorker, { kind: 'files' | 'stream' | 'range' | 'packed' }>): void {
    if (message.kind === 'packfile') this.#upload(message);
    else if (message.kind === 'reliance') this.#parts.seed.relyOn(message.packfiles);
    else if (message.kind === 'failure') this.#fail(failureOf(message));
    else {
      thread.stored = message.stored;
      this.#lookIdle();
    }
  }

  #endBatch(message: FromWorker & { kind: 'files' }): void {
    this.bytesRead += message.bytes;
    const tasks = this.#batches.get(message.id) ?? [];
    this.#batches.delete(message.id);
    for (const [index, result] of unpackResults(message.results).entries()) answer(tasks[index] as Task, result);
  }

  #endTurn(thread: Thread, message: FromWorker & { kind: 'stream' }): void {
    this.bytesRead += message.bytes;
    const stream = this.#streams.get(message.id);
    if (stream === undefined) return;
    stream.isBusy = false;
    if (message.chunks !== null) for (const chunks of splitRanges(message.chunks)) this.#addRange({ stream, chunks });
    if (message.result === null) return;
    stream.result = message.result;
    thread.stream = null;
    this.#endStream(stream);
  }

  #addRange(range: Range): void {
    range.stream.ranges += 1;
    this.#ranges.push(range);
  }

  #endRange(message: FromWorker & { kind: 'range' }): void {
    const range = this.#rangeJobs.get(message.id);
    this.#rangeJobs.delete(message.id);
    if (range === undefined) return;
    range.stream.ranges -= 1;
    if (!message.isSame) range.stream.hasChanged = true;
    this.#endStream(range.stream);
  }

  /** A file that changed between its scan and the storing of a range is stored once more, now by one thread in one go. */
  #endStream(stream: Stream): void {
    if (stream.result === null || stream.ranges > 0) return;
    this.#streams.delete(stream.id);
    if (stream.hasChanged && 'content' in stream.result) this.#queue.again(stream.task);
    else answer(stream.task, stream.result);
  }

  #upload(message: PackfileMessage): void {
    this.#packed += this.#parts.addPackfile(message);
    this.#waitingUploads += 1;
    const settled = (this.#failure === null ? this.#parts.settle() : Promise.resolve())
      .catch((error: unknown) => this.#fail(error instanceof Error ? error : new Error(String(error))))
      .then(() => {
        this.#waitingUploads -= 1;
        this.#pump();
      });
    this.#uploads = Promise.all([this.#uploads, settled]).then(() => undefined);
  }

  #grow(): void {
    const segment = this.#parts.seed.grow();
    if (segment !== null) for (const { worker } of this.#threads) worker.postMessage({ kind: 'segment', segment } satisfies ToWorker);
  }

  /** Something no file is to blame for: the whole run ends. */
  #fail(error: Error): void {
    if (this.#isOver) return;
    this.#failure ??= error;
    for (const call of this.#queue.calls) call.reject(this.#failure);
    this.#lookIdle();
  }

  #lookIdle(): void {
    if (this.#onIdle === null) return;
    const isAtWork = this.#isFinishing
      ? this.#threads.some((thread) => thread.stored === null)
      : this.#threads.some((thread) => thread.outstanding > 0 || thread.stream !== null) || this.#queue.calls.size > 0;
    if (this.#failure === null && isAtWork) return;
    const done = this.#onIdle;
    this.#onIdle = null;
    done();
  }
}

function answer(task: Task, result: FileResult): void {
  const { call } = task;
  if (call.isDone) return;
  call.results[task.index] = result;
  call.left -= 1;
  if (call.left === 0) call.resolve();
}

/** Runs of chunks of about `RANGE_BYTES`. */
function* splitRanges(chunks: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(chunks.buffer, chunks.byteOffset, chunks.byteLength);
  let from = 0;
  let sizeBytes = 0;
  for (let record = 0; record < chunks.length; record += RANGE_RECORD_BYTES) {
    sizeBytes += view.getUint32(record + 8, true);
    if (sizeBytes < RANGE_BYTES && record + RANGE_RECORD_BYTES < chunks.length) continue;
    yield chunks.slice(from, record + RANGE_RECORD_BYTES);
    from = record + RANGE_RECORD_BYTES;
    sizeBytes = 0;
  }
}
