import { unlessAborted } from '@wardrobe/store-connector';
import type { PackfileId } from '@wardrobe/kloset-model';
import { KlosetError } from '../errors/errors.js';
import type { ReadOptions, Store } from '../store/store.js';
import { HeldBlocks, type Block } from './held-blocks.js';
import { PARALLEL_RANGES_OVER_LINE, PARALLEL_READS, WINDOW_BYTES, WINDOW_IDS } from './limits.js';
import { LinePace } from './line-pace.js';
import { ReadStreams } from './read-streams.js';

/** `alone`: one blob by itself, whose neighbours before it are likely to be asked for next: trees are written from their leaves up. */
export type RangeOptions = ReadOptions & { readonly alone?: boolean };

/** So many stored bytes and ids in a window, so many parts of packfiles asked for at once in one, and so many bytes of windows under way. */
export type Windows = { readonly windowBytes: number; readonly windowIds: number; readonly parallelRanges: number; readonly aheadBytes: number };

/** Parts of packfiles. */
export interface PackedRanges {
  /** Exactly `lengthBytes` bytes at `offset` of the file; not to be changed. Rejects as `Store.readRange`. */
  read(packfile: PackfileId, range: { readonly offset: number; readonly lengthBytes: number }, options: RangeOptions): Promise<Uint8Array>;
  /** How blobs that are asked for together are shared out. */
  readonly windows: Windows;
  /** Drops all that is held: what is asked for next comes from the store. */
  forget(): void;
}

/** Of a store what reading parts of packfiles needs. */
export type RangeStore = Pick<Store, 'readRange' | 'sizeBytes' | 'line'>;

/** Longer ranges are passed through. */
const LARGEST_BYTES = 4 << 20;
const BLOCK_BYTES = 1 << 20;
/** Read along with a blob that is asked for by itself, before it. */
const BEHIND_BYTES = 128 << 10;
/** What is held is no cache: after so long without any reading it is given up. */
const IDLE_MS = 5_000;

/** Of a store on this machine as it is; over a line with a bounded read-ahead. */
export function packedRanges(store: RangeStore): PackedRanges {
  if (store.line !== undefined) return new AheadRanges(store);
  return {
    read: (packfile, { offset, lengthBytes }, options) => store.readRange('packfile', packfile, offset, lengthBytes, options),
    windows: { windowBytes: WINDOW_BYTES, windowIds: WINDOW_IDS, parallelRanges: PARALLEL_READS, aheadBytes: WINDOW_BYTES },
    forget: () => undefined,
  };
}

type Piece = { readonly block: Block; readonly from: number; readonly to: number };

/**
 * Reads packfiles over a line in blocks of up to 1 MiB. Where ranges follow each other, the blocks after them are asked for before anybody wants them, as
 * many as the line's pace says; what nobody took makes the next read-ahead shorter. Blocks stay a while: of what lies between, neighbours are often asked for.
 */
class AheadRanges implements PackedRanges {
  readonly #store: RangeStore;
  readonly #pace = new LinePace();
  readonly #held = new HeldBlocks(this.#pace);
  readonly #streams = new ReadStreams();
  readonly #sizes = new Map<PackfileId, number | 'asked'>();
  #ahead = new AbortController();
  /** What is to be read ahead once less is under way. */
  #next: { readonly packfile: PackfileId; readonly start: number; readonly end: number } | null = null;
  #idle: NodeJS.Timeout | null = null;

  constructor(store: RangeStore) {
    this.#store = store;
  }

  get windows(): Windows {
    return { windowBytes: BLOCK_BYTES, windowIds: WINDOW_IDS, parallelRanges: PARALLEL_RANGES_OVER_LINE, aheadBytes: this.#pace.wantedBytes };
  }

  async read(packfile: PackfileId, range: { readonly offset: number; readonly lengthBytes: number }, options: RangeOptions): Promise<Uint8Array> {
    const { offset, lengthBytes } = range;
    const { signal } = options;
    signal?.throwIfAborted();
    if (options.fresh === true || lengthBytes > LARGEST_BYTES || lengthBytes === 0 || offset < 0) {
      this.#held.drop(packfile, offset, offset + lengthBytes);
      return this.#store.readRange('packfile', packfile, offset, lengthBytes, options);
    }
    const end = offset + lengthBytes;
    const pieces = this.#cover(packfile, { offset, end }, options);
    const aheadBytes = this.#streams.advance(packfile, { start: offset, end }, this.#pace.wantedBytes * this.#held.trust);
    if (aheadBytes > 0) {
      this.#next = { packfile, start: end, end: end + aheadBytes };
      this.#readAhead();
    }
    this.#rest();
    try {
      return await unlessAborted(joined(pieces, lengthBytes), signal);
    } catch (error) {
      if (signal?.aborted === true) this.#stopAhead();
      signal?.throwIfAborted();
      // What failed may be a part that this caller has not asked for, or was given up by another: asked for exactly, it fails for its own reasons.
      if (error instanceof KlosetError && (error.retryable || pieces.every(({ block }) => block.start >= offset && block.end <= end))) throw error;
      return this.#store.readRange('packfile', packfile, offset, lengthBytes, options);
    }
  }

  forget(): void {
    this.#stopAhead();
    this.#next = null;
    this.#held.clear();
    this.#streams.clear();
    this.#sizes.clear();
  }

  /** The blocks that hold a range; those that are missing are asked for. */
  #cover(packfile: PackfileId, range: { readonly offset: number; readonly end: number }, options: RangeOptions): readonly Piece[] {
    const pieces: Piece[] = [];
    for (let at = range.offset; at < range.end; ) {
      const found =
        this.#held.find(packfile, at) ?? this.#fetch(packfile, this.#missing(packfile, { at, end: range.end }, options), { signal: options.signal });
      this.#held.use(found);
      const to = Math.min(range.end, found.end);
      pieces.push({ block: found, from: at, to });
      at = to;
    }
    return pieces;
  }

  #missing(packfile: PackfileId, want: { readonly at: number; readonly end: number }, options: RangeOptions) {
    const end = Math.min(want.end, this.#held.nextStart(packfile, want.at), want.at + BLOCK_BYTES);
    const isAlone = options.alone === true && end - want.at < BEHIND_BYTES;
    const start = isAlone ? Math.max(0, this.#held.lastEnd(packfile, want.at), end - BEHIND_BYTES) : want.at;
    return { start, end };
  }

  #fetch(packfile: PackfileId, { start, end }: { readonly start: number; readonly end: number }, options: ReadOptions): Block {
    const answered = this.#pace.asked(end - start);
    const bytes = this.#store.readRange('packfile', packfile, start, end - start, options);
    const block: Block = { packfile, start, end, bytes, isLoaded: false, isUsed: false };
    this.#held.add(block);
    bytes.then(
      () => {
        answered(true);
        this.#held.loaded(block);
        this.#readAhead();
      },
      () => {
        answered(false);
        this.#held.remove(block);
      },
    );
    return block;
  }

  /** Asks for what is not there yet, up to the file's end; where that is not known it is asked first. Failures are met by whoever wants those bytes. */
  #readAhead(): void {
    if (this.#next === null) return;
    const { packfile, start, end: wantedEnd } = this.#next;
    const sizeBytes = this.#sizes.get(packfile);
    if (sizeBytes === undefined) this.#askSize(packfile);
    if (sizeBytes === undefined || sizeBytes === 'asked') return;
    const end = Math.min(wantedEnd, sizeBytes);
    for (let at = start; at < end; ) {
      const found = this.#held.find(packfile, at);
      if (found !== null) {
        at = found.end;
        continue;
      }
      const to = Math.min(this.#held.nextStart(packfile, at), at + BLOCK_BYTES, sizeBytes);
      // Small rests wait until more is wanted.
      if (Math.min(to, end) - at < Math.min(BLOCK_BYTES / 4, to - at)) return;
      if (this.#pace.underWayBytes >= this.#pace.wantedBytes || !this.#held.hasRoom(to - at)) return;
      this.#fetch(packfile, { start: at, end: to }, { signal: this.#ahead.signal });
      at = to;
    }
    this.#next = null;
  }

  #askSize(packfile: PackfileId): void {
    this.#sizes.set(packfile, 'asked');
    const { signal } = this.#ahead;
    this.#store.sizeBytes('packfile', packfile, { signal }).then(
      (sizeBytes) => {
        if (signal.aborted) return;
        this.#sizes.set(packfile, sizeBytes);
        this.#readAhead();
      },
      () => {
        if (this.#sizes.get(packfile) === 'asked') this.#sizes.delete(packfile);
      },
    );
  }

  #stopAhead(): void {
    this.#ahead.abort();
    this.#ahead = new AbortController();
  }

  #rest(): void {
    if (this.#idle !== null) {
      this.#idle.refresh();
      return;
    }
    this.#idle = setTimeout(() => {
      this.#idle = null;
      this.forget();
    }, IDLE_MS);
    this.#idle.unref();
  }
}

async function joined(pieces: readonly Piece[], lengthBytes: number): Promise<Uint8Array> {
  const [only] = pieces;
  if (only !== undefined && pieces.length === 1) return (await only.block.bytes).subarray(only.from - only.block.start, only.to - only.block.start);
  const whole = new Uint8Array(lengthBytes);
  const first = only?.from ?? 0;
  const parts = pieces.map(async ({ block, from, to }) => whole.set((await block.bytes).subarray(from - block.start, to - block.start), from - first));
  await Promise.all(parts);
  return whole;
}
