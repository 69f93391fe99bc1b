import { macToBytes } from '../../bytes/bytes.js';
import { IntegrityError } from '../../errors/errors.js';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import type { Abortable } from '../../snapshot/source.js';
import type { ChunkInfo, ObjectInfo } from '../../snapshot/types.js';
import { writePiece } from '../partial-file.js';
import { placeOf, type Threadable } from './place-of.js';
import { MADE_FLAG, MADE_RECORD, type ReadAnswer } from './read-protocol.js';
import { type Asked, itemsFor, type Readers, type WantedBlob } from './readers.js';

/** Content that is written by one question, and questions under way for a file: one is worked on, one waits. */
const RANGE_BYTES = 4 << 20;
const RANGES_AHEAD = 2;
/** Files that share a question with others; a file costs about as much as so many bytes. */
const MADE_FILES = 128;
const MADE_BYTES = 8 << 20;
const FILE_COST_BYTES = 16 << 10;

/** The calls that set what belongs to a file; null: nothing is to be set. */
export type AttributeCalls = { readonly owner: readonly [number, number] | null; readonly mode: number | null; readonly seconds: number };
/** `directory`: the path of its open directory; `object` null: an empty file. */
export type FileToMake = {
  readonly directory: Uint8Array;
  readonly name: Uint8Array;
  readonly replace: boolean;
  readonly createMode: number;
  readonly calls: AttributeCalls;
  readonly object: ObjectInfo | null;
};

type Placed = { readonly chunk: ChunkInfo; readonly to: number };
type UnderWay = { readonly range: Range; readonly back: SharedArrayBuffer | null; readonly answer: Promise<ReadAnswer> };
type Range = { readonly chunks: readonly Placed[]; readonly sizeBytes: number };

/** Writes contents on the reading threads: read, decoded, proven and written in place. */
export class Placer {
  readonly #repository: Threadable;
  readonly #readers: Readers;
  /** Room for contents that come back, used again: seen by both sides, for each time memory changes hands the collector has to know of it. */
  readonly #free: SharedArrayBuffer[] = [];
  #filesInWork = 0;

  constructor(repository: Threadable, readers: Readers) {
    this.#repository = repository;
    this.#readers = readers;
  }

  get isStarted(): boolean {
    return this.#readers.isStarted;
  }

  /** Starts the threads before the first question. */
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
        const back = hash === null ? null : this.#room(next.value.sizeBytes);
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
        if (next.back !== null) this.#free.push(next.back);
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
    const wanted = range.chunks.map(({ chunk, to }) => this.#wanted(chunk, to));
    const { files, items } = itemsFor(wanted);
    return this.#readers.ask({ kind: 'write', fd, files, items, back: how.back }, [items], how.lane);
  }

  /** A blob that lies nowhere here is asked for too: it does not open, and the careful way says why. */
  #wanted({ mac, lengthBytes }: ChunkInfo, to: number): WantedBlob {
    const place = placeOf(this.#repository, SNAPSHOT_BLOB.chunk, mac) ?? { file: '', position: 0, lengthBytes: 0, mac };
    return { ...place, to, plainBytes: lengthBytes };
  }

  #room(sizeBytes: number): SharedArrayBuffer {
    const at = this.#free.findIndex((room) => room.byteLength >= sizeBytes);
    return this.#free.splice(at < 0 ? 0 : at, 1).find((room) => room.byteLength >= sizeBytes) ?? new SharedArrayBuffer(Math.max(sizeBytes, RANGE_BYTES));
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

  /** Makes files, many at a time; for each, whether it was made. Of one that was not, nothing is left: the ordinary way tells what is wrong with it. */
  async make(files: readonly FileToMake[]): Promise<readonly boolean[]> {
    const isMade = new Array<boolean>(files.length).fill(false);
    const shares = [...sharesOf(files)];
    const answers = await Promise.allSettled(shares.map((share) => this.#readers.ask(...this.#askToMake(share.map((index) => files[index] as FileToMake)))));
    for (const [number, answer] of answers.entries()) {
      if (answer.status === 'rejected') throw answer.reason;
      for (const [at, index] of (shares[number] ?? []).entries()) isMade[index] = answer.value.lengths[at] === 0;
    }
    return isMade;
  }

  #askToMake(files: readonly FileToMake[]): [Asked, ArrayBuffer[]] {
    const made = new ArrayBuffer(files.length * MADE_RECORD.sizeBytes);
    const directories = new Map<Uint8Array, number>();
    const wanted: WantedBlob[] = [];
    for (const [index, file] of files.entries()) {
      const chunks = placed(file.object);
      for (const { chunk, to } of chunks) wanted.push(this.#wanted(chunk, to));
      const directory = directories.get(file.directory) ?? directories.size;
      directories.set(file.directory, directory);
      writeRecord(new DataView(made, index * MADE_RECORD.sizeBytes, MADE_RECORD.sizeBytes), file, { directory, blobs: chunks.length });
    }
    const { files: packfiles, items } = itemsFor(wanted);
    const names = Buffer.concat(files.map(({ name }) => name));
    return [
      { kind: 'make', files: packfiles, items, directories: [...directories.keys()].map((path) => new Uint8Array(path)), names: new Uint8Array(names), made },
      [items, made],
    ];
  }
}

/** The MAC of one chunk is the MAC of the whole when there are no others. */
function isProvenByChunk(filled: readonly ChunkInfo[], object: ObjectInfo): boolean {
  return filled.length === 1 && filled[0]?.mac === object.contentMac;
}

function placed(object: ObjectInfo | null): readonly Placed[] {
  let to = 0;
  return (object?.chunks ?? []).flatMap((chunk) => {
    to += chunk.lengthBytes;
    return chunk.lengthBytes > 0 ? [{ chunk, to: to - chunk.lengthBytes }] : [];
  });
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

/** Numbers of files that go together: neighbours, so that threads meet in few directories. */
function* sharesOf(files: readonly FileToMake[]): Generator<readonly number[]> {
  let share: number[] = [];
  let cost = 0;
  for (const [index, { object }] of files.entries()) {
    share.push(index);
    cost += FILE_COST_BYTES + (object?.sizeBytes ?? 0);
    if (share.length < MADE_FILES && cost < MADE_BYTES) continue;
    yield share;
    share = [];
    cost = 0;
  }
  if (share.length > 0) yield share;
}

function writeRecord(view: DataView, file: FileToMake, at: { readonly directory: number; readonly blobs: number }): void {
  const { object, calls } = file;
  const filled = (object?.chunks ?? []).filter((chunk) => chunk.lengthBytes > 0);
  const isToProve = object !== null && !isProvenByChunk(filled, object);
  const flags = (file.replace ? MADE_FLAG.replace : 0) | (calls.owner === null ? 0 : MADE_FLAG.owner) | (isToProve ? MADE_FLAG.prove : 0);
  view.setUint32(MADE_RECORD.directory, at.directory, true);
  view.setUint32(MADE_RECORD.nameBytes, file.name.length, true);
  view.setUint32(MADE_RECORD.blobs, at.blobs, true);
  view.setUint32(MADE_RECORD.createMode, file.createMode, true);
  view.setInt32(MADE_RECORD.mode, calls.mode ?? -1, true);
  view.setUint32(MADE_RECORD.flags, flags, true);
  view.setUint32(MADE_RECORD.uid, calls.owner?.[0] ?? 0, true);
  view.setUint32(MADE_RECORD.gid, calls.owner?.[1] ?? 0, true);
  view.setFloat64(MADE_RECORD.seconds, calls.seconds, true);
  if (object !== null) new Uint8Array(view.buffer, view.byteOffset + MADE_RECORD.contentMac, 32).set(macToBytes(object.contentMac));
}
