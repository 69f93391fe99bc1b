import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { kernelModule, type WasmModule } from '@wardrobe/kernel';
import { hasWorkerFile, startWorker } from './worker-file.js';

/** What a thread is started with that is told later what it is for. */
export type EarlyStart = { readonly role: 'early'; readonly module: WasmModule };

/** Threads that load their program while a key is derived, so that they need not when it is known. Needs `close`. */
export class EarlyThreads {
  #idle: Worker[] = [];

  start(count = availableParallelism()): void {
    if (!hasWorkerFile()) return;
    const module = kernelModule();
    while (this.#idle.length < count) this.#idle.push(this.#startOne(module));
  }

  /** One that does nothing yet; null: there is none left. */
  take(): Worker | null {
    const worker = this.#idle.pop() ?? null;
    worker?.removeAllListeners();
    return worker;
  }

  async close(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((worker) => worker.terminate()));
  }

  #startOne(module: WasmModule): Worker {
    const worker = startWorker({ role: 'early', module });
    // One that fails before it has work is not missed: whoever needs it starts another, and is told why that one fails.
    const drop = (): void => {
      this.#idle = this.#idle.filter((one) => one !== worker);
    };
    return worker.on('error', drop).on('exit', drop);
  }
}
