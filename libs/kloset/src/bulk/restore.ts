import { isAtOrBelow, parentPath } from '@wardrobe/kloset-model';
import { KlosetError } from '../errors/errors.js';
import { isDamaged } from '../snapshot/entry.js';
import { scanXattrs } from '../snapshot/items.js';
import { contextOf } from '../snapshot/open.js';
import type { DamagedEntry, Entry, Snapshot } from '../snapshot/types.js';
import { HardLinks } from './hard-links.js';
import { localError } from './local-error.js';
import { type SnapshotOnThreads, snapshotOnThreads } from './pipeline/snapshot-on-threads.js';
import { batchEntries, type Contents, isSmall, readSmallContents } from './restore-contents.js';
import { restoreLeaf } from './restore-leaf.js';
import { finishDirectory, reachDirectory } from './restore-levels.js';
import { type Level, noCounts, type RestoreRun, wantsOwners } from './restore-run.js';
import { pathSelection } from './restore-selection.js';
import type { RestoreOptions, RestoreProblem, RestoreSummary } from './restore-types.js';
import { Deviations, verifyRestored } from './restore-verify.js';
import { RestoreWork } from './restore-work.js';
import { openTarget, type SafeDirectory } from './safe-directory.js';
import { XattrTable } from './xattr-table.js';

/**
 * Restores a path into a folder and yields what failed; the rest is restored. Files get their name only when proven whole, directories their mode and
 * times when everything below them is done. Returns the counts.
 * @throws DiskFullError the disk is full: the partial file is removed, what was restored before stays; NotFoundError no such path; abort as it came
 */
export async function* restoreTo(snapshot: Snapshot, options: RestoreOptions): AsyncGenerator<RestoreProblem, RestoreSummary> {
  const threads = await snapshotOnThreads(snapshot);
  try {
    return yield* restoreFrom(threads, options);
  } finally {
    await threads.close();
  }
}

async function* restoreFrom({ snapshot, placer, ...threads }: SnapshotOnThreads, options: RestoreOptions): AsyncGenerator<RestoreProblem, RestoreSummary> {
  const { signal } = options;
  // Names are looked for in turn then, and contents read the ordinary way.
  const makers = options.conflict === 'rename' && placer === null ? null : threads.makers;
  const top = await snapshot.entry(options.path, { followLinks: true, signal });
  const selection = pathSelection(top, options);
  const target = await openTarget(options.directory, options.below).catch((error: unknown) => {
    throw localError(error, options.directory);
  });
  const problems: RestoreProblem[] = [];
  const xattrs = await readXattrs(snapshot, top, { problems, signal });
  const run: RestoreRun = {
    snapshot,
    makers,
    placer,
    options,
    selection,
    levels: [],
    counts: noCounts(),
    problems,
    links: new HardLinks(target),
    xattrs,
    deviations: new Deviations(),
  };
  const holder = top.type === 'directory' ? top : { ...top, path: { ...top.path, bytes: parentPath(top.path.bytes) } };
  run.levels.push({ entry: holder, name: new Uint8Array(0), place: target });
  const work = new RestoreWork(run);
  work.expect(snapshot.header.summary, isAtOrBelow(snapshot.header.source.directory.bytes, top.path.bytes));
  try {
    for await (const batch of batchEntries(snapshot.walk(top.path.bytes, { signal }), makers)) {
      const contents = await readBatch(run, work, batch);
      for (const entry of batch) {
        signal?.throwIfAborted();
        if (top.type !== 'directory' || !isTop(entry, top)) await restoreOne(run, work, { entry, contents });
        yield* drain(run);
      }
      await work.next();
      yield* drain(run);
    }
    while (run.levels.length > 1) work.leave(run.levels.pop() as Level);
    await work.finish();
    yield* drain(run);
    if (options.verify === true) yield* verify(run, { top, target });
    run.levels.pop();
    if (top.type === 'directory') await finishDirectory(run, { entry: top, name: new Uint8Array(0), place: target }, true);
    else await target.handle.close();
    yield* drain(run);
    return { ...run.counts };
  } finally {
    await work.end();
    for (const level of run.levels) await level.place?.handle.close();
  }
}

async function* verify(run: RestoreRun, at: { readonly top: Entry; readonly target: SafeDirectory }): AsyncGenerator<RestoreProblem> {
  yield* drain(run);
  const { deviations, selection } = run;
  const wanted = { owners: wantsOwners(run), modes: run.options.modes !== false, setuid: run.options.setuid !== false };
  const onVerified = (): void => {
    run.counts.verified += 1;
    run.options.onProgress?.({ ...run.counts });
  };
  for await (const problem of verifyRestored(run.snapshot, { ...at, deviations, selection, ...wanted, signal: run.options.signal, onVerified })) {
    run.problems.push(problem);
    yield* drain(run);
  }
}

/** What stays when its name is taken is not read ahead. */
function readBatch(run: RestoreRun, work: RestoreWork, batch: readonly (Entry | DamagedEntry)[]): Promise<Contents> {
  const { conflict } = run.options;
  const small =
    conflict === 'skip' || conflict === 'keep-newer'
      ? []
      : batch.filter((entry): entry is Entry => !isDamaged(entry) && isSmall(entry) && !work.isFor(entry) && run.selection.has(entry));
  return readSmallContents(
    contextOf(run.snapshot).source,
    small.flatMap(({ object }) => object ?? []),
    { signal: run.options.signal },
  );
}

function isTop(entry: Entry | DamagedEntry, top: Entry): boolean {
  return !isDamaged(entry) && Buffer.compare(entry.path.bytes, top.path.bytes) === 0;
}

function* drain(run: RestoreRun): Generator<RestoreProblem> {
  for (const problem of run.problems.splice(0)) {
    if (problem.severity === 'error') run.counts.failed += 1;
    else run.counts.warnings += 1;
    yield problem;
  }
  run.options.onProgress?.({ ...run.counts });
}

type One = { readonly entry: Entry | DamagedEntry; readonly contents: Contents };

async function restoreOne(run: RestoreRun, work: RestoreWork, { entry, contents }: One): Promise<void> {
  const parent = isDamaged(entry) && entry.name.bytes.length === 0 ? entry.path.bytes : parentPath(entry.path.bytes);
  while (run.levels.length > 1 && !isAtOrBelow(parent, (run.levels.at(-1) as Level).entry.path.bytes)) work.leave(run.levels.pop() as Level);
  if (isDamaged(entry)) {
    run.problems.push({ path: entry.path, severity: 'error', what: 'entry', error: entry.damaged });
    return;
  }
  const isWanted = run.selection.has(entry);
  if (entry.type === 'directory') {
    run.levels.push({ entry, name: entry.name.bytes, place: undefined });
    if (isWanted) await reachDirectory(run);
    return;
  }
  if (!isWanted) return;
  const place = await reachDirectory(run);
  if (place === null) {
    const isLeft = run.deviations.isUntouched(parentPath(entry.path.bytes));
    // Its directory was left alone, or could not be made and was reported: here it only counts.
    if (isLeft) run.counts.skipped += 1;
    else run.counts.failed += 1;
    run.deviations.untouched(entry.path.bytes, isLeft);
    return;
  }
  await restoreLeaf(run, { parent: place, entry, contents, work });
}

/** Attributes at or below the path by path. Their tree can only be scanned as a whole, so this is done once. */
async function readXattrs(
  snapshot: Snapshot,
  top: Entry,
  context: { readonly problems: RestoreProblem[]; readonly signal: AbortSignal | undefined },
): Promise<XattrTable> {
  const table = new XattrTable();
  try {
    for await (const item of scanXattrs(contextOf(snapshot), { signal: context.signal })) {
      if ('error' in item) context.problems.push({ path: top.path, severity: 'warning', what: 'xattr', error: item.error });
      else if (item.kind === 0 && isAtOrBelow(item.path.bytes, top.path.bytes)) table.add(item);
    }
  } catch (error) {
    if (!(error instanceof KlosetError)) throw error;
    context.problems.push({ path: top.path, severity: 'warning', what: 'xattr', error });
  }
  return table;
}
