import {
  baseName,
  childPath,
  cleanPath,
  compareBytes,
  equalBytes,
  joinComponents,
  type Mac,
  nameText,
  parentPath,
  pathComponents,
} from '@wardrobe/kloset-model';
import { findKey } from '../btree/tree.js';
import { equalBytes as sameBytes, macToBytes } from '../bytes/bytes.js';
import { KlosetError, NotFoundError } from '../errors/errors.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import { findDirpack, type SnapshotContext } from './context.js';
import { type DirpackFrame, dirpackFrames, readFrame } from './dirpack.js';
import { expectPath, isRootPath, readEntry } from './entry.js';
import type { Abortable } from './source.js';
import type { Entry } from './types.js';

/** Most links followed on one path: beyond it, links point in a circle. */
const MAX_LINKS = 40;

/**
 * One entry by path; the path is cleaned first. With `followLinks`, links among the parents are resolved when the path is not found as it stands, and a
 * link at the end is followed once. The entry keeps its own path.
 * @throws NotFoundError; IntegrityError, DecodeError the entry exists and cannot be read
 * @source 02-snapshot 2.4
 */
export async function lookupEntry(context: SnapshotContext, rawPath: Uint8Array, options: Abortable & { readonly followLinks?: boolean } = {}): Promise<Entry> {
  const path = cleanPath(rawPath);
  if (options.followLinks !== true) return (await findEntry(context, path, options)) ?? notFound(path);
  const found = (await findEntry(context, path, options)) ?? (await resolveParents(context, path, options)) ?? notFound(path);
  if (found.type !== 'symlink' || found.symlinkTarget === null) return found;
  const target = cleanPath(found.symlinkTarget.bytes, parentPath(found.path.bytes));
  return (await findEntry(context, target, options)) ?? notFound(target);
}

function notFound(path: Uint8Array): never {
  throw new NotFoundError('path', nameText(path));
}

/** Walks the components from the root and replaces each link by its target. */
async function resolveParents(context: SnapshotContext, path: Uint8Array, options: Abortable): Promise<Entry | null> {
  let pending = pathComponents(path);
  let reached = joinComponents([]);
  let entry: Entry | null = null;
  for (let links = 0; pending.length > 0; ) {
    const [name, ...rest] = pending;
    if (name === undefined) break;
    const next = childPath(reached, name);
    entry = await findEntry(context, next, options);
    if (entry === null) return null;
    if (entry.type !== 'symlink' || rest.length === 0 || entry.symlinkTarget === null) {
      reached = next;
      pending = rest;
      continue;
    }
    links += 1;
    if (links > MAX_LINKS) return null;
    // Cleaning resolves `..` against the path as written, as plakar does.
    pending = [...pathComponents(cleanPath(entry.symlinkTarget.bytes, reached)), ...rest];
    reached = joinComponents([]);
  }
  return entry;
}

/** The entry at a clean path, or null. Where the tree cannot be read, the packed listing of the parent is asked. */
export async function findEntry(context: SnapshotContext, path: Uint8Array, options: Abortable = {}): Promise<Entry | null> {
  let mac: Mac | null;
  try {
    mac = await findKey(await context.files(), path, options);
  } catch (error) {
    if (!(error instanceof KlosetError)) throw error;
    const entry = await findInDirpack(context, path, options);
    if (entry === null) throw error;
    return entry;
  }
  return mac === null ? null : readNamedEntry(context, { path, mac }, options);
}

/**
 * The entry that the tree names. If its blob is absent or damaged, a frame with that MAC in the parent's packed listing *is* the entry: v1.1 on top of a
 * v1.0 parent leaves such trees.
 * @throws what reading the blob threw, when the listing does not have it either
 * @source 02-snapshot 2.5, 9.1
 */
export async function readNamedEntry(
  context: SnapshotContext,
  named: { readonly path: Uint8Array; readonly mac: Mac },
  options: Abortable = {},
): Promise<Entry> {
  try {
    const bytes = await context.source.get(SNAPSHOT_BLOB.vfsEntry, named.mac, options);
    return expectPath(readEntry(bytes, named.mac), named.path);
  } catch (error) {
    if (!(error instanceof KlosetError)) throw error;
    const entry = await recoverEntry(context, named, options);
    if (entry === null) throw error;
    return entry;
  }
}

/** Null when the listing has no such frame or cannot be read: the caller reports its own failure. */
export async function recoverEntry(
  context: SnapshotContext,
  named: { readonly path: Uint8Array; readonly mac: Mac },
  options: Abortable = {},
): Promise<Entry | null> {
  const mac = macToBytes(named.mac);
  const entry = await findFrame(context, { directory: parentPath(named.path), matches: (frame) => sameBytes(frame.mac, mac) }, options);
  return entry !== null && equalBytes(entry.path.bytes, named.path) ? entry : null;
}

async function findInDirpack(context: SnapshotContext, path: Uint8Array, options: Abortable): Promise<Entry | null> {
  if (isRootPath(path)) return null;
  const name = baseName(path);
  const matches = (frame: DirpackFrame): boolean => compareBytes(readFrame(context, frame).name.bytes, name) === 0;
  const entry = await findFrame(context, { directory: parentPath(path), matches }, options);
  return entry !== null && equalBytes(entry.path.bytes, path) ? entry : null;
}

async function findFrame(
  context: SnapshotContext,
  wanted: { readonly directory: Uint8Array; readonly matches: (frame: DirpackFrame) => boolean },
  options: Abortable,
): Promise<Entry | null> {
  try {
    const pack = await findDirpack(context, wanted.directory, options);
    if (pack === null) return null;
    for await (const frames of dirpackFrames(context, pack, options)) {
      const frame = frames.find(wanted.matches);
      if (frame !== undefined) return readFrame(context, frame);
    }
    return null;
  } catch (error) {
    // The listing is the second source: that it fails too adds nothing to the failure that led here.
    if (error instanceof KlosetError) return null;
    throw error;
  }
}
