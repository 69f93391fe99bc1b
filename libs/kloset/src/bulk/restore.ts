import { isAtOrBelow, parentPath, percentEncodePath } from '@wardrobe/kloset-model';
import { DiskFullError, InvalidInputError, KlosetError } from '../errors/errors.js';
import { isDamaged } from '../snapshot/entry.js';
import type { Xattr } from '../snapshot/items.js';
import { contextOf } from '../snapshot/open.js';
import { scanXattrs } from '../snapshot/items.js';
import type { DamagedEntry, Entry, Snapshot } from '../snapshot/types.js';
import { HardLinks } from './hard-links.js';
import { errnoOf, localError } from './local-error.js';
import { setAttributes, setXattrs } from './restore-attributes.js';
import { type Placement, restoreFifo, restoreFile, restoreHardLink, restoreSymlink } from './restore-entry.js';
import type { RestoreOptions, RestoreProblem, RestoreSummary } from './restore-types.js';
import { openBelow, openTarget, type SafeDirectory } from './safe-directory.js';

/** A directory of the snapshot and where it stands; null when it could not be made. */
type Level = { readonly entry: Entry; readonly place: SafeDirectory | null };
type Counts = { -readonly [K in keyof RestoreSummary]: RestoreSummary[K] };
type Run = {
  readonly snapshot: Snapshot;
  readonly options: RestoreOptions;
  readonly levels: Level[];
  readonly counts: Counts;
  readonly problems: RestoreProblem[];
  readonly links: HardLinks;
  readonly xattrs: ReadonlyMap<string, readonly Xattr[]>;
};

/**
 * Restores a path into a folder and yields what failed; the rest is restored. Files get their name only when proven whole, directories their mode and
 * times when everything below them is done. Returns the counts.
 * @throws DiskFullError the disk is full: the partial file is removed, what was restored before stays; NotFoundError no such path; abort as it came
 */
export async function* restoreTo(snapshot: Snapshot, options: RestoreOptions): AsyncGenerator<RestoreProblem, RestoreSummary> {
  const top = await snapshot.entry(options.path, { followLinks: true, signal: options.signal });
  const target = await openTarget(options.directory, options.below).catch((error: unknown) => {
    throw localError(error, options.directory);
  });
  const counts: Counts = { files: 0, directories: 0, symlinks: 0, hardLinks: 0, fifos: 0, bytes: 0, failed: 0, warnings: 0 };
  const problems: RestoreProblem[] = [];
  const xattrs = await readXattrs(snapshot, top, { problems, signal: options.signal });
  const run: Run = { snapshot, options, levels: [], counts, problems, links: new HardLinks(target, top), xattrs };
  const holder = top.type === 'directory' ? top : { ...top, path: { ...top.path, bytes: parentPath(top.path.bytes) } };
  run.levels.push({ entry: holder, place: target });
  try {
    for await (const entry of snapshot.walk(top.path.bytes, { signal: options.signal })) {
      const isHeld = top.type === 'directory' && isTop(entry, top);
      if (!isHeld) await restoreOne(run, entry);
      yield* drain(run);
    }
    while (run.levels.length > 0) await leaveDirectory(run, top.type === 'directory');
    yield* drain(run);
    return { ...counts };
  } finally {
    for (const level of run.levels) await level.place?.handle.close();
  }
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

async function restoreOne(run: Run, entry: Entry | DamagedEntry): Promise<void> {
  const parent = isDamaged(entry) && entry.name.bytes.length === 0 ? entry.path.bytes : parentPath(entry.path.bytes);
  while (run.levels.length > 1 && !isAtOrBelow(parent, (run.levels.at(-1) as Level).entry.path.bytes)) await leaveDirectory(run, true);
  const level = run.levels.at(-1) as Level;
  if (isDamaged(entry)) {
    run.problems.push({ path: entry.path, severity: 'error', what: 'entry', error: entry.damaged });
    return;
  }
  if (level.place === null) {
    // Its directory could not be made and was reported: here it only counts.
    run.counts.failed += 1;
    if (entry.type === 'directory') run.levels.push({ entry, place: null });
    return;
  }
  if (entry.type === 'directory') return enterDirectory(run, { parent: level.place, entry });
  await restoreLeaf(run, { parent: level.place, entry });
}

async function enterDirectory(run: Run, at: { readonly parent: SafeDirectory; readonly entry: Entry }): Promise<void> {
  const { entry } = at;
  try {
    if (entry.name.bytes.includes(0)) throw new InvalidInputError('a name that holds a zero byte');
    run.levels.push({ entry, place: await openBelow(at.parent, entry.name.bytes) });
    run.counts.directories += 1;
  } catch (error) {
    const known = localError(error, entry.path.text);
    if (known instanceof DiskFullError) throw known;
    run.problems.push({ path: entry.path, severity: 'error', what: 'entry', error: known });
    run.levels.push({ entry, place: null });
  }
}

/** Closes the deepest directory; sets what belongs to it when this run made it (or may overwrite). */
async function leaveDirectory(run: Run, isDirectory: boolean): Promise<void> {
  const level = run.levels.pop();
  if (level === undefined || level.place === null) return;
  const { entry, place } = level;
  const mayOverwrite = run.options.overwrite === true && run.levels.length > 0;
  try {
    if (!isDirectory || !(place.isNew || mayOverwrite)) return;
    const warn = warner(run, entry);
    // `/.`: attributes are set without following links, and the handle's own name is one.
    await setXattrs({ path: Buffer.concat([place.self, Buffer.from('/.')]), snapshot: run.snapshot, values: xattrsOf(run, entry) }, entry, warn);
    await setAttributes(place.handle, entry, { owners: wantsOwners(run), setuid: run.options.setuid !== false, warn });
  } finally {
    await place.handle.close();
  }
}

async function restoreLeaf(run: Run, at: { readonly parent: SafeDirectory; readonly entry: Entry }): Promise<void> {
  const { entry } = at;
  const attributes = { owners: wantsOwners(run), setuid: run.options.setuid !== false, warn: warner(run, entry) };
  const place: Placement = {
    snapshot: run.snapshot,
    parent: at.parent,
    overwrite: run.options.overwrite === true,
    attributes,
    xattrs: xattrsOf(run, entry),
    signal: run.options.signal,
  };
  try {
    await restoreByType(run, place, entry);
  } catch (error) {
    const known = localError(error, entry.path.text);
    if (known instanceof DiskFullError) throw known;
    run.problems.push({ path: entry.path, severity: 'error', what: entry.type === 'file' ? 'content' : 'entry', error: known });
  }
}

async function restoreByType(run: Run, place: Placement, entry: Entry): Promise<void> {
  if (entry.type === 'file') return restoreFileOrLink(run, place, entry);
  if (entry.type === 'symlink') {
    await restoreSymlink(place, entry);
    run.counts.symlinks += 1;
  } else if (entry.type === 'fifo') {
    await restoreFifo(place, entry);
    run.counts.fifos += 1;
  } else
    run.problems.push({
      path: entry.path,
      severity: 'warning',
      what: 'type',
      error: new InvalidInputError(`a ${entry.type} cannot be restored: the snapshot does not hold what it needs`),
    });
}

async function restoreFileOrLink(run: Run, place: Placement, entry: Entry): Promise<void> {
  const existing = await run.links.find(entry);
  if (existing !== null) {
    try {
      await restoreHardLink(place, entry, existing.path);
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
  await restoreFile(place, entry, (count) => {
    run.counts.bytes += count;
    run.options.onProgress?.({ ...run.counts });
  });
  await run.links.remember(entry, place.parent);
  run.counts.files += 1;
}

function warner(run: Run, entry: Entry): (what: RestoreProblem['what'], error: KlosetError) => void {
  return (what, error) => {
    if (error instanceof DiskFullError) throw error;
    run.problems.push({ path: entry.path, severity: 'warning', what, error });
  };
}

function wantsOwners(run: Run): boolean {
  return run.options.owners ?? process.getuid?.() === 0;
}

function xattrsOf(run: Run, entry: Entry): readonly Xattr[] {
  return entry.extendedAttributes.length === 0 ? [] : (run.xattrs.get(percentEncodePath(entry.path.bytes)) ?? []);
}

/** Attributes at or below the path by path. Their tree can only be scanned as a whole, so this is done once. */
async function readXattrs(
  snapshot: Snapshot,
  top: Entry,
  context: { readonly problems: RestoreProblem[]; readonly signal: AbortSignal | undefined },
): Promise<Map<string, Xattr[]>> {
  const byPath = new Map<string, Xattr[]>();
  try {
    for await (const item of scanXattrs(contextOf(snapshot), { signal: context.signal })) {
      if ('error' in item) context.problems.push({ path: top.path, severity: 'warning', what: 'xattr', error: item.error });
      else if (isAtOrBelow(item.path.bytes, top.path.bytes)) {
        const key = percentEncodePath(item.path.bytes);
        byPath.set(key, [...(byPath.get(key) ?? []), item]);
      }
    }
  } catch (error) {
    if (!(error instanceof KlosetError)) throw error;
    context.problems.push({ path: top.path, severity: 'warning', what: 'xattr', error });
  }
  return byPath;
}
