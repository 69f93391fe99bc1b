import { byteName, cleanPath, isAtOrBelow, type Mac, type SnapshotId } from '@wardrobe/kloset-model';
import { scanTree } from '../btree/scan.js';
import { IntegrityError, KlosetError } from '../errors/errors.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import type { SnapshotContext } from '../snapshot/context.js';
import { createContext } from '../snapshot/context.js';
import { expectPath, readEntry } from '../snapshot/entry.js';
import { recoverEntry } from '../snapshot/lookup.js';
import { loadHeader } from '../snapshot/open.js';
import type { SnapshotSource } from '../snapshot/source.js';
import type { CheckProblem, Entry } from '../snapshot/types.js';
import { gapProblems } from './check-gap.js';
import { checkIndexes } from './check-indexes.js';
import { checkItems } from './check-items.js';
import { type Finding, ObjectChecker } from './check-object.js';
import { createSample } from './check-sample.js';
import { checkSignature } from './check-signature.js';
import type { CheckOptions, CheckSummary } from './check-types.js';
import { MacSet } from './mac-set.js';
import { isRepository, threadedSource } from './pipeline/threaded-source.js';

type Named = { readonly path: Uint8Array; readonly mac: Mac };

/** What one run remembers and counts. */
export type CheckRun = {
  readonly source: SnapshotSource;
  readonly options: CheckOptions;
  readonly entriesPerRead: number;
  readonly objects: ObjectChecker;
  /** Entries proven, with all their content. */
  readonly entries: MacSet;
  /** Entries proven at their paths (`placeOf`): a tree may name a sound entry at a path that is not its own. */
  readonly places: MacSet;
  /** Damaged entries by place, and what is wrong with them. */
  readonly badEntries: Map<Mac, readonly Finding[]>;
  /** Roots of trees proven as a whole; not used when only a path is checked. */
  readonly roots: MacSet;
  readonly counts: { snapshots: number; damagedSnapshots: number; entries: number; problems: number };
};

const ENTRIES_PER_READ = 2048;
/** Over a line fewer: what lies between them is held until their contents are read. */
const ENTRIES_PER_READ_OVER_LINE = 512;

/**
 * Proves snapshots: header, signature, tree nodes, entries, objects, chunks, attributes, error tree and indexes. What snapshots share is read once, and
 * every snapshot and path that a damaged blob hits is named. Returns the counts.
 */
export async function* checkSnapshots(source: SnapshotSource, options: CheckOptions): AsyncGenerator<CheckProblem, CheckSummary> {
  if (!isRepository(source)) return yield* checkAll(createRun(source, options, ENTRIES_PER_READ));
  // What is proven is what the store holds now.
  source.keys.ranges.forget();
  const threads = await threadedSource(source);
  try {
    return yield* checkAll(createRun(threads, options, source.store.line === undefined ? ENTRIES_PER_READ : ENTRIES_PER_READ_OVER_LINE));
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

function createRun(source: SnapshotSource, options: CheckOptions, entriesPerRead: number): CheckRun {
  const sample = options.sample === undefined ? null : createSample(options.sample);
  const isRead = (object: Mac): boolean => options.fast !== true && (sample === null || sample.has(object));
  const objects = new ObjectChecker(source, { isRead, damagedChunks: options.damagedChunks, signal: options.signal, onStep: () => report(run) });
  const run: CheckRun = {
    source,
    options,
    entriesPerRead,
    objects,
    entries: new MacSet(),
    places: new MacSet(),
    badEntries: new Map(),
    roots: new MacSet(),
    counts: { snapshots: 0, damagedSnapshots: 0, entries: 0, problems: 0 },
  };
  return run;
}

function summaryOf(run: CheckRun): CheckSummary {
  return { ...run.counts, ...run.objects.counts };
}

function report(run: CheckRun): void {
  run.options.onProgress?.(summaryOf(run));
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
  if (run.options.withoutFiles !== true) yield* wholeTree(run, { id: context.header.roots.vfs, isPartial: path !== null }, checkFiles(run, context, path));
  yield* checkItems(run, context, path);
  yield* checkIndexes(run, context, path);
}

/** Runs the check of a tree unless the same root was proven before; remembers it when nothing was found. */
export async function* wholeTree(
  run: CheckRun,
  root: { readonly id: Mac; readonly isPartial: boolean },
  problems: AsyncIterable<CheckProblem>,
): AsyncGenerator<CheckProblem> {
  if (run.roots.has(root.id)) return;
  let isGood = !root.isPartial;
  for await (const problem of problems) {
    isGood = false;
    yield problem;
  }
  if (isGood) run.roots.add(root.id);
}

/** A failure to open or go on with a tree is one problem of the snapshot. */
export async function* asProblem(problem: Omit<CheckProblem, 'error'>, problems: AsyncIterable<CheckProblem>): AsyncGenerator<CheckProblem> {
  try {
    yield* problems;
  } catch (error) {
    if (!(error instanceof KlosetError)) throw error;
    yield { ...problem, error };
  }
}

function checkFiles(run: CheckRun, context: SnapshotContext, path: Uint8Array | null): AsyncIterable<CheckProblem> {
  const snapshot = context.header.id;
  return asProblem({ snapshot, path: null, what: 'tree', id: context.header.roots.vfs }, scanFiles(run, context, path));
}

async function* scanFiles(run: CheckRun, context: SnapshotContext, path: Uint8Array | null): AsyncGenerator<CheckProblem> {
  const snapshot = context.header.id;
  const recovered = { count: 0 };
  let batch: Named[] = [];
  let isFound = path === null;
  for await (const item of scanTree(await context.files(), { signal: run.options.signal })) {
    if ('error' in item) {
      yield* gapProblems(run, context, { ...item, path });
      continue;
    }
    if (path !== null && !isAtOrBelow(item.key, path)) continue;
    isFound = true;
    batch.push({ path: item.key, mac: item.value });
    if (batch.length < run.entriesPerRead) continue;
    yield* checkBatch(run, context, { batch, recovered });
    batch = [];
  }
  yield* checkBatch(run, context, { batch, recovered });
  if (!isFound && path !== null)
    yield { snapshot, path: byteName(path), what: 'entry', id: null, error: new IntegrityError('tree', `${byteName(path).text} is not in it`) };
  if (recovered.count > 0) {
    const detail = `${recovered.count} entries have no blob of their own and stand only in packed listings, as backups of plakar 1.1 on top of 1.0 leave them; they can be read here, not by plakar's check`;
    yield {
      snapshot,
      path: null,
      what: 'tree',
      id: context.header.roots.vfs,
      error: new IntegrityError(`snapshot ${snapshot}`, detail, { kind: 'vfs-entry' }),
    };
  }
}

async function* checkBatch(
  run: CheckRun,
  context: SnapshotContext,
  work: { readonly batch: readonly Named[]; readonly recovered: { count: number } },
): AsyncGenerator<CheckProblem> {
  run.counts.entries += work.batch.length;
  const fresh = work.batch.filter((named) => !run.places.has(placeOf(named)) && !run.badEntries.has(placeOf(named)));
  for (const { named, got } of await readEntries(run, fresh)) {
    const findings = await entryFindings(run, context, { named, got, recovered: work.recovered });
    if (findings === null) continue;
    if (findings.length > 0) run.badEntries.set(placeOf(named), findings);
    else {
      run.entries.add(named.mac);
      run.places.add(placeOf(named));
    }
  }
  for (const named of work.batch) {
    for (const finding of run.badEntries.get(placeOf(named)) ?? []) yield { snapshot: context.header.id, path: byteName(named.path), ...finding };
  }
  report(run);
}

type ReadNamed = { readonly named: Named; readonly got: { readonly entry: Entry } | { readonly error: KlosetError } };

/** Entries, and all that their contents need to be answered for, read in as few goes as possible. */
async function readEntries(run: CheckRun, names: readonly Named[]): Promise<readonly ReadNamed[]> {
  const read: ReadNamed[] = [];
  for await (const got of run.source.getMany(
    SNAPSHOT_BLOB.vfsEntry,
    names.map((named) => named.mac),
    { signal: run.options.signal },
  )) {
    const named = names[read.length];
    if (named === undefined) break;
    read.push({ named, got: entryAt(named, got) });
  }
  await run.objects.prepare(read.flatMap(({ got }) => ('entry' in got && got.entry.object !== null ? [got.entry.object] : [])));
  return read;
}

function entryAt(named: Named, got: Got): ReadNamed['got'] {
  if ('error' in got) return got;
  try {
    return { entry: expectPath(readEntry(got.bytes, named.mac), named.path) };
  } catch (error) {
    if (!(error instanceof KlosetError)) throw error;
    return { error };
  }
}

const MAC_HEAD = 8;

/** An entry at a path, as one key: the entry's MAC with the path's hash (32 bits of FNV-1a) mixed into its first digits. */
function placeOf({ path, mac }: Named): Mac {
  let hash = 0x811c9dc5;
  for (const byte of path) hash = Math.imul(hash ^ byte, 0x01000193);
  const head = (Number.parseInt(mac.slice(0, MAC_HEAD), 16) ^ hash) >>> 0;
  return `${head.toString(16).padStart(MAC_HEAD, '0')}${mac.slice(MAC_HEAD)}` as Mac;
}

type Got = { readonly bytes: Uint8Array } | { readonly error: KlosetError };

/** Null: fine, but only thanks to the packed listing, which another snapshot may lack. */
async function entryFindings(
  run: CheckRun,
  context: SnapshotContext,
  work: ReadNamed & { readonly recovered: { count: number } },
): Promise<readonly Finding[] | null> {
  const { named, got } = work;
  let entry: Entry | null = 'entry' in got ? got.entry : null;
  const failure = 'error' in got ? got.error : null;
  if (failure !== null) {
    entry = failure.code === 'not-found' ? await recoverEntry(context, named, { signal: run.options.signal }) : null;
    if (entry === null) return [{ what: 'entry', id: named.mac, error: failure }];
    work.recovered.count += 1;
    const content = entry.object === null ? [] : await run.objects.check(entry.object);
    return content.length === 0 ? null : content;
  }
  return entry === null || entry.object === null ? [] : run.objects.check(entry.object);
}
