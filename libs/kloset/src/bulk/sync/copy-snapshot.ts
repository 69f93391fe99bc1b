import { type Mac, nameBytes, type RepositoryId, type SnapshotId } from '@wardrobe/kloset-model';
import { chunker } from '../../chunking/chunker.js';
import { equalBytes, macFromBytes, NIL_UUID } from '../../bytes/bytes.js';
import { encode } from '../../codec/codec.js';
import { IntegrityError, KlosetError, NotFoundError } from '../../errors/errors.js';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import { type SnapshotHeaderRecord, snapshotHeader } from '../../format/snapshot-header.js';
import type { Repository } from '../../repository/types.js';
import { systemEnvironment } from '../../repository/system-environment.js';
import { openWriter } from '../../repository/writer.js';
import type { CommitResult, RepositoryWriter, StoreLine } from '../../repository/writer-types.js';
import type { SnapshotSource } from '../../snapshot/source.js';
import { treeMembers } from '../../snapshot/write/new-header.js';
import type { SnapshotWriter, WrittenTrees } from '../../snapshot/write/types.js';
import { createSnapshotWriter } from '../../snapshot/write/writer.js';
import { checkSignature } from '../check-signature.js';
import { threadedSource } from '../pipeline/threaded-source.js';
import { compareCopies } from './compare-copies.js';
import { ContentCopier } from './content-copier.js';
import type { ContentMap } from './content-map.js';
import { copyEntries, copyXattrs } from './copy-entries.js';
import { type EqualCopies, haveOneKey } from './equal-copies.js';
import { provenanceText, SYNCED_FROM } from './provenance.js';
import { onlySource, openRaw, rawErrors, rawOf, type RawSnapshot } from './raw-snapshot.js';
import type { CopiedSnapshot, SyncOptions } from './sync-types.js';

export type CopyJob = {
  readonly source: Repository;
  readonly target: Repository;
  /** The source, read on threads. */
  readonly reading: SnapshotSource;
  readonly known: ContentMap;
  /** An earlier snapshot and its proven copy, most like the one to be copied. */
  readonly equal: EqualCopies | null;
  /** Teaches `known` more, at a price; asked once, when much would have to be read. */
  readonly learn: (() => Promise<void>) | null;
  readonly options: SyncOptions;
};

const CHECKPOINT_MS = 3_600_000;

/**
 * Writes one snapshot of the source into the target under its own id, as a backup would that found the same files: shared lock, packfiles, the proof that what
 * they hold is equal to the original, then the header, then one state. When `signal` ends it, what was stored is published without the snapshot, and the next run
 * builds upon it. `published` is called when the snapshot is visible.
 * @throws IntegrityError, DecodeError, NotFoundError the original cannot be read to its ends, or the copy differs; LockedError, StoreError
 */
export async function copySnapshot(job: CopyJob, id: SnapshotId, published: () => void): Promise<CopiedSnapshot> {
  const { signal, wait, onWait } = job.options;
  const environment = { ...systemEnvironment(), ...job.options.environment };
  const raw = await openRaw(job.reading, id, { signal });
  onlySource(raw.header);
  const signed = raw.header.identity.identifier !== NIL_UUID;
  if (signed) await checkSignature(job.source, id, signal);
  const writer = await openWriter(job.target, { lock: 'shared', id, resume: true, environment, wait, onWait, signal });
  try {
    const { header, made, ...done } = await copyWith(writer, { job, raw, nowMs: environment.nowMs });
    await prove(writer, { job, raw, header, made });
    // Only now, so that what a failed proof leaves behind holds no header: nobody can take it for a snapshot whose state was lost.
    writer.put(SNAPSHOT_BLOB.header, header, id);
    expectWritten(id, await (await writer.preview({ signal })).get(SNAPSHOT_BLOB.header, id, { signal }), header);
    // A state of this name may be there: the snapshot was in the target before, and its header was lost.
    const isTaken = job.target.view.states.some((state) => state.id === id);
    const { bytesWritten } = await writer.commit({ ...(isTaken ? { state: macFromBytes(environment.randomBytes(32)) } : {}), signal });
    published();
    await confirm(job.target, id, header);
    return { ...done, snapshot: id, writtenBytes: bytesWritten, signed };
  } catch (error) {
    if (signal?.aborted === true) await keepForNextRun(writer);
    throw error;
  } finally {
    await writer.close();
  }
}

/** Everything but the header is in the store, and nobody sees it: it is compared with the original as it would be read once it was published. */
async function prove(
  writer: RepositoryWriter,
  { job, raw, header, made }: { readonly job: CopyJob; readonly raw: RawSnapshot; readonly header: Uint8Array; readonly made: Iterable<Mac> },
): Promise<void> {
  const { signal, compareAll, onProgress } = job.options;
  const { identifier } = raw.header;
  const preview = await writer.preview({ signal });
  const threads = await threadedSource(preview);
  try {
    const target = withHeader(threads, header, identifier);
    await compareCopies(
      { ours: raw, theirs: rawOf(target, header, identifier) },
      {
        known: job.known,
        equal: job.equal,
        oneKey: haveOneKey(job.source, job.target),
        readBack: made,
        compareAll,
        signal,
        onEntries: (entries) => onProgress?.({ snapshot: identifier, phase: 'compare', entries, bytes: 0 }),
      },
    );
  } finally {
    await threads.close();
  }
}

/** A source with one header more than it has. */
function withHeader(source: SnapshotSource, header: Uint8Array, id: SnapshotId): SnapshotSource {
  const isIt = (type: number, asked: Mac): boolean => type === SNAPSHOT_BLOB.header && asked === id;
  return {
    ...source,
    get: (type, asked, options) => (isIt(type, asked) ? Promise.resolve(header) : source.get(type, asked, options)),
    has: (type, asked) => isIt(type, asked) || source.has(type, asked),
  };
}

/** What everybody sees now begins with the header that was proven; it names all the rest by MACs. */
async function confirm(target: Repository, id: SnapshotId, header: Uint8Array): Promise<void> {
  if (!target.view.live.some((snapshot) => snapshot.id === id)) throw new NotFoundError('snapshot', id);
  expectWritten(id, await target.get(SNAPSHOT_BLOB.header, id), header);
}

function expectWritten(id: SnapshotId, found: Uint8Array, header: Uint8Array): void {
  if (!equalBytes(found, header)) throw new IntegrityError(`the copy of snapshot ${id}`, 'its header is not as it was written', { kind: 'snapshot', file: id });
}

type Copying = { readonly job: CopyJob; readonly raw: RawSnapshot; readonly nowMs: () => number };

async function copyWith(writer: RepositoryWriter, copying: Copying) {
  const { target } = copying.job;
  const snapshot = createSnapshotWriter({ sink: writer, line: writer.line, chunking: target.config.chunking });
  try {
    return await copyInto(snapshot, writer, copying);
  } finally {
    snapshot.close();
  }
}

async function copyInto(snapshot: SnapshotWriter, writer: RepositoryWriter, { job, raw, nowMs }: Copying) {
  const { known, options, source, target, reading, learn } = job;
  const { signal } = options;
  const oneKey = haveOneKey(source, target);
  const progress = (phase: 'contents' | 'trees'): void =>
    options.onProgress?.({ snapshot: raw.header.identifier, phase, entries: snapshot.entries, bytes: copier.readBytes });
  const checkpoints = hourly(writer, nowMs);
  const pause = async (): Promise<void> => {
    progress('contents');
    await writer.settle({ signal });
    await checkpoints.tick(signal);
  };
  const copier: ContentCopier = new ContentCopier({
    source: reading,
    target,
    oneKey,
    writer,
    chunker: chunker(target.config.chunking),
    known,
    learn,
    signal,
    pause,
    onBytes: () => progress('contents'),
  });
  const copy = { raw, equal: job.equal, oneKey, target, writer, snapshot, copier, pause, signal };
  const kept = await copyEntries(copy);
  for await (const batch of rawErrors(raw, { signal })) for (const { name, error } of batch) snapshot.addError(name, error);
  const xattrs = await copyXattrs(copy);
  progress('trees');
  const trees = await snapshot.finishTrees({ pause: () => writer.settle({ signal }), signal });
  const header = encode(snapshotHeader, copiedHeader(raw.header, { trees, line: writer.line, source: source.id, target: target.id, nowMs: nowMs() }));
  const counts = { entries: snapshot.entries, kept, errors: snapshot.errors, xattrs, contents: copier.count, readBytes: copier.readBytes };
  return { ...counts, header, made: copier.made() };
}

/** The same header over other trees. Who signed it cannot vouch for them: the identity goes, and where it comes from is added. */
function copiedHeader(
  header: SnapshotHeaderRecord,
  made: { readonly trees: WrittenTrees; readonly line: StoreLine; readonly source: RepositoryId; readonly target: RepositoryId; readonly nowMs: number },
): SnapshotHeaderRecord {
  const source = onlySource(header);
  const hasClasses = (header.dataset?.length ?? 0) > 0 || (header.data_classes?.length ?? 0) > 0;
  const is17 = made.line === '1.1' || hasClasses;
  const from = provenanceText({
    repository: made.source,
    snapshot: header.identifier as SnapshotId,
    into: made.target,
    at: new Date(made.nowMs).toISOString(),
  });
  const provenance = { key: nameBytes(SYNCED_FROM), value: nameBytes(from) };
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
