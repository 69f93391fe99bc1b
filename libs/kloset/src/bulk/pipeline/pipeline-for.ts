import type { RepositoryWriter } from '../../repository/writer-types.js';
import type { ContentPipeline } from '../backup/content-pipeline.js';
import { threadlessPipeline } from '../backup/threadless-pipeline.js';

/** Starting threads costs about a tenth of a second: less than this is done sooner without them. */
const THREADS_FROM_BYTES = 32 << 20;
const THREADS_FROM_FILES = 1000;

/** The pipeline for a job of about this size. `threads`: at most so many, default one a processor; 1 is this thread alone. */
export async function pipelineFor(
  writer: RepositoryWriter,
  job: { readonly totalBytes: number; readonly files: number },
  threads?: number | undefined,
): Promise<ContentPipeline> {
  if (threads === 1) return threadlessPipeline(writer);
  if (job.totalBytes < THREADS_FROM_BYTES && job.files < THREADS_FROM_FILES) return threadlessPipeline(writer);
  const { hasWorkerFile } = await import('./worker-file.js');
  if (!hasWorkerFile()) return threadlessPipeline(writer);
  const { threadPipeline } = await import('./thread-pipeline.js');
  return threadPipeline(writer, { expected: job, threads });
}
