import type { Chunker } from '../../chunking/chunker.js';
import { detectContentType } from '../../chunking/content-type.js';
import type { RepositoryWriter } from '../../repository/writer-types.js';
import { ContentRoom, storeContent } from '../../snapshot/write/store-content.js';
import type { SnapshotWriter, StoredContent } from '../../snapshot/write/types.js';
import type { BackupCounts, BackupOptions } from './backup-types.js';
import { type ByteText, bytesOfText, shownText } from './byte-text.js';
import { countEntry, newCounts, newEntry } from './collector.js';
import type { FileJob, FileResult } from './content-pipeline.js';
import { fairTurns } from './fair-turns.js';
import type { JobSize, LatePipeline } from './late-pipeline.js';
import type { Scan, ScannedGroup } from './scan.js';
import type { WalkedEntry } from './walk-types.js';

export type BackupParts = {
  readonly writer: RepositoryWriter;
  readonly snapshot: SnapshotWriter;
  readonly pipeline: LatePipeline;
  readonly scan: Scan;
  readonly options: BackupOptions;
  readonly nowMs: () => number;
  readonly chunker: Chunker;
};

/** A file whose content has yet to come. */
type Waiting = { readonly entry: WalkedEntry; readonly xattrNames: readonly ByteText[] };

/** Files handed to the pipeline in one go, and their bytes together. */
const BATCH_FILES = 256;
const BATCH_BYTES = 64 << 20;
/** So much is gathered before the first batch goes, for the choice between this thread and several. */
const FIRST_FILES = 1024;
const FIRST_BYTES = 64 << 20;
/** Batches under way: enough that no thread waits, few enough that memory stays small. */
const BATCHES_UNDER_WAY = 4;
const CHECKPOINT_MS = 3_600_000;
/** Between two looks at the clock while a file is stored. */
const LOOK_MS = 60_000;

/** Brings what a scan meets into a snapshot: contents through the pipeline, everything else at once. */
export class BackupRun {
  readonly #parts: BackupParts;
  readonly #counts = newCounts();
  #batch: Waiting[] = [];
  #batchBytes = 0;
  readonly #underWay = new Set<Promise<void>>();
  /** Contents of files with several names, by inode; a name that looks the same is not read again. */
  readonly #linked = new Map<string, Waiting[] | StoredContent>();
  #nextCheckpointMs: number;
  #unknownXattrs = 0;
  readonly #room = new ContentRoom();
  /** Ends what is being stored when the run fails: nobody waits for the end of a large file then. */
  readonly #end = new AbortController();

  constructor(parts: BackupParts) {
    this.#parts = parts;
    this.#nextCheckpointMs = parts.nowMs() + this.#checkpointMs;
  }

  get counts(): BackupCounts {
    return { ...this.#counts, readBytes: this.#parts.pipeline.bytesRead };
  }

  get #checkpointMs(): number {
    return this.#parts.options.checkpointMs ?? CHECKPOINT_MS;
  }

  /** @throws what ends the run: the store, the abort */
  async collect(): Promise<void> {
    const { scan, options } = this.#parts;
    const turn = fairTurns();
    try {
      for await (const scanned of scan.groups()) {
        options.signal?.throwIfAborted();
        this.#take(scanned);
        if (this.#isBatchFull()) this.#send();
        while (this.#underWay.size >= BATCHES_UNDER_WAY) await this.#wait();
        await this.#checkpointInTime();
        options.onProgress?.(this.counts);
        await turn();
      }
      await this.#drain();
    } catch (error) {
      this.#end.abort(error);
      throw error;
    } finally {
      // Nothing may touch the writer after the run was given up.
      await Promise.allSettled(this.#underWay);
    }
    if (this.#unknownXattrs > 0)
      options.onNote?.(
        `the extended attributes of ${this.#unknownXattrs} ${this.#unknownXattrs === 1 ? 'name' : 'names'} beyond UTF-8 could not be looked at, and are not saved`,
      );
    options.onProgress?.(this.counts);
  }

  #take({ group, contents }: ScannedGroup): void {
    for (const { path, message } of group.errors) this.#error(path, message);
    if (!group.isPrefix) this.#parts.scan.xattrs?.prepare?.(group.entries.map(({ path }) => path));
    group.entries.forEach((entry, index) => {
      if (group.isPrefix) {
        this.#parts.snapshot.add(newEntry(entry, { content: null, xattrNames: [], accounts: null }));
        return;
      }
      const waiting = { entry, xattrNames: this.#xattrs(entry) };
      const content = contents[index] ?? null;
      if (!entry.isFile) this.#add(waiting, null);
      else if (content !== null) {
        this.#counts.unchanged += 1;
        this.#add(waiting, content);
      } else this.#read(waiting);
    });
  }

  #add({ entry, xattrNames }: Waiting, content: StoredContent | null): void {
    const { snapshot, scan } = this.#parts;
    snapshot.add(newEntry(entry, { content, xattrNames, accounts: scan.accounts }));
    countEntry(this.#counts, entry, content?.sizeBytes ?? 0);
  }

  #error(path: ByteText, message: string): void {
    const bytes = bytesOfText(path);
    this.#parts.snapshot.addError(bytes, message);
    this.#counts.errors += 1;
    this.#parts.options.onError?.(bytes, message);
  }

  #read(waiting: Waiting): void {
    const { stat } = waiting.entry;
    if (stat.nlink > 1n) {
      const key = linkKey(waiting.entry);
      const known = this.#linked.get(key);
      if (known !== undefined) {
        if (isStored(known)) this.#add(waiting, known);
        else known.push(waiting);
        return;
      }
      this.#linked.set(key, []);
    }
    this.#batch.push(waiting);
    this.#batchBytes += Number(stat.size);
  }

  #isBatchFull(): boolean {
    const [files, bytes] = this.#parts.pipeline.isMade ? [BATCH_FILES, BATCH_BYTES] : [FIRST_FILES, FIRST_BYTES];
    return this.#batch.length >= files || this.#batchBytes >= bytes;
  }

  #send(): void {
    const batch = this.#batch;
    if (batch.length === 0) return;
    const size = { files: batch.length, totalBytes: this.#batchBytes };
    this.#batch = [];
    this.#batchBytes = 0;
    const jobs = batch.map(({ entry }) => ({ path: bytesOfText(entry.path), sizeBytes: Number(entry.stat.size) }));
    const stored = this.#store(size, jobs).then((results) => {
      for (const [index, result] of results.entries()) this.#arrived(batch[index] as Waiting, result);
    });
    this.#underWay.add(stored);
    stored.then(
      () => this.#underWay.delete(stored),
      // Stays among those under way, so that whoever waits for one gets the failure.
      () => undefined,
    );
  }

  async #store(size: JobSize, jobs: readonly FileJob[]): Promise<readonly FileResult[]> {
    const pipeline = await this.#parts.pipeline.get(size);
    const { signal } = this.#parts.options;
    return pipeline.store(jobs, { signal: signal === undefined ? this.#end.signal : AbortSignal.any([signal, this.#end.signal]) });
  }

  #arrived(waiting: Waiting, result: FileResult): void {
    const others = this.#linkedTo(waiting, result);
    for (const name of [waiting, ...others]) {
      if ('content' in result) this.#add(name, result.content);
      else this.#error(name.entry.path, result.error.replaceAll(shownText(waiting.entry.path), shownText(name.entry.path)));
    }
  }

  #linkedTo({ entry }: Waiting, result: FileResult): readonly Waiting[] {
    if (entry.stat.nlink <= 1n) return [];
    const key = linkKey(entry);
    const known = this.#linked.get(key);
    if ('content' in result) this.#linked.set(key, result.content);
    else this.#linked.delete(key);
    return known === undefined || isStored(known) ? [] : known;
  }

  async #drain(): Promise<void> {
    this.#send();
    while (this.#underWay.size > 0) await this.#wait();
  }

  /** Until something is stored, or it is time for a checkpoint: one file alone may take hours. */
  async #wait(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const soon = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.min(LOOK_MS, this.#checkpointMs));
    });
    try {
      await Promise.race([...this.#underWay, soon]);
    } finally {
      clearTimeout(timer);
    }
    await this.#checkpointInTime();
  }

  /** Publishes what there is: after an interruption the next run finds it. Of a file that is being stored these are the chunks in packfiles that are complete. */
  async #checkpointInTime(): Promise<void> {
    if (this.#parts.nowMs() < this.#nextCheckpointMs) return;
    const { writer, options } = this.#parts;
    this.#send();
    options.onCheckpoint?.(await writer.checkpoint({ signal: options.signal }), 'hourly');
    this.#nextCheckpointMs = this.#parts.nowMs() + this.#checkpointMs;
  }

  /** Names and values are stored at once: values are small. A name whose value cannot be read is an error, and is listed all the same. */
  #xattrs(entry: WalkedEntry): readonly ByteText[] {
    const { scan, writer, snapshot } = this.#parts;
    const listed = scan.xattrs?.list(entry.path) ?? null;
    if (listed === null) {
      if (scan.xattrs !== null) this.#unknownXattrs += 1;
      return [];
    }
    if ('error' in listed) {
      this.#error(entry.path, listed.error);
      return [];
    }
    for (const name of listed.names) {
      const got = scan.xattrs?.get(entry.path, name);
      if (got === undefined) continue;
      if ('error' in got) {
        this.#error(entry.path, got.error);
        continue;
      }
      const value = storeContent(writer, got.value, {
        chunker: this.#parts.chunker,
        contentType: detectContentType,
        entropy: 'measured',
        room: this.#room,
      });
      snapshot.addXattr(bytesOfText(entry.path), bytesOfText(name), value);
      this.#counts.xattrs += 1;
    }
    return listed.names;
  }
}

function isStored(linked: Waiting[] | StoredContent): linked is StoredContent {
  return !Array.isArray(linked);
}

function linkKey({ stat }: WalkedEntry): string {
  return `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}`;
}
