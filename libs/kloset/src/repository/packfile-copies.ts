import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PackfileId } from '@wardrobe/kloset-model';
import { KlosetError, StoreError } from '../errors/errors.js';
import type { Store } from '../store/store.js';

export type CopiedPackfile = { readonly id: PackfileId; readonly sizeBytes: number };
export type CopyOptions = {
  /** In the order in which they are likely to be needed. */
  readonly packfiles: readonly CopiedPackfile[];
  /** Bytes of all copies at a time; less where the disk has little room. */
  readonly limitBytes?: number | undefined;
  /** Runs once a packfile has arrived; its copy stays until this is done. Must not fail. */
  readonly onArrival?: ((id: PackfileId) => Promise<void>) | undefined;
};

/** What one check may take of the disk. */
const LIMIT_BYTES = 1 << 30;
const FREE_SHARE = 0.5;
/** Each copy is an open file. */
const MOST_COPIES = 256;
/** Packfiles that come at once; when little is left of them, more begin, so that small ones do not wait for each other's answers. */
const AT_ONCE = 2;
const LITTLE_BYTES = 4 << 20;
const MOST_AT_ONCE = 16;
/** What is fetched before anybody asked for it may take this share of the room. */
const EARLY_SHARE = 0.5;

/** Windows removes no file that is open. */
const CAN_UNNAME = process.platform !== 'win32';

type Coming = { readonly sizeBytes: number; receivedBytes: number; isEarly: boolean; readonly arrived: Promise<boolean> };
/** `file`: its descriptor. Read and written on the calling thread: it mostly lies in memory, and a promise for each piece costs more. */
type Copy = { readonly file: number; readonly sizeBytes: number; isUsed: boolean; isBusy: boolean };
type Waiting = { readonly arrived: Promise<boolean>; readonly settle: (isThere: boolean | Promise<boolean>) => void };

/**
 * Packfiles of a store over a line, each fetched whole and once, on a disk of this machine for as long as they are needed. Room is bounded: what was used goes
 * first, the least recently used before others, and does not come again. The files have no name where the system allows it, so that nothing is left of them.
 */
export class PackfileCopies {
  readonly #store: Pick<Store, 'read'>;
  readonly #folder: string;
  readonly #limitBytes: number;
  readonly #onArrival: (id: PackfileId) => Promise<void>;
  readonly #sizes: ReadonlyMap<PackfileId, number>;
  /** Not asked for by anybody yet, the next one last. */
  readonly #early: PackfileId[];
  readonly #wanted = new Map<PackfileId, Waiting>();
  readonly #coming = new Map<PackfileId, Coming>();
  /** In the order of their last use. */
  readonly #copies = new Map<PackfileId, Copy>();
  /** Given up, or not to be had whole. */
  readonly #gone = new Set<PackfileId>();
  readonly #stop = new AbortController();
  #heldBytes = 0;
  /** No more are made: the disk takes none, or all is over. */
  #hasEnded = false;

  /** @throws StoreError the folder for temporary files cannot be used */
  static async open(store: Pick<Store, 'read'>, options: CopyOptions): Promise<PackfileCopies> {
    try {
      const folder = await mkdtemp(join(tmpdir(), 'wardrobe-check-'));
      const { bavail, bsize } = await statfs(folder);
      return new PackfileCopies(store, { ...options, folder, limitBytes: Math.min(options.limitBytes ?? LIMIT_BYTES, bavail * bsize * FREE_SHARE) });
    } catch (error) {
      throw new StoreError(`no temporary files can be made in ${tmpdir()}`, { cause: error });
    }
  }

  private constructor(store: Pick<Store, 'read'>, options: CopyOptions & { readonly folder: string; readonly limitBytes: number }) {
    this.#store = store;
    this.#folder = options.folder;
    this.#limitBytes = options.limitBytes;
    this.#onArrival = options.onArrival ?? (() => Promise.resolve());
    this.#sizes = new Map(options.packfiles.map(({ id, sizeBytes }) => [id, sizeBytes]));
    this.#early = options.packfiles.map(({ id }) => id).reverse();
    this.#begin();
  }

  /** Whether there is a copy to be used now, once it has arrived; false: the store itself is to be asked. */
  ready(id: PackfileId): Promise<boolean> {
    const copy = this.#copies.get(id);
    if (copy !== undefined) {
      copy.isUsed = true;
      this.#copies.delete(id);
      this.#copies.set(id, copy);
      return Promise.resolve(true);
    }
    const coming = this.#coming.get(id);
    if (coming !== undefined) coming.isEarly = false;
    const arrived = coming?.arrived ?? this.#wanted.get(id)?.arrived;
    if (arrived !== undefined) return arrived;
    const sizeBytes = this.#sizes.get(id);
    if (sizeBytes === undefined || sizeBytes > this.#limitBytes || this.#gone.has(id) || this.#hasEnded) return Promise.resolve(false);
    const waiting = waitingFor();
    this.#wanted.set(id, waiting);
    this.#begin();
    return waiting.arrived;
  }

  /** Of a copy that has arrived; null where there is none. */
  sizeBytes(id: PackfileId): number | null {
    return this.#copies.get(id)?.sizeBytes ?? null;
  }

  /** Fills `bytes` from a copy; false where it cannot give them all: the store itself is to be asked. */
  read(id: PackfileId, offset: number, bytes: Uint8Array): boolean {
    const copy = this.#copies.get(id);
    if (copy === undefined || offset < 0 || offset + bytes.length > copy.sizeBytes) return false;
    try {
      for (let done = 0; done < bytes.length; ) {
        const got = readSync(copy.file, bytes, done, bytes.length - done, offset + done);
        if (got === 0) return false;
        done += got;
      }
      return true;
    } catch (error) {
      if (isOfTheSystem(error)) return false;
      throw error;
    }
  }

  /** Ends what is under way; nothing is left on the disk. */
  async close(): Promise<void> {
    this.#stop.abort(new StoreError('reading was ended'));
    this.#endMaking();
    await Promise.all([...this.#coming.values()].map(({ arrived }) => arrived.catch(() => false)));
    for (const id of [...this.#copies.keys()]) this.#drop(id);
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Begins with as many as the line and the room allow: what somebody waits for before what nobody has asked for yet. */
  #begin(): void {
    while (!this.#hasEnded && this.#hasTurn()) {
      const [wanted] = this.#wanted;
      if (wanted === undefined) {
        const early = this.#nextEarly();
        if (early === null) return;
        this.#fetch(early, null);
      } else if (this.#makeRoom(this.#sizes.get(wanted[0]) ?? 0)) {
        this.#wanted.delete(wanted[0]);
        this.#fetch(...wanted);
      } else return;
    }
  }

  #hasTurn(): boolean {
    if (this.#coming.size < AT_ONCE) return true;
    let leftBytes = 0;
    for (const { sizeBytes, receivedBytes } of this.#coming.values()) leftBytes += Math.max(0, sizeBytes - receivedBytes);
    return leftBytes < LITTLE_BYTES && this.#coming.size < MOST_AT_ONCE;
  }

  #nextEarly(): PackfileId | null {
    for (let id = this.#early.at(-1); id !== undefined; id = this.#early.at(-1)) {
      if (this.#copies.has(id) || this.#coming.has(id) || this.#gone.has(id)) {
        this.#early.pop();
        continue;
      }
      const sizeBytes = this.#sizes.get(id) ?? 0;
      let [earlyBytes, count] = [sizeBytes, 1];
      for (const item of this.#coming.values()) if (item.isEarly) [earlyBytes, count] = [earlyBytes + item.sizeBytes, count + 1];
      for (const item of this.#copies.values()) if (!item.isUsed) [earlyBytes, count] = [earlyBytes + item.sizeBytes, count + 1];
      const fits = earlyBytes <= this.#limitBytes * EARLY_SHARE && count <= MOST_COPIES * EARLY_SHARE;
      if (!fits || !this.#makeRoom(sizeBytes)) return null;
      this.#early.pop();
      return id;
    }
    return null;
  }

  /** Gives up copies until so much more fits. False: it does not fit as long as others are at work. */
  #makeRoom(sizeBytes: number): boolean {
    for (const isUsed of [true, false]) {
      for (const [id, copy] of this.#copies) {
        if (this.#fits(sizeBytes)) return true;
        if (copy.isUsed === isUsed && !copy.isBusy) this.#drop(id);
      }
    }
    return this.#fits(sizeBytes);
  }

  #fits(sizeBytes: number): boolean {
    return this.#heldBytes + sizeBytes <= this.#limitBytes && this.#copies.size + this.#coming.size < MOST_COPIES;
  }

  #fetch(id: PackfileId, waiting: Waiting | null): void {
    const sizeBytes = this.#sizes.get(id) ?? 0;
    const { arrived, settle } = waiting ?? waitingFor();
    const coming: Coming = { sizeBytes, receivedBytes: 0, isEarly: waiting === null, arrived };
    this.#heldBytes += sizeBytes;
    this.#coming.set(id, coming);
    settle(this.#arrival(id, coming));
    // Nobody may wait for it; a fault is met by whoever asks next, and by `close`.
    arrived.catch(() => undefined);
  }

  async #arrival(id: PackfileId, coming: Coming): Promise<boolean> {
    let file: number | null;
    try {
      file = await this.#bring(id, coming);
    } finally {
      this.#coming.delete(id);
      this.#heldBytes -= coming.sizeBytes;
    }
    if (file === null) {
      this.#gone.add(id);
      this.#begin();
      return false;
    }
    this.#heldBytes += coming.receivedBytes;
    this.#copies.set(id, { file, sizeBytes: coming.receivedBytes, isUsed: !coming.isEarly, isBusy: true });
    this.#begin();
    void this.#onArrival(id).then(() => {
      const copy = this.#copies.get(id);
      if (copy !== undefined) copy.isBusy = false;
      this.#begin();
    });
    return true;
  }

  /** The whole packfile in a file; null where the store or the disk fail: who asks the store itself is told why. */
  async #bring(id: PackfileId, coming: Coming): Promise<number | null> {
    let file: number | null = null;
    try {
      file = openUnnamed(join(this.#folder, id));
      for await (const piece of this.#store.read('packfile', id, { signal: this.#stop.signal })) {
        for (let done = 0; done < piece.length; ) done += writeSync(file, piece, done);
        coming.receivedBytes += piece.length;
      }
      return file;
    } catch (error) {
      if (file !== null) closeSync(file);
      if (error instanceof KlosetError) return null;
      if (!isOfTheSystem(error)) throw error;
      this.#endMaking();
      return null;
    }
  }

  /** Those that have arrived stay. */
  #endMaking(): void {
    this.#hasEnded = true;
    for (const { settle } of this.#wanted.values()) settle(false);
    this.#wanted.clear();
  }

  #drop(id: PackfileId): void {
    const copy = this.#copies.get(id);
    if (copy === undefined) return;
    this.#copies.delete(id);
    this.#gone.add(id);
    this.#heldBytes -= copy.sizeBytes;
    closeSync(copy.file);
    if (!CAN_UNNAME) rmSync(join(this.#folder, id), { force: true });
  }
}

function waitingFor(): Waiting {
  let settle: Waiting['settle'] = () => undefined;
  const arrived = new Promise<boolean>((resolve) => {
    settle = resolve;
  });
  return { arrived, settle };
}

function openUnnamed(path: string): number {
  const file = openSync(path, 'wx+', 0o600);
  if (CAN_UNNAME) rmSync(path);
  return file;
}

/** A failure of this machine's files: a disk that is full. */
function isOfTheSystem(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error;
}
