import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { DeriveStart } from '../derive-on-thread.js';
import type { EarlyStart } from './early-protocol.js';
import type { WorkerStart } from './protocol.js';
import type { ReaderStart } from './read-protocol.js';

const BUNDLED = new URL('./bulk-worker.js', import.meta.url);
const SOURCE = new URL('./worker.ts', import.meta.url);

/** Its work is done outside of the script's memory: a small young generation keeps what is short-lived from piling up. */
const LIMITS = { maxYoungGenerationSizeMb: 4 };

/** Where the threads' program lies: a bundle beside the caller's, or in the sources (tests, tools), or nowhere. */
export function hasWorkerFile(): boolean {
  return isFile(BUNDLED) || isFile(SOURCE);
}

/** Starts one thread. In the sources it learns TypeScript first, from the loader that this repository develops with. */
export function startWorker(start: WorkerStart | ReaderStart | DeriveStart | EarlyStart): Worker {
  if (isFile(BUNDLED)) return new Worker(BUNDLED, { workerData: start, name: 'wardrobe-bulk', resourceLimits: LIMITS });
  const program = `import('tsx/esm/api').then(({ register }) => { register(); return import(${JSON.stringify(SOURCE.href)}); }).catch((error) => { setImmediate(() => { throw error; }); });`;
  return new Worker(program, { eval: true, workerData: start, name: 'wardrobe-bulk', execArgv: [] });
}

function isFile(url: URL): boolean {
  return url.protocol === 'file:' && existsSync(fileURLToPath(url));
}
