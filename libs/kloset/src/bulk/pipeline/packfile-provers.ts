import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { kernelModule } from '@wardrobe/kernel';
import type { PackfileId } from '@wardrobe/kloset-model';
import { StoreError } from '../../errors/errors.js';
import type { Repository } from '../../repository/types.js';
import type { ProveAnswer, ProveRequest, ProverStart } from './prove-protocol.js';
import { hasWorkerFile, startWorker } from './worker-file.js';

/** Whole packfiles proven on threads. Needs `close`. */
export interface PackfileProvers {
  /** Packfiles worth having under way. */
  readonly ahead: number;
  /** @throws StoreError the threads failed */
  prove(packfile: PackfileId, blobs: boolean): Promise<Omit<ProveAnswer, 'id'>>;
  close(): Promise<void>;
}

/** Null where packfiles are no local files, or threads cannot be started. */
export async function packfileProvers(
  { store, secret }: Pick<Repository, 'store' | 'secret'>,
  threads = availableParallelism(),
): Promise<PackfileProvers | null> {
  if (store.localPath === undefined || !hasWorkerFile()) return null;
  const start: ProverStart = { role: 'prove', module: kernelModule(), config: await store.readConfig(), secret };
  return new Provers(start, threads, (id) => store.localPath?.('packfile', id) ?? '');
}

type Waiting = { readonly resolve: (answer: ProveAnswer) => void; readonly reject: (error: Error) => void };
type One = { readonly worker: Worker; busy: number };

class Provers implements PackfileProvers {
  readonly ahead: number;
  readonly #workers: readonly One[];
  readonly #waiting = new Map<number, Waiting>();
  readonly #pathOf: (id: PackfileId) => string;
  #next = 1;
  #failure: Error | null = null;

  constructor(start: ProverStart, threads: number, pathOf: (id: PackfileId) => string) {
    this.ahead = threads;
    this.#pathOf = pathOf;
    this.#workers = Array.from({ length: threads }, () => this.#startOne(start));
  }

  prove(packfile: PackfileId, blobs: boolean): Promise<ProveAnswer> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const idlest = this.#workers.reduce((best, one) => (one.busy < best.busy ? one : best));
    const request: ProveRequest = { id: this.#next++, packfile, path: this.#pathOf(packfile), blobs };
    idlest.busy += 1;
    const answer = new Promise<ProveAnswer>((resolve, reject) => this.#waiting.set(request.id, { resolve, reject }));
    idlest.worker.postMessage(request);
    return answer.finally(() => {
      idlest.busy -= 1;
      this.#waiting.delete(request.id);
    });
  }

  async close(): Promise<void> {
    this.#fail(new StoreError('reading was ended'));
    await Promise.all(this.#workers.map(({ worker }) => worker.terminate()));
  }

  #startOne(start: ProverStart): One {
    const worker = startWorker(start);
    worker.on('message', (answer: ProveAnswer) => this.#waiting.get(answer.id)?.resolve(answer));
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
