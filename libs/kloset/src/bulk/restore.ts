import { isAtOrBelow, parentPath } from '@wardrobe/kloset-model';
import { DiskFullError, InvalidInputError, KlosetError } from '../errors/errors.js';
import { isDamaged } from '../snapshot/entry.js';
import { scanXattrs } from '../snapshot/items.js';
import { contextOf } from '../snapshot/open.js';
import type { DamagedEntry, Entry, Snapshot } from '../snapshot/types.js';
import { HardLinks } from './hard-links.js';
import { errnoOf, localError } from './local-error.js';
import { snapshotOnThreads } from './pipeline/snapshot-on-threads.js';
import { setModeAndTime, setOwner, setXattrs } from './restore-attributes.js';
import { actionOf, decideConflict, type Decision, otherNames, refusalText, specialReason } from './restore-conflict.js';
import { batchEntries, type Contents, isSmall, readSmallContents } from './restore-contents.js';
import { makeRoom, type Placement, restoreFifo, restoreFile, restoreHardLink, restoreSymlink } from './restore-entry.js';
import { type PathSelection, pathSelection } from './restore-selection.js';
import type { RestoreOptions, RestoreProblem, RestoreSummary } from './restore-types.js';
import { Deviations, verifyRestored } from './restore-verify.js';
import { lstatOrNull, openBelow, openTarget, type SafeDirectory } from './safe-directory.js';
import { XattrTable, type XattrValue } from './xattr-table.js';

/** A directory of the snapshot and where it stands: null when it could not be made or was left alone, undefined while nothing in it was wanted. */
type Level = { readonly entry: Entry; name: Uint8Array; place: SafeDirectory | null | undefined };
type Counts = { -readonly [K in keyof RestoreSummary]: RestoreSummary[K] };
type Run = {
  readonly snapshot: Snapshot;
  readonly options: RestoreOptions;
  readonly selection: PathSelection;
  readonly levels: Level[];
  readonly counts: Counts;
  readonly problems: RestoreProblem[];
  readonly links: HardLinks;
  readonly xattrs: XattrTable;
  readonly deviations: Deviations;
};

/**
 * Restores a path into a folder and yields what failed; the rest is restored. Files get their name only when proven whole, directories their mode and
 * times when everything below them is done. Returns the counts.
 * @throws DiskFullError the disk is full: the partial file is removed, what was restored before stays; NotFoundError no such path; abort as it came
 */
export async function* restoreTo(snapshot: Snapshot, options: RestoreOptions): AsyncGenerator<RestoreProblem, RestoreSummary> {
  const threads = await snapshotOnThreads(snapshot);
  try {
    return yield* restoreFrom(threads.snapshot, options);
  } finally {
    await threads.close();
  }
}

async function* restoreFrom(snapshot: Snapshot, options: RestoreOptions): AsyncGenerator<RestoreProblem, RestoreSummary> {
  const { signal } = options;
  const top = await snapshot.entry(options.path, { followLinks: true, signal });
  const selection = pathSelection(top, options);
  const target = await openTarget(options.directory, options.below).catch((error: unknown) => {
    throw localError(error, options.directory);
  });
  const problems: RestoreProblem[] = [];
  const xattrs = await readXattrs(snapshot, top, { problems, signal });
  const run: Run = {
    snapshot,
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
  try {
    for await (const batch of batchEntries(snapshot.walk(top.path.bytes, { signal }))) {
      const contents = await readBatch(run, batch);
      for (const entry of batch) {
        signal?.throwIfAborted();
        if (top.type !== 'directory' || !isTop(entry, top)) await restoreOne(run, entry, contents);
        yield* drain(run);
      }
    }
    while (run.levels.length > 1) await leaveDirectory(run, true);
    if (options.verify === true) yield* verify(run, { top, target });
    await leaveDirectory(run, top.type === 'directory');
    yield* drain(run);
    return { ...run.counts };
  } finally {
    for (const level of run.levels) await level.place?.handle.close();
  }
}

function noCounts(): Counts {
  return {
    files: 0,
    directories: 0,
    symlinks: 0,
    hardLinks: 0,
    fifos: 0,
    bytes: 0,
    replaced: 0,
    skipped: 0,
    renamed: 0,
    special: 0,
    failed: 0,
    warnings: 0,
    verified: 0,
  };
}

async function* verify(run: Run, at: { readonly top: Entry; readonly target: SafeDirectory }): AsyncGenerator<RestoreProblem> {
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
function readBatch(run: Run, batch: readonly (Entry | DamagedEntry)[]): Promise<Contents> {
  const { conflict } = run.options;
  const small =
    conflict === 'skip' || conflict === 'keep-newer'
      ? []
      : batch.filter((entry): entry is Entry => !isDamaged(entry) && isSmall(entry) && run.selection.has(entry));
  return readSmallContents(
    contextOf(run.snapshot).source,
    small.flatMap(({ object }) => object ?? []),
    { signal: run.options.signal },
  );
}

function isTop(entry: Entry | DamagedEntry, top: Entry): boolean {
  return !isDamaged(entry) && Buffer.compare(entry.path.bytes, top.path.bytes) === 0;
}

function* drain(run: Run): Generator<RestoreProblem> {
  for (const problem of run.problems.splice(0)) {
    if (problem.severity === 'error') run.counts.failed += 1;
    else run.counts.warnings += 1;
    yield problem;
  }
  run.options.onProgress?.({ ...run.counts });
}

async function restoreOne(run: Run, entry: Entry | DamagedEntry, contents: Contents): Promise<void> {
  const parent = isDamaged(entry) && entry.name.bytes.length === 0 ? entry.path.bytes : parentPath(entry.path.bytes);
  while (run.levels.length > 1 && !isAtOrBelow(parent, (run.levels.at(-1) as Level).entry.path.bytes)) await leaveDirectory(run, true);
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
  await restoreLeaf(run, { parent: place, entry, contents });
}

/** The directory of the deepest level, made with those above it when that was not wanted before. */
async function reachDirectory(run: Run): Promise<SafeDirectory | null> {
  let parent: SafeDirectory | null = null;
  for (const level of run.levels) {
    if (level.place === undefined) await enterDirectory(run, level, parent);
    parent = level.place ?? null;
  }
  return parent;
}

async function enterDirectory(run: Run, level: Level, parent: SafeDirectory | null): Promise<void> {
  const { entry } = level;
  level.place = null;
  if (parent === null) {
    const isLeft = run.deviations.isUntouched(parentPath(entry.path.bytes));
    if (isLeft) run.counts.skipped += 1;
    else run.counts.failed += 1;
    run.deviations.untouched(entry.path.bytes, isLeft);
    return;
  }
  try {
    const named = await settleName(run, { parent, entry });
    if (named === null) return;
    level.name = named.name;
    if (named.replace) await makeRoom({ parent, name: named.name });
    level.place = await openBelow(parent, named.name);
    run.counts.directories += 1;
    if (!level.place.isNew && run.options.conflict !== 'overwrite') run.deviations.asItWas(entry.path.bytes);
  } catch (error) {
    failed(run, entry, error);
  }
}

function failed(run: Run, entry: Entry, error: unknown): void {
  const known = localError(error, entry.path.text);
  if (known instanceof DiskFullError) throw known;
  run.deviations.untouched(entry.path.bytes, false);
  run.problems.push({ path: entry.path, severity: 'error', what: entry.type === 'file' ? 'content' : 'entry', error: known });
}

/** The name that an entry gets, by the policy; null when it is left alone. Every name taken is told. @throws InvalidInputError refused */
async function settleName(
  run: Run,
  at: { readonly parent: SafeDirectory; readonly entry: Entry },
): Promise<{ readonly name: Uint8Array; readonly replace: boolean } | null> {
  const { parent, entry } = at;
  const { conflict = 'fail', onAction } = run.options;
  const name = entry.name.bytes;
  if (name.includes(0)) throw new InvalidInputError('a name that holds a zero byte');
  const there = parent.isNew ? null : await lstatOrNull(parent.at(name));
  const decision: Decision = decideConflict(entry, there, conflict);
  if (decision === 'create' || decision === 'enter') return { name, replace: false };
  const above = run.levels.slice(1, entry.type === 'directory' ? -1 : undefined).map((level) => level.name);
  const free = decision === 'rename' ? await freeName(parent, name) : name;
  onAction?.(actionOf(entry, { decision, names: [...above, free], there }));
  if (decision === 'refuse') throw new InvalidInputError(refusalText(entry.path.text, there));
  if (decision === 'skip') {
    run.counts.skipped += 1;
    // What reading back does not ask for is not remembered: a second run over a large tree may skip all of it.
    if (run.options.verify === true || entry.type === 'directory') run.deviations.untouched(entry.path.bytes, true);
    return null;
  }
  if (decision === 'replace') run.counts.replaced += 1;
  else {
    run.counts.renamed += 1;
    run.deviations.renamed(entry.path.bytes, free);
  }
  return { name: free, replace: decision === 'replace' };
}

async function freeName(parent: SafeDirectory, name: Uint8Array): Promise<Uint8Array> {
  for (const other of otherNames(name)) if ((await lstatOrNull(parent.at(other))) === null) return other;
  throw new InvalidInputError('no free name was found beside it');
}

/** Closes the deepest directory; sets what belongs to it when this run made it (or may overwrite). */
async function leaveDirectory(run: Run, isDirectory: boolean): Promise<void> {
  const level = run.levels.pop();
  if (level === undefined || level.place === null || level.place === undefined) return;
  const { entry, place } = level;
  const mayOverwrite = run.options.conflict === 'overwrite' && run.levels.length > 0;
  try {
    if (!isDirectory || !(place.isNew || mayOverwrite)) return;
    const attributes = attributesOf(run, entry);
    const target = { fd: place.handle.fd, asMade: place.isNew ? { mode: null, ownerIsOurs: false } : undefined };
    const isOwned = setOwner(target, entry, attributes);
    // `/.`: attributes are set without following links, and the handle's own name is one.
    await setXattrs({ path: Buffer.concat([place.self, Buffer.from('/.')]), snapshot: run.snapshot, values: xattrsOf(run, entry) }, entry, attributes.warn);
    setModeAndTime(target, entry, { ...attributes, isOwned });
  } finally {
    await place.handle.close();
  }
}

type Leaf = { readonly parent: SafeDirectory; readonly entry: Entry; readonly contents: Contents };

async function restoreLeaf(run: Run, { parent, entry, contents }: Leaf): Promise<void> {
  const special = specialReason(entry);
  if (special !== null) {
    run.counts.special += 1;
    run.deviations.untouched(entry.path.bytes, false);
    run.problems.push({ path: entry.path, severity: 'warning', what: 'type', error: new InvalidInputError(special) });
    return;
  }
  try {
    const named = await settleName(run, { parent, entry });
    if (named === null) return;
    const { snapshot, options } = run;
    const place: Placement = { snapshot, parent, ...named, attributes: attributesOf(run, entry), xattrs: xattrsOf(run, entry), signal: options.signal };
    await restoreByType(run, place, { entry, contents });
  } catch (error) {
    run.options.signal?.throwIfAborted();
    failed(run, entry, error);
  }
}

type Work = Pick<Leaf, 'entry' | 'contents'>;

async function restoreByType(run: Run, place: Placement, { entry, contents }: Work): Promise<void> {
  if (entry.type === 'file') return restoreFileOrLink(run, place, { entry, contents });
  if (entry.type === 'symlink') {
    await restoreSymlink(place, entry);
    run.counts.symlinks += 1;
  } else {
    await restoreFifo(place, entry);
    run.counts.fifos += 1;
  }
}

async function restoreFileOrLink(run: Run, place: Placement, { entry, contents }: Work): Promise<void> {
  const existing = await run.links.find(entry);
  if (existing !== null) {
    try {
      await restoreHardLink(place, existing.path);
      run.counts.hardLinks += 1;
      run.counts.files += 1;
      return;
    } catch (error) {
      const code = errnoOf(error);
      if (code !== 'EPERM' && code !== 'EMLINK' && code !== 'EXDEV' && code !== 'ENOTSUP') throw error;
      place.attributes.warn('entry', new InvalidInputError(`${entry.path.text} was restored as a copy: it cannot be linked here (${code})`, { cause: error }));
    } finally {
      await existing.close();
    }
  }
  const small = entry.object === null ? null : contents.get(entry.object);
  if (small instanceof KlosetError) throw small;
  await restoreFile(place, entry, {
    small: small ?? null,
    onBytes: (count) => {
      run.counts.bytes += count;
      run.options.onProgress?.({ ...run.counts });
    },
  });
  if (entry.nlink > 1) await run.links.remember(entry, [...run.levels.slice(1).map((level) => level.name), place.name], place.parent.at(place.name));
  run.counts.files += 1;
}

function attributesOf(run: Run, entry: Entry): Placement['attributes'] {
  const { modes, setuid } = run.options;
  return {
    owners: wantsOwners(run),
    modes: modes !== false,
    setuid: setuid !== false,
    warn: (what, error) => {
      if (error instanceof DiskFullError) throw error;
      run.deviations.without(entry.path.bytes, what);
      run.problems.push({ path: entry.path, severity: 'warning', what, error });
    },
  };
}

function wantsOwners(run: Run): boolean {
  return run.options.owners ?? process.getuid?.() === 0;
}

function xattrsOf(run: Run, entry: Entry): readonly XattrValue[] {
  return entry.extendedAttributes.length === 0 ? [] : run.xattrs.find(entry.path.bytes);
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
