import type { LineFigures } from '@wardrobe/store-connector';

/** What a line has carried, over all of its connections. */
export class Figures {
  requests = 0;
  retries = 0;
  bytesRead = 0;
  bytesWritten = 0;
  #answers = 0;
  #waitedMs = 0;

  /** One answer to a request that nothing was before. */
  answered(afterMs: number): void {
    this.#answers += 1;
    this.#waitedMs += afterMs;
  }

  snapshot(): LineFigures {
    const { requests, retries, bytesRead, bytesWritten } = this;
    return { requests, retries, bytesRead, bytesWritten, meanLatencyMs: this.#answers === 0 ? null : this.#waitedMs / this.#answers };
  }
}
