import { collectYoung } from './collect-garbage.js';

/** For buffers that are made for one use, as Node and client libraries make them for each piece that a line brings: counts their bytes and collects them in time. */
export class PassingBuffers {
  #bytes = 0;

  constructor(readonly limitBytes: number) {}

  /** So many bytes have gone through such buffers. */
  passed(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < this.limitBytes) return;
    this.#bytes = 0;
    collectYoung();
  }
}
