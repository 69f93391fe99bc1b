import type { LineFigures } from '@wardrobe/store-connector';
import type { Carried } from './types.js';

const NOTHING: Carried = { requests: 0, retries: 0, bytesRead: 0, bytesWritten: 0, measured: 0, latencyMs: 0 };

/** Figures of one open store, told piece by piece: each piece is what came since the one before. */
export class CarriedPieces {
  #told = NOTHING;

  next(figures: LineFigures): Carried {
    const { requests, retries, bytesRead, bytesWritten, meanLatencyMs } = figures;
    const measured = meanLatencyMs === null ? 0 : requests;
    const now = { requests, retries, bytesRead, bytesWritten, measured, latencyMs: (meanLatencyMs ?? 0) * measured };
    const before = this.#told;
    this.#told = now;
    return {
      requests: requests - before.requests,
      retries: retries - before.retries,
      bytesRead: bytesRead - before.bytesRead,
      bytesWritten: bytesWritten - before.bytesWritten,
      measured: now.measured - before.measured,
      latencyMs: now.latencyMs - before.latencyMs,
    };
  }
}
