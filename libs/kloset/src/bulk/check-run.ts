import type { Mac } from '@wardrobe/kloset-model';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import type { Repository } from '../repository/types.js';
import type { SnapshotSource } from '../snapshot/source.js';
import { BlobRows, type BlobSet, RowSet } from './blob-rows.js';
import { BulkCheck } from './check-bulk.js';
import type { Finding } from './check-contents.js';
import { TreeListings } from './check-listings.js';
import { ObjectChecker } from './check-object.js';
import { createSample } from './check-sample.js';
import type { CheckOptions, CheckSummary } from './check-types.js';
import { type EntryPlaces, MacPlaces, RowPlaces } from './entry-places.js';
import { KnownLeaves } from './known-leaves.js';
import { MacSet } from './mac-set.js';
import type { Readers } from './pipeline/readers.js';

/** What one run remembers and counts. */
export type CheckRun = {
  readonly source: SnapshotSource;
  readonly options: CheckOptions;
  readonly entriesPerRead: number;
  /** Nodes of a tree that are asked for before their turn, about. */
  readonly nodesAhead: number;
  readonly isOverLine: boolean;
  readonly objects: ObjectChecker;
  /** Null: everything goes the careful way. */
  readonly bulk: BulkCheck | null;
  /** Summaries proven. */
  readonly summaries: BlobSet;
  /** Entries proven at their paths, with all their content; null where no other snapshot can ask for them. */
  readonly places: EntryPlaces | null;
  /** Not used when only a path is checked. */
  readonly trees: KnownTrees;
  /** Damaged entries by place, and what is wrong with them. */
  readonly badEntries: Map<Mac, readonly Finding[]>;
  /** Roots of trees proven as a whole; not used when only a path is checked. */
  readonly roots: MacSet;
  readonly counts: { snapshots: number; damagedSnapshots: number; entries: number; problems: number };
};

/** What is known of the leaves and directories of file trees. */
export type KnownTrees = { readonly leaves: KnownLeaves; readonly listings: TreeListings };

export function knownTrees(): KnownTrees {
  const leaves = new KnownLeaves();
  return { leaves, listings: new TreeListings(leaves) };
}

const ENTRIES_PER_READ = 2048;
/** Over a line fewer: what lies between them is held until their contents are read. */
const ENTRIES_PER_READ_OVER_LINE = 512;
const NODES_AHEAD = 64;
/** Over a line they wait in turn with the contents that are under way. */
const NODES_AHEAD_OVER_LINE = 192;

/** `readers`: threads that read the repository's packfiles by themselves; null where there are none. */
export type CheckedStore = { readonly repository: Repository; readonly readers: Readers | null };

/** `store`: whose states tell where the blobs lie; null for a source of which no more is known. */
export function createRun(source: SnapshotSource, options: CheckOptions, store: CheckedStore | null): CheckRun {
  const contents = store !== null && options.contents?.isOf(store.repository) === true ? options.contents : null;
  const rows = store === null ? null : (contents?.rows ?? new BlobRows(store.repository));
  const sample = options.sample === undefined ? null : createSample(options.sample);
  const isRead = (object: Mac): boolean => options.fast !== true && (sample === null || sample.has(object));
  const { signal, damagedChunks } = options;
  const onStep = (): void => report(run);
  const good = setFor(rows, SNAPSHOT_BLOB.object);
  const isOverLine = store !== null && store.repository.store.line !== undefined;
  const objects = new ObjectChecker(source, { isRead, damagedChunks, signal, onStep, good });
  const run: CheckRun = {
    source,
    options,
    entriesPerRead: isOverLine ? ENTRIES_PER_READ_OVER_LINE : ENTRIES_PER_READ,
    nodesAhead: isOverLine ? NODES_AHEAD_OVER_LINE : NODES_AHEAD,
    isOverLine,
    objects,
    bulk: bulkOf(),
    summaries: setFor(rows, SNAPSHOT_BLOB.summary),
    places: options.snapshots.length < 2 ? null : rows === null ? new MacPlaces() : new RowPlaces(rows),
    trees: knownTrees(),
    badEntries: new Map(),
    roots: new MacSet(),
    counts: { snapshots: 0, damagedSnapshots: 0, entries: 0, problems: 0 },
  };
  return run;

  function bulkOf(): BulkCheck | null {
    const readers = store?.readers ?? null;
    if (rows === null || readers === null || !(good instanceof RowSet)) return null;
    const reads = options.fast === true ? 'none' : sample === null ? 'all' : isRead;
    const asked = new RowSet(rows, SNAPSHOT_BLOB.object);
    const proven = reads === 'all' ? contents : null;
    return new BulkCheck({ rows, readers, objects, good, asked, proven }, { reads, damagedChunks: damagedChunks ?? new Map(), signal, onStep });
  }
}

function setFor(rows: BlobRows | null, type: number): BlobSet {
  return rows === null ? new MacSet() : new RowSet(rows, type);
}

export function summaryOf(run: CheckRun): CheckSummary {
  return { ...run.counts, ...run.objects.counts };
}

export function report(run: CheckRun): void {
  run.options.onProgress?.(summaryOf(run));
}
