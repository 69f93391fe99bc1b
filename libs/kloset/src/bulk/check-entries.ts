import { byteName, isAtOrBelow, type Mac } from '@wardrobe/kloset-model';
import { scanTree } from '../btree/scan.js';
import { IntegrityError, KlosetError } from '../errors/errors.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import type { SnapshotContext } from '../snapshot/context.js';
import { expectPath, readEntry } from '../snapshot/entry.js';
import { recoverEntry } from '../snapshot/lookup.js';
import type { CheckProblem, Entry } from '../snapshot/types.js';
import type { EntryProof } from './check-bulk.js';
import { gapProblems } from './check-gap.js';
import type { Finding } from './check-contents.js';
import { leavesToPass, type PassedLeaves } from './check-plan.js';
import { type CheckRun, type KnownTrees, report } from './check-run.js';
import type { ScannedTree } from './check-ahead.js';
import { aheadIn, asProblem } from './check-trees.js';
import { EntryBatch } from './entry-batch.js';
import { type Named, placeOf } from './entry-places.js';
import type { KnownLeaves } from './known-leaves.js';
import { ENTRY_IS } from './pipeline/examine-protocol.js';

/** Batches that are examined on threads while one is told of, and those that are read over a line meanwhile: what lies between their blobs is held. */
const BATCHES_AHEAD = 4;
const BATCHES_AHEAD_OVER_LINE = 3;
/** Where a part of the tree cannot be read, that is told before the last batches. */
const BATCHES_AFTER_GAP_OVER_LINE = 2;

/** `path`: only what lies there or below; null: all. `trees`: told of every entry. `onScanned`: all entries are asked for. */
export type FilesScope = { readonly path: Uint8Array | null; readonly trees: KnownTrees; readonly onScanned?: (() => void) | undefined };
/** `recovered`: entries that only packed listings hold. */
type Scan = FilesScope & { readonly passes: PassedLeaves | null; readonly recovered: { count: number } };
/** `known`: ENTRY_IS of what earlier snapshots answered for; `read`: under way already, of what nothing is known. */
type Batch = {
  readonly entries: EntryBatch;
  readonly known: Uint8Array;
  readonly proof: Promise<EntryProof> | null;
  readonly read: Promise<readonly ReadEntry[]> | null;
};
type UnderWay = { readonly batches: Batch[]; tree: ScannedTree | null };

/** The tree of files, its entries and their contents. */
export function checkFiles(run: CheckRun, context: SnapshotContext, scope: FilesScope): AsyncIterable<CheckProblem> {
  const snapshot = context.header.id;
  const underWay: UnderWay = { batches: [], tree: null };
  const problems = leftSettled(underWay, scanFiles(run, context, { ...scope, underWay }));
  return asProblem({ snapshot, path: null, what: 'tree', id: context.header.roots.vfs }, problems);
}

/** Whoever stops early leaves nothing under way. */
async function* leftSettled(underWay: UnderWay, problems: AsyncIterable<CheckProblem>): AsyncGenerator<CheckProblem> {
  try {
    yield* problems;
  } finally {
    await Promise.allSettled([...underWay.batches.map(({ read }) => read), underWay.tree?.settled()]);
  }
}

async function* scanFiles(run: CheckRun, context: SnapshotContext, scope: FilesScope & { readonly underWay: UnderWay }): AsyncGenerator<CheckProblem> {
  const { path, trees } = scope;
  const passes = path === null ? await leavesToPass(run, context, trees.leaves) : null;
  trees.listings.startTree();
  let isWhole = false;
  try {
    yield* scanEntries(run, context, { ...scope, passes, recovered: { count: 0 } });
    isWhole = true;
  } finally {
    trees.listings.endTree(context.header.roots.vfs, isWhole);
  }
}

async function* scanEntries(run: CheckRun, context: SnapshotContext, scan: Scan & { readonly underWay: UnderWay }): AsyncGenerator<CheckProblem> {
  const { path, underWay, recovered } = scan;
  const ahead = underWay.batches;
  const leaf = new LeafStarts(run, scan);
  let entries = new EntryBatch(run.entriesPerRead);
  let isFound = path === null;
  underWay.tree = aheadIn(run, await context.files(), { type: SNAPSHOT_BLOB.vfsNode, isRead: (id) => !leaf.isPassed(id) });
  const toldUpTo = async function* (left: number): AsyncGenerator<CheckProblem> {
    while (ahead.length > left) yield* checkBatch(run, context, { batch: ahead.shift() as Batch, scan });
  };
  for await (const item of scanTree(underWay.tree, { signal: run.options.signal, enter: (id) => leaf.enter(id), onNode: (id) => leaf.entered(id) })) {
    if ('error' in item) {
      if (run.isOverLine) yield* toldUpTo(BATCHES_AFTER_GAP_OVER_LINE);
      yield* gapProblems(run, context, { ...item, path });
      continue;
    }
    if (path !== null && !isAtOrBelow(item.key, path)) continue;
    isFound = true;
    if (entries.isFull || (leaf.isNew && entries.isAlmostFull)) {
      if (leaf.isNew) entries.endLeaf();
      ahead.push(begin(run, entries));
      entries = new EntryBatch(run.entriesPerRead, leaf.isNew ? null : entries.lastLeaf);
      yield* toldUpTo(run.isOverLine ? BATCHES_AHEAD_OVER_LINE : BATCHES_AHEAD);
    }
    leaf.startIn(entries);
    entries.add(item.key, item.value);
  }
  entries.endLeaf();
  ahead.push(begin(run, entries));
  scan.onScanned?.();
  yield* toldUpTo(0);
  yield* wholeProblems(context, { path, isFound, recovered: recovered.count });
}

/** What is wrong with the tree as a whole. */
function* wholeProblems(
  { header }: SnapshotContext,
  { path, isFound, recovered }: { readonly path: Uint8Array | null; readonly isFound: boolean; readonly recovered: number },
): Generator<CheckProblem> {
  const snapshot = header.id;
  if (!isFound && path !== null)
    yield { snapshot, path: byteName(path), what: 'entry', id: null, error: new IntegrityError('tree', `${byteName(path).text} is not in it`) };
  if (recovered > 0) {
    const detail = `${recovered} entries have no blob of their own and stand only in packed listings, as backups of plakar 1.1 on top of 1.0 leave them; they can be read here, not by plakar's check`;
    yield { snapshot, path: null, what: 'tree', id: header.roots.vfs, error: new IntegrityError(`snapshot ${snapshot}`, detail, { kind: 'vfs-entry' }) };
  }
}

/** Tells a batch where the leaves of the scan begin, and passes over those that an earlier snapshot answers for. */
class LeafStarts {
  readonly #run: CheckRun;
  readonly #leaves: KnownLeaves;
  readonly #passes: PassedLeaves | null;
  #node: Mac | null = null;

  constructor(run: CheckRun, { trees, passes }: Pick<Scan, 'trees' | 'passes'>) {
    this.#run = run;
    this.#leaves = trees.leaves;
    this.#passes = passes;
  }

  /** Whether the next entry is the first of its leaf. */
  get isNew(): boolean {
    return this.#node !== null;
  }

  isPassed(id: Mac): boolean {
    return this.#passedLeaf(id) >= 0;
  }

  /** The scan has come to this node: false where it is passed over. */
  enter(id: Mac): boolean {
    const leaf = this.#passedLeaf(id);
    if (leaf < 0) return true;
    this.#leaves.passOver(leaf);
    this.#run.counts.entries += this.#leaves.entries(leaf);
    return false;
  }

  /** What comes next is of this node, or of one that is entered later. */
  entered(id: Mac): void {
    this.#node = id;
  }

  /** An entry comes: its leaf begins unless it is told of already. */
  startIn(entries: EntryBatch): void {
    if (this.#node === null) return;
    const isKnown = this.#leaves.fine(this.#node) >= 0;
    entries.startLeaf(this.#leaves.read(this.#node), isKnown);
    this.#node = null;
  }

  #passedLeaf(id: Mac): number {
    if (this.#passes === null) return -1;
    const leaf = this.#leaves.fine(id);
    return leaf >= 0 && this.#passes.has(leaf) ? leaf : -1;
  }
}

/** Has the threads examine what is not known yet, where they are worth it; over a line has it read, so that no batch waits for the answers to another. */
function begin(run: CheckRun, entries: EntryBatch): Batch {
  const { bulk } = run;
  const known = knownOf(run, entries);
  if (bulk === null || !bulk.isFor(entries.count)) {
    const read = run.isOverLine ? readUnproven(run, entries, known) : null;
    // The failure is met when the batch's turn comes.
    read?.catch(() => undefined);
    return { entries, known, proof: null, read };
  }
  const proof = bulk.entries(entries, known);
  // The failure is met when the batch's turn comes.
  proof.catch(() => undefined);
  return { entries, known, proof, read: null };
}

/** ENTRY_IS of the entries that an earlier snapshot has at the same paths, where they were found fine. */
function knownOf({ places }: CheckRun, entries: EntryBatch): Uint8Array {
  const known = new Uint8Array(entries.count);
  if (places === null) return known;
  for (const { first, end, isKnown } of entries.leaves())
    for (let index = first; isKnown && index < end; index++) known[index] = places.kind(entries.mac(index));
  for (let index = 0; index < known.length; index++) if (known[index] === 0) known[index] = places.find(entries.path(index), entries.mac(index));
  return known;
}

async function* checkBatch(run: CheckRun, context: SnapshotContext, work: { readonly batch: Batch; readonly scan: Scan }): AsyncGenerator<CheckProblem> {
  const { entries, known, proof, read } = work.batch;
  run.counts.entries += entries.count;
  const proven = await proof;
  const verdicts = proven === null ? known.slice() : Uint8Array.from(known, (_, index) => proven.verdict(index));
  for (const { index, named, got } of await (read ?? readUnproven(run, entries, verdicts))) {
    const findings = await entryFindings(run, context, { named, got, recovered: work.scan.recovered });
    if (findings === null) continue;
    if (findings.length > 0) run.badEntries.set(placeOf(named), findings);
    else if ('entry' in got) verdicts[index] = ENTRY_IS.fine | (got.entry.type === 'directory' ? ENTRY_IS.directory : 0);
  }
  remember(run, work.scan.trees, { entries, known, verdicts });
  yield* toldOf(run, context, entries);
  report(run);
}

/** Those that neither the threads nor an earlier snapshot answered for. */
function unproven(run: CheckRun, entries: EntryBatch, verdicts: Uint8Array): { readonly named: Named; readonly index: number }[] {
  const fresh: { readonly named: Named; readonly index: number }[] = [];
  for (const [index, verdict] of verdicts.entries()) {
    if (verdict !== 0) continue;
    const named = entries.named(index);
    if (!run.badEntries.has(placeOf(named))) fresh.push({ named, index });
  }
  return fresh;
}

type Told = Pick<Batch, 'entries' | 'known'> & { readonly verdicts: Uint8Array };

/** Entries that are fine, for other snapshots, and for the listing of their directory. */
function remember({ places }: CheckRun, { leaves, listings }: KnownTrees, { entries, known, verdicts }: Told): void {
  for (const { leaf, first, end, isKnown, isWhole } of entries.leaves()) {
    let isFine = true;
    for (let index = first; index < end; index++) {
      const verdict = verdicts[index] as number;
      const [path, mac] = [entries.path(index), entries.mac(index)];
      const isDirectory = (verdict & ENTRY_IS.directory) !== 0;
      isFine &&= verdict !== 0;
      listings.note({ path, mac, isDirectory: verdict === 0 ? null : isDirectory }, leaf);
      if (places !== null && verdict !== 0 && known[index] === 0) places.add(path, mac, isDirectory);
    }
    if (isWhole && isFine && !isKnown) leaves.setFine(leaf, end - first);
  }
}

/** What is known to be wrong with entries, in their order. */
function* toldOf({ badEntries }: CheckRun, context: SnapshotContext, entries: EntryBatch): Generator<CheckProblem> {
  if (badEntries.size === 0) return;
  for (let index = 0; index < entries.count; index++) {
    const named = entries.named(index);
    for (const finding of badEntries.get(placeOf(named)) ?? []) yield { snapshot: context.header.id, path: byteName(named.path), ...finding };
  }
}

type ReadNamed = { readonly named: Named; readonly got: { readonly entry: Entry } | { readonly error: KlosetError } };
type ReadEntry = ReadNamed & { readonly index: number };

/** Entries of which nothing is known, and all that their contents need to be answered for, read in as few goes as possible. */
async function readUnproven(run: CheckRun, entries: EntryBatch, verdicts: Uint8Array): Promise<readonly ReadEntry[]> {
  const fresh = unproven(run, entries, verdicts);
  const read: ReadEntry[] = [];
  for await (const got of run.source.getMany(
    SNAPSHOT_BLOB.vfsEntry,
    fresh.map(({ named }) => named.mac),
    { signal: run.options.signal },
  )) {
    const asked = fresh[read.length];
    if (asked === undefined) break;
    read.push({ ...asked, got: entryAt(asked.named, got) });
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
