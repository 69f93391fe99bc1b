import { KlosetError } from '../errors/errors.js';
import { isDamaged } from '../snapshot/entry.js';
import { contextOf } from '../snapshot/open.js';
import type { DamagedEntry, Entry, SnapshotSummary } from '../snapshot/types.js';
import type { FileMakers, FileToMake } from './pipeline/make-request.js';
import { mayReplace, type Placement, restoreFile, threadCalls } from './restore-entry.js';
import { readObjects } from '../snapshot/content.js';
import { finishDirectory } from './restore-levels.js';
import { failed, type Level, type RestoreRun } from './restore-run.js';

/** From so many files or bytes on threads are worth it. */
const THREADS_FROM_FILES = 256;
const THREADS_FROM_BYTES = 16 << 20;
/** Directories that wait for what lies in them are open. */
const OPEN_DIRECTORIES = 512;
const LANES = 2;

type Handed = { readonly entry: Entry; readonly place: Placement; readonly how: Omit<FileToMake, 'object'> };
type Batch = { readonly files: readonly Handed[]; readonly sizeBytes: number; readonly left: Level[]; readonly made: Promise<readonly boolean[]> };

/**
 * Files that are made while the restore goes on: a batch of small ones by a question or two to threads, large ones in lanes; over a line lanes read on this
 * thread, so that one waits for answers while another writes. Directories are finished when all that
 * lies in them is. Needs `end`, whatever happens.
 */
export class RestoreWork {
  readonly #run: RestoreRun;
  readonly #makers: FileMakers | null;
  #files: Handed[] = [];
  #large: Promise<void>[] = [];
  #left: Level[] = [];
  readonly #batches: Batch[] = [];
  readonly #lanes = Array.from({ length: LANES }, () => ({ bytes: 0, last: Promise.resolve() }));
  #seenFiles = 0;
  #seenBytes = 0;

  constructor(run: RestoreRun) {
    this.#run = run;
    this.#makers = run.makers;
  }

  /** Starts the threads at once where the whole snapshot is wanted and large. */
  expect({ files, sizeBytes }: SnapshotSummary, isWhole: boolean): void {
    if (isWhole && this.#run.selection.isWhole && (files >= 4 * THREADS_FROM_FILES || (this.#run.placer !== null && sizeBytes >= THREADS_FROM_BYTES)))
      this.#makers?.start();
  }

  /** Whether this file is made beside others. Names of one file, and what has attributes, are made in turn. */
  isFor(entry: Entry | DamagedEntry): boolean {
    if (this.#makers === null || isDamaged(entry) || entry.type !== 'file' || entry.nlink > 1 || entry.extendedAttributes.length > 0) return false;
    // A free name is looked for in turn: what is under way is not seen there yet.
    if (this.#run.options.conflict === 'rename') return false;
    if (this.#makers.isStarted || this.#seenFiles >= THREADS_FROM_FILES) return true;
    // Over a line it is not the bytes that are too much for this thread, and large files need no other.
    return this.#run.placer === null ? entry.sizeBytes > this.#makers.largestBytes : this.#seenBytes + Number(entry.sizeBytes) >= THREADS_FROM_BYTES;
  }

  /** Takes a file if it is one to be made beside others. */
  take(place: Placement, entry: Entry): boolean {
    this.#seenFiles += 1;
    this.#seenBytes += Number(entry.sizeBytes);
    if (this.#makers === null || !this.isFor(entry)) return false;
    if (entry.sizeBytes > this.#makers.largestBytes) {
      this.#large.push(this.#inLane(place, entry));
      return true;
    }
    const how = threadCalls(place, entry);
    if (how === null) return false;
    this.#files.push({ entry, place, how: { directory: place.parent.self, name: place.name, replace: mayReplace(place), ...how } });
    return true;
  }

  /** All entries of a directory were seen. */
  leave(level: Level): void {
    this.#left.push(level);
  }

  /** Hands out what was taken, and waits for what was handed out some time ago. @throws DiskFullError; abort as it came */
  async next(): Promise<void> {
    const files = this.#files;
    const made = Promise.all([this.#make(files), ...this.#large]).then(([isMade]) => isMade);
    // The failure is met when the batch's turn comes.
    made.catch(() => undefined);
    this.#batches.push({ files, sizeBytes: files.reduce((sum, { entry }) => sum + Number(entry.sizeBytes), 0), left: this.#left, made });
    const isIdle = files.length === 0 && this.#large.length === 0;
    this.#files = [];
    this.#large = [];
    this.#left = [];
    while (this.#isFull() || (isIdle && this.#batches.length === 1)) await this.#settle();
  }

  /** One batch may always be under way, and its directories with it. */
  #isFull(): boolean {
    const { underWay, bytesUnderWay } = this.#makers?.batches ?? { underWay: 0, bytesUnderWay: 0 };
    const [bytes, directories] = this.#batches.reduce((sum, { sizeBytes, left }) => [sum[0] + sizeBytes, sum[1] + left.length], [0, 0] as [number, number]);
    return this.#batches.length > underWay || (this.#batches.length > 1 && (bytes > bytesUnderWay || directories > OPEN_DIRECTORIES));
  }

  /** Waits for all of it. @throws as `next` */
  async finish(): Promise<void> {
    await this.next();
    while (this.#batches.length > 0) await this.#settle();
  }

  /** Nothing is under way any more; directories that were not finished are closed. */
  async end(): Promise<void> {
    await Promise.allSettled([...this.#large, ...this.#batches.map(({ made }) => made), ...this.#lanes.map(({ last }) => last)]);
    for (const level of [...this.#batches.splice(0).flatMap(({ left }) => left), ...this.#left.splice(0)]) await level.place?.handle.close();
  }

  async #settle(): Promise<void> {
    const batch = this.#batches[0];
    if (batch === undefined) return;
    const isMade = await batch.made;
    const { counts, options } = this.#run;
    for (const [index, { entry, place }] of batch.files.entries()) {
      if (isMade[index] === true) {
        counts.files += 1;
        counts.bytes += Number(entry.sizeBytes);
      } else await this.#inTurn(place, entry, 0);
    }
    for (let level = batch.left.shift(); level !== undefined; level = batch.left.shift()) await finishDirectory(this.#run, level);
    this.#batches.shift();
    options.onProgress?.({ ...counts });
  }

  async #make(files: readonly Handed[]): Promise<readonly boolean[]> {
    if (this.#makers === null || files.length === 0) return [];
    const ids = files.flatMap(({ entry }) => entry.object ?? []);
    const objects = await readObjects(contextOf(this.#run.snapshot).source, ids, { signal: this.#run.options.signal });
    const toMake: FileToMake[] = [];
    const places: number[] = [];
    for (const [index, { entry, how }] of files.entries()) {
      const object = entry.object === null ? null : objects.get(entry.object);
      // What is wrong with it shows when it is restored in turn.
      if (object === undefined || object instanceof KlosetError || (object?.sizeBytes ?? 0) > this.#makers.largestBytes) continue;
      places.push(index);
      toMake.push({ ...how, object });
    }
    const isMade = new Array<boolean>(files.length).fill(false);
    for (const [at, made] of (await this.#makers.make(toMake, { signal: this.#run.options.signal })).entries()) isMade[places[at] as number] = made;
    return isMade;
  }

  /** Large files of one lane follow each other. */
  #inLane(place: Placement, entry: Entry): Promise<void> {
    const lane = this.#lanes.reduce((best, one) => (one.bytes < best.bytes ? one : best));
    lane.bytes += Number(entry.sizeBytes);
    const done = lane.last.then(() => this.#inTurn(place, entry, this.#lanes.indexOf(lane)));
    lane.last = done;
    done.catch(() => undefined);
    return done;
  }

  /** The ordinary way, that tells what is wrong with a file. */
  async #inTurn(place: Placement, entry: Entry, lane: number): Promise<void> {
    const { counts, options } = this.#run;
    try {
      options.signal?.throwIfAborted();
      const onBytes = (count: number): void => {
        counts.bytes += count;
        options.onProgress?.({ ...counts });
      };
      await restoreFile(place, entry, { placer: this.#run.placer, lane, small: null, onBytes });
      counts.files += 1;
    } catch (error) {
      options.signal?.throwIfAborted();
      failed(this.#run, entry, error);
    }
  }
}
