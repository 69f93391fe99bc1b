import type { Worker } from 'node:worker_threads';
import type { Mac } from '@wardrobe/kloset-model';
import { bytesFromHex } from '../../bytes/bytes.js';
import { StoreError } from '../../errors/errors.js';
import { READ_RECORD, type ReadAnswer, type ReaderStart, type ReadItems, type ToReader } from './read-protocol.js';
import type { EarlyThreads } from './early-threads.js';
import { startWorker } from './worker-file.js';

/** A blob and its place in a local file; `to` and `plainBytes`: where its content goes in a file that is restored. */
export type WantedBlob = {
  readonly file: string;
  readonly position: number;
  readonly lengthBytes: number;
  readonly mac: Mac;
  readonly to?: number;
  readonly plainBytes?: number;
};

type Waiting = { readonly resolve: (answer: ReadAnswer) => void; readonly reject: (error: Error) => void };
type One = { readonly worker: Worker; busy: number };

/** Without what asks for it: numbers are given here. */
export type Asked<T extends ToReader = ToReader> = T extends ToReader ? Omit<T, 'id'> : never;

type Question = Waiting & { readonly asked: Asked; readonly transfer: readonly ArrayBuffer[] };

/** Questions that a thread has at a time, so that it never waits for the next one. */
const AHEAD = 2;

/** Reading threads, started at the first question. */
export class Readers {
  readonly count: number;
  readonly #start: ReaderStart;
  readonly #early: EarlyThreads | null;
  #workers: readonly One[] | null = null;
  readonly #waiting = new Map<number, Waiting>();
  readonly #queue: Question[] = [];
  #next = 1;
  #failure: Error | null = null;

  /** `early`: some that are there already. */
  constructor(count: number, start: ReaderStart, early: EarlyThreads | null = null) {
    this.count = count;
    this.#start = start;
    this.#early = early;
  }

  get isStarted(): boolean {
    return this.#workers !== null;
  }

  start(): readonly One[] {
    this.#workers ??= Array.from({ length: this.count }, () => this.#startOne());
    return this.#workers;
  }

  /** `lane`: number of the thread that is to do it; without it the first that is free does. The buffers handed over are gone. */
  ask(asked: Asked, transfer: readonly ArrayBuffer[], lane?: number): Promise<ReadAnswer> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const workers = this.start();
    return new Promise((resolve, reject) => {
      const question = { asked, transfer, resolve, reject };
      const chosen = lane === undefined ? undefined : workers[lane % workers.length];
      if (chosen !== undefined) this.#hand(question, chosen);
      else {
        this.#queue.push(question);
        this.#handOut();
      }
    });
  }

  /** A thread has little ahead of it, so that all of them end at about the same time. */
  #handOut(): void {
    for (;;) {
      const idlest = this.start().reduce((best, one) => (one.busy < best.busy ? one : best));
      const next = idlest.busy < AHEAD ? this.#queue.shift() : undefined;
      if (next === undefined) return;
      this.#hand(next, idlest);
    }
  }

  #hand({ asked, transfer, resolve, reject }: Question, chosen: One): void {
    const id = this.#next++;
    chosen.busy += 1;
    this.#waiting.set(id, {
      resolve: (answer) => {
        chosen.busy -= 1;
        this.#waiting.delete(id);
        this.#handOut();
        resolve(answer);
      },
      reject,
    });
    chosen.worker.postMessage({ ...asked, id }, transfer);
  }

  async close(): Promise<void> {
    await this.#fail(new StoreError('reading was ended'));
  }

  #startOne(): One {
    const early = this.#early?.take() ?? null;
    early?.postMessage(this.#start);
    const worker = early ?? startWorker(this.#start);
    worker.on('message', (answer: ReadAnswer) => this.#waiting.get(answer.id)?.resolve(answer));
    worker.on('error', (error) =>
      this.#failLater(new StoreError(`a reading thread failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error })),
    );
    worker.on('exit', () => this.#failLater(new StoreError('a reading thread ended early')));
    return { worker, busy: 0 };
  }

  #failLater(error: Error): void {
    if (this.#failure !== null) return;
    // Those who wait are told when all threads have ended; ending one does not fail.
    void this.#fail(error);
  }

  /** All threads have ended before anybody is told: none writes any more into a file that is closed then. */
  async #fail(error: Error): Promise<void> {
    this.#failure ??= error;
    const failure = this.#failure;
    await Promise.all((this.#workers ?? []).map(({ worker }) => worker.terminate()));
    for (const { reject } of [...this.#waiting.values(), ...this.#queue.splice(0)]) reject(failure);
    this.#waiting.clear();
  }
}

export function itemsFor(wanted: readonly WantedBlob[]): Pick<ReadItems, 'files' | 'items'> {
  const files: string[] = [];
  const numbers = new Map<string, number>();
  const items = new ArrayBuffer(wanted.length * READ_RECORD.sizeBytes);
  const view = new DataView(items);
  const bytes = new Uint8Array(items);
  for (const [index, item] of wanted.entries()) {
    const number = numbers.get(item.file) ?? files.push(item.file) - 1;
    numbers.set(item.file, number);
    const at = index * READ_RECORD.sizeBytes;
    view.setUint32(at + READ_RECORD.file, number, true);
    view.setUint32(at + READ_RECORD.lengthBytes, item.lengthBytes, true);
    view.setFloat64(at + READ_RECORD.position, item.position, true);
    bytes.set(bytesFromHex(item.mac), at + READ_RECORD.mac);
    view.setFloat64(at + READ_RECORD.to, item.to ?? 0, true);
    view.setUint32(at + READ_RECORD.plainBytes, item.plainBytes ?? 0, true);
  }
  return { files, items };
}
