import { randomInt } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InvalidInputError, type WriteOptions } from '@wardrobe/store-connector';
import { errorCode, writeError } from './fs-errors.js';

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** The folders plakar makes: 256 buckets each. @source 01-store 3.1 */
export async function makeFolders(root: string): Promise<void> {
  await mkdir(root, { recursive: true, mode: FOLDER_MODE });
  const found = await readdir(root);
  if (found.length > 0) throw new InvalidInputError(`${root} is not empty: a store is made in a folder of its own`);
  for (const kind of ['packfiles', 'states']) {
    await mkdir(join(root, kind), { mode: FOLDER_MODE });
    const buckets = Array.from({ length: 256 }, (_, bucket) => bucket.toString(16).padStart(2, '0'));
    await Promise.all(buckets.map((bucket) => mkdir(join(root, kind, bucket), { mode: FOLDER_MODE })));
  }
  await mkdir(join(root, 'locks'), { mode: FOLDER_MODE });
}

/** A name that plakar's and our readers pass over. */
export function temporaryName(): string {
  return `tmp.${randomInt(1e9)}${randomInt(1e9)}`;
}

/** Writes aside in `spool`, makes it durable, and renames it to `path`. What was there before stays until the rename. */
export async function writeFileWhole(target: { readonly spool: string; readonly path: string }, bytes: Uint8Array, options: WriteOptions): Promise<void> {
  const aside = join(target.spool, temporaryName());
  try {
    options.signal?.throwIfAborted();
    const file = await open(aside, 'wx', FILE_MODE);
    try {
      await writeAll(file, bytes, options);
      await file.datasync();
    } finally {
      await file.close();
    }
    await moveInPlace(aside, target.path);
  } catch (error) {
    await rm(aside, { force: true });
    throw writeError(error, target.path, options.signal);
  }
}

/** A local file becomes `path`: renamed, or copied where the two lie on different file systems. */
export async function adoptFile(target: { readonly spool: string; readonly path: string }, localPath: string, options: WriteOptions): Promise<void> {
  options.signal?.throwIfAborted();
  try {
    await syncFile(localPath);
    await chmod(localPath, FILE_MODE);
    await moveInPlace(localPath, target.path);
  } catch (error) {
    if (errorCode(error) !== 'EXDEV') throw writeError(error, target.path, options.signal);
    await copyInPlace(target, localPath, options);
    await rm(localPath, { force: true });
  }
}

async function copyInPlace(target: { readonly spool: string; readonly path: string }, localPath: string, options: WriteOptions): Promise<void> {
  const aside = join(target.spool, temporaryName());
  try {
    await copyFile(localPath, aside, constants.COPYFILE_EXCL);
    await syncFile(aside);
    await chmod(aside, FILE_MODE);
    await moveInPlace(aside, target.path);
  } catch (error) {
    await rm(aside, { force: true });
    throw writeError(error, target.path, options.signal);
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, options: WriteOptions): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    options.signal?.throwIfAborted();
    at += (await file.write(bytes, at, Math.min(bytes.length - at, 1 << 22))).bytesWritten;
  }
}

/** The rename is durable once its folder is. A bucket may be missing in a store that was copied without its empty folders. */
async function moveInPlace(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    await mkdir(dirname(to), { recursive: true, mode: FOLDER_MODE });
    await rename(from, to);
  }
  await syncFolder(dirname(to));
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** Windows cannot open folders, and needs no such call. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
