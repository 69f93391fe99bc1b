import {
  type Availability,
  type HeaderColumns,
  saveHeaders,
  type SnapshotHeaderInput,
  type SnapshotRow,
  snapshotsWithoutHeader,
  type StoreRow,
} from '@wardrobe/db';
import type { HeaderAnswer, HeaderDto, Reach, SnapshotRef } from '../engine/types.js';
import type { Deps } from './deps.js';
import type { Reader } from './registry.js';

const BATCH = 200;

/** Where the blobs of a snapshot are looked for. What a damaged state brought lies in packfiles that no readable state names. */
export function reachOf(availability: Availability): Reach {
  if (availability === 'live') return 'live';
  return availability === 'deleted' ? 'deleted' : 'hidden';
}

export type HeaderProgress = (done: number, total: number) => void;

/** Reads the headers that are not kept yet and keeps them: columns of a plain store, sealed of an encrypted one. */
export async function readHeaders(
  deps: Deps,
  store: StoreRow,
  options: { readonly reader: Reader; readonly signal: AbortSignal; readonly onProgress: HeaderProgress },
): Promise<number> {
  const missing = await snapshotsWithoutHeader(deps.db, store.id);
  for (let at = 0; at < missing.length; at += BATCH) {
    const refs: SnapshotRef[] = missing.slice(at, at + BATCH).map(({ id, availability }) => ({ snapshot: id, reach: reachOf(availability) }));
    const answers = await options.reader.call('headers', { refs }, { signal: options.signal });
    await saveHeaders(
      deps.db,
      store.id,
      answers.map((answer) => headerInput(deps, store, answer)),
    );
    options.onProgress(Math.min(at + BATCH, missing.length), missing.length);
  }
  return missing.length;
}

function headerInput(deps: Deps, store: StoreRow, answer: HeaderAnswer): SnapshotHeaderInput {
  if ('problem' in answer) return { id: answer.id, problem: { ...answer.problem, detail: answer.problem.detail ?? null } };
  if (!store.encrypted) return { id: answer.id, header: columnsOf(answer.header) };
  const sealed = deps.sealer.seal(Buffer.from(JSON.stringify(answer.header), 'utf8'), sealedHeaderName(store, answer.id));
  return { id: answer.id, takenAtNs: BigInt(answer.header.takenAtNs), sealed };
}

function columnsOf(header: HeaderDto): HeaderColumns {
  const { takenAtNs, machineId, directory, tags, ...same } = header;
  return {
    ...same,
    takenAtNs: BigInt(takenAtNs),
    tags,
    backupMachineId: machineId,
    directoryText: directory.text,
    directoryBytes: directory.bytes === undefined ? null : Buffer.from(directory.bytes, 'base64'),
  };
}

/** The header of a row as columns, opened where it is sealed. Null: none was read. */
export function headerOf(
  deps: Pick<Deps, 'sealer'>,
  store: Pick<StoreRow, 'repositoryId'>,
  row: Pick<SnapshotRow, 'id' | 'header' | 'sealed'>,
): HeaderColumns | null {
  if (row.header !== null || row.sealed === null) return row.header;
  const opened = deps.sealer.open(row.sealed, sealedHeaderName(store, row.id));
  return columnsOf(JSON.parse(Buffer.from(opened).toString('utf8')) as HeaderDto);
}

/** Rows with their headers, opened in turns so that other requests go on meanwhile. */
export async function openHeaders(
  deps: Pick<Deps, 'sealer'>,
  store: Pick<StoreRow, 'repositoryId'>,
  rows: readonly SnapshotRow[],
): Promise<{ row: SnapshotRow; header: HeaderColumns | null }[]> {
  const opened: { row: SnapshotRow; header: HeaderColumns | null }[] = [];
  for (const row of rows) {
    opened.push({ row, header: headerOf(deps, store, row) });
    if (opened.length % BATCH === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return opened;
}

function sealedHeaderName(store: Pick<StoreRow, 'repositoryId'>, snapshot: string): string {
  return `header:${store.repositoryId}:${snapshot}`;
}
