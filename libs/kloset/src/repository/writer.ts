import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import type { Mac, PackfileId, StateId } from '@wardrobe/kloset-model';
import { equalBytes, macFromBytes, NIL_UUID } from '../bytes/bytes.js';
import { InvalidInputError, IntegrityError, ReadOnlyError, StoreError } from '../errors/errors.js';
import { BLOB_TYPE, type LocationEntry } from '../format/state.js';
import { PackfileBuilder } from '../packfile/packfile-builder.js';
import { StateBuilder } from '../state/state-builder.js';
import type { Store, WritableStore } from '../store/store.js';
import { type Adopted, adoptOrphans, beginListing } from './adopt-orphans.js';
import { type HeldLock, takeLock } from './hold-lock.js';
import { NewBlobs } from './new-blobs.js';
import { Packing, type PackStream } from './packing.js';
import { SpoolFile } from './spool-file.js';
import { storeLine } from './store-line.js';
import { bothEnded } from './parallel.js';
import type { LockInfo, Repository } from './types.js';
import type { EncodeUnit } from './unit-codec.js';
import { type ReadyPackfile, Uploads } from './uploads.js';
import { previewOf } from './preview.js';
import { systemEnvironment } from './system-environment.js';
import { publishState } from './publish-state.js';
import type { BlobPackers, CommitResult, PackfileTicket, Preview, RepositoryWriter, SpooledPackfile, StoreLine, WriterEnvironment } from './writer-types.js';

export type WriterOptions = {
  /** `shared`: something that makes a snapshot; `exclusive`: maintenance and repair; `none`: rm and prune. @source 01-store 6.4 */
  readonly lock: 'shared' | 'exclusive' | 'none';
  /** Id of the lock and, by default, of the state: the new snapshot's id. Default: random. */
  readonly id?: Mac | undefined;
  /** Waits for other locks instead of giving up. */
  readonly wait?: boolean | undefined;
  readonly onWait?: ((by: LockInfo) => void) | undefined;
  /** Build upon packfiles that an interrupted run left behind, once each is proven by its hash. */
  readonly resume?: boolean | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly environment?: Partial<WriterEnvironment> | undefined;
  readonly signal?: AbortSignal | undefined;
};

const DATA_TYPES: ReadonlySet<number> = new Set([BLOB_TYPE.chunk, BLOB_TYPE.object]);
/** A state of many more locations than this (18 MB) is not made: a run with a shared lock publishes a checkpoint before. */
const CHECKPOINT_BLOBS = 200_000;
/** One blob in so many is decoded again before it counts; records of packfiles and states always are. */
const PROVE_ONE_IN = 64;

/** @throws ReadOnlyError the store cannot be written */
export function writableStore(store: Store): WritableStore {
  if ('adopt' in store && 'write' in store && 'remove' in store) return store as WritableStore;
  throw new ReadOnlyError(store.location);
}

/**
 * Begins a run that changes the repository: takes the lock, then reads the states once more, so that everything published before is seen.
 * @throws LockedError, ReadOnlyError, StoreError
 */
export async function openWriter(repository: Repository, options: WriterOptions): Promise<RepositoryWriter> {
  const store = writableStore(repository.store);
  const environment = { ...systemEnvironment(), ...options.environment };
  const id = options.id ?? macFromBytes(environment.randomBytes(32));
  const exclusive = options.lock === 'exclusive';
  const { signal, wait, onWait } = options;
  // Asked for before the states are read again, and while the lock is written.
  const leftBehind = options.resume === true ? beginListing(repository, signal) : null;
  let writer: Writer | null = null;
  try {
    const taking = { id, exclusive, environment, wait, onWait, onceTaken: () => repository.refresh({ signal }), signal };
    const lock = options.lock === 'none' ? null : await takeLock(repository.keys, store, taking);
    writer = new Writer({ repository, store, environment, lock, id });
    if (lock === null) await repository.refresh({ signal });
    const adopting = { isBeside: lock !== null && lock.beside.length > 0, onProgress: options.onProgress, signal };
    for (const found of await adoptOrphans(repository, (await leftBehind?.found) ?? [], adopting)) writer.adopt(found);
  } catch (error) {
    leftBehind?.stop();
    await writer?.close();
    throw error;
  }
  return writer;
}

type Parts = {
  readonly repository: Repository;
  readonly store: WritableStore;
  readonly environment: WriterEnvironment;
  readonly lock: HeldLock | null;
  readonly id: Mac;
};
type OpenPackfile = { readonly builder: PackfileBuilder; readonly spool: SpoolFile; readonly rows: PackfileTicket };

class Writer implements RepositoryWriter {
  readonly repository: Repository;
  readonly store: WritableStore;
  readonly environment: WriterEnvironment;
  readonly #lock: HeldLock | null;
  readonly #id: Mac;
  readonly #encodeUnit: EncodeUnit;
  #blobs = new NewBlobs();
  #blobsBefore = 0;
  #turn: Promise<unknown> = Promise.resolve();
  readonly #open = new Map<PackStream, OpenPackfile>();
  #packing: Packing | null = null;
  #ready: ReadyPackfile[] = [];
  readonly #uploads: Uploads;
  #stored: { readonly id: PackfileId; readonly whenNs: bigint }[] = [];
  #entries: ((builder: StateBuilder, state: StateId, nowNs: bigint) => void)[] = [];
  readonly #reliedOn = new Set<PackfileId>();
  #puts = 0;
  #bytesWritten = 0;
  #closed = false;

  constructor(parts: Parts) {
    this.repository = parts.repository;
    this.store = parts.store;
    this.#uploads = new Uploads(parts.store, (packfile) => {
      this.#ready = this.#ready.filter((other) => other !== packfile);
      this.#bytesWritten += packfile.sizeBytes;
      this.#stored.push({ id: packfile.id, whenNs: this.#nowNs() });
    });
    this.environment = parts.environment;
    this.#lock = parts.lock;
    this.#id = parts.id;
    this.#encodeUnit = parts.repository.keys.encoder(parts.environment.randomBytes);
  }

  get line(): StoreLine {
    return storeLine(this.repository.view);
  }

  mac(bytes: Uint8Array): Mac {
    return this.repository.mac(bytes);
  }

  createMac() {
    return this.repository.createMac();
  }

  has(type: number, id: Mac): boolean {
    if (this.#blobs.has(type, id)) return true;
    const { view } = this.repository;
    if (view.counts.locations === 0) return false;
    const found = view.locations(type, id)[0];
    if (found === undefined || found.coloured) return false;
    this.#reliedOn.add(found.packfile);
    return true;
  }

  eachKnown(visit: (type: number, words: Uint32Array, at: number) => void): void {
    this.repository.view.eachAvailable(visit);
    this.#blobs.each(visit);
  }

  relyOn(packfiles: Iterable<PackfileId>): void {
    for (const packfile of packfiles) this.#reliedOn.add(packfile);
  }

  put(type: number, bytes: Uint8Array, id = this.mac(bytes)): Mac {
    return this.has(type, id) ? id : this.putAgain(type, bytes, id);
  }

  putAgain(type: number, bytes: Uint8Array, id = this.mac(bytes)): Mac {
    const stream = DATA_TYPES.has(type) ? 'data' : 'metadata';
    if (this.#packing?.take(stream, { type, id, bytes }, this.#blobs) === true) return id;
    const stored = this.#encodeUnit(bytes);
    if (this.#puts++ % PROVE_ONE_IN === 0) this.#prove(stored, bytes);
    const open = this.#open.get(stream) ?? this.#begin(stream);
    this.#blobs.add(open.builder.add(type, id, stored), open.rows);
    if (open.builder.blobsBytes > Number(this.repository.config.packfileMaxSize)) this.#end(stream);
    return id;
  }

  packWith(packers: BlobPackers): void {
    this.#packing = new Packing(packers, () => macFromBytes(this.environment.randomBytes(32)));
  }

  addPackfile(packfile: SpooledPackfile): void {
    this.#enter(packfile, packfile.ticket);
    this.#ready.push({ id: packfile.id, path: packfile.path, sizeBytes: packfile.sizeBytes });
  }

  /** A packfile that lies in the store already and that no state names yet. */
  adopt(packfile: Adopted): void {
    this.#enter(packfile);
    this.#stored.push({ id: packfile.id, whenNs: packfile.packedAtNs });
  }

  #enter({ id, index }: { readonly id: PackfileId; readonly index: Uint8Array }, rows = this.#blobs.openPackfile(id)): void {
    this.#blobs.closePackfile(rows, id);
    this.#blobs.addIndex(index, rows);
  }

  async settle({ signal, ahead }: Parameters<RepositoryWriter['settle']>[0] = {}): Promise<void> {
    await this.#packing?.settle();
    await this.#uploads.begin([...this.#ready], { signal, ahead });
    await this.#inTurn(async () => {
      if (this.#blobs.waiting > CHECKPOINT_BLOBS && this.#entries.length === 0 && this.#lock?.exclusive === false) await this.#checkpoint(signal);
    });
  }

  /** One at a time: two at once would publish the same packfile twice. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work, work);
    this.#turn = done;
    return done;
  }

  colour(type: 4 | 5, id: Mac): void {
    this.#entries.push((builder, _state, nowNs) => builder.colour(type, id, nowNs));
  }

  uncolour(type: 4 | 5, id: Mac): void {
    this.#mustBe11();
    this.#entries.push((builder) => builder.deleteColour(type, id));
  }

  deletePackfile(id: PackfileId): void {
    this.#mustBe11();
    this.#entries.push((builder) => builder.deletePackfile(id));
  }

  deleteLocation(location: { readonly type: number; readonly blob: Mac; readonly packfile: PackfileId }): void {
    this.#mustBe11();
    this.#entries.push((builder) => builder.deleteLocation(location));
  }

  claim(location: LocationEntry): void {
    this.#entries.push((builder) => builder.location(location));
  }

  claimPackfile(id: PackfileId, whenNs: bigint): void {
    this.#entries.push((builder, state) => builder.packfile(id, state, whenNs));
  }

  preview({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<Preview> {
    return this.#inTurn(async () => {
      await this.#store(signal);
      // Blobs of earlier checkpoints are not remembered here: the store tells.
      if (this.#blobsBefore > 0) await this.repository.refresh({ signal });
      return previewOf(this.repository, this.#blobs, (type, id) => this.has(type, id));
    });
  }

  secondLook(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    return this.#lookAgain(options.signal);
  }

  checkpoint(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<CommitResult> {
    return this.#inTurn(() => this.#checkpoint(options.signal));
  }

  /** Takes no look at the other states: what a checkpoint names is useless without a snapshot, and `commit` looks. */
  async #checkpoint(signal: AbortSignal | undefined): Promise<CommitResult> {
    await this.#store(signal);
    await this.#lock?.verify();
    const result = await this.#publish({ state: macFromBytes(this.environment.randomBytes(32)) as StateId, signal });
    if (this.#blobs.count > CHECKPOINT_BLOBS) this.#forgetPublished();
    return result;
  }

  /** Rows that a state names are not needed any more, unless some of a packfile are still to come. */
  #forgetPublished(): void {
    if (this.#blobs.waiting > 0 || this.#open.size > 0 || this.#packing?.isAnyOpen === true) return;
    this.#blobsBefore += this.#blobs.count;
    this.#blobs = new NewBlobs();
  }

  commit(options: Parameters<RepositoryWriter['commit']>[0] = {}): Promise<CommitResult> {
    const { signal } = options;
    return this.#inTurn(async () => {
      await this.#store(signal);
      await this.#closePacking();
      await this.#lookAgain(signal);
      const result = await this.#publish({ ...options, state: options.state ?? (this.#id as StateId) });
      // What is published needs no lock any more; `close` tells when it could not be removed.
      if (options.isLast === true) this.#lock?.release().catch(() => undefined);
      this.#forgetPublished();
      // Only now does this machine's index learn of it, as any other machine's would: from the store.
      await this.repository.refresh({ signal });
      return result;
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#closePacking();
    for (const { spool } of this.#open.values()) spool.discard();
    this.#open.clear();
    await this.#uploads.close(new StoreError('the run has ended'));
    for (const { path } of this.#ready) await rm(path, { force: true });
    this.#ready = [];
    await this.#lock?.release();
  }

  /** The first stage: every packfile is in the store. */
  async #store(signal: AbortSignal | undefined): Promise<void> {
    for (const stream of [...this.#open.keys()]) this.#end(stream);
    await this.#packing?.finish();
    await this.#uploads.bring([...this.#ready], { signal });
  }

  /** What is read next needs memory of its own. */
  async #closePacking(): Promise<void> {
    const packing = this.#packing;
    this.#packing = null;
    await packing?.close();
  }

  /** The second stage. Blobs may be put meanwhile: they wait for the next state. */
  async #publish(options: {
    readonly state: StateId | 'content';
    readonly timestampNs?: bigint | undefined;
    readonly parent?: StateId | undefined;
    readonly signal?: AbortSignal | undefined;
  }): Promise<CommitResult> {
    const nowNs = this.#nowNs();
    const builder = new StateBuilder();
    const named = options.state === 'content' ? (macFromBytes(this.environment.randomBytes(32)) as StateId) : options.state;
    const { line } = this;
    const [entries, stored] = [this.#entries.length, this.#stored.length];
    const packfiles = new Set(this.#stored.map(({ id }) => id));
    for (const entry of this.#entries) entry(builder, named, nowNs);
    for (const { id, whenNs } of this.#stored) builder.packfile(id, named, whenNs);
    const done = { packfiles: stored, bytesWritten: this.#bytesWritten, blobs: this.#blobsBefore + this.#blobs.count };
    if (builder.isEmpty) return { state: null, ...done };
    const state = await publishState(this.repository, this.store, {
      builder,
      locations: this.#blobs.pieces(packfiles),
      id: options.state,
      line,
      timestampNs: options.timestampNs ?? nowNs,
      randomBytes: this.environment.randomBytes,
      spoolName: temporaryName(this.environment.randomBytes),
      serial: line === '1.1' ? NIL_UUID : this.repository.id,
      parent: options.parent,
      signal: options.signal,
    });
    this.#blobs.markPublished(packfiles);
    this.#stored.splice(0, stored);
    this.#entries.splice(0, entries);
    return { state, ...done };
  }

  /** The second look: our lock still stands, nobody else forbids going on, and nothing that we build upon was scheduled for deletion. */
  async #lookAgain(signal: AbortSignal | undefined): Promise<void> {
    const [, view] = await bothEnded(this.#lock?.verify(), this.repository.refresh({ signal }));
    for (const packfile of this.#reliedOn) {
      if (view.isPackfileKnown(packfile) && !view.isPackfileColoured(packfile)) continue;
      throw new StoreError(`packfile ${packfile} was scheduled for deletion while we built upon it: nothing was published. Run the command again.`, {
        retryable: true,
      });
    }
  }

  #begin(stream: PackStream): OpenPackfile {
    const { keys } = this.repository;
    const { randomBytes } = this.environment;
    const spool = new SpoolFile(this.store.spoolDirectory ?? tmpdir(), temporaryName(randomBytes));
    const builder = new PackfileBuilder({
      algorithm: keys.algorithm,
      encodeUnit: this.#encodeUnit,
      randomBytes,
      paddingLimitBytes: this.repository.config.chunking.minSize,
      append: (bytes) => spool.append(bytes),
    });
    const open = { builder, spool, rows: this.#blobs.openPackfile(macFromBytes(randomBytes(32))) };
    this.#open.set(stream, open);
    return open;
  }

  #end(stream: PackStream): void {
    const open = this.#open.get(stream);
    if (open === undefined) return;
    const { id, padding, sizeBytes } = open.builder.finish(this.#nowNs());
    open.spool.close();
    this.#blobs.closePackfile(open.rows, id);
    for (const blob of padding) this.#blobs.add(blob, open.rows);
    this.#ready.push({ id, path: open.spool.path, sizeBytes });
    this.#open.delete(stream);
  }

  #prove(stored: Uint8Array, bytes: Uint8Array): void {
    if (!equalBytes(this.repository.keys.decodeUnit(stored, bytes.length), bytes))
      throw new IntegrityError('blob', 'what was encoded does not decode to the same bytes');
  }

  #mustBe11(): void {
    if (this.line !== '1.1') throw new InvalidInputError('clients of plakar 1.0 use this store: delete entries would lock them out');
  }

  #nowNs(): bigint {
    return BigInt(this.environment.nowMs()) * 1_000_000n;
  }
}

/** A name that every reader passes over. @source 01-store 3.1 */
function temporaryName(randomBytes: (lengthBytes: number) => Uint8Array): string {
  const digits = new DataView(randomBytes(8).slice().buffer).getBigUint64(0) % 10n ** 20n;
  return `tmp.${digits.toString().padStart(20, '0')}`;
}
