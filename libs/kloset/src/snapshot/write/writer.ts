import { type Mac, nameBytes, type SnapshotId } from '@wardrobe/kloset-model';
import { createTreeShape, persistTree, type TreeShape } from '../../btree/build.js';
import { chunker } from '../../chunking/chunker.js';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import type { NumberPages } from './byte-arena.js';
import { persistContentTypes } from './content-types.js';
import { type DirectoryJob, type WrittenDirectories, writeDirectories } from './directories.js';
import { EntrySet } from './entry-set.js';
import { createErrorCounts } from './error-counts.js';
import { ErrorList, type ItemContext, type MacArray, XattrList } from './item-lists.js';
import { headerPayload } from './new-header.js';
import { createOtherForm } from './other-form.js';
import { orderPaths, type PathOrder } from './path-order.js';
import type { FinishOptions, NewHeader, SnapshotWriter, SnapshotWriterOptions, WrittenTrees } from './types.js';

/** Collects and writes one snapshot. @throws DecodeError, TooLargeError the store's chunking is none that plakar knows */
export function createSnapshotWriter(options: SnapshotWriterOptions): SnapshotWriter {
  let collected: Parts | null = {
    options,
    cutter: chunker(options.chunking),
    entries: new EntrySet(options.entryPages),
    errors: new ErrorList(),
    xattrs: new XattrList(),
    failed: new Set<number>(),
  };
  let counts = { entries: 0, errors: 0 };
  const parts = (): Parts => {
    if (collected === null) throw new TypeError('the snapshot is written');
    return collected;
  };
  /** What was collected is given up: publishing what was written needs memory of its own. */
  async function finishTrees(finish: FinishOptions = {}): Promise<WrittenTrees> {
    const all = parts();
    counts = { entries: all.entries.count, errors: all.failed.size };
    collected = null;
    try {
      return await writeTrees(all, finish);
    } finally {
      all.entries.close();
    }
  }
  return {
    get entries() {
      return collected?.entries.count ?? counts.entries;
    },
    get errors() {
      return collected?.failed.size ?? counts.errors;
    },
    add: (entry) => parts().entries.add(entry),
    addError(path, message) {
      const { entries, errors, failed } = parts();
      const node = entries.enter(path);
      failed.add(node);
      errors.add(node, typeof message === 'string' ? nameBytes(message) : message);
    },
    addXattr: (path, name, value, kind = 0) => parts().xattrs.add(parts().entries.enter(path), { name, kind, value }),
    finishTrees,
    close() {
      collected?.entries.close();
      collected = null;
    },
    async finish(header: NewHeader, finish: FinishOptions = {}): Promise<SnapshotId> {
      const trees = await finishTrees(finish);
      options.sink.put(SNAPSHOT_BLOB.header, headerPayload(header, trees, options.line), header.id);
      return header.id;
    },
  };
}

type Parts = {
  readonly options: SnapshotWriterOptions;
  readonly cutter: DirectoryJob['chunker'];
  readonly entries: EntrySet;
  readonly errors: ErrorList;
  readonly xattrs: XattrList;
  /** Paths with an error. */
  readonly failed: Set<number>;
};

async function writeTrees(parts: Parts, finish: FinishOptions): Promise<WrittenTrees> {
  const { entries, failed, options } = parts;
  const { sink, line } = options;
  const pause = async (): Promise<void> => {
    finish.signal?.throwIfAborted();
    await finish.pause?.();
  };
  entries.complete();
  const counts = createErrorCounts(line, (node) => failed.has(node));
  const order = orderPaths(entries.paths, failed.size === 0 ? {} : { visit: (node, ancestors) => counts.visit(node, ancestors) });
  const context: ItemContext = { sink, paths: entries.paths, order, pause };
  const otherForm = line === '1.0' ? createOtherForm(sink, entries) : null;
  const errorsRoot = await parts.errors.persist(context);
  const written = await writeDirectories({ sink, line, chunker: parts.cutter, entries, order, errors: counts, otherForm, pause });
  const root = await persistFiles(entries, written.nodes, { context, line });
  const xattrsRoot = await parts.xattrs.persist(context);
  const leaves = Math.max(1, Math.floor(order.byBytes.length / LARGEST_LEAF));
  let leaf = 0;
  const onLeaf = (): void => otherForm?.putSome(Math.max(1, leaves - leaf++));
  const contentTypes = await persistContentTypes({ entries, order, sink, pause, onLeaf });
  otherForm?.putRest();
  return {
    roots: { root, xattrs: xattrsRoot, errors: errorsRoot },
    indexes: [{ name: 'content-type', value: contentTypes }, ...(await persistDirectoryIndexes(written, context, line))],
    summary: written.top,
  };
}

/** Keys of a leaf that was filled in descending order, and of the fullest. */
const LARGEST_LEAF = 49;

/** The tree of all paths, shaped by the order in which the line inserts them. @source 02-snapshot 2.7 */
function persistFiles(
  entries: EntrySet,
  directories: NumberPages,
  { context, line }: { readonly context: ItemContext; readonly line: DirectoryJob['line'] },
): Promise<Mac> {
  const { order, paths, sink, pause } = context;
  const shape = line === '1.1' ? insertPaths(entries, order) : insertByDirectory(entries, order, directories);
  return persistTree(shape, {
    sink,
    types: { root: SNAPSHOT_BLOB.vfsRoot, node: SNAPSHOT_BLOB.vfsNode },
    keyOf: (rank) => paths.pathView(order.byPath[rank] as number),
    valueOf: (rank) => entries.macBytes(order.byPath[rank] as number),
    pause,
  });
}

function insertPaths(entries: EntrySet, order: PathOrder): TreeShape {
  const shape = createTreeShape();
  for (let at = order.byBytes.length - 1; at >= 0; at--) {
    const node = order.byBytes[at] as number;
    if (entries.has(node)) shape.insert(order.rankByPath[node] as number);
  }
  return shape;
}

function insertByDirectory(entries: EntrySet, order: PathOrder, directories: NumberPages): TreeShape {
  const shape = createTreeShape();
  for (let at = 0; at < directories.length; at++) {
    const directory = directories.get(at);
    for (const child of order.childrenOf(directory)) if (entries.has(child) && !entries.isDirectory(child)) shape.insert(order.rankByPath[child] as number);
    shape.insert(order.rankByPath[directory] as number);
  }
  return shape;
}

/** Both indexes have the same keys, inserted in the same order: one shape serves both. */
async function persistDirectoryIndexes(written: WrittenDirectories, context: ItemContext, line: DirectoryJob['line']): Promise<WrittenTrees['indexes']> {
  const { nodes, dirpacks, summaries } = written;
  const shape = createTreeShape();
  const last = nodes.length - 1;
  for (let rank = last; rank >= 0; rank--) shape.insert(rank);
  const persist = (macs: MacArray): Promise<Mac> =>
    persistTree(shape, {
      sink: context.sink,
      types: { root: SNAPSHOT_BLOB.indexRoot, node: SNAPSHOT_BLOB.indexNode },
      keyOf: (rank) => context.paths.pathView(nodes.get(last - rank)),
      valueOf: (rank) => macs.get(last - rank),
      pause: context.pause,
    });
  const dirpack = { name: 'dirpack' as const, value: await persist(dirpacks) };
  return line === '1.0' ? [dirpack] : [dirpack, { name: 'summary' as const, value: await persist(summaries) }];
}
