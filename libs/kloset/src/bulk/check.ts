import { cleanPath, type SnapshotId } from '@wardrobe/kloset-model';
import { KlosetError } from '../errors/errors.js';
import type { SnapshotContext } from '../snapshot/context.js';
import { createContext } from '../snapshot/context.js';
import { loadHeader } from '../snapshot/open.js';
import type { SnapshotSource } from '../snapshot/source.js';
import type { CheckProblem } from '../snapshot/types.js';
import { EarlyProblems } from './check-early.js';
import { checkFiles, type FilesScope } from './check-entries.js';
import { checkIndex } from './check-indexes.js';
import { itemSearches } from './check-items.js';
import { type CheckRun, createRun, knownTrees, report, summaryOf } from './check-run.js';
import { checkSignature } from './check-signature.js';
import type { CheckOptions, CheckSummary } from './check-types.js';
import { wholeTree } from './check-trees.js';
import { isRepository, threadedSource } from './pipeline/threaded-source.js';

/**
 * Proves snapshots: header, signature, tree nodes, entries, objects, chunks, attributes, error tree and indexes. What snapshots share is read once, and
 * every snapshot and path that a damaged blob hits is named. Returns the counts.
 */
export async function* checkSnapshots(source: SnapshotSource, options: CheckOptions): AsyncGenerator<CheckProblem, CheckSummary> {
  if (!isRepository(source)) return yield* checkAll(createRun(source, options, null));
  // What is proven is what the store holds now.
  source.keys.ranges.forget();
  const threads = await threadedSource(source, { readers: options.readers });
  try {
    return yield* checkAll(createRun(threads, options, { repository: source, readers: threads.readers }));
  } finally {
    await threads.close();
  }
}

async function* checkAll(run: CheckRun): AsyncGenerator<CheckProblem, CheckSummary> {
  const { options } = run;
  for (const id of options.snapshots) {
    options.signal?.throwIfAborted();
    let isDamaged = false;
    for await (const problem of checkOne(run, id)) {
      isDamaged = true;
      run.counts.problems += 1;
      yield problem;
    }
    run.counts.snapshots += 1;
    if (isDamaged) run.counts.damagedSnapshots += 1;
    report(run);
  }
  return summaryOf(run);
}

async function* checkOne(run: CheckRun, id: SnapshotId): AsyncGenerator<CheckProblem> {
  const path = run.options.path === undefined ? null : cleanPath(run.options.path);
  let context: SnapshotContext;
  try {
    const header = await loadHeader(run.source, id, { signal: run.options.signal });
    if (header.signed && run.options.withoutSignatures !== true) await checkSignature(run.source, id, run.options.signal);
    context = createContext(run.source, header);
  } catch (error) {
    if (!(error instanceof KlosetError)) throw error;
    yield { snapshot: id, path: null, what: 'header', id, error };
    return;
  }
  yield* checkTogether(run, context, { path, trees: path === null ? run.trees : knownTrees() });
}

async function* filesOf(run: CheckRun, context: SnapshotContext, scope: FilesScope): AsyncGenerator<CheckProblem> {
  if (run.options.withoutFiles === true) return;
  yield* wholeTree(run, { id: context.header.roots.vfs, isPartial: scope.path !== null }, checkFiles(run, context, scope));
}

/**
 * All other trees are read together, over a line while the last files come, on threads beside them; what is wrong is told as if one came after the other: first the
 * files, then attributes and errors, then each index.
 */
async function* checkTogether(run: CheckRun, context: SnapshotContext, scope: FilesScope): AsyncGenerator<CheckProblem> {
  const filesTold = deferred();
  const searches = [
    ...itemSearches(context, scope.path),
    ...context.header.indexes.map((index) => (part: CheckRun) => checkIndex(part, context, { ...scope, ...index, filesTold: filesTold.promise })),
  ];
  const others = searches.map((search) => new EarlyProblems((signal) => search({ ...run, options: { ...run.options, signal } }), run.options.signal));
  const begin = (): void => {
    for (const other of others) other.begin();
  };
  try {
    // What an earlier snapshot answers for is known when the files are.
    if (run.bulk !== null && !scope.trees.listings.isShared) begin();
    yield* filesOf(run, context, { ...scope, onScanned: begin });
    filesTold.resolve();
    begin();
    for (const other of others) yield* other.told();
  } finally {
    await Promise.all(others.map((other) => other.stop()));
  }
}

function deferred(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
