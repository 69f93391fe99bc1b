import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, open, rename, symlink, unlink } from 'node:fs/promises';
import { promisify } from 'node:util';
import { InvalidInputError } from '../errors/errors.js';
import type { Xattr } from '../snapshot/items.js';
import type { Entry, Snapshot } from '../snapshot/types.js';
import { errnoOf } from './local-error.js';
import { type Attributes, setAttributes, setLinkAttributes, setXattrs } from './restore-attributes.js';
import { lstatOrNull, type SafeDirectory } from './safe-directory.js';

const run = promisify(execFile);

/** Where an entry goes and how. */
export type Placement = {
  readonly snapshot: Snapshot;
  readonly parent: SafeDirectory;
  readonly overwrite: boolean;
  readonly attributes: Attributes;
  readonly xattrs: readonly Xattr[];
  readonly signal: AbortSignal | undefined;
};

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/**
 * Writes a regular file aside, proves its content, sets its attributes and only then gives it its name. On any failure nothing stays behind.
 * @throws what the content throws; errno errors
 */
export async function restoreFile(place: Placement, entry: Entry, onBytes: (count: number) => void): Promise<void> {
  await refuseExisting(place, entry);
  await aside(place, entry, async (partial) => {
    const handle = await open(partial, CREATE, 0o600);
    try {
      await writeContent(place, { entry, handle, onBytes });
      await setXattrs({ path: partial, snapshot: place.snapshot, values: place.xattrs }, entry, place.attributes.warn);
      await setAttributes(handle, entry, place.attributes);
    } finally {
      await handle.close();
    }
  });
}

async function writeContent(
  place: Placement,
  file: { readonly entry: Entry; readonly handle: FileHandle; readonly onBytes: (count: number) => void },
): Promise<void> {
  if (file.entry.object === null) return;
  const object = await place.snapshot.object(file.entry.object, { signal: place.signal });
  for await (const piece of place.snapshot.content(object, { signal: place.signal })) {
    for (let at = 0; at < piece.length; ) {
      const { bytesWritten } = await file.handle.write(piece, at, piece.length - at);
      at += bytesWritten;
    }
    file.onBytes(piece.length);
  }
}

export async function restoreSymlink(place: Placement, entry: Entry): Promise<void> {
  const target = entry.symlinkTarget;
  if (target === null || target.bytes.length === 0) throw new InvalidInputError('a link without a target');
  if (target.bytes.includes(0)) throw new InvalidInputError('a link whose target holds a zero byte');
  await refuseExisting(place, entry);
  const make = async (path: Buffer): Promise<void> => {
    await symlink(Buffer.from(target.bytes), path);
    await setLinkAttributes(path, entry, place.attributes);
  };
  // A link is whole at once, and making it fails when the name is taken.
  if (place.overwrite) await aside(place, entry, make);
  else await make(place.parent.at(entry.name.bytes));
}

/** Made by the `mkfifo` command: Node has no call for it. */
export async function restoreFifo(place: Placement, entry: Entry): Promise<void> {
  await refuseExisting(place, entry);
  await aside(place, entry, async (partial) => {
    try {
      await run('mkfifo', ['-m', '600', '--', partial.toString('utf8')]);
    } catch (error) {
      throw new InvalidInputError('a named pipe could not be made: the command mkfifo failed or is missing', { cause: error });
    }
    // Read and write, so that opening does not wait for the other end.
    const handle = await open(partial, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    try {
      await setAttributes(handle, entry, place.attributes);
    } finally {
      await handle.close();
    }
  });
}

/** A further name of a file restored before. */
export async function restoreHardLink(place: Placement, entry: Entry, existing: Buffer): Promise<void> {
  await refuseExisting(place, entry);
  await aside(place, entry, (partial) => link(existing, partial));
}

/** Makes something under a name of its own and moves it to the entry's name when it is whole. */
async function aside(place: Placement, entry: Entry, make: (partial: Buffer) => Promise<void>): Promise<void> {
  const partial = place.parent.at(Buffer.from(`.wardrobe-partial-${randomBytes(8).toString('hex')}`));
  try {
    await make(partial);
    await giveName(partial, place.parent.at(entry.name.bytes), place.overwrite);
  } catch (error) {
    await removeIfThere(partial);
    throw error;
  }
}

/** Without leave to overwrite a hard link is made first: unlike rename it fails when the name is taken in the meantime. */
async function giveName(partial: Buffer, final: Buffer, overwrite: boolean): Promise<void> {
  if (overwrite) {
    await rename(partial, final);
    // Renaming one name of a file over another of the same file does nothing.
    return removeIfThere(partial);
  }
  try {
    await link(partial, final);
  } catch (error) {
    const code = errnoOf(error);
    const canNotLink = code === 'EPERM' || code === 'ENOTSUP' || code === 'EOPNOTSUPP' || code === 'ENOSYS' || code === 'EMLINK';
    if (!canNotLink || (await lstatOrNull(final)) !== null) throw error;
    return rename(partial, final);
  }
  await unlink(partial);
}

async function refuseExisting(place: Placement, entry: Entry): Promise<void> {
  if (entry.name.bytes.includes(0)) throw new InvalidInputError('a name that holds a zero byte');
  const there = await lstatOrNull(place.parent.at(entry.name.bytes));
  if (there === null) return;
  if (!place.overwrite) throw new InvalidInputError(`${entry.path.text} exists already`);
  if (there.isDirectory()) throw new InvalidInputError(`${entry.path.text} is a directory there`);
}

async function removeIfThere(path: Buffer): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
