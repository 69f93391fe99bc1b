import { KlosetError } from '../../errors/errors.js';
import type { Mac } from '@wardrobe/kloset-model';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import { BLOB_TYPE } from '../../format/state.js';
import type { BlobResult, Repository } from '../../repository/types.js';
import { snapshotSource, type SnapshotSource } from '../../snapshot/source.js';
import type { ReadOptions } from '../../store/store.js';
import { Placer } from './placer.js';
import { itemsFor, type Readers, type WantedBlob } from './readers.js';
import { readersFor } from './readers-for.js';
import { placeOf, type Threadable } from './place-of.js';

/** Blobs that are fetched together: so many, so many stored bytes, and what they are likely to unfold to; and how many such windows are under way. */
const WINDOW_IDS = 2048;
const WINDOW_BYTES = 5 << 20;
const WINDOW_UNFOLDED_BYTES = 8 << 20;
const FIRST_RATIO = 3;
const WINDOWS_AHEAD = 2;
/** Less than this in all is read sooner on this thread. Once the threads are there, a few blobs at a time are worth it. */
const THREADS_FROM_IDS = 1024;
const THREADS_FROM_BYTES = 16 << 20;
const STARTED_FROM_IDS = 8;

/** Blobs of questions up to this size are likely to be asked for once more, one by one: so many bytes of them are kept. */
const KEPT_IDS = 512;
const KEPT_BYTES = 8 << 20;

/** `placer`: writes contents on the same threads; `readers`: the threads, for other questions. Null where there are none. */
export type ThreadedSource = SnapshotSource & { readonly placer: Placer | null; readonly readers: Readers | null; close(): Promise<void> };

type Wanted = WantedBlob & { readonly index: number };
type Window = { readonly ids: readonly Mac[]; readonly wanted: readonly Wanted[] };
/** `ratio`: of what came back to what is stored. */
type Fetched = { readonly ids: readonly Mac[]; readonly found: readonly (Uint8Array | null)[]; readonly ratio: number };

/** Whether a source is a whole repository, whose packfiles threads can read by themselves. */
export function isRepository(source: SnapshotSource): source is Repository {
  return 'store' in source && 'view' in source && 'secret' in source;
}

/**
 * A repository's blobs, read, decoded and proven on threads of their own where many are asked for at once. Whatever does not open there is asked of the
 * repository itself, which tries all places and words the failure. Without local packfiles it is the repository as it is. Needs `close`. `readers`: threads of
 * the caller's, which stay when this is closed.
 */
export async function threadedSource(
  repository: Threadable,
  options: { readonly threads?: number | undefined; readonly readers?: Readers | undefined } = {},
): Promise<ThreadedSource> {
  const plain = snapshotSource(repository, repository);
  const readers = options.readers ?? (await readersFor(repository, { threads: options.threads }));
  if (readers === null) return { ...plain, placer: null, readers: null, close: () => Promise.resolve() };
  const reading = new ThreadedReading(repository, readers);
  return {
    ...plain,
    get: (type, id, read) => reading.get(type, id, read),
    getMany: (type, ids, read = {}) => (reading.isFor(type, ids) ? reading.getMany(type, ids, read.signal) : repository.getMany(type, ids, read)),
    placer: new Placer(repository, reading.readers),
    readers: reading.readers,
    close: () => (options.readers === undefined ? readers.close() : Promise.resolve()),
  };
}

class ThreadedReading {
  readonly readers: Readers;
  readonly #repository: Threadable;
  readonly #recent = new RecentBlobs();
  /** How far blobs of each type unfolded in the windows before. */
  readonly #ratios = new Map<number, number>();
  /** All that was asked for before the threads were there. */
  #askedIds = 0;
  #askedBytes = 0;

  constructor(repository: Threadable, readers: Readers) {
    this.#repository = repository;
    this.readers = readers;
  }

  async get(type: number, id: Mac, options: ReadOptions = {}): Promise<Uint8Array> {
    return this.#recent.find(type, id) ?? (await this.#repository.get(type, id, options));
  }

  /** Whether threads are worth it. */
  isFor(type: number, ids: readonly Mac[]): boolean {
    if (isUnhashed(type)) return false;
    if (this.readers.isStarted) return ids.length >= STARTED_FROM_IDS;
    this.#askedIds += ids.length;
    for (const id of ids) this.#askedBytes += this.#repository.view.locations(type, id)[0]?.lengthBytes ?? 0;
    return this.#askedIds >= THREADS_FROM_IDS || this.#askedBytes >= THREADS_FROM_BYTES;
  }

  async *getMany(type: number, ids: readonly Mac[], signal: AbortSignal | undefined): AsyncGenerator<BlobResult> {
    const isKept = ids.length <= KEPT_IDS && !isNode(type);
    const windows = this.#split(type, ids);
    const underWay: Promise<Fetched>[] = [];
    const fill = (): void => {
      while (underWay.length < WINDOWS_AHEAD) {
        const next = windows.next();
        if (next.done === true) return;
        const window = this.#fetch(next.value);
        // The failure is met when the window's turn comes.
        window.catch(() => undefined);
        underWay.push(window);
      }
    };
    fill();
    for (let next = underWay.shift(); next !== undefined; next = underWay.shift()) {
      const { ids: asked, found, ratio } = await next;
      this.#ratios.set(type, Math.max(1, ratio));
      fill();
      signal?.throwIfAborted();
      for (const [index, id] of asked.entries()) {
        const bytes = found[index] ?? null;
        if (bytes !== null && isKept) this.#recent.keep(type, id, bytes);
        yield bytes !== null ? { id, bytes } : await this.#careful(type, id, signal);
      }
    }
  }

  *#split(type: number, ids: readonly Mac[]): Generator<Window> {
    let first = 0;
    let sizeBytes = 0;
    let wanted: Wanted[] = [];
    for (const [number, mac] of ids.entries()) {
      const place = placeOf(this.#repository, type, mac);
      const lengthBytes = place?.lengthBytes ?? 0;
      const limitBytes = Math.min(WINDOW_BYTES, WINDOW_UNFOLDED_BYTES / (this.#ratios.get(type) ?? FIRST_RATIO));
      if (number > first && (number - first >= WINDOW_IDS || sizeBytes + lengthBytes > limitBytes)) {
        yield { ids: ids.slice(first, number), wanted };
        first = number;
        sizeBytes = 0;
        wanted = [];
      }
      sizeBytes += lengthBytes;
      if (place !== null) wanted.push({ index: number - first, ...place });
    }
    if (first < ids.length) yield { ids: ids.slice(first), wanted };
  }

  async #fetch(window: Window): Promise<Fetched> {
    const found: (Uint8Array | null)[] = new Array<Uint8Array | null>(window.ids.length).fill(null);
    const sorted = [...window.wanted].sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.position - b.position));
    await Promise.all(
      shares(sorted, this.readers.count).map(async (share) => {
        const { files, items } = itemsFor(share);
        const { lengths, bytes } = await this.readers.ask({ kind: 'read', files, items }, [items]);
        if (bytes === null) return;
        let at = 0;
        for (const [index, item] of share.entries()) {
          const length = lengths[index] ?? -1;
          if (length < 0) continue;
          found[item.index] = new Uint8Array(bytes, at, length);
          at += length;
        }
      }),
    );
    const unfoldedBytes = found.reduce((sum, bytes) => sum + (bytes?.length ?? 0), 0);
    return { ids: window.ids, found, ratio: unfoldedBytes / sorted.reduce((sum, { lengthBytes }) => sum + lengthBytes, 1) };
  }

  /** What did not open on a thread: the repository tries all places, and words the failure. */
  async #careful(type: number, id: Mac, signal: AbortSignal | undefined): Promise<BlobResult> {
    try {
      return { id, bytes: await this.#repository.get(type, id, { signal }) };
    } catch (error) {
      if (signal?.aborted === true || !(error instanceof KlosetError)) throw error;
      return { id, error };
    }
  }
}

/** Types whose id is not the MAC of their bytes. */
function isUnhashed(type: number): boolean {
  return type === BLOB_TYPE.snapshot || type === BLOB_TYPE.signature || type === BLOB_TYPE.padding;
}

/** Nodes of trees are read ahead, and once. */
function isNode(type: number): boolean {
  return type === SNAPSHOT_BLOB.vfsNode || type === SNAPSHOT_BLOB.indexNode;
}

/** Contiguous parts of about equal stored length. */
function shares(items: readonly Wanted[], count: number): Wanted[][] {
  const total = items.reduce((sum, item) => sum + item.lengthBytes + 512, 0);
  const parts: Wanted[][] = Array.from({ length: count }, () => []);
  let sum = 0;
  for (const item of items) {
    parts[Math.min(count - 1, Math.floor((sum * count) / total))]?.push(item);
    sum += item.lengthBytes + 512;
  }
  return parts.filter((part) => part.length > 0);
}

/** The blobs read last, proven. */
class RecentBlobs {
  readonly #blobs = new Map<string, Uint8Array>();
  #sizeBytes = 0;

  find(type: number, id: Mac): Uint8Array | null {
    return this.#blobs.get(`${type}:${id}`) ?? null;
  }

  keep(type: number, id: Mac, bytes: Uint8Array): void {
    const key = `${type}:${id}`;
    if (bytes.length > KEPT_BYTES / 32 || this.#blobs.has(key)) return;
    this.#blobs.set(key, bytes.slice());
    this.#sizeBytes += bytes.length;
    for (const [oldest, dropped] of this.#blobs) {
      if (this.#sizeBytes <= KEPT_BYTES) return;
      this.#blobs.delete(oldest);
      this.#sizeBytes -= dropped.length;
    }
  }
}
