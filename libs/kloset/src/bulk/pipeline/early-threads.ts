import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { kernelModule, loadAccelerator } from '@wardrobe/kernel';
import { hasWorkerFile, startWorker } from './worker-file.js';

type Idle = { readonly worker: Worker; forget(): void };

/** Threads that load their program while a key is derived, so that they need not when it is known. Needs `close`. */
export class EarlyThreads {
  #idle: Idle[] = [];
  #wanted = 0;

  /** Those that are there and have no work. */
  get count(): number {
    return this.#idle.length;
  }

  /** `together`: how many load at the same time; the derivation has a processor to itself. */
  start(count = availableParallelism(), together = Math.max(1, count - 1)): void {
    if (!hasWorkerFile()) return;
    this.#wanted = count;
    while (this.#wanted > count - together) this.#startNext();
    // What this thread needs once the key is known is loaded when the derivation runs.
    setImmediate(loadAccelerator);
  }

  /** One that does nothing yet; null: there is none left. */
  take(): Worker | null {
    const idle = this.#idle.pop();
    idle?.forget();
    return idle?.worker ?? null;
  }

  async close(): Promise<void> {
    this.#wanted = 0;
    await Promise.all(this.#idle.splice(0).map(({ worker }) => worker.terminate()));
  }

  #startNext(): void {
    if (this.#wanted === 0) return;
    this.#wanted -= 1;
    const worker = startWorker({ role: 'early', module: kernelModule() });
    // One that fails before it has work is not missed: whoever needs it starts another, and is told why that one fails.
    const drop = (): void => {
      this.#idle = this.#idle.filter((one) => one.worker !== worker);
    };
    const onReady = (): void => this.#startNext();
    worker.on('error', drop).on('exit', drop).once('message', onReady);
    // `removeAllListeners` would take the worker's own with them: no message would come any more.
    this.#idle.push({ worker, forget: () => worker.off('error', drop).off('exit', drop).off('message', onReady) });
  }
}
