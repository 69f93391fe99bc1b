import { type BigIntStats, constants } from 'node:fs';
import { access, type FileHandle, lstat, mkdir, open, realpath } from 'node:fs/promises';
import { isAbsolute, relative, sep } from 'node:path';
import { InvalidInputError } from '../errors/errors.js';
import { errnoOf } from './local-error.js';

/**
 * A directory that is held open while things are made in it. On Linux every name is reached through the open directory (`/proc/<pid>/fd/N/name`), so that
 * nobody can slip a link in between; elsewhere each parent is checked by lstat before it is used.
 */
export type SafeDirectory = {
  readonly handle: FileHandle;
  /** Whether this run made it: only then are mode, owner and times its own to set. */
  readonly isNew: boolean;
  /** The directory itself, through its handle where possible. */
  readonly self: Buffer;
  /** A path for one name in it. */
  at(name: Uint8Array): Buffer;
};

const OPEN_DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const SLASH = Buffer.from('/');
const PRIVATE = 0o700;

/**
 * The folder to restore into, made if absent. The caller named it, so links on the way to it are followed; from there on none is. With `below`, a folder
 * above it, none is followed from that folder on.
 */
export async function openTarget(directory: string, below?: string): Promise<SafeDirectory> {
  if (below !== undefined) return openWithin(below, directory);
  const made = await mkdir(directory, { recursive: true, mode: PRIVATE });
  const real = await realpath(directory);
  return holdDirectory(Buffer.from(real), made !== undefined);
}

async function openWithin(below: string, directory: string): Promise<SafeDirectory> {
  const names = relative(below, directory)
    .split(sep)
    .filter((name) => name !== '');
  if (names[0] === '..' || isAbsolute(relative(below, directory))) throw new InvalidInputError(`${directory} does not lie below ${below}`);
  let place = await holdDirectory(Buffer.from(below), false);
  for (const name of names) {
    const parent = place;
    try {
      place = await openBelow(parent, Buffer.from(name));
    } finally {
      await parent.handle.close();
    }
  }
  return place;
}

/** A directory below another, made if absent. A link or file of that name is refused. @throws errno errors, InvalidInputError */
export async function openBelow(parent: SafeDirectory, name: Uint8Array): Promise<SafeDirectory> {
  const path = parent.at(name);
  const isNew = await makeDirectory(path);
  return holdDirectory(path, isNew);
}

/** A directory that is there; links are refused. */
export function openExisting(parent: SafeDirectory, name: Uint8Array): Promise<SafeDirectory> {
  return holdDirectory(parent.at(name), false);
}

async function makeDirectory(path: Buffer): Promise<boolean> {
  try {
    await mkdir(path, { mode: PRIVATE });
    return true;
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    if (!(await lstat(path)).isDirectory()) throw new InvalidInputError('a file or link stands where a directory is to be', { cause: error });
    return false;
  }
}

async function holdDirectory(path: Buffer, isNew: boolean): Promise<SafeDirectory> {
  const handle = await open(path, OPEN_DIRECTORY);
  try {
    const held = Buffer.from(`/proc/${process.pid}/fd/${handle.fd}`);
    const self = (await hasProc()) ? held : path;
    return { handle, isNew, self, at: (name) => Buffer.concat([self, SLASH, name]) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

let procKnown: boolean | null = null;

async function hasProc(): Promise<boolean> {
  procKnown ??= await access('/proc/self/fd').then(
    () => true,
    (error: unknown) => {
      if (errnoOf(error) === null) throw error;
      return false;
    },
  );
  return procKnown;
}

/** lstat, or null when there is nothing. */
export async function lstatOrNull(path: Buffer): Promise<BigIntStats | null> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}
