import { byteName, childPath, equalBytes, isAtOrBelow, type Mac } from '@wardrobe/kloset-model';
import { unlessAborted } from '@wardrobe/store-connector';
import { scanTree } from '../btree/scan.js';
import { BYTES_ORDER, type Tree } from '../btree/tree.js';
import { macFromBytes } from '../bytes/bytes.js';
import { decode } from '../codec/codec.js';
import { IntegrityError, KlosetError } from '../errors/errors.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import { summary } from '../format/snapshot-summary.js';
import type { BlobResult } from '../repository/types.js';
import { namedChildren } from '../snapshot/children.js';
import { readObject } from '../snapshot/content.js';
import type { SnapshotContext } from '../snapshot/context.js';
import { createFrameReader, dirpackFrames } from '../snapshot/dirpack.js';
import { openTree } from '../snapshot/source.js';
import type { CheckProblem } from '../snapshot/types.js';
import type { FilesScope } from './check-entries.js';
import { listingDigests } from './check-listing-digests.js';
import { type CheckRun, type KnownTrees, report } from './check-run.js';
import { aheadIn, asProblem, wholeTree } from './check-trees.js';

const DIRECTORIES_PER_READ = 256;
/** Batches that are examined on threads while one is told of, or while the files are. */
const BATCHES_AHEAD = 8;

type IndexItem = { readonly directory: Uint8Array; readonly id: Mac };
/** `filesTold`: resolves when the tree's listings are known. */
export type IndexScope = FilesScope & { readonly name: string; readonly value: Mac; readonly filesTold: Promise<void> };
/** `digests` and `summaries`: under way already. */
type Batch = {
  readonly items: readonly IndexItem[];
  readonly digests: Promise<readonly (Uint8Array | null)[]> | null;
  readonly summaries: Promise<readonly ReadSummary[]> | null;
};
type ReadSummary = { readonly item: IndexItem; readonly got: BlobResult };

/** An index that the header names: its nodes; packed listings against the tree; summaries. */
export async function* checkIndex(run: CheckRun, context: SnapshotContext, index: IndexScope): AsyncGenerator<CheckProblem> {
  const problem = { snapshot: context.header.id, path: null, what: 'index', id: index.value } as const;
  yield* wholeTree(run, { id: index.value, isPartial: index.path !== null }, asProblem(problem, readIndex(run, context, index)));
}

async function* readIndex(run: CheckRun, context: SnapshotContext, index: IndexScope): AsyncGenerator<CheckProblem> {
  const { signal } = run.options;
  const { source } = run;
  const opened = await openTree(
    source,
    { rootType: SNAPSHOT_BLOB.indexRoot, nodeType: SNAPSHOT_BLOB.indexNode, id: index.value, order: BYTES_ORDER },
    { signal },
  );
  const tree = aheadIn(run, opened, { type: SNAPSHOT_BLOB.indexNode });
  const ahead: Batch[] = [];
  try {
    yield* scanIndex(run, context, { ...index, tree, ahead });
  } finally {
    await Promise.allSettled([...ahead.flatMap(({ digests, summaries }) => [digests, summaries]), tree.settled()]);
  }
}

async function* scanIndex(
  run: CheckRun,
  context: SnapshotContext,
  index: IndexScope & { readonly tree: Tree; readonly ahead: Batch[] },
): AsyncGenerator<CheckProblem> {
  const { tree, ahead } = index;
  const snapshot = context.header.id;
  let items: IndexItem[] = [];
  const isByDirectory = index.name === 'dirpack' || index.name === 'summary';
  const isProven = await provenListings(run, context, index);
  for await (const item of scanTree(tree, { signal: run.options.signal })) {
    if ('error' in item)
      yield { snapshot, path: item.from === null || !isByDirectory ? null : byteName(item.from), what: 'index', id: item.node, error: item.error };
    else if (isByDirectory && (index.path === null || isAtOrBelow(item.key, index.path)) && !isProven(item.key, item.value)) {
      items.push({ directory: item.key, id: item.value });
      if (items.length < DIRECTORIES_PER_READ) continue;
      ahead.push(begin(run, index.name, items));
      items = [];
      if (ahead.length > BATCHES_AHEAD) yield* checkDirectories(run, context, { ...index, batch: ahead.shift() as Batch });
    }
  }
  ahead.push(begin(run, index.name, items));
  for (const batch of ahead) yield* checkDirectories(run, context, { ...index, batch });
}

/** Tells which packed listings an earlier snapshot answers for. */
async function provenListings(
  run: CheckRun,
  { header }: SnapshotContext,
  { name, trees, filesTold }: IndexScope,
): Promise<(directory: Uint8Array, id: Mac) => boolean> {
  if (name !== 'dirpack' || !trees.listings.isShared) return () => false;
  await unlessAborted(filesTold, run.options.signal);
  return (directory, id) => trees.listings.isProven(header.roots.vfs, directory, id);
}

/** Has packed listings examined by threads where that is worth it, and by this one over a line, where summaries are read too. */
function begin(run: CheckRun, name: string, items: readonly IndexItem[]): Batch {
  const batch: Batch = {
    items,
    digests: name === 'dirpack' ? digestsOf(run, items) : null,
    summaries: name === 'summary' && run.isOverLine ? readSummaries(run, items) : null,
  };
  // The failure is met when the batch's turn comes.
  batch.digests?.catch(() => undefined);
  batch.summaries?.catch(() => undefined);
  return batch;
}

function digestsOf(run: CheckRun, items: readonly IndexItem[]): Batch['digests'] {
  const { bulk, options } = run;
  if (options.fast === true || options.sample !== undefined) return null;
  const ids = items.map(({ id }) => id);
  if (bulk?.isFor(items.length) === true) return bulk.listings(ids);
  return run.isOverLine ? listingDigests(run, ids) : null;
}

/** What an index holds for some directories, read together. */
async function* checkDirectories(
  run: CheckRun,
  context: SnapshotContext,
  { name, batch, trees, filesTold }: IndexScope & { readonly batch: Batch },
): AsyncGenerator<CheckProblem> {
  if (name !== 'dirpack') {
    yield* checkSummaries(run, context, batch);
    return;
  }
  await unlessAborted(filesTold, run.options.signal);
  yield* checkDirpacks(run, context, { batch, trees });
}

async function* checkDirpacks(
  run: CheckRun,
  context: SnapshotContext,
  { batch, trees: { listings } }: { readonly batch: Batch; readonly trees: KnownTrees },
): AsyncGenerator<CheckProblem> {
  const digests = await batch.digests;
  const left = batch.items.filter(({ directory, id }, index) => {
    const digest = digests?.[index] ?? null;
    if (digest === null || !listings.has(context.header.roots.vfs, directory, digest)) return true;
    listings.setProven(directory, id);
    return false;
  });
  await run.objects.prepare(left.map((item) => item.id));
  for (const item of left) yield* checkDirpack(run, context, item);
  report(run);
}

async function* checkSummaries(run: CheckRun, context: SnapshotContext, { items, summaries }: Batch): AsyncGenerator<CheckProblem> {
  for (const { item, got } of await (summaries ?? readSummaries(run, items))) yield* checkSummary(run, context, { item, got });
}

async function readSummaries(run: CheckRun, items: readonly IndexItem[]): Promise<readonly ReadSummary[]> {
  const fresh = items.filter((item) => !run.summaries.has(item.id));
  const read: ReadSummary[] = [];
  for await (const got of run.source.getMany(
    SNAPSHOT_BLOB.summary,
    fresh.map((item) => item.id),
    { signal: run.options.signal },
  )) {
    const item = fresh[read.length];
    if (item === undefined) break;
    read.push({ item, got });
  }
  return read;
}

function* checkSummary(run: CheckRun, context: SnapshotContext, { item, got }: ReadSummary): Generator<CheckProblem> {
  try {
    if ('error' in got) throw got.error;
    decode(summary, got.bytes, { kind: 'summary', file: item.id });
    run.summaries.add(item.id);
  } catch (error) {
    if (!(error instanceof KlosetError)) throw error;
    yield { snapshot: context.header.id, path: byteName(item.directory), what: 'index', id: item.id, error };
  }
}

/** Its object and chunks; and, unless only existence is asked, that it lists what the tree lists. */
async function* checkDirpack(run: CheckRun, context: SnapshotContext, item: IndexItem): AsyncGenerator<CheckProblem> {
  const place = { snapshot: context.header.id, path: byteName(item.directory) };
  const findings = await run.objects.check(item.id);
  for (const finding of findings) yield { ...place, ...finding };
  if (findings.length > 0 || run.options.fast === true) return;
  try {
    await compareListing(run, context, item);
  } catch (error) {
    if (!(error instanceof KlosetError)) throw error;
    yield { ...place, what: 'index', id: item.id, error };
  }
}

/** @throws DecodeError a frame cannot stand; IntegrityError the listing and the tree differ */
async function compareListing(run: CheckRun, context: SnapshotContext, item: IndexItem): Promise<void> {
  const { signal } = run.options;
  const differ = (detail: string): never => {
    throw new IntegrityError(`packed listing ${item.id}`, detail, { kind: 'dirpack', file: item.id });
  };
  const reader = createFrameReader(context, item.directory);
  const named = namedChildren(context, item.directory, { signal });
  for await (const frames of dirpackFrames(context, await readObject(run.source, item.id, { signal }), { signal })) {
    for (const frame of frames) {
      const entry = reader.read(frame);
      const next = await named.next();
      const child = next.done === true ? null : next.value;
      // A node of the tree that cannot be read is a finding of the tree, not of the listing.
      if (child !== null && 'gap' in child) return;
      if (child === null || child.mac !== macFromBytes(frame.mac) || !equalBytes(child.path, childPath(item.directory, entry.name.bytes)))
        differ(`${entry.path.text} stands otherwise in the tree`);
    }
  }
  const rest = await named.next();
  if (rest.done !== true && 'path' in rest.value) differ(`lacks ${byteName(rest.value.path).text}, which the tree has`);
}
