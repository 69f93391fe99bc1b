import { cleanPath, nameText } from '@wardrobe/kloset-model';
import { findKey } from '../btree/tree.js';
import { KlosetError, NotFoundError } from '../errors/errors.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import { summary, type SummaryRecord } from '../format/snapshot-summary.js';
import type { SnapshotContext } from './context.js';
import { readEntryRecord } from './entry.js';
import { toSummary } from './header.js';
import { type Abortable, readRecord } from './source.js';
import type { SnapshotSummary } from './types.js';

/** Counts of a directory: of everything below it, and how many children it has directly. */
export type DirectorySummary = SnapshotSummary & { readonly children: bigint };

/**
 * What the writer counted for a directory: from the summary index (v1.1), else from the directory's own entry (v1.0). Null when neither holds it.
 * @throws NotFoundError no such path; IntegrityError, DecodeError
 * @source 02-snapshot 3.4
 */
export async function readSummary(context: SnapshotContext, rawPath: Uint8Array, options: Abortable = {}): Promise<DirectorySummary | null> {
  const record = await summaryRecord(context, cleanPath(rawPath), options);
  return record === null ? null : { ...toSummary(record), children: record.directory.children };
}

async function summaryRecord(context: SnapshotContext, path: Uint8Array, options: Abortable): Promise<SummaryRecord | null> {
  const tree = await context.summaries();
  const id = tree === null ? null : await findKey(tree, path, options);
  if (id !== null) return readRecord(context.source, { type: SNAPSHOT_BLOB.summary, id, codec: summary }, options);
  const mac = await findKey(await context.files(), path, options);
  if (mac === null) throw new NotFoundError('path', nameText(path));
  return readEntryRecord(await context.source.get(SNAPSHOT_BLOB.vfsEntry, mac, options), mac).summary;
}

/** Direct children of a directory as the writer counted them; null when that cannot be read: a total is an ornament, never a reason to fail. */
export async function countChildren(context: SnapshotContext, path: Uint8Array, options: Abortable = {}): Promise<number | null> {
  try {
    const found = await readSummary(context, path, options);
    return found === null ? null : Number(found.children);
  } catch (error) {
    if (error instanceof KlosetError) return null;
    throw error;
  }
}
