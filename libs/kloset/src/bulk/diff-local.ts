import { type BigIntStats, constants } from 'node:fs';
import { lstat, open, readdir, readlink } from 'node:fs/promises';
import { byteName, compareBytes, pathComponents } from '@wardrobe/kloset-model';
import { InvalidInputError, KlosetError } from '../errors/errors.js';
import { isDamaged } from '../snapshot/entry.js';
import { contextOf } from '../snapshot/open.js';
import type { ByteName, DamagedEntry, Entry, EntryType, Snapshot } from '../snapshot/types.js';
import type { ChangedPart } from './diff-types.js';
import { errnoOf, localError } from './local-error.js';
import { belowRelative } from './relative-path.js';

/** What lies at a path of this machine. */
export type LocalEntry = {
  readonly path: Buffer;
  readonly type: EntryType;
  readonly permissions: number;
  readonly uid: bigint;
  readonly gid: bigint;
  readonly sizeBytes: bigint;
  readonly mtimeNs: bigint;
  readonly target: Uint8Array | null;
};

/** A difference of this machine (after) from the snapshot (before). `path` is relative to the compared paths; empty for themselves. */
export type LocalChange = {
  readonly path: ByteName;
  readonly kind: 'added' | 'removed' | 'changed' | 'type-changed';
  readonly what: readonly ChangedPart[];
  readonly before: Entry | null;
  readonly after: LocalEntry | null;
};
/** Something that cannot be read on one side: nothing is claimed about it and what lies below. */
export type LocalGap = { readonly path: ByteName; readonly kind: 'unknown'; readonly side: 'before' | 'after'; readonly error: KlosetError };

export type DiffLocalOptions = {
  readonly path: Uint8Array;
  readonly local: Buffer;
  readonly signal?: AbortSignal | undefined;
  readonly onFile?: (() => void) | undefined;
};
type Run = { readonly snapshot: Snapshot; readonly options: DiffLocalOptions };
type Pair = { readonly relative: Uint8Array; readonly before: Entry; readonly after: LocalEntry };

/** Times are restored, and held by file systems, to the microsecond at least. */
const TIME_STEP_NS = 1000n;

/**
 * How a tree of this machine differs from one of a snapshot. Files of equal size are read here and compared by their MAC, never by their times; nothing of the
 * snapshot's contents is read. Links are not followed.
 * @throws NotFoundError the snapshot has no such path; InvalidInputError this machine has none
 */
export async function* diffLocal(snapshot: Snapshot, options: DiffLocalOptions): AsyncGenerator<LocalChange | LocalGap> {
  const { signal } = options;
  const run: Run = { snapshot, options };
  const before = await snapshot.entry(options.path, { followLinks: true, signal });
  const relative = new Uint8Array(0);
  const after = await lookAt(options.local, relative);
  if (after === null) throw new InvalidInputError(`${options.local.toString('utf8')} does not exist on this machine`);
  if ('kind' in after) yield after;
  else yield* compare(run, { relative, before, after });
}

async function* compare(run: Run, pair: Pair): AsyncGenerator<LocalChange | LocalGap> {
  run.options.signal?.throwIfAborted();
  const { relative, before, after } = pair;
  const path = byteName(relative);
  if (before.type !== after.type) {
    yield { path, kind: 'type-changed', what: [], before, after };
    if (before.type === 'directory') for await (const change of removed(run, before, relative)) if (change.path.bytes.length > relative.length) yield change;
    if (after.type === 'directory') yield* addedBelow(after.path, relative);
    return;
  }
  const what = await changedParts(run, pair);
  if ('kind' in what) yield what;
  else if (what.parts.length > 0) yield { path, kind: 'changed', what: what.parts, before, after };
  if (before.type === 'directory') yield* compareChildren(run, pair);
}

async function changedParts(run: Run, { relative, before, after }: Pair): Promise<{ readonly parts: readonly ChangedPart[] } | LocalGap> {
  const parts: ChangedPart[] = [];
  if (before.type === 'file') {
    const same = await isSameContent(run, { relative, before, after });
    if (typeof same !== 'boolean') return same;
    if (!same) parts.push('content');
  }
  if (before.type !== 'symlink' && before.permissions !== after.permissions) parts.push('mode');
  if (before.uid !== after.uid || before.gid !== after.gid) parts.push('owner');
  const away = before.mtimeNs - after.mtimeNs;
  if (away > TIME_STEP_NS || away < -TIME_STEP_NS) parts.push('mtime');
  if (before.type === 'symlink' && compareBytes(before.symlinkTarget?.bytes ?? new Uint8Array(0), after.target ?? new Uint8Array(0)) !== 0)
    parts.push('target');
  return { parts };
}

async function isSameContent(run: Run, { relative, before, after }: Pair): Promise<boolean | LocalGap> {
  const { signal } = run.options;
  const { source } = contextOf(run.snapshot);
  let side: 'before' | 'after' = 'before';
  run.options.onFile?.();
  try {
    const object = before.object === null ? null : await run.snapshot.object(before.object, { signal });
    if (BigInt(object?.sizeBytes ?? 0) !== after.sizeBytes) return false;
    if (object === null) return true;
    side = 'after';
    const hash = source.createMac();
    for await (const piece of readLocal(after.path)) {
      signal?.throwIfAborted();
      hash.update(piece);
    }
    return hash.digest() === object.contentMac;
  } catch (error) {
    signal?.throwIfAborted();
    return { path: byteName(relative), kind: 'unknown', side, error: localError(error, after.path.toString('utf8')) };
  }
}

/** A file of this machine in pieces; a link is not followed. @throws errno errors */
export async function* readLocal(path: Buffer): AsyncGenerator<Uint8Array> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    for (;;) {
      const buffer = new Uint8Array(256 * 1024);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

/** Both listings, by name in byte order. */
async function* compareChildren(run: Run, { relative, before, after }: Pair): AsyncGenerator<LocalChange | LocalGap> {
  const names = await listLocal(after.path, relative);
  if ('kind' in names) {
    yield names;
    return;
  }
  const at = (name: Uint8Array): Uint8Array => belowRelative(relative, name);
  let next = 0;
  let isGap = false;
  for await (const child of listBefore(run, before)) {
    if (isDamaged(child)) {
      isGap ||= child.name.bytes.length === 0;
      yield { path: byteName(at(child.name.bytes)), kind: 'unknown', side: 'before', error: child.damaged };
      if (child.name.bytes.length === 0 || compareBytes(names.names[next] ?? child.name.bytes, child.name.bytes) !== 0) continue;
      next += 1;
      continue;
    }
    for (; next < names.names.length && compareBytes(names.names[next] as Buffer, child.name.bytes) < 0; next++)
      yield* added(after.path, at, { name: names.names[next] as Buffer, isGap });
    const isThere = next < names.names.length && compareBytes(names.names[next] as Buffer, child.name.bytes) === 0;
    if (isThere) next += 1;
    const found = isThere ? await lookAt(joinLocal(after.path, child.name.bytes), at(child.name.bytes)) : null;
    if (found === null) yield* removed(run, child, at(child.name.bytes));
    else if ('kind' in found) yield found;
    else yield* compare(run, { relative: at(child.name.bytes), before: child, after: found });
  }
  for (; next < names.names.length; next++) yield* added(after.path, at, { name: names.names[next] as Buffer, isGap });
}

/** A listing that fails ends with a damaged entry without a name. */
async function* listBefore(run: Run, directory: Entry): AsyncGenerator<Entry | DamagedEntry> {
  try {
    yield* run.snapshot.children(directory.path.bytes, { signal: run.options.signal });
  } catch (error) {
    if (run.options.signal?.aborted === true || !(error instanceof KlosetError)) throw error;
    yield { path: directory.path, name: byteName(new Uint8Array(0)), damaged: error };
  }
}

/** An entry that is not here, with everything below it. */
async function* removed(run: Run, top: Entry, relative: Uint8Array): AsyncGenerator<LocalChange | LocalGap> {
  const skipped = pathComponents(top.path.bytes).length;
  for await (const entry of run.snapshot.walk(top.path.bytes, { signal: run.options.signal })) {
    const path = byteName(pathComponents(entry.path.bytes).slice(skipped).reduce(belowRelative, relative));
    if (isDamaged(entry)) yield { path, kind: 'unknown', side: 'before', error: entry.damaged };
    else yield { path, kind: 'removed', what: [], before: entry, after: null };
  }
}

/** Something that only is here, with everything below it. Where names of the snapshot are missing, it may stand there too: then nothing is claimed. */
async function* added(
  directory: Buffer,
  at: (name: Uint8Array) => Uint8Array,
  { name, isGap }: { readonly name: Buffer; readonly isGap: boolean },
): AsyncGenerator<LocalChange | LocalGap> {
  if (isGap) return;
  const relative = at(name);
  const path = joinLocal(directory, name);
  const found = await lookAt(path, relative);
  if (found === null) return;
  if ('kind' in found) {
    yield found;
    return;
  }
  yield { path: byteName(relative), kind: 'added', what: [], before: null, after: found };
  if (found.type === 'directory') yield* addedBelow(path, relative);
}

async function* addedBelow(directory: Buffer, relative: Uint8Array): AsyncGenerator<LocalChange | LocalGap> {
  const names = await listLocal(directory, relative);
  if ('kind' in names) yield names;
  else for (const name of names.names) yield* added(directory, (child) => belowRelative(relative, child), { name, isGap: false });
}

async function listLocal(path: Buffer, relative: Uint8Array): Promise<{ readonly names: readonly Buffer[] } | LocalGap> {
  try {
    return { names: (await readdir(path, { encoding: 'buffer' })).sort(compareBytes) };
  } catch (error) {
    return { path: byteName(relative), kind: 'unknown', side: 'after', error: localError(error, path.toString('utf8')) };
  }
}

function joinLocal(directory: Buffer, name: Uint8Array): Buffer {
  return pathComponents(directory).length === 0 ? Buffer.concat([Buffer.from('/'), name]) : Buffer.concat([directory, Buffer.from('/'), name]);
}

/** Null when nothing is there. */
async function lookAt(path: Buffer, relative: Uint8Array): Promise<LocalEntry | LocalGap | null> {
  try {
    const stat = await lstat(path, { bigint: true });
    const type = typeOf(stat);
    const target = type === 'symlink' ? await readlink(path, { encoding: 'buffer' }) : null;
    return { path, type, permissions: Number(stat.mode & 0o7777n), uid: stat.uid, gid: stat.gid, sizeBytes: stat.size, mtimeNs: stat.mtimeNs, target };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    return { path: byteName(relative), kind: 'unknown', side: 'after', error: localError(error, path.toString('utf8')) };
  }
}

function typeOf(stat: BigIntStats): EntryType {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isFIFO()) return 'fifo';
  return stat.isSocket() ? 'socket' : 'device';
}
