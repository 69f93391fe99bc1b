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
  readonly onPackfile: (packfile: PackfileMessage, ticket: PackfileTicket) => void;
};

const BATCH_BYTES = 128 << 10;
/** Batches that may wait for the thread: it never runs dry, and memory stays small. */
const BATCHES = 8;
/** Padding at both ends of a packfile, which the thread adds. */
const PADDING_RECORDS = 2;

type Sent = { readonly batch: BlobBatch; readonly packfile: number };

/** Packs the blobs that this thread makes on another one, which encodes them in place: compressing and sealing them is most of what writing trees costs. */
export class ThreadPacker implements BlobPacker {
  readonly limitBytes: number;
  readonly #parts: ThreadPackerParts;
  #free: BlobBatch[] = [];
  #current: BlobBatch | null = null;
  readonly #sent: Sent[] = [];
  readonly #tickets: PackfileTicket[] = [];
  #packfile = 0;
  /** Of the packfile in hand: bytes as its thread told last, bytes sent since then, not encoded yet, and blobs. */
  #packedBytes = 0;
  #unpackedBytes = 0;
  #blobs = 0;
  #failure: Error | null = null;
  #isClosed = false;
  #wake: (() => void) | null = null;

  constructor(parts: ThreadPackerParts) {
    this.#parts = parts;
    this.limitBytes = parts.limitBytes;
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

  add(type: number, id: Mac, bytes: Uint8Array): void {
    if (this.#current?.hasRoom(bytes.length) === false) this.#send(false);
    this.#current ??= this.#batchFor(bytes.length);
    this.#current.add(type, id, bytes);
    this.#unpackedBytes += bytes.length;
    this.#blobs += 1;
  }

  endPackfile(ticket: PackfileTicket): void {
    this.#tickets.push(ticket);
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
    while (this.#failure === null && (this.#sent.length > 0 || this.#tickets.length > 0)) await this.#next();
    if (this.#failure !== null) throw this.#failure;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#free = [];
    await this.#parts.worker.terminate();
  }

  #next(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** What was sent is in order: the thread answers in the same. */
  #send(isEnd: boolean): void {
    const batch = this.#current ?? this.#batchFor(0);
    this.#current = null;
    this.#sent.push({ batch, packfile: this.#packfile });
    this.#parts.worker.postMessage({ kind: 'pack', blobs: batch.memory, lengthBytes: batch.lengthBytes, isEnd } satisfies ToWorker);
  }

  #batchFor(lengthBytes: number): BlobBatch {
    const at = this.#free.findIndex((batch) => batch.hasRoom(lengthBytes));
    const [found] = at < 0 ? [] : this.#free.splice(at, 1);
    return found ?? new BlobBatch(Math.max(BATCH_BYTES, BATCH_HEAD_BYTES + lengthBytes));
  }

  #receive(message: FromWorker): void {
    if (message.kind === 'packed') this.#packed(message.bodyBytes);
    else if (message.kind === 'failure') this.#fail(failureOf(message));
    else if (message.kind === 'packfile') {
      const ticket = this.#tickets.shift();
      if (ticket === undefined) this.#fail(new Error('a packing thread ended a packfile unasked'));
      else this.#parts.onPackfile(message, ticket);
    }
    this.#wakeUp();
  }

  #packed(bodyBytes: number): void {
    const sent = this.#sent.shift();
    if (sent === undefined) return;
    if (sent.packfile === this.#packfile) {
      this.#packedBytes = bodyBytes;
      this.#unpackedBytes = this.#sent.reduce((sum, { batch }) => sum + batch.lengthBytes, this.#current?.lengthBytes ?? 0);
    }
    sent.batch.clear();
    // Room for a few; what one large blob needed is given back.
    if (this.#free.length < BATCHES && sent.batch.capacityBytes < 2 * BATCH_BYTES) this.#free.push(sent.batch);
  }

  #fail(error: Error): void {
    if (this.#isClosed) return;
    this.#failure ??= error;
    this.#wakeUp();
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}
