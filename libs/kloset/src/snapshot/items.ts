import { byteName, cleanPath, isAtOrBelow, type Mac, startsWithBytes } from '@wardrobe/kloset-model';
import { scanTree } from '../btree/scan.js';
import type { Tree } from '../btree/tree.js';
import { type Codec, decode } from '../codec/codec.js';
import { KlosetError } from '../errors/errors.js';
import { blobTypeName, SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import { errorItem, xattrItem } from '../format/snapshot-items.js';
import { begunAhead } from '../repository/parallel.js';
import type { SnapshotContext } from './context.js';
import { isRootPath } from './entry.js';
import type { Abortable } from './source.js';
import type { ByteName } from './types.js';

/** One extended attribute; `kind` 0 attribute, 1 alternate stream, 2 custom. */
export type Xattr = { readonly path: ByteName; readonly name: ByteName; readonly kind: number; readonly sizeBytes: number; readonly object: Mac };
export type BackupError = { readonly path: ByteName; readonly message: string };

/** An item of the error or xattr tree, or what keeps it from being read. `key` null: a node of the tree, holding unknown many. */
export type ItemFailure = { readonly error: KlosetError; readonly key: Uint8Array | null; readonly id: Mac };

const ITEMS_PER_READ = 128;

/** For a scan of all: `scan` gives the tree whose nodes, blobs of `type`, are read; `ahead`: so many reads of items are under way while one is used, none by default. */
export type ItemScan = Abortable & { readonly scan?: ((tree: Tree, type: number) => Tree) | undefined; readonly ahead?: number | undefined };

/**
 * All attributes by full scan: the tree's order is not the one that readers expect. What can be read comes first, then the first failure is thrown.
 * @source 02-snapshot 9.2
 */
export async function* listXattrs(context: SnapshotContext, options: Abortable = {}): AsyncGenerator<Xattr> {
  for await (const item of throwLast(scanXattrs(context, options))) yield item;
}

/** Attributes and failures as they come. */
export async function* scanXattrs(context: SnapshotContext, options: ItemScan = {}): AsyncGenerator<Xattr | ItemFailure> {
  const tree = scanned(await context.xattrs(), SNAPSHOT_BLOB.xattrNode, options);
  const records = readItems(context, { tree, type: SNAPSHOT_BLOB.xattrEntry, codec: xattrItem }, options);
  for await (const got of records) {
    if ('error' in got) yield got;
    else
      yield {
        path: byteName(got.record.path),
        name: byteName(got.record.name),
        kind: got.record.type,
        sizeBytes: Math.max(0, Number(got.record.size)),
        object: got.record.object,
      };
  }
}

/** Errors of the backup at or below a path, in byte order; what can be read comes first, then the first failure is thrown. The summary's count is not asked (9.6). */
export async function* listErrors(context: SnapshotContext, options: Abortable & { readonly below?: Uint8Array } = {}): AsyncGenerator<BackupError> {
  for await (const item of throwLast(scanErrors(context, options))) yield item;
}

export async function* scanErrors(
  context: SnapshotContext,
  options: ItemScan & { readonly below?: Uint8Array } = {},
): AsyncGenerator<BackupError | ItemFailure> {
  const below = options.below === undefined ? null : cleanPath(options.below);
  const range = below === null || isRootPath(below) ? null : below;
  const tree = scanned(await context.errors(), SNAPSHOT_BLOB.errorNode, options);
  const records = readItems(context, { tree, type: SNAPSHOT_BLOB.errorEntry, codec: errorItem, range }, options);
  for await (const got of records) {
    if ('error' in got) yield got;
    else yield { path: byteName(got.record.name), message: byteName(got.record.error).text };
  }
}

type Named = { readonly key: Uint8Array; readonly value: Mac };
type ItemTree<T> = {
  readonly tree: Tree;
  readonly type: number;
  readonly codec: Codec<T> /** Only keys at or below this path. */;
  readonly range?: Uint8Array | null;
};

function scanned(tree: Tree, type: number, { scan }: ItemScan): Tree {
  return scan === undefined ? tree : scan(tree, type);
}

type ReadItem<T> = { readonly record: T } | ItemFailure;

async function* readItems<T>(context: SnapshotContext, items: ItemTree<T>, options: ItemScan): AsyncGenerator<ReadItem<T>> {
  const read = (part: Part): Promise<readonly ReadItem<T>[]> =>
    'error' in part ? Promise.resolve([part]) : readBatch(context, { ...items, ...part }, options);
  for await (const part of begunAhead(namedItems(items, options), options.ahead ?? 0, read)) yield* part;
}

type Part = { readonly batch: readonly Named[] } | ItemFailure;

async function* namedItems<T>({ tree, range = null }: ItemTree<T>, options: Abortable): AsyncGenerator<Part> {
  let batch: Named[] = [];
  for await (const item of scanTree(tree, { from: range ?? undefined, signal: options.signal })) {
    if ('error' in item) yield { error: item.error, key: null, id: item.node };
    else if (range === null || isAtOrBelow(item.key, range)) batch.push(item);
    else if (!startsWithBytes(item.key, range)) break;
    if (batch.length < ITEMS_PER_READ) continue;
    yield { batch };
    batch = [];
  }
  if (batch.length > 0) yield { batch };
}

async function readBatch<T>(
  context: SnapshotContext,
  items: ItemTree<T> & { readonly batch: readonly Named[] },
  options: Abortable,
): Promise<readonly ReadItem<T>[]> {
  const read: ReadItem<T>[] = [];
  for await (const got of context.source.getMany(
    items.type,
    items.batch.map((item) => item.value),
    options,
  )) {
    const item = items.batch[read.length];
    if (item === undefined) break;
    if ('error' in got) read.push({ error: got.error, key: item.key, id: item.value });
    else read.push(decodeItem(items, { ...item, bytes: got.bytes }));
  }
  return read;
}

function decodeItem<T>(items: ItemTree<T>, item: Named & { readonly bytes: Uint8Array }): { readonly record: T } | ItemFailure {
  try {
    return { record: decode(items.codec, item.bytes, { kind: blobTypeName(items.type), file: item.value }) };
  } catch (error) {
    if (!(error instanceof KlosetError)) throw error;
    return { error, key: item.key, id: item.value };
  }
}

async function* throwLast<T extends object>(items: AsyncIterable<T | ItemFailure>): AsyncGenerator<T> {
  let failure: KlosetError | null = null;
  for await (const item of items) {
    if ('error' in item) failure ??= (item as ItemFailure).error;
    else yield item as T;
  }
  if (failure !== null) throw failure;
}
