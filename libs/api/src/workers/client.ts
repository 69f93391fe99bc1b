import { Worker } from 'node:worker_threads';
import { spanWord } from '@wardrobe/words';
import { EngineFailure } from './failure.js';
import { type FromWorker, type Methods, STREAM_WINDOW, type ToWorker } from './protocol.js';

export type CallOptions = {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((value: unknown) => void) | undefined;
  /** A call that does not end so long after its signal aborted ends with its thread. Default: it is waited for. */
  readonly graceMs?: (() => number) | undefined;
};

/** So long a thread that is ended is waited for. */
const STUCK_MS = 5000;

type Pending = { readonly onMessage: (message: FromWorker) => void; readonly onGone: (failure: EngineFailure) => void };
type Args<M extends Methods, K extends keyof M> = Parameters<M[K]>[0];
type ValueOf<M extends Methods, K extends keyof M> = ReturnType<M[K]> extends Promise<infer V> ? V : never;

export interface WorkerClient<M extends Methods> {
  call<K extends keyof M & string>(method: K, args: Args<M, K>, options?: CallOptions): Promise<ValueOf<M, K>>;
  /** A piece is good until the next one is asked for: then its memory is used again. */
  stream<K extends keyof M & string>(method: K, args: Args<M, K>, options?: CallOptions): AsyncIterable<Uint8Array>;
  /** Ends the thread; what is under way fails as cancelled at once. Resolves when the thread is gone, or hangs in the operating system. */
  stop(): Promise<void>;
}

export type ClientOptions = {
  readonly url: URL;
  readonly role: string;
  /** The thread crashed: why. Not called by `stop`. */
  readonly onCrash?: ((why: string) => void) | undefined;
  /** Threads that hold something opened do not come back by themselves. Default true. */
  readonly restarts?: boolean | undefined;
};

/** A worker thread with one role. It is started at the first call, and again after a crash where it `restarts`. */
export function workerClient<M extends Methods>({ url, role, onCrash, restarts = true }: ClientOptions): WorkerClient<M> {
  let worker: Worker | null = null;
  let nextId = 1;
  let over = false;
  const pending = new Map<number, Pending>();

  function running(): Worker {
    if (worker) return worker;
    if (over) throw endedEarly();
    const started = new Worker(url, { workerData: { role }, name: `wardrobe-${role}` });
    started.unref();
    started.on('message', (message: FromWorker) => pending.get(message.id)?.onMessage(message));
    started.on('error', (error) => gone(started, `the worker failed: ${error instanceof Error ? error.message : String(error)}`));
    started.on('exit', () => gone(started, 'the worker ended'));
    worker = started;
    return started;
  }

  function gone(which: Worker, message: string): void {
    if (worker !== which) return;
    worker = null;
    over = !restarts;
    onCrash?.(message);
    const waiting = [...pending.values()];
    pending.clear();
    for (const call of waiting) call.onGone(endedEarly());
  }

  function start(method: string, args: unknown, handlers: Pending): { id: number; post: (message: ToWorker) => void } {
    const id = nextId++;
    const thread = running();
    pending.set(id, handlers);
    const post = (message: ToWorker): void => thread.postMessage(message, message.kind === 'credit' ? message.spare : []);
    post({ kind: 'call', id, method, args });
    return { id, post };
  }

  return {
    call(method, args, options = {}) {
      return new Promise((resolve, reject) => {
        if (options.signal?.aborted) return void reject(cancelled());
        let force: NodeJS.Timeout | null = null;
        const finish = (act: () => void): void => {
          pending.delete(call.id);
          if (force !== null) clearTimeout(force);
          options.signal?.removeEventListener('abort', onAbort);
          act();
        };
        const call = start(method, args, {
          onMessage: (message) => {
            if (message.kind === 'progress') options.onProgress?.(message.value);
            // The worker gave what the method of this name gives: the one place where the wire's `unknown` gets its type back.
            if (message.kind === 'result') finish(() => resolve(message.value as ValueOf<M, typeof method>));
            if (message.kind === 'failure') finish(() => reject(new EngineFailure(message.failure)));
          },
          onGone: (failure) => finish(() => reject(failure)),
        });
        const onAbort = (): void => {
          call.post({ kind: 'abort', id: call.id });
          const graceMs = options.graceMs?.();
          if (graceMs !== undefined) force = setTimeout(() => void end(endedByForce(graceMs)), graceMs).unref();
        };
        options.signal?.addEventListener('abort', onAbort, { once: true });
      });
    },
    stream(method, args, options = {}) {
      return { [Symbol.asyncIterator]: () => pieces(method, args, options) };
    },
    stop: () => end(cancelled()),
  };

  /** A thread that is stuck in a read of a dead disk cannot be ended: it is let go of. */
  async function end(failure: EngineFailure): Promise<void> {
    const last = worker;
    worker = null;
    over = !restarts;
    const waiting = [...pending.values()];
    pending.clear();
    const ended = last?.terminate();
    for (const call of waiting) call.onGone(failure);
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, STUCK_MS).unref())]);
  }

  async function* pieces(method: string, args: unknown, options: CallOptions): AsyncGenerator<Uint8Array, void, undefined> {
    options.signal?.throwIfAborted();
    const queue: Uint8Array<ArrayBuffer>[] = [];
    let ended = false;
    let failure: EngineFailure | null = null;
    let wake: (() => void) | null = null;
    const notify = (): void => wake?.();
    const call = start(method, args, {
      onMessage: (message) => {
        if (message.kind === 'piece') queue.push(message.bytes);
        if (message.kind === 'end') ended = true;
        if (message.kind === 'failure') failure = new EngineFailure(message.failure);
        notify();
      },
      onGone: (gone) => {
        failure = gone;
        notify();
      },
    });
    const onAbort = (): void => {
      failure ??= cancelled();
      notify();
    };
    options.signal?.addEventListener('abort', onAbort, { once: true });
    try {
      for (let spare: ArrayBuffer[] = []; ; ) {
        const piece = queue.shift();
        if (piece) {
          yield piece;
          spare.push(piece.buffer);
          if (spare.length < STREAM_WINDOW / 2) continue;
          call.post({ kind: 'credit', id: call.id, spare });
          spare = [];
        } else if (failure) throw failure;
        else if (ended) return;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      options.signal?.removeEventListener('abort', onAbort);
      if (pending.delete(call.id) && !ended) call.post({ kind: 'abort', id: call.id });
    }
  }
}

function endedEarly(): EngineFailure {
  return new EngineFailure({
    code: 'store',
    message: 'the reading thread ended',
    what: null,
    detail: 'the reading thread ended',
    retryable: true,
    problem: null,
  });
}

/** What did not end by itself after it was cancelled. A thread that is ended is as a process that is killed: the store is whole. */
function endedByForce(graceMs: number): EngineFailure {
  return new EngineFailure({
    code: 'cancelled',
    message: 'ended by force',
    what: null,
    detail: null,
    retryable: true,
    problem: {
      code: 'cancelled',
      sentence: `It did not stop within ${spanWord(graceMs)} after it was cancelled, and was ended by force.`,
      next: 'What was finished stands, and nothing is half visible. If it held a lock, that counts as left behind after 10 min; it is safe to run it again then.',
    },
  });
}

function cancelled(): EngineFailure {
  return new EngineFailure({ code: 'cancelled', message: 'cancelled', what: null, detail: null, retryable: true, problem: null });
}
