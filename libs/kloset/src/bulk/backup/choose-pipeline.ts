import type { RepositoryWriter } from '../../repository/writer-types.js';
import type { ContentPipeline } from './content-pipeline.js';
import type { JobSize } from './late-pipeline.js';
import { threadlessPipeline } from './threadless-pipeline.js';

/** This thread for small jobs, several for large ones. What threads need is loaded only for them. */
export async function choosePipeline(writer: RepositoryWriter, job: JobSize, threads: number | undefined): Promise<ContentPipeline> {
  if (threads === 1) return threadlessPipeline(writer);
  const { pipelineFor } = await import('../pipeline/pipeline-for.js');
  return pipelineFor(writer, job, threads);
}
