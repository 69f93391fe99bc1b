import { type BigIntStats, lstatSync, readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { GO_MODE, goModeOf } from '@wardrobe/kloset-model';
import { InvalidInputError } from '../../errors/errors.js';
import { errnoOf, localError } from '../local-error.js';
import { type ByteText, byteTextOfString, bytesOfText, isAtOrBelowText, joinPath, nameOf, parentOf, shownText } from './byte-text.js';
import { type RuleName, ruleName } from './exclusion-rules.js';
import { systemErrorText } from './system-errors.js';
import type { WalkedEntry, WalkedStat, WalkError, WalkGroup, WalkOptions, WalkRoots } from './walk-types.js';

/** Names looked at between two groups: a directory of a million names is never held as a million records. */
const NAMES_PER_GROUP = 512;
/** Links followed from a path that was asked for. */
const MAX_LINKS = 40;

/**
 * Finds out what paths stand for. A link is followed to what it names; it is saved too.
 * @throws InvalidInputError a path does not exist or links go in a circle; PermissionError it cannot be looked at
 * @source 02-snapshot 6.1
 */
export function resolveRoots(paths: readonly ByteText[], line: '1.0' | '1.1'): WalkRoots {
  const links: ByteText[] = [];
  const asked: ByteText[] = [];
  const found: { readonly path: ByteText; readonly isDirectory: boolean }[] = [];
  for (const path of paths) {
    const clean = cleanText(path);
    const resolved = followLinks(clean, links);
    found.push(resolved);
    // Like plakar 1.1 a file stands for its folder; 1.0 names the file itself.
    asked.push(line === '1.1' && !resolved.isDirectory ? parentOf(clean) : clean);
  }
  const all = [...new Set(found.map(({ path }) => path))].sort(byteOrder);
  const roots = all.filter((path) => !all.some((other) => other !== path && isAtOrBelowText(path, other)));
  if (roots.length === 0) throw new InvalidInputError('there is no path to back up');
  return { roots, links, directory: commonAncestor(asked), isFile: roots.length === 1 && found.every(({ isDirectory }) => !isDirectory) };
}

export function byteOrder(a: ByteText, b: ByteText): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function cleanText(path: ByteText, base: ByteText = '/'): ByteText {
  const clean: ByteText[] = path.startsWith('/') ? [] : base.split('/').filter((part) => part !== '');
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') clean.pop();
    else clean.push(part);
  }
  return `/${clean.join('/')}`;
}

function followLinks(path: ByteText, links: ByteText[]): { readonly path: ByteText; readonly isDirectory: boolean } {
  let current = path;
  for (let followed = 0; followed <= MAX_LINKS; followed++) {
    const stat = lstatOrThrow(current);
    if (!stat.isSymbolicLink()) return { path: current, isDirectory: stat.isDirectory() };
    links.push(current);
    current = cleanText(readlinkSync(bytesOfText(current) as Buffer, { encoding: 'latin1' }), parentOf(current));
  }
  throw new InvalidInputError(`${shownText(path)} leads through too many links`);
}

function lstatOrThrow(path: ByteText): BigIntStats {
  try {
    return lstatSync(bytesOfText(path) as Buffer, { bigint: true });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') throw new InvalidInputError(`${shownText(path)} does not exist`, { cause: error });
    throw localError(error, shownText(path));
  }
}

function commonAncestor(paths: readonly ByteText[]): ByteText {
  let [common = '/'] = paths;
  for (const path of paths) while (!isAtOrBelowText(path, common)) common = parentOf(common);
  return common;
}

type Level = { readonly directory: ByteText; readonly components: readonly RuleName[]; readonly pending: ByteText[]; next: number };
type Walk = { readonly options: WalkOptions; readonly store: StorePlace | null; device: bigint };
type StorePlace = { readonly dev: bigint; readonly ino: bigint; readonly path: ByteText };

/**
 * Everything that a backup of the roots meets, depth first and in byte order of the names; links are not followed. Reads directories one at a time and
 * holds the names of the directories on the way down. What cannot be read is an error of its path, and the rest comes.
 * @throws InvalidInputError a root lies in the store, or the rules leave a whole root out
 * @source 02-snapshot 6.1
 */
export function* walkRoots(roots: WalkRoots, options: WalkOptions): Generator<WalkGroup> {
  const walk: Walk = { options, store: storePlace(options.storeDirectory), device: 0n };
  yield* prefixGroups(roots);
  for (const root of roots.roots) yield* walkRoot(walk, root);
}

/** The folders above the roots and above the links that led to them, each once, and the links. */
function* prefixGroups({ roots, links }: WalkRoots): Generator<WalkGroup> {
  const seen = new Set<ByteText>();
  for (const path of [...roots, ...links]) {
    for (let above = parentOf(path), last = path; last !== '/'; last = above, above = parentOf(above)) {
      const isWalked = roots.some((root) => isAtOrBelowText(above, root));
      if (seen.has(above) || isWalked) continue;
      seen.add(above);
      yield groupOf(above, true);
    }
  }
  for (const link of links) if (!roots.some((root) => isAtOrBelowText(link, root))) yield groupOf(link, false);
}

/** One name as a group of its own. */
function groupOf(path: ByteText, isPrefix: boolean): WalkGroup {
  const entries: WalkedEntry[] = [];
  const errors: WalkError[] = [];
  const entry = look(path, errors, isPrefix ? statSync : lstatSync);
  if (entry !== null) entries.push(entry);
  return { directory: parentOf(path), entries, errors, isPrefix };
}

function* walkRoot(walk: Walk, root: ByteText): Generator<WalkGroup> {
  const components = root
    .split('/')
    .filter((part) => part !== '')
    .map(ruleName);
  const group = groupOf(root, false);
  const [entry] = group.entries;
  if (entry === undefined) return yield group;
  if (isStore(walk, entry) || isBelowStore(walk, root)) throw new InvalidInputError(`${shownText(root)} lies in the store itself`);
  if (isExcluded(walk, components, entry.isDirectory)) throw new InvalidInputError(`the exclusion rules leave out all of ${shownText(root)}`);
  walk.device = entry.stat.dev;
  yield group;
  if (!entry.isDirectory) return;
  const levels: Level[] = [];
  yield* enter(walk, { directory: root, components }, levels);
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const name = level.pending[level.next];
    level.next += 1;
    if (name === undefined) levels.pop();
    else yield* enter(walk, { directory: joinPath(level.directory, name), components: [...level.components, ruleName(name)] }, levels);
  }
}

/** The names of one directory; those that are directories wait on a new level. */
function* enter(walk: Walk, place: { readonly directory: ByteText; readonly components: readonly RuleName[] }, levels: Level[]): Generator<WalkGroup> {
  const { directory } = place;
  let names: ByteText[];
  try {
    names = readdirSync(bytesOfText(directory) as Buffer, { encoding: 'latin1' }).sort(byteOrder);
  } catch (error) {
    return yield { directory, entries: [], errors: [{ path: directory, message: systemErrorText('open', directory, error) }], isPrefix: false };
  }
  const level: Level = { ...place, pending: [], next: 0 };
  for (let first = 0; first < names.length; first += NAMES_PER_GROUP) {
    const end = Math.min(first + NAMES_PER_GROUP, names.length);
    yield lookAtNames(walk, level, { names, first, end });
  }
  if (level.pending.length > 0) levels.push(level);
}

function lookAtNames(walk: Walk, level: Level, range: { readonly names: readonly ByteText[]; readonly first: number; readonly end: number }): WalkGroup {
  const entries: WalkedEntry[] = [];
  const errors: WalkError[] = [];
  const hasRules = !walk.options.rules.isEmpty;
  for (let i = range.first; i < range.end; i++) {
    const name = range.names[i] as ByteText;
    const failures: WalkError[] = [];
    const entry = look(joinPath(level.directory, name), failures);
    if (hasRules && isExcluded(walk, [...level.components, ruleName(name)], entry?.isDirectory ?? false)) continue;
    errors.push(...failures);
    if (entry === null) continue;
    if (entry.isDirectory) {
      if (isStore(walk, entry)) {
        walk.options.onStoreSkipped(entry.path);
        continue;
      }
      if (walk.options.oneFileSystem && entry.stat.dev !== walk.device) continue;
      level.pending.push(name);
    }
    entries.push(entry);
  }
  return { directory: level.directory, entries, errors, isPrefix: false };
}

function isExcluded(walk: Walk, components: readonly RuleName[], isDirectory: boolean): boolean {
  return !walk.options.rules.isEmpty && walk.options.rules.isExcluded(components, isDirectory);
}

const S_IFMT = 0o170000n;
const S_IFREG = 0o100000n;
const S_IFDIR = 0o040000n;
const S_IFLNK = 0o120000n;

/** A folder above the roots that is a link is saved as the folder that it leads to: nothing can lie below a link. */
function look(path: ByteText, errors: WalkError[], statOf: typeof lstatSync | typeof statSync = lstatSync): WalkedEntry | null {
  const bytes = bytesOfText(path) as Buffer;
  let stat: BigIntStats;
  try {
    stat = statOf(bytes, { bigint: true });
  } catch (error) {
    errors.push({ path, message: systemErrorText('lstat', path, error) });
    return null;
  }
  const kind = stat.mode & S_IFMT;
  let target: ByteText | null = null;
  if (kind === S_IFLNK) {
    try {
      target = readlinkSync(bytes, { encoding: 'latin1' });
    } catch (error) {
      errors.push({ path, message: systemErrorText('readlink', path, error) });
      return null;
    }
  }
  return {
    path,
    name: nameOf(path),
    stat: walkedStat(stat),
    goMode: goModeOfStat(Number(stat.mode)),
    isFile: kind === S_IFREG,
    isDirectory: kind === S_IFDIR,
    target,
  };
}

function walkedStat({ dev, ino, size, mtimeNs, uid, gid, nlink }: BigIntStats): WalkedStat {
  return { dev, ino, size, mtimeNs, uid, gid, nlink };
}

/** `st_mode` in Go's bits. @source 02-snapshot 3.2 */
export function goModeOfStat(mode: number): number {
  const permissions = mode & 0o7777;
  switch (mode & 0o170000) {
    case 0o040000:
      return goModeOf('directory', permissions);
    case 0o120000:
      return goModeOf('symlink', permissions);
    case 0o010000:
      return goModeOf('fifo', permissions);
    case 0o140000:
      return goModeOf('socket', permissions);
    case 0o060000:
      return goModeOf('device', permissions);
    case 0o020000:
      return (goModeOf('device', permissions) | GO_MODE.charDevice) >>> 0;
    default:
      return goModeOf('file', permissions);
  }
}

/** The store is known by its device and inode, whatever name leads there. */
function storePlace(directory: string | null): StorePlace | null {
  if (directory === null) return null;
  try {
    const { dev, ino } = lstatSync(realpathSync(directory), { bigint: true });
    return { dev, ino, path: byteTextOfString(realpathSync(directory)) };
  } catch (error) {
    // A store that is no folder of this machine cannot be met on the way.
    if (errnoOf(error) === null) throw error;
    return null;
  }
}

function isStore({ store }: Walk, entry: WalkedEntry): boolean {
  return store !== null && entry.stat.ino === store.ino && entry.stat.dev === store.dev;
}

function isBelowStore({ store }: Walk, root: ByteText): boolean {
  return store !== null && isAtOrBelowText(root, store.path);
}
