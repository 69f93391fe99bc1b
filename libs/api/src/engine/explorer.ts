import type { EntryDetailDto, EntryRowDto } from '@wardrobe/contracts';
import { type DirectoryIndex, type DirectoryOrder, type Entry, provenanceOf, type Repository, type Snapshot, SNAPSHOT_BLOB } from '@wardrobe/kloset';
import { baseName, childPath, cleanPath, equalBytes, nameText, percentDecode, percentEncodePath } from '@wardrobe/kloset-model';
import { ApiError } from '../errors/api-error.js';
import { problemOf } from '../errors/bridge.js';
import { buildDirectoryIndex, type IndexJob, SORT_KEYS } from './directory-index.js';
import { byteNameOf } from './paths.js';
import { damagedRow, entryRow } from './rows.js';
import type { ListAnswer, ListArgs } from './types.js';

/** How long a first answer waits for an order that is being built. */
const ORDER_WAIT_MS = 200;
const KEPT_INDEXES = 16;
const SHOWN_CHUNKS = 200;
const XATTR_VALUE_BYTES = 4096;

/** What an answer says whatever part of the folder it shows. */
type Head = 'entry' | 'path' | 'syncedFrom';

/** Directory listings of open snapshots, with the offset lists of the directories looked at last. */
export class Explorer {
  private readonly indexes = new Map<string, IndexJob>();
  private readonly orders = new Map<string, OrderJob>();

  /** Path given as percent text; empty: the root of the backup (the deepest folder that holds all of it). */
  async list(snapshot: Snapshot, args: ListArgs, signal: AbortSignal): Promise<ListAnswer> {
    const path = args.path === '' ? await backupRoot(snapshot, signal) : cleanPath(percentDecode(args.path));
    const entry = await snapshot.entry(path, { signal });
    const head = { entry: entryRow(entry), path: percentEncodePath(path), syncedFrom: syncedFrom(snapshot) };
    if (entry.type !== 'directory') return { ...head, total: 0, offset: 0, entries: [], sortReady: true, sortProgress: null };
    if (args.filter === null && args.around === null && args.sort !== 'name') return { ...head, ...(await this.sorted(snapshot, path, args, signal)) };
    if (args.filter === null && args.around === null) {
      const page = await snapshot.page(path, { offset: args.offset, limit: args.limit, signal });
      const total = page.total ?? (await this.complete(snapshot, path, args)).index.count;
      return { ...head, total, offset: args.offset, entries: page.entries.map(entryRow), sortReady: true, sortProgress: null };
    }
    return { ...head, ...(await this.ordered(snapshot, path, args, signal)) };
  }

  /** Orders other than by name: the engine's offset list of the directory, built once and kept. */
  private async sorted(snapshot: Snapshot, path: Uint8Array, args: ListArgs, signal: AbortSignal): Promise<Omit<ListAnswer, Head>> {
    const key = directoryKey(args, path);
    const known = this.orders.get(key);
    const building = known ?? buildOrder(snapshot, path);
    if (building !== known) {
      keepNewest(this.orders, key, building);
      building.index.catch(() => this.orders.delete(key));
    }
    const index = await Promise.race([building.index, sleep(ORDER_WAIT_MS)]);
    if (index === null) return { ...(await namePage(snapshot, path, args, signal)), sortReady: false, sortProgress: building.progress };
    const page = await index.page(orderOf(args.sort), { offset: args.offset, limit: args.limit, signal });
    return { total: index.count, offset: args.offset, entries: page.map(entryRow), sortReady: true, sortProgress: null };
  }

  private async ordered(snapshot: Snapshot, path: Uint8Array, args: ListArgs, signal: AbortSignal): Promise<Omit<ListAnswer, Head>> {
    const job = this.indexOf(snapshot, path, args);
    await Promise.race([job.done, sleep(ORDER_WAIT_MS)]);
    if (!job.index.complete) {
      const page = await namePage(snapshot, path, args, signal);
      return { ...page, sortReady: false, sortProgress: page.total > 0 ? Math.min(1, job.index.count / page.total) : 0 };
    }
    const sorted = job.index.order(args.sort);
    const order = args.filter === null ? sorted : job.index.filtered(sorted, args.filter);
    const offset = args.around === null ? args.offset : offsetAround(job, order, args);
    const entries: EntryRowDto[] = [];
    for (const index of order.subarray(offset, offset + args.limit)) entries.push(await rowAt(snapshot, childPath(path, job.index.name(index)), signal));
    return { total: order.length, offset, entries, sortReady: true, sortProgress: null };
  }

  private async complete(snapshot: Snapshot, path: Uint8Array, args: ListArgs): Promise<IndexJob> {
    const job = this.indexOf(snapshot, path, args);
    await job.done;
    return job;
  }

  private indexOf(snapshot: Snapshot, path: Uint8Array, args: ListArgs): IndexJob {
    const key = directoryKey(args, path);
    const known = this.indexes.get(key);
    const job = known && !known.failed ? known : buildDirectoryIndex(snapshot, path);
    keepNewest(this.indexes, key, job);
    if (job !== known)
      job.done.catch(() => {
        job.failed = true;
      });
    return job;
  }
}

/** A time that is none was written by nobody's program: it is passed over. */
function syncedFrom({ header }: Snapshot): ListAnswer['syncedFrom'] {
  return provenanceOf(header.context).flatMap(({ repository, at }) => {
    const ms = Date.parse(at);
    return Number.isNaN(ms) ? [] : [{ repositoryId: repository, at: new Date(ms).toISOString() }];
  });
}

type OrderJob = { readonly index: Promise<DirectoryIndex>; progress: number };

function buildOrder(snapshot: Snapshot, path: Uint8Array): OrderJob {
  const job: { index: Promise<DirectoryIndex>; progress: number } = {
    progress: 0,
    index: snapshot.directoryIndex(path, {
      onProgress: ({ doneBytes, totalBytes }) => {
        job.progress = totalBytes > 0 ? doneBytes / totalBytes : 0;
      },
    }),
  };
  return job;
}

function orderOf(sort: string): DirectoryOrder {
  const by = SORT_KEYS.find((key) => key === sort.replace('-', '')) ?? 'name';
  return { by, descending: sort.startsWith('-') };
}

/** Until an order is there, the page shows name order from the start. */
async function namePage(
  snapshot: Snapshot,
  path: Uint8Array,
  args: ListArgs,
  signal: AbortSignal,
): Promise<{ total: number; offset: number; entries: EntryRowDto[] }> {
  const page = await snapshot.page(path, { offset: 0, limit: args.limit, signal });
  return { total: page.total ?? page.entries.length, offset: 0, entries: page.entries.map(entryRow) };
}

function directoryKey(args: ListArgs, path: Uint8Array): string {
  return `${args.snapshot} ${args.reach} ${percentEncodePath(path)}`;
}

function keepNewest<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.keys().next();
  if (map.size > KEPT_INDEXES && !oldest.done) map.delete(oldest.value);
}

async function sleep(ms: number): Promise<null> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return null;
}

/** Everything the details panel shows about one path. Parts that cannot be read become its problem; the rest stays. */
export async function entryDetail(
  snapshot: Snapshot,
  repository: Repository,
  path: Uint8Array,
  signal: AbortSignal,
): Promise<Omit<EntryDetailDto, 'versions'>> {
  const entry = await snapshot.entry(path, { signal });
  const detail: Omit<EntryDetailDto, 'versions'> = { entry: entryRow(entry), object: null, xattrs: [], errors: [], problem: null };
  try {
    detail.object = await objectDetail(snapshot, repository, entry, signal);
    detail.xattrs = entry.extendedAttributes.length === 0 ? [] : await xattrsOf(snapshot, entry, signal);
    for await (const error of snapshot.errors({ below: path, signal })) if (detail.errors.push(`${error.path.text}: ${error.message}`) >= 20) break;
  } catch (error) {
    signal.throwIfAborted();
    detail.problem = problemOf(error);
  }
  return detail;
}

async function objectDetail(snapshot: Snapshot, repository: Repository, entry: Entry, signal: AbortSignal): Promise<EntryDetailDto['object']> {
  if (entry.object === null) return null;
  const object = await snapshot.object(entry.object, { signal });
  const chunks = object.chunks.slice(0, SHOWN_CHUNKS).map((chunk) => ({
    mac: chunk.mac,
    lengthBytes: chunk.lengthBytes,
    packfile: repository.view.locations(SNAPSHOT_BLOB.chunk, chunk.mac)[0]?.packfile ?? null,
  }));
  return { mac: object.mac, contentMac: object.contentMac, contentType: object.contentType, entropy: object.entropy, chunks, chunkCount: object.chunks.length };
}

async function xattrsOf(snapshot: Snapshot, entry: Entry, signal: AbortSignal): Promise<EntryDetailDto['xattrs']> {
  const found: EntryDetailDto['xattrs'] = [];
  for await (const xattr of snapshot.xattrs({ signal })) {
    if (!equalBytes(xattr.path.bytes, entry.path.bytes)) continue;
    let value: string | null = null;
    if (xattr.sizeBytes <= XATTR_VALUE_BYTES) value = nameText(await wholeContent(snapshot, xattr.object, signal));
    found.push({ name: byteNameOf(xattr.name.bytes), sizeBytes: xattr.sizeBytes, value });
    if (found.length >= entry.extendedAttributes.length) break;
  }
  return found;
}

async function rowAt(snapshot: Snapshot, path: Uint8Array, signal: AbortSignal): Promise<EntryRowDto> {
  try {
    return entryRow(await snapshot.entry(path, { signal }));
  } catch (error) {
    signal.throwIfAborted();
    return damagedRow({ name: baseName(path), path, error });
  }
}

function offsetAround(job: IndexJob, order: Uint32Array, args: ListArgs): number {
  const position = job.index.find(baseName(percentDecode(args.around ?? '')));
  const at = args.sort === 'name' && args.filter === null ? position : order.indexOf(position);
  return Math.max(0, Math.min(at < 0 ? 0 : at - Math.floor(args.limit / 2), order.length - args.limit));
}

/** The backup's own folder: its source directory when the tree has it, else the root. */
export async function backupRoot(snapshot: Snapshot, signal: AbortSignal): Promise<Uint8Array> {
  const directory = snapshot.header.source.directory.bytes;
  if (directory.length === 0) return percentDecode('/');
  const path = cleanPath(directory);
  try {
    await snapshot.entry(path, { signal });
    return path;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Error && 'code' in error && error.code === 'not-found') return percentDecode('/');
    throw error;
  }
}

export async function contentEntry(snapshot: Snapshot, path: Uint8Array, signal: AbortSignal): Promise<Entry> {
  const entry = await snapshot.entry(path, { signal });
  if (entry.type !== 'file')
    throw new ApiError('invalid-input', `${nameText(baseName(path))} is a ${entry.type}, not a file.`, 'Download its folder instead, as zip or tar.');
  return entry;
}

async function wholeContent(snapshot: Snapshot, object: Parameters<Snapshot['object']>[0], signal: AbortSignal): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of snapshot.content(await snapshot.object(object, { signal }), { signal })) pieces.push(new Uint8Array(piece));
  return Buffer.concat(pieces);
}
