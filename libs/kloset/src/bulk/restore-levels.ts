import { parentPath } from '@wardrobe/kloset-model';
import { InvalidInputError } from '../errors/errors.js';
import type { Entry } from '../snapshot/types.js';
import { setModeAndTime, setOwner, setXattrs } from './restore-attributes.js';
import { actionOf, decideConflict, type Decision, otherNames, refusalText } from './restore-conflict.js';
import { makeRoom } from './restore-entry.js';
import { attributesOf, failed, type Level, type RestoreRun, xattrsOf } from './restore-run.js';
import { lstatOrNull, openBelow, type SafeDirectory } from './safe-directory.js';

/** The directory of the deepest level, made with those above it when that was not wanted before. */
export async function reachDirectory(run: RestoreRun): Promise<SafeDirectory | null> {
  let parent: SafeDirectory | null = null;
  for (const level of run.levels) {
    if (level.place === undefined) await enterDirectory(run, level, parent);
    parent = level.place ?? null;
  }
  return parent;
}

async function enterDirectory(run: RestoreRun, level: Level, parent: SafeDirectory | null): Promise<void> {
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

/** The name that an entry gets, by the policy; null when it is left alone. Every name taken is told. @throws InvalidInputError refused */
export async function settleName(
  run: RestoreRun,
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
  if (decision === 'refuse') throw new InvalidInputError(refusalText(there));
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

/** Closes a directory in which all is done; sets what belongs to it when this run made it (or may overwrite). `isTop`: the folder that is restored into. */
export async function finishDirectory(run: RestoreRun, { entry, place }: Level, isTop = false): Promise<void> {
  if (place === null || place === undefined) return;
  const mayOverwrite = run.options.conflict === 'overwrite' && !isTop;
  try {
    if (!(place.isNew || mayOverwrite)) return;
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
