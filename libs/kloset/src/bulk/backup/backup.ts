import type { PackfileId, SnapshotId } from '@wardrobe/kloset-model';
import { macFromBytes } from '../../bytes/bytes.js';
import { chunker } from '../../chunking/chunker.js';
import { InvalidInputError, KlosetError } from '../../errors/errors.js';
import type { Repository, StateView } from '../../repository/types.js';
import { systemEnvironment } from '../../repository/system-environment.js';
import { openWriter } from '../../repository/writer.js';
import type { RepositoryWriter, StoreLine, WriterEnvironment } from '../../repository/writer-types.js';
import { createSnapshotWriter } from '../../snapshot/write/writer.js';
import type { NewHeader, SnapshotWriter } from '../../snapshot/write/types.js';
import { storeLine } from '../../repository/store-line.js';
import { BackupRun } from './backup-run.js';
import type { BackupOptions, BackupPlan, BackupRequest, BackupSummary } from './backup-types.js';
import { bytesOfText } from './byte-text.js';
import { choosePipeline } from './choose-pipeline.js';
import { countEntry, newCounts } from './collector.js';
import { fairTurns } from './fair-turns.js';
import { LatePipeline } from './late-pipeline.js';
import { type Scan, startScan } from './scan.js';
import { writeProof } from './whole-proof.js';

/** Packfiles that may be on their way to the store while trees are written. */
const UPLOADS_AHEAD = 4;

/**
 * Backs up paths of this machine as one new snapshot, under a shared lock that has the snapshot's id. Nothing of it is visible to anybody before the end.
 * Files that cannot be read are errors of the snapshot, and the rest is saved. When `signal` ends it, what was stored is published as a checkpoint: the next
 * run builds upon it.
 * @throws InvalidInputError a path that does not exist or lies in the store, a timestamp in the future; LockedError, StoreError, DiskFullError: nothing is
 *   visible then; abort as it came
 * @source 02-snapshot 6, 01-store 11
 */
export async function backup(repository: Repository, request: BackupRequest, options: BackupOptions = {}): Promise<BackupSummary> {
  const environment = { ...systemEnvironment(), ...options.environment };
  const startedMs = environment.nowMs();
  expectPast(request, startedMs);
  const id = macFromBytes(environment.randomBytes(32)) as SnapshotId;
  const { signal, wait, onWait } = options;
  const writer = await openWriter(repository, { lock: 'shared', id, resume: true, environment, wait, onWait, signal });
  try {
    return await backupWith(writer, { request, options, environment, startedMs, id });
  } finally {
    await writer.close();
  }
}

/** What `backup` would read, without a lock and without storing anything. @throws as `backup` for its paths */
export async function planBackup(repository: Repository, request: BackupRequest, options: BackupOptions = {}): Promise<BackupPlan> {
  const isAvailable = (type: number, blob: Parameters<Repository['has']>[1]): boolean =>
    repository.view.locations(type, blob).some(({ coloured }) => !coloured);
  const scan = await startScan(repository, request, { ...options, isAvailable, line: storeLine(repository.view) });
  const counts = newCounts();
  const turn = fairTurns();
  for await (const { group, contents } of scan.groups()) {
    options.signal?.throwIfAborted();
    counts.errors += group.errors.length;
    for (const { path, message } of group.errors) options.onError?.(bytesOfText(path), message);
    group.entries.forEach((entry, index) => {
      if (group.isPrefix) return;
      const sizeBytes = Number(entry.stat.size);
      countEntry(counts, entry, sizeBytes);
      if (contents[index] !== null) counts.unchanged += 1;
      else if (entry.isFile) counts.readBytes += sizeBytes;
    });
    options.onProgress?.({ ...counts });
    await turn();
  }
  return { ...counts, previous: scan.previous };
}

function expectPast({ timestampNs }: BackupRequest, nowMs: number): void {
  if (timestampNs !== undefined && timestampNs > BigInt(nowMs) * 1_000_000n) throw new InvalidInputError('the timestamp of a backup cannot lie in the future');
}

type Start = {
  readonly request: BackupRequest;
  readonly options: BackupOptions;
  readonly environment: WriterEnvironment;
  readonly startedMs: number;
  readonly id: SnapshotId;
};

async function backupWith(writer: RepositoryWriter, start: Start): Promise<BackupSummary> {
  const { request, options, environment } = start;
  const { signal } = options;
  const { repository, line } = writer;
  const before = new Set(repository.view.states.map((state) => state.id));
  const onProven = (): void => writer.relyOn(availablePackfiles(repository.view));
  const scan = await startScan(repository, request, { ...options, isAvailable: (type, blob) => writer.has(type, blob), line, onProven });
  const snapshot = createSnapshotWriter({ sink: writer, line, chunking: repository.config.chunking });
  const choose = options.pipeline ?? choosePipeline;
  const pipeline = new LatePipeline((job) => choose(writer, job, options.threads));
  const run = new BackupRun({ writer, snapshot, pipeline, scan, options, nowMs: environment.nowMs, chunker: chunker(repository.config.chunking) });
  try {
    try {
      await run.collect();
      await pipeline.finish();
    } catch (error) {
      if (signal?.aborted === true) await handOver(pipeline, signal);
      await pipeline.close();
      throw error;
    }
    const packers = await pipeline.intoPackers();
    if (packers === null) await pipeline.close();
    else writer.packWith(packers);
    await finishSnapshot(snapshot, writer, { start, scan, line });
    const { packfiles, bytesWritten } = await writer.commit({ isLast: true, signal });
    if (options.proofDirectory !== undefined) await writeProof(options.proofDirectory, repository, { snapshot: start.id, before, onNote: options.onNote });
    return {
      ...run.counts,
      snapshot: start.id,
      previous: scan.previous,
      packfiles,
      writtenBytes: bytesWritten,
      durationMs: environment.nowMs() - start.startedMs,
    };
  } catch (error) {
    if (signal?.aborted === true) await keepForNextRun(writer, options);
    throw error;
  } finally {
    await pipeline.close();
    snapshot.close();
  }
}

function* availablePackfiles(view: StateView): Generator<PackfileId> {
  for (const { id, coloured } of view.packfiles()) if (!coloured) yield id;
}

async function finishSnapshot(
  snapshot: SnapshotWriter,
  writer: RepositoryWriter,
  { start, scan, line }: { readonly start: Start; readonly scan: Scan; readonly line: StoreLine },
): Promise<void> {
  const { signal } = start.options;
  const turn = fairTurns();
  const pause = async (): Promise<void> => {
    await turn();
    signal?.throwIfAborted();
    await writer.settle({ signal, ahead: UPLOADS_AHEAD });
  };
  await snapshot.finish(headerOf(start, scan, line), { pause, signal });
}

/** Defaults as each line writes them. @source 02-snapshot 1.2 */
function headerOf({ request, id, startedMs, environment }: Start, scan: Scan, line: StoreLine): NewHeader {
  const label = request.labels ?? {};
  const absent = line === '1.0' ? 'default' : '';
  return {
    id,
    timestampNs: request.timestampNs ?? BigInt(startedMs) * 1_000_000n,
    /** Until the header is made, which comes last. @source 02-snapshot 6.6 */
    get durationNs() {
      return BigInt(Math.max(0, environment.nowMs() - startedMs)) * 1_000_000n;
    },
    name: label.name ?? 'default',
    category: label.category ?? absent,
    environment: label.environment ?? absent,
    perimeter: label.perimeter ?? absent,
    job: label.job ?? absent,
    tags: request.tags ?? [],
    context: request.context ?? [],
    source: { type: 'fs', origin: request.origin, directory: scan.directory },
  };
}

/** After the run was told to end: packfiles that are not full yet come to the writer as well. */
async function handOver(pipeline: LatePipeline, signal: AbortSignal): Promise<void> {
  try {
    await pipeline.finish();
  } catch (error) {
    // What was handed over before is kept all the same.
    if (error !== signal.reason && !(error instanceof KlosetError)) throw error;
  }
}

/** The run was told to end: what is stored becomes something that the next run can build upon. */
async function keepForNextRun(writer: RepositoryWriter, options: BackupOptions): Promise<void> {
  try {
    options.onCheckpoint?.(await writer.checkpoint(), 'interrupted');
  } catch (error) {
    if (!(error instanceof KlosetError)) throw error;
    options.onNote?.(`what was stored could not be published for the next run: ${error.message}`);
  }
}
