import { type JobRow, reportProgress } from '@wardrobe/db';
import { type Deps, now } from './deps.js';
import { jobDto } from './job-rows.js';

const PROGRESS_MS = 250;

/** What is left out stays as it is. `line`: one more line of the log. */
export type Progress = (progress: { readonly label?: string; readonly done?: number; readonly total?: number | null; readonly line?: string }) => void;

export type ProgressWriter = {
  readonly report: Progress;
  /** Until everything reported is written. */
  readonly flush: () => Promise<void>;
};

/** Progress to the database and to open pages, at most four times a second. The log of an event is what is new in it. */
export function progressWriter(deps: Deps, job: JobRow, onAnswer: (cancelAsked: boolean) => void): ProgressWriter {
  const at = { label: job.label, done: 0, total: null as number | null };
  let lines: string[] = [];
  let isNew = false;
  let lastMs = 0;
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<void> = Promise.resolve();
  const write = async (): Promise<void> => {
    if (!isNew) return;
    isNew = false;
    const sent = lines;
    lines = [];
    const { cancelAsked } = await reportProgress(deps.db, job.id, { ...at, lines: sent, now: now(deps) });
    onAnswer(cancelAsked);
    deps.bus.publish({ kind: 'job', storeId: job.storeId, at: now(deps).toISOString(), job: jobDto({ ...job, ...at, state: 'running', log: sent }) });
  };
  const begin = (): void => {
    timer = null;
    lastMs = performance.now();
    writing = writing.then(write).catch((error: unknown) => deps.log('warn', `progress of a job was not written: ${String(error)}`));
  };
  return {
    report({ line, ...progress }) {
      Object.assign(at, progress);
      isNew = true;
      if (line !== undefined) lines.push(line);
      const waitMs = lastMs + PROGRESS_MS - performance.now();
      if (waitMs <= 0) begin();
      else timer ??= setTimeout(begin, waitMs).unref();
    },
    flush() {
      if (timer) clearTimeout(timer);
      timer = null;
      return writing.then(write);
    },
  };
}
