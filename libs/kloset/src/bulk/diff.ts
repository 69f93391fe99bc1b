import { byteName, cleanPath, compareBytes, equalBytes, isAtOrBelow, type Mac, pathComponents } from '@wardrobe/kloset-model';
import { scanItems } from '../btree/scan.js';
import { InvalidInputError, KlosetError } from '../errors/errors.js';
import { readObject } from '../snapshot/content.js';
import type { SnapshotContext } from '../snapshot/context.js';
import { isDamaged } from '../snapshot/entry.js';
import { contextOf } from '../snapshot/open.js';
import type { Abortable } from '../snapshot/source.js';
import type { ByteName, DamagedEntry, Entry, Snapshot } from '../snapshot/types.js';
import type { ChangedPart, TreeChange } from './diff-types.js';
import { belowRelative } from './relative-path.js';

type Side = { readonly snapshot: Snapshot; readonly context: SnapshotContext; readonly top: Uint8Array };
type Run = { readonly before: Side; readonly after: Side; readonly signal: AbortSignal | undefined };
/** A directory on each side; null where it does not exist. */
type Pair = { readonly before: Uint8Array | null; readonly after: Uint8Array | null };

/**
 * Differences between two trees of one store, directory by directory. Directories whose packed listings are one object are left out unread, contents are
 * compared by their MACs and never read. What exists on one side only is told entry by entry, everything below it included.
 * @throws NotFoundError a path does not exist; InvalidInputError the snapshots are of two stores (MACs say nothing then)
 */
export async function* diffTrees(
  before: { readonly snapshot: Snapshot; readonly path: Uint8Array },
  after: { readonly snapshot: Snapshot; readonly path: Uint8Array },
  options: Abortable = {},
): AsyncGenerator<TreeChange> {
  const run: Run = { before: sideOf(before), after: sideOf(after), signal: options.signal };
  const probe = Uint8Array.of(1);
  if (run.before.context.source.mac(probe) !== run.after.context.source.mac(probe))
    throw new InvalidInputError('two snapshots of different stores cannot be compared by their MACs');
  const [old, fresh] = [await before.snapshot.entry(run.before.top, options), await after.snapshot.entry(run.after.top, options)];
  yield* compareEntries(run, { path: byteName(new Uint8Array(0)), old, fresh });
  if (old.type !== 'directory' && fresh.type !== 'directory') return;
  const top: Pair = { before: old.type === 'directory' ? run.before.top : null, after: fresh.type === 'directory' ? run.after.top : null };
  const known = await differingDirectories(run);
  if (known === null) yield* compareDeep(run, top);
  else for (const pair of known) yield* compareListings(run, pair, []);
}

function sideOf(at: { readonly snapshot: Snapshot; readonly path: Uint8Array }): Side {
  return { snapshot: at.snapshot, context: contextOf(at.snapshot), top: cleanPath(at.path) };
}

/**
 * Directories whose listings differ, from the two indexes alone; null when they cannot tell: other paths (entries hold their parent's path), no index, or one
 * that cannot be read.
 */
async function differingDirectories(run: Run): Promise<Pair[] | null> {
  if (!equalBytes(run.before.top, run.after.top)) return null;
  try {
    const trees = [await run.before.context.dirpacks(), await run.after.context.dirpacks()] as const;
    if (trees[0] === null || trees[1] === null) return null;
    if (trees[0].root === trees[1].root) return [];
    const options = { from: run.before.top, signal: run.signal };
    return await mergeIndexes(run, scanItems(trees[0], options), scanItems(trees[1], options));
  } catch (error) {
    if (error instanceof KlosetError) return null;
    throw error;
  }
}

type IndexItem = { readonly key: Uint8Array; readonly value: Mac };

async function mergeIndexes(run: Run, before: AsyncGenerator<IndexItem>, after: AsyncGenerator<IndexItem>): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for await (const [old, fresh] of mergeSorted(before, after, (item) => item.key)) {
    const key = (old ?? fresh)?.key;
    if (key === undefined || !isAtOrBelow(key, run.before.top) || old?.value === fresh?.value) continue;
    pairs.push({ before: old?.key ?? null, after: fresh?.key ?? null });
  }
  return pairs;
}

/** Pairs of items with equal keys; null where one side lacks it. Both sides in byte order. */
async function* mergeSorted<T>(
  before: AsyncIterator<T>,
  after: AsyncIterator<T>,
  keyOf: (item: T) => Uint8Array,
): AsyncGenerator<readonly [T | null, T | null]> {
  const take = async (from: AsyncIterator<T>): Promise<T | null> => {
    const next = await from.next();
    return next.done === true ? null : next.value;
  };
  let [old, fresh] = [await take(before), await take(after)];
  while (old !== null || fresh !== null) {
    const order = old === null ? 1 : fresh === null ? -1 : compareBytes(keyOf(old), keyOf(fresh));
    yield [order <= 0 ? old : null, order >= 0 ? fresh : null];
    if (order <= 0) old = await take(before);
    if (order >= 0) fresh = await take(after);
  }
}

/** Without indexes: every directory, one after the other. */
async function* compareDeep(run: Run, top: Pair): AsyncGenerator<TreeChange> {
  const pending = [top];
  for (let pair = pending.pop(); pair !== undefined; pair = pending.pop()) {
    const below: Pair[] = [];
    yield* compareListings(run, pair, below);
    pending.push(...below.reverse());
  }
}

/** Direct children of one pair; directories met go to `below`. A listing that cannot be read is one unknown. */
async function* compareListings(run: Run, pair: Pair, below: Pair[]): AsyncGenerator<TreeChange> {
  run.signal?.throwIfAborted();
  const failed: { side: 'before' | 'after' } = { side: 'before' };
  const list = async function* (side: 'before' | 'after', path: Uint8Array | null): AsyncGenerator<Entry | DamagedEntry> {
    if (path === null) return;
    failed.side = side;
    yield* run[side].snapshot.children(path, { signal: run.signal });
  };
  try {
    yield* compareChildren(run, [list('before', pair.before), list('after', pair.after)], below);
  } catch (error) {
    if (!(error instanceof KlosetError)) throw error;
    const path = relativeTo(pair.after === null ? run.before.top : run.after.top, pair.after ?? pair.before ?? run.after.top);
    yield { path, kind: 'unknown', what: [], side: failed.side, error };
  }
}

async function* compareChildren(
  run: Run,
  lists: readonly [AsyncIterator<Entry | DamagedEntry>, AsyncIterator<Entry | DamagedEntry>],
  below: Pair[],
): AsyncGenerator<TreeChange> {
  const gaps: { before: KlosetError | null; after: KlosetError | null } = { before: null, after: null };
  for await (const [old, fresh] of mergeSorted(lists[0], lists[1], (entry) => entry.name.bytes)) {
    const damaged = firstDamaged(run, old, fresh);
    if (damaged !== null) {
      if (damaged.kind === 'unknown' && (old ?? fresh)?.name.bytes.length === 0) gaps[damaged.side] = damaged.error;
      yield damaged;
      continue;
    }
    const [a, b] = [old as Entry | null, fresh as Entry | null];
    const path = relativePath(run, a, b);
    // Where names are missing on one side, what the other side alone has may stand there too.
    const [side, gap] = a === null ? (['before', gaps.before] as const) : (['after', b === null ? gaps.after : null] as const);
    if (gap !== null) yield { path, kind: 'unknown', what: [], side, error: gap };
    else yield* compareEntries(run, { path, old: a, fresh: b });
    if (a?.type === 'directory' || b?.type === 'directory')
      below.push({ before: a?.type === 'directory' ? a.path.bytes : null, after: b?.type === 'directory' ? b.path.bytes : null });
  }
}

function firstDamaged(run: Run, old: Entry | DamagedEntry | null, fresh: Entry | DamagedEntry | null): TreeChange | null {
  const entry = [old, fresh].find((candidate) => candidate !== null && isDamaged(candidate)) as DamagedEntry | undefined;
  if (entry === undefined) return null;
  const side = entry === old ? 'before' : 'after';
  const top = side === 'before' ? run.before.top : run.after.top;
  return { path: relativeTo(top, entry.path.bytes), kind: 'unknown', what: [], side, error: entry.damaged };
}

function relativePath(run: Run, old: Entry | null, fresh: Entry | null): ByteName {
  return fresh === null ? relativeTo(run.before.top, old?.path.bytes ?? run.before.top) : relativeTo(run.after.top, fresh.path.bytes);
}

function relativeTo(top: Uint8Array, path: Uint8Array): ByteName {
  const rest = pathComponents(path).slice(pathComponents(top).length);
  return byteName(rest.reduce(belowRelative, new Uint8Array(0)));
}

async function* compareEntries(
  run: Run,
  pair: { readonly path: ByteName; readonly old: Entry | null; readonly fresh: Entry | null },
): AsyncGenerator<TreeChange> {
  const { path, old, fresh } = pair;
  if (old === null && fresh !== null) yield { path, kind: 'added', what: [], before: null, after: fresh };
  if (old !== null && fresh === null) yield { path, kind: 'removed', what: [], before: old, after: null };
  if (old === null || fresh === null || old.mac === fresh.mac) return;
  const what = await changedParts(run, old, fresh);
  if (old.type !== fresh.type) yield { path, kind: 'type-changed', what, before: old, after: fresh };
  else if (what.length > 0) yield { path, kind: 'changed', what, before: old, after: fresh };
}

async function changedParts(run: Run, old: Entry, fresh: Entry): Promise<readonly ChangedPart[]> {
  const what: ChangedPart[] = [];
  if (!(await isSameContent(run, old, fresh))) what.push('content');
  if (old.permissions !== fresh.permissions) what.push('mode');
  if (old.uid !== fresh.uid || old.gid !== fresh.gid) what.push('owner');
  if (old.mtimeNs !== fresh.mtimeNs) what.push('mtime');
  if (old.type === fresh.type && compareBytes(old.symlinkTarget?.bytes ?? new Uint8Array(0), fresh.symlinkTarget?.bytes ?? new Uint8Array(0)) !== 0)
    what.push('target');
  return what;
}

/** Objects may differ in their detected type while the content is one: then the contents' MACs decide, read from the two objects alone. */
async function isSameContent(run: Run, old: Entry, fresh: Entry): Promise<boolean> {
  if (old.object === fresh.object) return true;
  if (old.object === null || fresh.object === null) return false;
  if (old.type === 'file' && fresh.type === 'file' && old.sizeBytes !== fresh.sizeBytes) return false;
  try {
    const [a, b] = [
      await readObject(run.before.context.source, old.object, { signal: run.signal }),
      await readObject(run.after.context.source, fresh.object, { signal: run.signal }),
    ];
    return a.contentMac === b.contentMac;
  } catch (error) {
    // An object that cannot be read is another than the one beside it: `check` says what is wrong with it.
    if (error instanceof KlosetError) return false;
    throw error;
  }
}
