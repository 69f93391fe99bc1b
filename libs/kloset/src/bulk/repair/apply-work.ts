import type { Mac, PackfileId, StateId } from '@wardrobe/kloset-model';
import { NotFoundError } from '../../errors/errors.js';
import { BLOB_TYPE, ENTRY_TYPE } from '../../format/state.js';
import { StateBuilder } from '../../state/state-builder.js';
import type { BlobName, OrderedDeletes, Work } from './draft.js';
import { allSources, recoverBytes } from './recovery.js';
import type { SaidDelete } from './said.js';
import { locationsIn, surveyStore, type Survey } from './survey.js';
import type { ApplyRepairOptions, LostBlob } from './types.js';
import { endOf, type RepairRun, writeState, writeStateFile } from './write-state.js';

/** Blobs held at a time while they are stored again. */
const BLOBS_PER_READ = 256;

/** One action's work, published as a whole. @throws LockedError, StoreError, DiskFullError; then it is undone or done, never half */
export async function applyWork(run: RepairRun, work: Work, options: ApplyRepairOptions): Promise<void> {
  switch (work.kind) {
    case 'state-file':
      return writeStateFile(run, work.id, work.file);
    case 'state':
      return rebuildState(run, work, options);
    case 'remove-state':
      return removeState(run, work.id);
    case 'again':
      return storeAgain(run, work, options);
    case 'put':
      return putBlobs(run, work.blobs);
    case 'recover':
      return recoverBlobs(run, work.blobs, options);
    case 'colour':
      for (const packfile of work.packfiles) run.writer.colour(BLOB_TYPE.packfile, packfile);
      return commit(run);
    case 'deletes':
      return orderedDeletes(run, work, options);
  }
}

async function rebuildState(run: RepairRun, work: Extract<Work, { kind: 'state' }>, options: ApplyRepairOptions): Promise<void> {
  const { writer, signal } = run;
  if (work.headers.length > 0) await headersAgain(run, work.headers, options);
  const id = work.id ?? randomId(run);
  const builder = new StateBuilder();
  let oldestNs: bigint | null = null;
  for (const { id: packfile, whenNs, without } of work.packfiles) {
    const sizeBytes = await writer.store.sizeBytes('packfile', packfile, { signal });
    const blobs = await locationsIn(writer.repository, { id: packfile, sizeBytes }, signal);
    if (blobs.length === 0) throw new NotFoundError('packfile', packfile);
    const left = new Set<Mac>(without);
    for (const blob of blobs) {
      const isHeader = blob.type === BLOB_TYPE.snapshot || blob.type === BLOB_TYPE.signature;
      if (!isHeader || !left.has(blob.blob)) builder.location(blob);
    }
    builder.packfile(packfile, id, whenNs);
    if (oldestNs === null || whenNs < oldestNs) oldestNs = whenNs;
  }
  for (const { type, id: coloured, whenNs } of work.colours) builder.colour(type, coloured, whenNs);
  for (const one of work.deletes) deleteAgain(builder, one);
  if (builder.isEmpty) return;
  const timestampNs = work.end?.timestampNs ?? oldestNs ?? nowNs(run);
  // Of a removal the name proves every byte; else only its time is kept, and the store's line decides.
  const end = work.end !== null && work.packfiles.length === 0 ? work.end : endOf(run, { timestampNs, parent: work.end?.parent ?? null });
  await writeState(run, { id, builder, end });
}

function deleteAgain(builder: StateBuilder, { removes, type, blob, packfile }: SaidDelete): void {
  if (removes === ENTRY_TYPE.packfile) builder.deletePackfile(packfile);
  else if (removes === ENTRY_TYPE.coloured) builder.deleteColour(type, blob);
  else builder.deleteLocation({ type, blob, packfile });
}

/** Headers that lie only in what is to be deleted, stored once more. */
async function headersAgain(run: RepairRun, headers: readonly Mac[], options: ApplyRepairOptions): Promise<void> {
  const survey = await currentSurvey(run, options);
  for (const id of headers) run.writer.putAgain(BLOB_TYPE.snapshot, await survey.source.get(BLOB_TYPE.snapshot, id, { signal: run.signal }), id);
  await commit(run);
}

async function removeState(run: RepairRun, id: StateId): Promise<void> {
  await run.writer.secondLook({ signal: run.signal });
  try {
    await run.writer.store.remove('state', id, { signal: run.signal });
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
  }
  await run.writer.repository.refresh({ signal: run.signal });
}

async function storeAgain(run: RepairRun, work: Extract<Work, { kind: 'again' }>, options: ApplyRepairOptions): Promise<void> {
  await readAgain(run, work, options);
  for (const packfile of work.colour) run.writer.colour(BLOB_TYPE.packfile, packfile);
  await commit(run);
}

/** Reads blobs from wherever they lie and puts them into new packfiles. */
async function readAgain(run: RepairRun, work: { readonly blobs: readonly BlobName[]; readonly lenient: boolean }, options: ApplyRepairOptions): Promise<void> {
  const { writer, signal } = run;
  const survey = await currentSurvey(run, options);
  const byType = new Map<number, Mac[]>();
  for (const { type, id } of work.blobs) {
    const list = byType.get(type);
    if (list === undefined) byType.set(type, [id]);
    else list.push(id);
  }
  // Headers come last: what they need is in the same run of packfiles before them.
  for (const [type, ids] of [...byType].sort(([a], [b]) => Number(a === BLOB_TYPE.snapshot) - Number(b === BLOB_TYPE.snapshot)))
    for (let first = 0; first < ids.length; first += BLOBS_PER_READ)
      for await (const got of survey.source.getMany(type, ids.slice(first, first + BLOBS_PER_READ), { signal })) {
        if ('error' in got) {
          if (work.lenient && (got.error.code === 'integrity' || got.error.code === 'decode')) continue;
          throw got.error;
        }
        writer.putAgain(type, got.bytes, got.id);
        await writer.settle({ signal });
      }
}

async function putBlobs(run: RepairRun, blobs: Extract<Work, { kind: 'put' }>['blobs']): Promise<void> {
  for (const { type, id, bytes } of blobs) {
    run.writer.putAgain(type, bytes, id);
    await run.writer.settle({ signal: run.signal });
  }
  await commit(run);
}

async function recoverBlobs(run: RepairRun, blobs: readonly LostBlob[], options: ApplyRepairOptions): Promise<void> {
  const { writer, signal } = run;
  for (const lost of blobs) {
    let bytes: Uint8Array | null = null;
    for (const source of allSources(writer.repository, options.sources)) bytes ??= await recoverBytes(writer, { source, lost }, signal);
    if (bytes === null) throw new NotFoundError('blob', lost.id);
    writer.putAgain(lost.type, bytes, lost.id);
    await writer.settle({ signal });
  }
  await commit(run);
}

/** First what must outlive the deletions, then each deletion behind what it deletes. */
async function orderedDeletes(run: RepairRun, work: Extract<Work, { kind: 'deletes' }>, options: ApplyRepairOptions): Promise<void> {
  if (work.again.length > 0) {
    await readAgain(run, { blobs: work.again, lenient: false }, options);
    await commit(run);
  }
  for (const deletes of work.states) await writeDeletes(run, deletes);
}

async function writeDeletes(run: RepairRun, deletes: OrderedDeletes): Promise<void> {
  const builder = new StateBuilder();
  for (const { type, id } of deletes.colours) builder.deleteColour(type, id);
  for (const packfile of deletes.packfiles) builder.deletePackfile(packfile as PackfileId);
  for (const location of deletes.locations) builder.deleteLocation(location);
  const now = nowNs(run);
  const timestampNs = now > deletes.notBeforeNs ? now : deletes.notBeforeNs;
  await writeState(run, { id: null, builder, end: { ...endOf(run, { timestampNs, parent: deletes.parent }), version: '1.1.0' } });
}

async function commit(run: RepairRun): Promise<void> {
  const { state, packfiles, bytesWritten } = await run.writer.commit({ state: randomId(run), signal: run.signal });
  if (state !== null) run.written.states.push(state);
  run.written.packfiles += packfiles;
  run.written.packfileBytes = bytesWritten;
}

function currentSurvey(run: RepairRun, options: ApplyRepairOptions): Promise<Survey> {
  return surveyStore(run.writer.repository, { ...options, nowMs: run.writer.environment.nowMs(), onProgress: undefined });
}

function randomId({ writer }: RepairRun): StateId {
  return Buffer.from(writer.environment.randomBytes(32)).toString('hex') as StateId;
}

function nowNs({ writer }: RepairRun): bigint {
  return BigInt(writer.environment.nowMs()) * 1_000_000n;
}
