import type { Worker } from 'node:worker_threads';
import type { Mac } from '@wardrobe/kloset-model';
import { StoreError } from '../../errors/errors.js';
import type { BlobPacker, PackfileTicket } from '../../repository/writer-types.js';
import { BATCH_HEAD_BYTES, BlobBatch } from './blob-batch.js';
import { MAX_PACKFILE_RECORDS } from './bulk-memory.js';
import { failureOf, type FromWorker, type PackfileMessage, type ToWorker } from './protocol.js';

export type ThreadPackerParts = {
  readonly worker: Worker;
  /** The largest blob that its thread has room for. */
  readonly limitBytes: number;
  readonly packfileMaxBytes: number;
  /** Returns the number of its blobs, padding left out. */
  readonly onPackfile: (packfile: PackfileMessage, ticket: PackfileTicket) => number;
};

const BATCH_BYTES = 128 << 10;
/** Batches that may wait for the thread: it never runs dry, and memory stays small. */
const BATCHES = 8;
/** Larger blobs, such as the chunks of listings, go alone, so many at a time: one more is not taken. Memory that was used by one is used again. */
const LARGE_FROM_BYTES = 64 << 10;
const LARGE_BATCHES = 2;
/** Padding at both ends of a packfile, which the thread adds. */
const PADDING_RECORDS = 2;

type Pool = { readonly capacityBytes: number; readonly free: BlobBatch[]; made: number };
type Taken = { readonly batch: BlobBatch; readonly pool: Pool };
type Sent = Taken & { readonly packfile: number };

/** Packs the blobs that this thread makes on another one, which encodes them in place: compressing and sealing them is most of what writing trees costs. */
export class ThreadPacker implements BlobPacker {
  readonly #parts: ThreadPackerParts;
  readonly #small: Pool = { capacityBytes: BATCH_BYTES, free: [], made: 0 };
  readonly #large: Pool;
  #current: Taken | null = null;
  readonly #sent: Sent[] = [];
  /** Of packfiles that were ended: what they are known by, and how many blobs they must have. */
  readonly #ended: { readonly ticket: PackfileTicket; readonly blobs: number }[] = [];
  #packfile = 0;
  /** Of the packfile in hand: bytes as its thread told last, bytes sent since then, not encoded yet, and blobs. */
  #packedBytes = 0;
  #unpackedBytes = 0;
  #blobs = 0;
  #failure: Error | null = null;
  #wake: (() => void) | null = null;

  constructor(parts: ThreadPackerParts) {
    this.#parts = parts;
    this.#large = { capacityBytes: BATCH_HEAD_BYTES + parts.limitBytes, free: [], made: 0 };
    const { worker } = parts;
    worker.on('message', (message: FromWorker) => this.#receive(message));
    worker.on('error', (error) =>
      this.#fail(new StoreError(`a packing thread failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error })),
    );
    worker.on('exit', () => this.#fail(new StoreError('a packing thread ended early')));
  }

  get isFull(): boolean {
    return this.#packedBytes + this.#unpackedBytes > this.#parts.packfileMaxBytes || this.#blobs >= MAX_PACKFILE_RECORDS - PADDING_RECORDS - 1;
  }

  accepts(lengthBytes: number): boolean {
    if (lengthBytes < LARGE_FROM_BYTES) return true;
    return lengthBytes <= this.#parts.limitBytes && (this.#large.free.length > 0 || this.#large.made < LARGE_BATCHES);
  }

  add(type: number, id: Mac, bytes: Uint8Array): void {
    const isLarge = bytes.length >= LARGE_FROM_BYTES;
    if (this.#current !== null && (isLarge || !this.#current.batch.hasRoom(bytes.length))) this.#send(false);
    this.#current ??= takeFrom(isLarge ? this.#large : this.#small);
    this.#current.batch.add(type, id, bytes);
    this.#unpackedBytes += bytes.length;
    this.#blobs += 1;
    if (isLarge) this.#send(false);
  }

  endPackfile(ticket: PackfileTicket): void {
    this.#ended.push({ ticket, blobs: this.#blobs });
    this.#send(true);
    this.#packfile += 1;
    this.#packedBytes = 0;
    this.#unpackedBytes = 0;
    this.#blobs = 0;
  }

  async settle(): Promise<void> {
    while (this.#failure === null && this.#sent.length >= BATCHES) await this.#next();
    if (this.#failure !== null) throw this.#failure;
  }

  async finish(): Promise<void> {
    while (this.#failure === null && (this.#sent.length > 0 || this.#ended.length > 0)) await this.#next();
    if (this.#failure !== null) throw this.#failure;
  }

  async close(): Promise<void> {
    this.#fail(new StoreError('packing was ended'));
    await this.#parts.worker.terminate();
  }

  #next(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** What was sent is in order: the thread answers in the same. */
  #send(isEnd: boolean): void {
    const { batch, pool } = this.#current ?? takeFrom(this.#small);
    this.#current = null;
    this.#sent.push({ batch, pool, packfile: this.#packfile });
    this.#parts.worker.postMessage({ kind: 'pack', blobs: batch.memory, lengthBytes: batch.lengthBytes, isEnd } satisfies ToWorker);
  }

  #receive(message: FromWorker): void {
    if (message.kind === 'packed') this.#packed(message.bodyBytes);
    else if (message.kind === 'failure') this.#fail(failureOf(message));
    else if (message.kind === 'packfile') this.#handOver(message);
    this.#wakeUp();
  }

  #handOver(packfile: PackfileMessage): void {
    const ended = this.#ended.shift();
    const blobs = ended === undefined ? 0 : this.#parts.onPackfile(packfile, ended.ticket);
    if (blobs !== ended?.blobs) this.#fail(new Error(`a packing thread was given ${ended?.blobs} blobs and handed over ${blobs}`));
  }

  #packed(bodyBytes: number): void {
    const sent = this.#sent.shift();
    if (sent === undefined) return;
    if (sent.packfile === this.#packfile) {
      this.#packedBytes = bodyBytes;
      this.#unpackedBytes = this.#sent.reduce((sum, { batch }) => sum + batch.lengthBytes, this.#current?.batch.lengthBytes ?? 0);
    }
    sent.batch.clear();
    sent.pool.free.push(sent.batch);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#wakeUp();
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}

/** One that is free, or a new one. */
function takeFrom(pool: Pool): Taken {
  const found = pool.free.pop();
  if (found !== undefined) return { batch: found, pool };
  pool.made += 1;
  return { batch: new BlobBatch(pool.capacityBytes), pool };
}
