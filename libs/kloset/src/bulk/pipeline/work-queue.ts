import type { FileJob, FileResult } from '../backup/content-pipeline.js';

/** One call of `store` under way. */
export type Call = {
  readonly results: FileResult[];
  left: number;
  isDone: boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
};

export type Task = {
  readonly job: FileJob;
  readonly call: Call;
  readonly index: number;
  /** Must not be shared out any more. */
  readonly wholeOnly: boolean;
};

/** Files from this size on are read in turns and may be shared out. */
const LARGE_BYTES = 16 << 20;
const BATCH_FILES = 64;
const BATCH_BYTES = 4 << 20;
/** Room at the front of a list is given back from this length on. */
const COMPACT_FROM = 4096;

/** Files that wait: small ones in order, large ones in order. */
export class WorkQueue {
  readonly calls = new Set<Call>();
  #small: Task[] = [];
  #next = 0;
  #large: Task[] = [];

  get isEmpty(): boolean {
    return this.#next === this.#small.length && this.#large.length === 0;
  }

  add(call: Call, jobs: readonly FileJob[]): void {
    this.calls.add(call);
    for (const [index, job] of jobs.entries()) {
      const task = { job, call, index, wholeOnly: false };
      (job.sizeBytes >= LARGE_BYTES ? this.#large : this.#small).push(task);
    }
  }

  /** A task that must be done once more, at once. */
  again(task: Task): void {
    this.#large.unshift({ ...task, wholeOnly: true });
  }

  forget(call: Call): void {
    this.calls.delete(call);
  }

  takeLarge(): Task | null {
    for (let task = this.#large.shift(); task !== undefined; task = this.#large.shift()) if (!task.call.isDone) return task;
    return null;
  }

  /** The next small files: so many that a thread is busy for some milliseconds, and no more. */
  takeBatch(): Task[] {
    const batch: Task[] = [];
    let sizeBytes = 0;
    for (; this.#next < this.#small.length && batch.length < BATCH_FILES && sizeBytes < BATCH_BYTES; this.#next++) {
      const task = this.#small[this.#next] as Task;
      if (task.call.isDone) continue;
      batch.push(task);
      sizeBytes += task.job.sizeBytes;
    }
    if (this.#next >= COMPACT_FROM) {
      this.#small = this.#small.slice(this.#next);
      this.#next = 0;
    }
    return batch;
  }
}
