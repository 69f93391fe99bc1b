import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mac } from '@wardrobe/kloset-model';
import type { ReadOptions, ResourceKind, WritableStore, WriteOptions } from '@wardrobe/store-connector';

const PROOF_BYTES = 32;
/** Ranges above this are bulk reading, which passes through once and would push out what is looked at again. */
const LARGEST_BYTES = 1 << 20;
/** After a sweep this share of the limit is left. */
const KEPT_SHARE = 0.9;
/** A use is noted in the file's time once in this while. */
const TOUCH_MS = 3_600_000;

/** What browsing keeps of a store: a few thousand folders and small files. */
export const RANGE_LIMIT_BYTES = 256 << 20;

export type RangeCacheOptions = {
  /** Made when it is not there (0700); safe to delete at any time, also while in use. */
  readonly directory: string;
  readonly limitBytes: number;
  /** Told once when the cache cannot be read or written: reading goes on without it. */
  readonly onNote?: (sentence: string) => void;
};

type Entry = { readonly bytes: number; usedMs: number };

/**
 * A store over a line whose small ranges of packfiles are kept on a local disk, as the store holds them: of an encrypted store still encrypted. Each
 * kept range carries a SHA-256 of its place and bytes, and is read from the store again when it does not fit. The least recently used go first.
 * Ranges are kept per CONFIG, so stores never see each other's; until CONFIG was read nothing is kept.
 */
export function withRangeCache(inner: WritableStore, options: RangeCacheOptions): WritableStore {
  return new CachedStore(inner, options);
}

class CachedStore implements WritableStore {
  readonly #inner: WritableStore;
  readonly #options: RangeCacheOptions;
  #shelf: Promise<Shelf | null> = Promise.resolve(null);
  #noted = false;

  constructor(inner: WritableStore, options: RangeCacheOptions) {
    this.#inner = inner;
    this.#options = options;
  }

  get location(): string {
    return this.#inner.location;
  }

  get spoolDirectory(): string | null {
    return this.#inner.spoolDirectory;
  }

  async readConfig(options?: ReadOptions): Promise<Uint8Array> {
    const config = await this.#inner.readConfig(options);
    const folder = join(this.#options.directory, createHash('sha256').update(config).digest('hex').slice(0, 32));
    this.#shelf = openShelf(folder, this.#options.limitBytes).catch((error: unknown) => this.#note(error));
    return config;
  }

  async readRange(kind: ResourceKind, id: Mac, ...range: [offset: number, lengthBytes: number, options?: ReadOptions]): Promise<Uint8Array> {
    const [offset, lengthBytes, options = {}] = range;
    const shelf = kind === 'packfile' && lengthBytes > 0 && lengthBytes <= LARGEST_BYTES ? await this.#shelf : null;
    if (shelf === null) return this.#inner.readRange(kind, id, offset, lengthBytes, options);
    options.signal?.throwIfAborted();
    const name = `${id}.${offset}.${lengthBytes}`;
    const kept = options.fresh === true ? null : await shelf.get(name).catch((error: unknown) => this.#note(error));
    if (kept !== null) return kept;
    const bytes = await this.#inner.readRange(kind, id, offset, lengthBytes, options);
    await shelf.put(name, bytes).catch((error: unknown) => this.#note(error));
    return bytes;
  }

  list(kind: ResourceKind, options?: ReadOptions) {
    return this.#inner.list(kind, options);
  }

  listForeign(options?: ReadOptions) {
    return this.#inner.listForeign(options);
  }

  sizeBytes(kind: ResourceKind, id: Mac, options?: ReadOptions): Promise<number> {
    return this.#inner.sizeBytes(kind, id, options);
  }

  read(kind: ResourceKind, id: Mac, options?: ReadOptions): AsyncIterable<Uint8Array> {
    return this.#inner.read(kind, id, options);
  }

  create(config: Uint8Array, options?: WriteOptions): Promise<void> {
    return this.#inner.create(config, options);
  }

  async write(kind: ResourceKind, id: Mac, bytes: Uint8Array, options?: WriteOptions): Promise<void> {
    await this.#forget(kind, id);
    return this.#inner.write(kind, id, bytes, options);
  }

  async adopt(kind: ResourceKind, id: Mac, localPath: string, options?: WriteOptions): Promise<void> {
    await this.#forget(kind, id);
    return this.#inner.adopt(kind, id, localPath, options);
  }

  async remove(kind: ResourceKind, id: Mac, options?: WriteOptions): Promise<void> {
    await this.#forget(kind, id);
    return this.#inner.remove(kind, id, options);
  }

  line() {
    return this.#inner.line?.() ?? { requests: 0, retries: 0, bytesRead: 0, bytesWritten: 0, meanLatencyMs: null };
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  async #forget(kind: ResourceKind, id: Mac): Promise<void> {
    if (kind === 'packfile') await (await this.#shelf)?.forget(id).catch((error: unknown) => this.#note(error));
  }

  #note(error: unknown): null {
    if (!this.#noted)
      this.#options.onNote?.(`what was read of the store is not kept on this machine: ${error instanceof Error ? error.message : String(error)}`);
    this.#noted = true;
    return null;
  }
}

/** Kept ranges of one store: a file each, in folders by the first two digits of the packfile. */
class Shelf {
  #total = 0;

  constructor(
    readonly folder: string,
    readonly limitBytes: number,
    /** In the order of their last use, the oldest first. */
    readonly entries: Map<string, Entry>,
  ) {
    for (const { bytes } of entries.values()) this.#total += bytes;
  }

  /** Null when it is not kept, or is not what was kept. */
  async get(name: string): Promise<Uint8Array | null> {
    const entry = this.entries.get(name);
    if (entry === undefined) return null;
    const file = await readFile(this.#path(name)).catch((error: unknown) => {
      if (isAbsent(error)) return null;
      throw error;
    });
    const bytes = file === null ? null : proven(name, file);
    if (bytes === null) {
      await this.#drop(name);
      return null;
    }
    this.entries.delete(name);
    this.entries.set(name, entry);
    const nowMs = Date.now();
    if (nowMs - entry.usedMs > TOUCH_MS) {
      entry.usedMs = nowMs;
      await utimes(this.#path(name), new Date(nowMs), new Date(nowMs));
    }
    return bytes;
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    const path = this.#path(name);
    await mkdir(join(this.folder, name.slice(0, 2)), { recursive: true, mode: 0o700 });
    const aside = `${path}.${randomUUID()}.tmp`;
    await writeFile(aside, Buffer.concat([proofOf(name, bytes), bytes]), { mode: 0o600 });
    await rename(aside, path);
    const size = bytes.length + PROOF_BYTES;
    this.#total += size - (this.entries.get(name)?.bytes ?? 0);
    this.entries.delete(name);
    this.entries.set(name, { bytes: size, usedMs: Date.now() });
    if (this.#total > this.limitBytes) await this.#sweep();
  }

  async forget(id: Mac): Promise<void> {
    for (const name of [...this.entries.keys()]) if (name.startsWith(`${id}.`)) await this.#drop(name);
  }

  async #sweep(): Promise<void> {
    for (const name of [...this.entries.keys()]) {
      if (this.#total <= this.limitBytes * KEPT_SHARE) return;
      await this.#drop(name);
    }
  }

  async #drop(name: string): Promise<void> {
    this.#total -= this.entries.get(name)?.bytes ?? 0;
    this.entries.delete(name);
    await rm(this.#path(name), { force: true });
  }

  #path(name: string): string {
    return join(this.folder, name.slice(0, 2), name);
  }
}

async function openShelf(folder: string, limitBytes: number): Promise<Shelf> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const found: { readonly name: string; readonly bytes: number; readonly usedMs: number }[] = [];
  for (const bucket of await readdir(folder, { withFileTypes: true })) {
    if (!bucket.isDirectory()) continue;
    for (const name of await readdir(join(folder, bucket.name))) {
      const path = join(folder, bucket.name, name);
      const { size, mtimeMs } = await stat(path);
      if (name.endsWith('.tmp')) {
        // Left by a process that was ended while it wrote; a running one needs far less than this.
        if (Date.now() - mtimeMs > TOUCH_MS) await rm(path, { force: true });
      } else found.push({ name, bytes: size, usedMs: mtimeMs });
    }
  }
  found.sort((a, b) => a.usedMs - b.usedMs);
  return new Shelf(folder, limitBytes, new Map(found.map(({ name, bytes, usedMs }) => [name, { bytes, usedMs }])));
}

function proofOf(name: string, bytes: Uint8Array): Buffer {
  return createHash('sha256').update(name).update(bytes).digest();
}

function proven(name: string, file: Buffer): Uint8Array | null {
  const bytes = file.subarray(PROOF_BYTES);
  if (file.length < PROOF_BYTES || !timingSafeEqual(proofOf(name, bytes), file.subarray(0, PROOF_BYTES))) return null;
  // A copy of its own: what is handed out may be changed.
  return new Uint8Array(bytes);
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
