import { GO_MODE, type Mac } from '@wardrobe/kloset-model';
import { KlosetError } from '../../errors/errors.js';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import type { VfsEntryRecord } from '../../format/snapshot-entry.js';
import type { RepositoryWriter } from '../../repository/writer-types.js';
import type { Abortable, SnapshotSource } from '../../snapshot/source.js';
import { type MoreFields, ZERO_MAC } from '../../snapshot/write/entry-payload.js';
import { statOf } from '../../snapshot/write/stat-of.js';
import type { NewEntry, SnapshotWriter, StoredContent } from '../../snapshot/write/types.js';
import type { ContentCopier } from './content-copier.js';
import { type EqualCopies, equalFiles, equalXattrs } from './equal-copies.js';
import { type PairedItem, pairedItems } from './paired-items.js';
import { entriesAt, type RawSnapshot, type RawXattr, xattrsAt } from './raw-snapshot.js';
import { type Existing, wholeContents } from './whole-contents.js';

export type EntryCopy = Abortable & {
  readonly raw: RawSnapshot;
  /** An earlier snapshot and its proven copy. */
  readonly equal: EqualCopies | null;
  /** Both stores have one key: what the target has under the same MAC is the same. */
  readonly oneKey: boolean;
  /** Blobs of the target as they are published. */
  readonly target: SnapshotSource;
  readonly writer: RepositoryWriter;
  readonly snapshot: SnapshotWriter;
  readonly copier: ContentCopier;
  /** Called between batches: there what is full is uploaded. */
  readonly pause: () => Promise<void>;
};

const BATCH = 1024;

/** Enters all entries of a snapshot into its copy. Returns how many were taken over from the target without reading them in the source. */
export async function copyEntries(copy: EntryCopy): Promise<number> {
  let count = 0;
  for await (const batch of pairedItems(await copy.raw.context.files(), await equalFiles(copy.equal), { batch: BATCH, signal: copy.signal })) {
    const kept = await keptEntries(copy, batch);
    for (const entry of kept.values()) copy.snapshot.add(entry);
    count += kept.size;
    const names = batch.flatMap((item) => (kept.has(item) ? [] : [{ path: item.key, mac: item.mac }]));
    const read = await entriesAt(copy.raw, names, copy);
    await copy.copier.ensure(read.flatMap(({ record }) => (record.object === ZERO_MAC ? [] : [record.object])));
    for (const { path, record } of read) copy.snapshot.add(newEntry(path, record, record.object === ZERO_MAC ? null : copy.copier.content(record.object)));
    await copy.pause();
  }
  return count;
}

/** Attributes; returns how many. */
export async function copyXattrs(copy: EntryCopy): Promise<number> {
  let count = 0;
  for await (const batch of pairedItems(await copy.raw.context.xattrs(), await equalXattrs(copy.equal), { batch: BATCH, signal: copy.signal })) {
    const kept = await keptXattrs(copy, batch);
    for (const { path, name, type, content } of kept.values()) copy.snapshot.addXattr(path, name, content, type);
    const ids = batch.flatMap((item) => (kept.has(item) ? [] : [item.mac]));
    const read = await xattrsAt(copy.raw.context.source, ids, copy);
    await copy.copier.ensure(read.map(({ object }) => object));
    for (const { path, name, type, object } of read) copy.snapshot.addXattr(path, name, copy.copier.content(object), type);
    count += batch.length;
    await copy.pause();
  }
  return count;
}

type Kept<T> = ReadonlyMap<PairedItem, T>;

/** Entries whose equals in the target can be read there and whose contents can be built upon; the others are read from the source. */
async function keptEntries(copy: EntryCopy, batch: readonly PairedItem[]): Promise<Kept<NewEntry>> {
  const found = new Map<PairedItem, NewEntry>();
  const items = equalsOf(copy, batch, SNAPSHOT_BLOB.vfsEntry);
  if (items.size === 0) return found;
  const there: RawSnapshot = { ...copy.raw, context: { ...copy.raw.context, source: copy.target, dirpacks: async () => null } };
  const names = [...items].map(([item, mac]) => ({ path: item.key, mac }));
  const entries = await orNothing(() => entriesAt(there, names, copy), copy);
  const contents = await wholeContents(
    existing(copy),
    entries.flatMap(({ record }) => (record.object === ZERO_MAC ? [] : [record.object])),
    copy,
  );
  for (const [index, item] of [...items.keys()].entries()) {
    const entry = entries[index];
    if (entry === undefined) continue;
    const content = entry.record.object === ZERO_MAC ? null : (contents.get(entry.record.object) ?? 'gone');
    if (content !== 'gone') found.set(item, newEntry(entry.path, entry.record, content));
  }
  return found;
}

async function keptXattrs(copy: EntryCopy, batch: readonly PairedItem[]): Promise<Kept<RawXattr & { readonly content: StoredContent }>> {
  const found = new Map<PairedItem, RawXattr & { readonly content: StoredContent }>();
  const items = equalsOf(copy, batch, SNAPSHOT_BLOB.xattrEntry);
  if (items.size === 0) return found;
  const xattrs = await orNothing(() => xattrsAt(copy.target, [...items.values()], copy), copy);
  const contents = await wholeContents(
    existing(copy),
    xattrs.map(({ object }) => object),
    copy,
  );
  for (const [index, item] of [...items.keys()].entries()) {
    const xattr = xattrs[index];
    const content = xattr === undefined ? undefined : contents.get(xattr.object);
    if (xattr !== undefined && content !== undefined) found.set(item, { ...xattr, content });
  }
  return found;
}

/** What the target has for items, as far as it can be built upon. */
function equalsOf({ oneKey, writer }: EntryCopy, batch: readonly PairedItem[], type: number): ReadonlyMap<PairedItem, Mac> {
  const found = new Map<PairedItem, Mac>();
  for (const item of batch) {
    const mac = item.kept ?? (oneKey ? item.mac : null);
    if (mac !== null && writer.has(type, mac)) found.set(item, mac);
  }
  return found;
}

function existing({ target, writer }: EntryCopy): Existing {
  return { blobs: target, has: (type, id) => writer.has(type, id) };
}

/** An earlier copy that is damaged helps nobody: then the original is read. */
async function orNothing<T>(read: () => Promise<readonly T[]>, { signal }: Abortable): Promise<readonly T[]> {
  try {
    return await read();
  } catch (error) {
    if (signal?.aborted === true || !(error instanceof KlosetError)) throw error;
    return [];
  }
}

function newEntry(path: Uint8Array, record: VfsEntryRecord, content: StoredContent | null): NewEntry {
  const info = record.file_info;
  return {
    path,
    stat: statOf(record.file_info),
    symlinkTarget: record.symlink_target.length === 0 ? null : record.symlink_target,
    content: (info.mode & GO_MODE.directory) !== 0 ? null : content,
    xattrNames: record.extended_attributes,
    more: moreOf(record),
  };
}

/** What backups of file systems never write; null when there is none of it, which is always so far. */
export function moreOf(record: VfsEntryRecord): MoreFields | null {
  const { alternate_data_streams, security_descriptor, file_attributes, classifications, custom_metadata, tags } = record;
  const { flags } = record.file_info;
  const lists = [alternate_data_streams, security_descriptor, classifications, custom_metadata, tags];
  if (file_attributes === 0 && flags === 0 && lists.every((list) => list.length === 0)) return null;
  return { alternate_data_streams, security_descriptor, file_attributes, classifications, custom_metadata, tags, flags };
}
