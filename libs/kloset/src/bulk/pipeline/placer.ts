import { IntegrityError } from '../../errors/errors.js';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import type { Abortable } from '../../snapshot/source.js';
import type { ChunkInfo, ObjectInfo } from '../../snapshot/types.js';
import { writePiece } from '../partial-file.js';
import { placeOf, type Threadable } from './place-of.js';
import { type FileMakers, type FileToMake, isProvenByChunk, makeInShares, makeRequest, type Placed } from './make-request.js';
import type { ReadAnswer } from './read-protocol.js';
import { itemsFor, type Readers, type WantedBlob } from './readers.js';
import { SharedRooms } from './shared-rooms.js';

/** Content that is written by one question, and questions under way for a file: one is worked on, one waits. */
const RANGE_BYTES = 4 << 20;
const RANGES_AHEAD = 2;
/** Larger files are written in parts. */
const LARGEST_BYTES = 8 << 20;
/** Nothing of them is held here but their names. */
const BATCHES: FileMakers['batches'] = { sizeBytes: 2 * LARGEST_BYTES, underWay: 2, bytesUnderWay: Number.POSITIVE_INFINITY };
const SHARE = { files: 128, bytes: 8 << 20 } as const;

type UnderWay = { readonly range: Range; readonly back: SharedArrayBuffer | null; readonly answer: Promise<ReadAnswer> };
type Range = { readonly chunks: readonly Placed[]; readonly sizeBytes: number };

/** Writes contents on the reading threads: read, decoded, proven and written in place. */
export class Placer implements FileMakers {
  readonly largestBytes = LARGEST_BYTES;
  readonly batches = BATCHES;
  readonly #repository: Threadable;
  readonly #readers: Readers;
  /** For contents that come back. */
  readonly #rooms = new SharedRooms(RANGE_BYTES);
  #filesInWork = 0;

  constructor(repository: Threadable, readers: Readers) {
    this.#repository = repository;
    this.#readers = readers;
  }

  get isStarted(): boolean {
    return this.#readers.isStarted;
  }

  start(): void {
    this.#readers.start();
  }

  /**
   * Writes a content into an open file, several parts at a time, and proves it as a whole; holes are left out at its end too: its length is the caller's to
   * set. `lane`: files of different lanes are written at the same time by different threads. When it returns or throws, nothing writes into the file any more.
   * @throws NotFoundError, IntegrityError, DecodeError, StoreError; errno errors
   */
  async write(fd: number, object: ObjectInfo, options: Abortable & { readonly lane: number; readonly onBytes: (count: number) => void }): Promise<void> {
    const filled = object.chunks.filter((chunk) => chunk.lengthBytes > 0);
    const hash = isProvenByChunk(filled, object) ? null : this.#repository.createMac();
    const ranges = rangesOf(filled);
    const underWay: UnderWay[] = [];
    const fill = (): void => {
      const isAlone = this.#filesInWork === 1;
      while (underWay.length < RANGES_AHEAD * (isAlone ? this.#readers.count : 1)) {
        const next = ranges.next();
        if (next.done === true) return;
        const back = hash === null ? null : this.#rooms.take(next.value.sizeBytes);
        const answer = this.#askToWrite(fd, next.value, { back, lane: isAlone ? undefined : options.lane });
        // The failure is met when the range's turn comes.
        answer.catch(() => undefined);
        underWay.push({ range: next.value, back, answer });
      }
    };
    this.#filesInWork += 1;
    try {
      fill();
      for (let next = underWay[0]; next !== undefined; next = underWay[0]) {
        options.signal?.throwIfAborted();
        const { lengths } = await next.answer;
        for (const piece of await this.#pieces(fd, next, { lengths, signal: options.signal })) hash?.update(piece);
        if (next.back !== null) this.#rooms.giveBack(next.back);
        underWay.shift();
        fill();
        options.onBytes(next.range.sizeBytes);
      }
    } finally {
      this.#filesInWork -= 1;
      await Promise.allSettled(underWay.map(({ answer }) => answer));
    }
    if (hash !== null && hash.digest() !== object.contentMac)
      throw new IntegrityError(`object ${object.mac}`, 'its chunks are whole and do not make the content it names', { kind: 'object', file: object.mac });
  }

  #askToWrite(fd: number, range: Range, how: { readonly back: SharedArrayBuffer | null; readonly lane: number | undefined }): Promise<ReadAnswer> {
    const wanted = range.chunks.map(({ chunk, to }) => ({ ...this.#placeOf(chunk), to, plainBytes: chunk.lengthBytes }));
    const { files, items } = itemsFor(wanted);
    return this.#readers.ask({ kind: 'write', fd, files, items, back: how.back }, [items], how.lane);
  }

  /** A blob that lies nowhere here is asked for too: it does not open, and the careful way says why. */
  #placeOf({ mac }: ChunkInfo): WantedBlob {
    return placeOf(this.#repository, SNAPSHOT_BLOB.chunk, mac) ?? { file: '', position: 0, lengthBytes: 0, mac };
  }

  /** What came back, in order. What a thread could not place is placed here. */
  async #pieces(
    fd: number,
    { range, back }: UnderWay,
    answer: Pick<ReadAnswer, 'lengths'> & { readonly signal: AbortSignal | undefined },
  ): Promise<readonly Uint8Array[]> {
    const first = range.chunks[0]?.to ?? 0;
    const pieces: Uint8Array[] = [];
    for (const [index, { chunk, to }] of range.chunks.entries()) {
      if ((answer.lengths[index] ?? -1) < 0) pieces.push(await this.#placeHere(fd, { chunk, to }, answer.signal));
      else if (back !== null) pieces.push(new Uint8Array(back, to - first, chunk.lengthBytes));
    }
    return pieces;
  }

  /** Reads and writes a chunk on this thread: the repository tries all places, and words the failure. */
  async #placeHere(fd: number, { chunk, to }: Placed, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const piece = await this.#repository.get(SNAPSHOT_BLOB.chunk, chunk.mac, { signal });
    if (piece.length !== chunk.lengthBytes)
      throw new IntegrityError(`chunk ${chunk.mac}`, `${piece.length} bytes where its object says ${chunk.lengthBytes}`, { kind: 'chunk', file: chunk.mac });
    writePiece(fd, piece, { position: to, writtenTo: 0 });
    return piece;
  }

  make(files: readonly FileToMake[]): Promise<readonly boolean[]> {
    const from = { placeOf: (chunk: ChunkInfo) => this.#placeOf(chunk), stored: null };
    return makeInShares(files, SHARE, (share) => this.#readers.ask(...makeRequest(share, from)));
  }
}

function* rangesOf(chunks: readonly ChunkInfo[]): Generator<Range> {
  let range: Placed[] = [];
  let sizeBytes = 0;
  let to = 0;
  for (const chunk of chunks) {
    if (range.length > 0 && sizeBytes + chunk.lengthBytes > RANGE_BYTES) {
      yield { chunks: range, sizeBytes };
      range = [];
      sizeBytes = 0;
    }
    range.push({ chunk, to });
    sizeBytes += chunk.lengthBytes;
    to += chunk.lengthBytes;
  }
  if (range.length > 0) yield { chunks: range, sizeBytes };
}
