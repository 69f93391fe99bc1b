import type { Readable } from 'node:stream';
import { SlowError } from './failures.js';

/** Less than this in a whole stall time is a stall too: a line of one byte a second would hold us for years. */
const MIN_PROGRESS_BYTES = 1 << 10;

type Reading = {
  readonly stallMs: number;
  readonly onBytes: (lengthBytes: number) => void;
  /** The error to throw for one of the stream; may throw by itself. */
  readonly failure: (error: unknown) => unknown;
};

/** The body of an answer as it comes. Only time spent waiting for the line counts against it: a slow consumer breaks nothing. */
export async function* piecesOf(response: Readable, reading: Reading): AsyncGenerator<Uint8Array> {
  const iterator: AsyncIterator<unknown> = response[Symbol.asyncIterator]();
  let waitedMs = 0;
  let moved = 0;
  try {
    for (;;) {
      const started = performance.now();
      const timer = setTimeout(() => response.destroy(new SlowError()), Math.max(1, reading.stallMs - waitedMs));
      const next = await iterator.next().finally(() => clearTimeout(timer));
      if (next.done === true) return;
      const piece = next.value as Uint8Array;
      waitedMs += performance.now() - started;
      moved += piece.length;
      if (moved >= MIN_PROGRESS_BYTES) waitedMs = moved = 0;
      reading.onBytes(piece.length);
      yield piece;
    }
  } catch (error) {
    throw reading.failure(error);
  } finally {
    if (!response.readableEnded) response.destroy();
  }
}
