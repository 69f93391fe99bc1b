import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, constants, ftruncateSync, openSync } from 'node:fs';
import { link, open, rename, symlink, unlink } from 'node:fs/promises';
import { promisify } from 'node:util';
import { InvalidInputError } from '../errors/errors.js';
import type { Entry, Snapshot } from '../snapshot/types.js';
import { errnoOf } from './local-error.js';
import { CANNOT_LINK, CREATE, giveNameSync, PARTIAL_PREFIX, writePiece, writeWhole } from './partial-file.js';
import type { AttributeCalls } from './pipeline/make-request.js';
import type { Placer } from './pipeline/placer.js';
import {
  attributeCalls,
  type Attributes,
  modeAtOnce,
  setLinkOwner,
  setLinkTime,
  setModeAndTime,
  setOwner,
  setXattrs,
  type Target,
} from './restore-attributes.js';
import { lstatOrNull, type SafeDirectory } from './safe-directory.js';
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

const PRIVATE = 0o600;

/** How a file is made and what is left to set then. */
function howMade(place: Placement, entry: Entry): { readonly createMode: number; readonly asMade: NonNullable<Target['asMade']> } {
  const isAlone = place.parent.isNew;
  const modeMade = isAlone && entry.extendedAttributes.length === 0 ? modeAtOnce(entry, place.attributes) : null;
  return { createMode: place.attributes.modes ? (modeMade ?? PRIVATE) : 0o666, asMade: { mode: modeMade, ownerIsOurs: isAlone } };
}

/** How a thread can make a file by itself; null when it needs more than that. */
export function threadCalls(place: Placement, entry: Entry): { readonly createMode: number; readonly calls: AttributeCalls } | null {
  const { createMode, asMade } = howMade(place, entry);
  const calls = entry.extendedAttributes.length > 0 ? null : attributeCalls(asMade, entry, place.attributes);
  return calls === null ? null : { createMode, calls };
}

/** Whether what has the name may be replaced: a directory of our own has nothing to lose. */
export function mayReplace({ parent, replace }: Pick<Placement, 'parent' | 'replace'>): boolean {
  return replace || parent.isNew;
}

/** `placer`: writes on threads, files of different `lane` by different ones; null: on this one. */
export type Writing = {
  readonly placer: Placer | null;
  readonly lane: number;
  /** Its content, proven already; else it is read. */
  readonly small: Uint8Array | null;
  readonly onBytes: (count: number) => void;
};

/**
 * Writes a regular file aside, proves its content, sets its attributes and only then gives it its name. On any failure nothing stays behind.
 * @throws what the content throws; errno errors
 */
export async function restoreFile(place: Placement, entry: Entry, writing: Writing): Promise<void> {
  const { createMode, asMade } = howMade(place, entry);
  const { small, onBytes } = writing;
  if (small !== null) return restoreSmall(place, { entry, small, createMode, asMade, onBytes });
  await aside(place, async (partial) => {
    const fd = openSync(partial, CREATE, createMode);
    try {
      await writeContent(place, { entry, fd, writing });
      await finish(place, { entry, partial, target: { fd, asMade } });
    } finally {
      closeSync(fd);
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
      writeWhole(fd, small);
      if (entry.extendedAttributes.length > 0) await finish(place, { entry, partial, target: { fd, asMade } });
      else {
        const isOwned = setOwner({ fd, asMade }, entry, place.attributes);
        setModeAndTime({ fd, asMade }, entry, { ...place.attributes, isOwned });
      }
    } finally {
      closeSync(fd);
    }
    giveNameSync(partial, place.parent.at(place.name), mayReplace(place));
    onBytes(small.length);
  } catch (error) {
    await removeIfThere(partial);
    throw error;
  }
}

async function finish(place: Placement, file: { readonly entry: Entry; readonly partial: Buffer; readonly target: Target }): Promise<void> {
  const { entry, partial, target } = file;
  const isOwned = setOwner(target, entry, place.attributes);
  await setXattrs({ path: partial, snapshot: place.snapshot, values: place.xattrs }, entry, place.attributes.warn);
  setModeAndTime(target, entry, { ...place.attributes, isOwned });
}

/** Long runs of zeros stay holes. */
async function writeContent(place: Placement, file: { readonly entry: Entry; readonly fd: number; readonly writing: Writing }): Promise<void> {
  const { fd, entry } = file;
  const { placer, lane, onBytes } = file.writing;
  const { signal } = place;
  if (entry.object === null) return;
  const object = await place.snapshot.object(entry.object, { signal });
  if (placer !== null) await placer.write(fd, object, { lane, signal, onBytes });
  else {
    let position = 0;
    for await (const piece of place.snapshot.content(object, { signal })) {
      writePiece(fd, piece, { position, writtenTo: 0 });
      position += piece.length;
      onBytes(piece.length);
    }
  }
  ftruncateSync(fd, object.sizeBytes);
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
  return place.parent.at(Buffer.from(`${PARTIAL_PREFIX}${randomBytes(8).toString('hex')}`));
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

/** Without leave to replace a hard link is made first: unlike rename it fails when the name is taken in the meantime. A directory of our own has nothing to lose. */
async function giveName(partial: Buffer, { parent, name, replace }: Placement): Promise<void> {
  const final = parent.at(name);
  if (mayReplace({ parent, replace })) {
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

async function removeIfThere(path: Buffer): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
