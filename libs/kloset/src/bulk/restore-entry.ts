import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, constants, ftruncateSync, linkSync, lstatSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { type FileHandle, link, open, rename, symlink, unlink } from 'node:fs/promises';
import { promisify } from 'node:util';
import { InvalidInputError } from '../errors/errors.js';
import type { Entry, Snapshot } from '../snapshot/types.js';
import { errnoOf } from './local-error.js';
import { type Attributes, modeAtOnce, setLinkOwner, setLinkTime, setModeAndTime, setOwner, setXattrs, type Target } from './restore-attributes.js';
import { lstatOrNull, type SafeDirectory } from './safe-directory.js';
import { dataRuns } from './sparse.js';
import type { XattrValue } from './xattr-table.js';

const run = promisify(execFile);

/** Where an entry goes and how. */
export type Placement = {
  readonly snapshot: Snapshot;
  readonly parent: SafeDirectory;
  /** Its name there. */
  readonly name: Uint8Array;
  /** Take the place of what has the name. Never set for something that was not looked at. */
  readonly replace: boolean;
  readonly attributes: Attributes;
  readonly xattrs: readonly XattrValue[];
  readonly signal: AbortSignal | undefined;
};

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const PRIVATE = 0o600;

/**
 * Writes a regular file aside, proves its content, sets its attributes and only then gives it its name. On any failure nothing stays behind.
 * `small`: its content, proven already; else it is streamed.
 * @throws what the content throws; errno errors
 */
export async function restoreFile(
  place: Placement,
  entry: Entry,
  { small, onBytes }: { readonly small: Uint8Array | null; readonly onBytes: (count: number) => void },
): Promise<void> {
  const isAlone = place.parent.isNew;
  const modeMade = isAlone && entry.extendedAttributes.length === 0 ? modeAtOnce(entry, place.attributes) : null;
  const asMade = { mode: modeMade, ownerIsOurs: isAlone };
  const createMode = place.attributes.modes ? (modeMade ?? PRIVATE) : 0o666;
  if (small !== null) return restoreSmall(place, { entry, small, createMode, asMade, onBytes });
  await aside(place, async (partial) => {
    const handle = await open(partial, CREATE, createMode);
    try {
      await writeContent(place, { entry, handle, onBytes });
      await finish(place, { entry, partial, target: { fd: handle.fd, asMade } });
    } finally {
      await handle.close();
    }
  });
}

type Small = {
  readonly entry: Entry;
  readonly small: Uint8Array;
  readonly createMode: number;
  readonly asMade: NonNullable<Target['asMade']>;
  readonly onBytes: (count: number) => void;
};

/** The same with synchronous calls: a small file is a handful of them, each far cheaper than its way through the pool. */
async function restoreSmall(place: Placement, { entry, small, createMode, asMade, onBytes }: Small): Promise<void> {
  const partial = partialName(place);
  try {
    const fd = openSync(partial, CREATE, createMode);
    try {
      writeSmall(fd, small);
      if (entry.extendedAttributes.length > 0) await finish(place, { entry, partial, target: { fd, asMade } });
      else {
        const isOwned = setOwner({ fd, asMade }, entry, place.attributes);
        setModeAndTime({ fd, asMade }, entry, { ...place.attributes, isOwned });
      }
    } finally {
      closeSync(fd);
    }
    giveNameSync(partial, place);
    onBytes(small.length);
  } catch (error) {
    await removeIfThere(partial);
    throw error;
  }
}

function writeSmall(fd: number, small: Uint8Array): void {
  let writtenTo = 0;
  for (const [start, end] of dataRuns(small, 0)) {
    for (let at = start; at < end; ) at += writeSync(fd, small, at, end - at, at);
    writtenTo = end;
  }
  if (writtenTo < small.length) ftruncateSync(fd, small.length);
}

async function finish(place: Placement, file: { readonly entry: Entry; readonly partial: Buffer; readonly target: Target }): Promise<void> {
  const { entry, partial, target } = file;
  const isOwned = setOwner(target, entry, place.attributes);
  await setXattrs({ path: partial, snapshot: place.snapshot, values: place.xattrs }, entry, place.attributes.warn);
  setModeAndTime(target, entry, { ...place.attributes, isOwned });
}

/** Long runs of zeros stay holes. */
async function writeContent(
  place: Placement,
  file: { readonly entry: Entry; readonly handle: FileHandle; readonly onBytes: (count: number) => void },
): Promise<void> {
  if (file.entry.object === null) return;
  const object = await place.snapshot.object(file.entry.object, { signal: place.signal });
  let position = 0;
  let writtenTo = 0;
  for await (const piece of place.snapshot.content(object, { signal: place.signal })) {
    for (const [start, end] of dataRuns(piece, position)) {
      for (let at = start; at < end; ) {
        const { bytesWritten } = await file.handle.write(piece, at, end - at, position + at);
        at += bytesWritten;
      }
      writtenTo = position + end;
    }
    position += piece.length;
    file.onBytes(piece.length);
  }
  if (writtenTo < position) await file.handle.truncate(position);
}

export async function restoreSymlink(place: Placement, entry: Entry): Promise<void> {
  const target = entry.symlinkTarget;
  if (target === null || target.bytes.length === 0) throw new InvalidInputError('a link without a target');
  if (target.bytes.includes(0)) throw new InvalidInputError('a link whose target holds a zero byte');
  const make = async (path: Buffer): Promise<void> => {
    await symlink(Buffer.from(target.bytes), path);
    setLinkOwner(path, entry, place.attributes);
    await setXattrs({ path, snapshot: place.snapshot, values: place.xattrs }, entry, place.attributes.warn);
    setLinkTime(path, entry, place.attributes);
  };
  // A link is whole at once, and making it fails when the name is taken.
  if (place.replace) await aside(place, make);
  else await make(place.parent.at(place.name));
}

/** Made by the `mkfifo` command: Node has no call for it. */
export async function restoreFifo(place: Placement, entry: Entry): Promise<void> {
  await aside(place, async (partial) => {
    try {
      await run('mkfifo', ['-m', '600', '--', partial.toString('utf8')]);
    } catch (error) {
      throw new InvalidInputError('a named pipe could not be made: the command mkfifo failed or is missing', { cause: error });
    }
    // Read and write, so that opening does not wait for the other end.
    const handle = await open(partial, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    try {
      await finish(place, { entry, partial, target: { fd: handle.fd } });
    } finally {
      await handle.close();
    }
  });
}

/** A further name of a file restored before. */
export async function restoreHardLink(place: Placement, existing: Buffer): Promise<void> {
  await aside(place, (partial) => link(existing, partial));
}

/** What stands where a directory is to be, removed. @throws errno errors */
export async function makeRoom(place: Pick<Placement, 'parent' | 'name'>): Promise<void> {
  await unlink(place.parent.at(place.name));
}

function partialName(place: Placement): Buffer {
  return place.parent.at(Buffer.from(`.wardrobe-partial-${randomBytes(8).toString('hex')}`));
}

/** Makes something under a name of its own and moves it to the entry's name when it is whole. */
async function aside(place: Placement, make: (partial: Buffer) => Promise<void>): Promise<void> {
  const partial = partialName(place);
  try {
    await make(partial);
    await giveName(partial, place);
  } catch (error) {
    await removeIfThere(partial);
    throw error;
  }
}

const CANNOT_LINK: ReadonlySet<string | null> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** Without leave to replace a hard link is made first: unlike rename it fails when the name is taken in the meantime. A directory of our own has nothing to lose. */
async function giveName(partial: Buffer, { parent, name, replace }: Placement): Promise<void> {
  const final = parent.at(name);
  if (replace || parent.isNew) {
    await rename(partial, final);
    // Renaming one name of a file over another of the same file does nothing.
    return removeIfThere(partial);
  }
  try {
    await link(partial, final);
  } catch (error) {
    if (!CANNOT_LINK.has(errnoOf(error)) || (await lstatOrNull(final)) !== null) throw error;
    return rename(partial, final);
  }
  await unlink(partial);
}

/** The same for a file that has one name only. */
function giveNameSync(partial: Buffer, { parent, name, replace }: Placement): void {
  const final = parent.at(name);
  if (replace || parent.isNew) {
    renameSync(partial, final);
    return;
  }
  try {
    linkSync(partial, final);
  } catch (error) {
    if (!CANNOT_LINK.has(errnoOf(error)) || lstatSync(final, { throwIfNoEntry: false }) !== undefined) throw error;
    renameSync(partial, final);
    return;
  }
  unlinkSync(partial);
}

async function removeIfThere(path: Buffer): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
