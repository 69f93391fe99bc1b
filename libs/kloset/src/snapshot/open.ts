import type { SnapshotId } from '@wardrobe/kloset-model';
import { NotFoundError } from '../errors/errors.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import { childBatches, listChildren } from './children.js';
import { readContent, readObject } from './content.js';
import { createContext, type SnapshotContext } from './context.js';
import { buildDirectoryIndex } from './directory-index.js';
import { readHeader } from './header.js';
import { listedEntries } from './listed-entry.js';
import { listErrors, listXattrs } from './items.js';
import { lookupEntry } from './lookup.js';
import { createPageReader } from './page.js';
import type { Abortable, SnapshotSource } from './source.js';
import { readSummary } from './summary.js';
import type { Snapshot, SnapshotHeader } from './types.js';
import { walkBatches, walkTree } from './walk.js';

/**
 * Opens one snapshot: reads its header, nothing else. Any source will do, also one that finds deleted or hidden snapshots.
 * @throws NotFoundError no such snapshot; IntegrityError, DecodeError its header is damaged
 */
export async function openSnapshot(source: SnapshotSource, id: SnapshotId, options: Abortable = {}): Promise<Snapshot> {
  return snapshotOf(createContext(source, await loadHeader(source, id, options)));
}

export async function loadHeader(source: SnapshotSource, id: SnapshotId, options: Abortable = {}): Promise<SnapshotHeader> {
  let bytes: Uint8Array;
  try {
    bytes = await source.get(SNAPSHOT_BLOB.header, id, options);
  } catch (error) {
    if (error instanceof NotFoundError && error.kind === 'blob') throw new NotFoundError('snapshot', id, { cause: error });
    throw error;
  }
  return readHeader(bytes, id);
}

/** The snapshot of an existing context; `check` and `diff` share the context's trees. */
export function snapshotOf(context: SnapshotContext): Snapshot {
  const pages = createPageReader(context);
  const snapshot: Snapshot = {
    header: context.header,
    entry: (path, options) => lookupEntry(context, path, options),
    children: (path, options) => listChildren(context, path, options),
    page: (path, options) => pages.page(path, options),
    walk: (path, options) => walkTree(context, path, options),
    listing: (path, { recursive, ...options } = {}) => (recursive === true ? walkBatches : childBatches)(context, path, { ...options, form: listedEntries() }),
    object: (mac, options) => readObject(context.source, mac, options),
    content: (object, options) => readContent(context.source, object, options),
    xattrs: (options) => listXattrs(context, options),
    errors: (options) => listErrors(context, options),
    summary: (path, options) => readSummary(context, path, options),
    directoryIndex: (path, options) => buildDirectoryIndex(context, path, options),
  };
  CONTEXTS.set(snapshot, context);
  return snapshot;
}

const CONTEXTS = new WeakMap<Snapshot, SnapshotContext>();

/** What a snapshot reads from; for the pipelines in `bulk/`. */
export function contextOf(snapshot: Snapshot): SnapshotContext {
  const context = CONTEXTS.get(snapshot);
  if (context === undefined) throw new TypeError('not a snapshot of openSnapshot');
  return context;
}
