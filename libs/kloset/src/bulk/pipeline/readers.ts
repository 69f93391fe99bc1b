import type { Worker } from 'node:worker_threads';
import type { Mac } from '@wardrobe/kloset-model';
import { bytesFromHex } from '../../bytes/bytes.js';
import { StoreError } from '../../errors/errors.js';
import { READ_RECORD, type ReadAnswer, type ReadRequest } from './read-protocol.js';
import { startWorker } from './worker-file.js';

/** A blob and its place in a local file. */
export type WantedBlob = { readonly file: string; readonly position: number; readonly lengthBytes: number; readonly mac: Mac };

type Waiting = { readonly resolve: (answer: ReadAnswer) => void; readonly reject: (error: Error) => void };

/** Reading threads, started at the first question. */
export class Readers {
  readonly count: number;
  readonly #start: Parameters<typeof startWorker>[0];
  #workers: { readonly worker: Worker; busy: number }[] | null = null;
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;
  #failure: Error | null = null;

  constructor(count: number, start: Parameters<typeof startWorker>[0]) {
    this.count = count;
    this.#start = start;
  }

  get isStarted(): boolean {
    return this.#workers !== null;
  }

  read(items: readonly WantedBlob[]): Promise<ReadAnswer> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    this.#workers ??= Array.from({ length: this.count }, () => this.#startOne());
    const idlest = this.#workers.reduce((best, one) => (one.busy < best.busy ? one : best));
    const request = requestOf(this.#next++, items);
    idlest.busy += 1;
    return new Promise((resolve, reject) => {
      const done = (): void => {
        idlest.busy -= 1;
        this.#waiting.delete(request.id);
      };
      this.#waiting.set(request.id, {
        resolve(answer) {
          done();
          resolve(answer);
        },
        reject(error) {
          done();
          reject(error);
        },
      });
      idlest.worker.postMessage(request, [request.items]);
    });
  }

  async close(): Promise<void> {
    this.#fail(new StoreError('reading was ended'));
    await Promise.all((this.#workers ?? []).map(({ worker }) => worker.terminate()));
  }

  #startOne(): { readonly worker: Worker; busy: number } {
    const worker = startWorker(this.#start);
    worker.on('message', (answer: ReadAnswer) => this.#waiting.get(answer.id)?.resolve(answer));
    worker.on('error', (error) =>
      this.#fail(new StoreError(`a reading thread failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error })),
    );
    worker.on('exit', () => this.#fail(new StoreError('a reading thread ended early')));
    return { worker, busy: 0 };
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const waiting of [...this.#waiting.values()]) waiting.reject(this.#failure);
  }
}

function requestOf(id: number, items: readonly WantedBlob[]): ReadRequest {
  const files: string[] = [];
  const records = new ArrayBuffer(items.length * READ_RECORD.sizeBytes);
  const view = new DataView(records);
  const bytes = new Uint8Array(records);
  for (const [index, item] of items.entries()) {
    // Sorted by file: the same one follows itself.
    if (files.at(-1) !== item.file) files.push(item.file);
    const at = index * READ_RECORD.sizeBytes;
    view.setUint32(at + READ_RECORD.file, files.length - 1, true);
    view.setUint32(at + READ_RECORD.lengthBytes, item.lengthBytes, true);
    view.setFloat64(at + READ_RECORD.position, item.position, true);
    bytes.set(bytesFromHex(item.mac), at + READ_RECORD.mac);
  }
  return { id, files, items: records };
}
