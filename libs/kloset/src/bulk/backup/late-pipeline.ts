import type { BlobPackers } from '../../repository/writer-types.js';
import type { ContentPipeline } from './content-pipeline.js';

/** What is known of a job when its first contents come: at least so much. */
export type JobSize = { readonly totalBytes: number; readonly files: number };

/** A pipeline that is made when there is something to store: often nothing has changed. */
export class LatePipeline {
  readonly #make: (job: JobSize) => ContentPipeline | Promise<ContentPipeline>;
  #made: Promise<ContentPipeline> | null = null;
  #running: ContentPipeline | null = null;
  #bytesRead = 0;

  constructor(make: (job: JobSize) => ContentPipeline | Promise<ContentPipeline>) {
    this.#make = make;
  }

  get isMade(): boolean {
    return this.#made !== null;
  }

  get bytesRead(): number {
    return this.#running?.bytesRead ?? this.#bytesRead;
  }

  async get(job: JobSize): Promise<ContentPipeline> {
    this.#made ??= Promise.resolve(this.#make(job));
    this.#running = await this.#made;
    return this.#running;
  }

  async finish(): Promise<void> {
    await this.#running?.finish();
  }

  /** Null: this thread does it. */
  async intoPackers(): Promise<BlobPackers | null> {
    return (await this.#running?.intoPackers?.()) ?? null;
  }

  async close(): Promise<void> {
    await this.#running?.close();
    this.#bytesRead = this.bytesRead;
    this.#running = null;
    this.#made = null;
  }
}
