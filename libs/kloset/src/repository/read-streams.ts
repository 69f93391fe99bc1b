import type { PackfileId } from '@wardrobe/kloset-model';

type Stream = { readonly packfile: PackfileId; end: number; aheadBytes: number };

/** A range that begins so close after another goes on with it; one that begins so far before its end is read once more. */
const GAP_BYTES = 64 << 10;
const BACK_BYTES = 16 << 20;
const FIRST_AHEAD_BYTES = 256 << 10;
const STREAMS = 64;

/** Where packfiles are being read along: several places of a file at a time. */
export class ReadStreams {
  /** The least recently used first. */
  readonly #streams = new Set<Stream>();

  /** A range was asked for; answers how much to read ahead of it: nothing at first, more with every range that follows another, up to `limitBytes`. */
  advance(packfile: PackfileId, range: { readonly start: number; readonly end: number }, limitBytes: number): number {
    const stream = this.#find(packfile, range.start);
    if (stream === null) {
      this.#streams.add({ packfile, end: range.end, aheadBytes: 0 });
      if (this.#streams.size > STREAMS)
        for (const oldest of this.#streams) {
          this.#streams.delete(oldest);
          break;
        }
      return 0;
    }
    this.#streams.delete(stream);
    this.#streams.add(stream);
    if (range.end > stream.end) {
      stream.aheadBytes = Math.min(limitBytes, Math.max(FIRST_AHEAD_BYTES, stream.aheadBytes * 2, range.end - range.start));
      stream.end = range.end;
      return stream.aheadBytes;
    }
    return 0;
  }

  clear(): void {
    this.#streams.clear();
  }

  #find(packfile: PackfileId, start: number): Stream | null {
    let best: Stream | null = null;
    for (const stream of this.#streams) {
      if (stream.packfile !== packfile || start > stream.end + GAP_BYTES || start < stream.end - BACK_BYTES) continue;
      if (best === null || Math.abs(start - stream.end) < Math.abs(start - best.end)) best = stream;
    }
    return best;
  }
}
