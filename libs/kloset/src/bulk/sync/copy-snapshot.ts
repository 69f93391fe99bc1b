import { GO_MODE, type Mac, nameBytes, type RepositoryId, type SnapshotId } from '@wardrobe/kloset-model';
import { chunker } from '../../chunking/chunker.js';
import { macFromBytes, NIL_UUID } from '../../bytes/bytes.js';
import { encode } from '../../codec/codec.js';
import { KlosetError } from '../../errors/errors.js';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import type { VfsEntryRecord } from '../../format/snapshot-entry.js';
import { type SnapshotHeaderRecord, snapshotHeader } from '../../format/snapshot-header.js';
import type { Repository } from '../../repository/types.js';
import { openWriter, systemEnvironment } from '../../repository/writer.js';
import type { CommitResult, RepositoryWriter, StoreLine } from '../../repository/writer-types.js';
import { type MoreFields, ZERO_MAC } from '../../snapshot/write/entry-payload.js';
import { treeMembers } from '../../snapshot/write/new-header.js';
import { statOf } from '../../snapshot/write/stat-of.js';
import type { NewEntry, SnapshotWriter, StoredContent, WrittenTrees } from '../../snapshot/write/types.js';
import { createSnapshotWriter } from '../../snapshot/write/writer.js';
import { checkSignature } from '../check-signature.js';
import { ContentCopier } from './content-copier.js';
import type { ContentMap } from './content-map.js';
import { onlySource, openRaw, type RawSnapshot, rawEntries, rawErrors, rawXattrs } from './raw-snapshot.js';
import { type CopiedSnapshot, SYNCED_FROM, type SyncOptions } from './sync-types.js';

export type CopyJob = { readonly source: Repository; readonly target: Repository; readonly known: ContentMap; readonly options: SyncOptions };
/** `made`: objects of the target whose contents were read from the source. */
export type Copied = CopiedSnapshot & { readonly made: Iterable<Mac> };

const CHECKPOINT_MS = 3_600_000;

/**
 * Writes one snapshot of the source into the target under its own id, as a backup would that found the same files: shared lock, packfiles, then one state.
 * When `signal` ends it, what was stored is published without the snapshot, and the next run builds upon it.
 * @throws IntegrityError, DecodeError, NotFoundError the original cannot be read to its ends; LockedError, StoreError; nothing is visible then
 */
export async function copySnapshot(job: CopyJob, id: SnapshotId): Promise<Copied> {
  const { signal, wait, onWait } = job.options;
  const environment = { ...systemEnvironment(), ...job.options.environment };
  const raw = await openRaw(job.source, id, { signal });
  onlySource(raw.header);
  const signed = raw.header.identity.identifier !== NIL_UUID;
  if (signed) await checkSignature(job.source, id, signal);
  const writer = await openWriter(job.target, { lock: 'shared', id, resume: true, environment, wait, onWait, signal });
  try {
    const done = await copyWith(writer, { job, raw, nowMs: environment.nowMs });
    // A state of this name may be there: the snapshot was in the target before, and its header was lost.
    const isTaken = job.target.view.states.some((state) => state.id === id);
    const { bytesWritten } = await writer.commit({ ...(isTaken ? { state: macFromBytes(environment.randomBytes(32)) } : {}), signal });
    return { ...done, snapshot: id, writtenBytes: bytesWritten, signed };
  } catch (error) {
    if (signal?.aborted === true) await keepForNextRun(writer);
    throw error;
  } finally {
    await writer.close();
  }
}

type Copying = { readonly job: CopyJob; readonly raw: RawSnapshot; readonly nowMs: () => number };

async function copyWith(writer: RepositoryWriter, { job, raw, nowMs }: Copying) {
  const { known, options, source, target } = job;
  const { signal } = options;
  const snapshot = createSnapshotWriter({ sink: writer, line: writer.line, chunking: target.config.chunking });
  const progress = (phase: 'contents' | 'trees'): void =>
    options.onProgress?.({ snapshot: raw.header.identifier, phase, entries: snapshot.entries, bytes: copier.readBytes });
  const copier: ContentCopier = new ContentCopier({
    source,
    writer,
    chunker: chunker(target.config.chunking),
    known,
    signal,
    onBytes: () => progress('contents'),
  });
  const checkpoints = hourly(writer, nowMs);
  for await (const batch of rawEntries(raw, { signal })) {
    await copier.ensure(batch.flatMap(({ record }) => (record.object === ZERO_MAC ? [] : [record.object])));
    for (const { path, record } of batch) snapshot.add(newEntry(path, record, record.object === ZERO_MAC ? null : copier.content(record.object)));
    progress('contents');
    await writer.settle({ signal });
    await checkpoints.tick(signal);
  }
  for await (const batch of rawErrors(raw, { signal })) for (const { name, error } of batch) snapshot.addError(name, error);
  const xattrs = await copyXattrs(raw, { snapshot, copier }, signal);
  progress('trees');
  const trees = await snapshot.finishTrees({ pause: () => writer.settle({ signal }), signal });
  const header = copiedHeader(raw.header, { trees, line: writer.line, source: source.id, nowMs: nowMs() });
  writer.put(SNAPSHOT_BLOB.header, encode(snapshotHeader, header), raw.header.identifier);
  return { entries: snapshot.entries, errors: snapshot.errors, xattrs, contents: copier.count, readBytes: copier.readBytes, made: copier.made() };
}

async function copyXattrs(
  raw: RawSnapshot,
  to: { readonly snapshot: SnapshotWriter; readonly copier: ContentCopier },
  signal: AbortSignal | undefined,
): Promise<number> {
  let count = 0;
  for await (const batch of rawXattrs(raw, { signal })) {
    await to.copier.ensure(batch.map(({ object }) => object));
    for (const { path, name, type, object } of batch) to.snapshot.addXattr(path, name, to.copier.content(object), type);
    count += batch.length;
  }
  return count;
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

/** The same header over other trees. Who signed it cannot vouch for them: the identity goes, and where it comes from is added. */
function copiedHeader(
  header: SnapshotHeaderRecord,
  made: { readonly trees: WrittenTrees; readonly line: StoreLine; readonly source: RepositoryId; readonly nowMs: number },
): SnapshotHeaderRecord {
  const source = onlySource(header);
  const hasClasses = (header.dataset?.length ?? 0) > 0 || (header.data_classes?.length ?? 0) > 0;
  const is17 = made.line === '1.1' || hasClasses;
  const provenance = { key: nameBytes(SYNCED_FROM), value: nameBytes(`${made.source} ${new Date(made.nowMs).toISOString()}`) };
  return {
    ...header,
    identity: { identifier: NIL_UUID, public_key: null },
    dataset: is17 ? (header.dataset ?? new Uint8Array(0)) : null,
    data_classes: is17 ? (header.data_classes ?? []) : null,
    context: [...(header.context ?? []), provenance],
    sources: [{ ...source, ...treeMembers(made.trees) }],
  };
}

function hourly(writer: RepositoryWriter, nowMs: () => number): { tick(signal: AbortSignal | undefined): Promise<void> } {
  let nextMs = nowMs() + CHECKPOINT_MS;
  return {
    async tick(signal) {
      if (nowMs() < nextMs) return;
      await writer.checkpoint({ signal });
      nextMs = nowMs() + CHECKPOINT_MS;
    },
  };
}

/** The run was told to end: what is stored becomes something that the next run can build upon. That this fails too adds nothing to the abort. */
async function keepForNextRun(writer: RepositoryWriter): Promise<CommitResult | null> {
  try {
    return await writer.checkpoint();
  } catch (error) {
    if (error instanceof KlosetError) return null;
    throw error;
  }
}
