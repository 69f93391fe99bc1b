import { equalBytes, type Mac, nameText, parentPath, type SnapshotId } from '@wardrobe/kloset-model';
import { scanItems } from '../../btree/scan.js';
import type { Tree } from '../../btree/tree.js';
import { macToBytes } from '../../bytes/bytes.js';
import { type Codec, decode } from '../../codec/codec.js';
import { DecodeError, type KlosetError, NotFoundError } from '../../errors/errors.js';
import { blobTypeName, SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import type { VfsEntryRecord } from '../../format/snapshot-entry.js';
import { type SnapshotHeaderRecord, snapshotHeader } from '../../format/snapshot-header.js';
import { errorItem, xattrItem } from '../../format/snapshot-items.js';
import { createContext, findDirpack, type SnapshotContext } from '../../snapshot/context.js';
import { dirpackFrames } from '../../snapshot/dirpack.js';
import { expectPath, readEntryRecord, toEntry } from '../../snapshot/entry.js';
import { readHeader } from '../../snapshot/header.js';
import type { Abortable, SnapshotSource } from '../../snapshot/source.js';

/** A snapshot as its records say, nothing turned into text. */
export type RawSnapshot = { readonly context: SnapshotContext; readonly header: SnapshotHeaderRecord };

export type RawEntry = { readonly path: Uint8Array; readonly mac: Mac; readonly record: VfsEntryRecord };
export type RawError = { readonly name: Uint8Array; readonly error: Uint8Array };
export type RawXattr = { readonly path: Uint8Array; readonly name: Uint8Array; readonly size: bigint; readonly type: number; readonly object: Mac };

const BATCH = 256;

/** @throws NotFoundError, IntegrityError, DecodeError its header */
export async function openRaw(source: SnapshotSource, id: SnapshotId, options: Abortable = {}): Promise<RawSnapshot> {
  return rawOf(source, await source.get(SNAPSHOT_BLOB.header, id, options), id);
}

/** A snapshot by the bytes of its header, wherever they are. */
export function rawOf(source: SnapshotSource, header: Uint8Array, id: SnapshotId): RawSnapshot {
  return { context: createContext(source, readHeader(header, id)), header: decode(snapshotHeader, header, { kind: 'snapshot', file: id }) };
}

/**
 * All entries in the order of the tree, some hundred at a time. An entry whose blob is absent is taken from its directory's listing.
 * @throws what keeps one from being read: a copy must be whole. @source 02-snapshot 2.5, 9.1
 */
export async function* rawEntries(raw: RawSnapshot, options: Abortable = {}): AsyncGenerator<readonly RawEntry[]> {
  for await (const batch of batches(await raw.context.files(), options)) {
    yield await entriesAt(
      raw,
      batch.map(({ key, value }) => ({ path: key, mac: value })),
      options,
    );
  }
}

/** The entries of some paths, in the order asked. @throws as `rawEntries` */
export async function entriesAt({ context }: RawSnapshot, names: readonly Omit<RawEntry, 'record'>[], options: Abortable): Promise<readonly RawEntry[]> {
  const entries: RawEntry[] = [];
  const ids = names.map(({ mac }) => mac);
  for await (const got of context.source.getMany(SNAPSHOT_BLOB.vfsEntry, ids, options)) {
    const named = names[entries.length];
    if (named === undefined) break;
    const record = 'bytes' in got ? readEntryRecord(got.bytes, named.mac) : await recoverRecord(context, { ...named, error: got.error }, options);
    expectPath(toEntry(record, named.mac), named.path);
    entries.push({ ...named, record });
  }
  expectAll(entries.length, names.length, 'entries');
  return entries;
}

/** The attributes of some items of the tree, in the order asked. @throws what keeps one from being read */
export async function xattrsAt(source: SnapshotSource, ids: readonly Mac[], options: Abortable): Promise<readonly RawXattr[]> {
  const xattrs: RawXattr[] = [];
  for await (const got of source.getMany(SNAPSHOT_BLOB.xattrEntry, ids, options)) {
    if ('error' in got) throw got.error;
    xattrs.push(decode(xattrItem, got.bytes, { kind: blobTypeName(SNAPSHOT_BLOB.xattrEntry), file: got.id }));
  }
  expectAll(xattrs.length, ids.length, 'items');
  return xattrs;
}

async function recoverRecord(
  context: SnapshotContext,
  lost: { readonly path: Uint8Array; readonly mac: Mac; readonly error: KlosetError },
  options: Abortable,
): Promise<VfsEntryRecord> {
  const wanted = macToBytes(lost.mac);
  const pack = await findDirpack(context, parentPath(lost.path), options);
  if (pack === null) throw lost.error;
  for await (const frames of dirpackFrames(context, pack, options)) {
    const frame = frames.find((one) => equalBytes(one.mac, wanted));
    if (frame !== undefined && context.source.mac(frame.payload) === lost.mac) return readEntryRecord(frame.payload, lost.mac);
  }
  throw lost.error;
}

export function rawErrors({ context }: RawSnapshot, options: Abortable = {}): AsyncGenerator<readonly RawError[]> {
  return rawItems(context, { tree: context.errors, type: SNAPSHOT_BLOB.errorEntry, codec: errorItem }, options);
}

async function* rawItems<T>(
  { source }: SnapshotContext,
  items: { readonly tree: () => Promise<Tree>; readonly type: number; readonly codec: Codec<T> },
  options: Abortable,
): AsyncGenerator<readonly T[]> {
  for await (const batch of batches(await items.tree(), options)) {
    const records: T[] = [];
    const ids = batch.map((item) => item.value);
    for await (const got of source.getMany(items.type, ids, options)) {
      if ('error' in got) throw got.error;
      records.push(decode(items.codec, got.bytes, { kind: blobTypeName(items.type), file: got.id }));
    }
    expectAll(records.length, batch.length, 'items');
    yield records;
  }
}

async function* batches(tree: Tree, options: Abortable): AsyncGenerator<readonly { readonly key: Uint8Array; readonly value: Mac }[]> {
  let batch: { readonly key: Uint8Array; readonly value: Mac }[] = [];
  for await (const item of scanItems(tree, options)) {
    batch.push(item);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function expectAll(found: number, wanted: number, what: string): void {
  if (found < wanted) throw new DecodeError('snapshot', `${found} of ${wanted} ${what} came`);
}

/** The one source that a snapshot of plakar has. @throws DecodeError there are none or several: what is beside the first, readers pass over */
export function onlySource(header: SnapshotHeaderRecord): NonNullable<SnapshotHeaderRecord['sources']>[number] {
  const [source, ...more] = header.sources ?? [];
  if (source === undefined) throw new NotFoundError('path', nameText(Uint8Array.of(0x2f)));
  if (more.length > 0) throw new DecodeError(`snapshot ${header.identifier}`, `${more.length + 1} sources cannot be copied`);
  return source;
}
