import { DiskFullError, InvalidInputError, StoreError } from '@wardrobe/store-connector';
import {
  attributesOf,
  attributesOfFile,
  attributesOrNull,
  closeFile,
  freeSpace,
  isFile,
  letGo,
  makeFolder,
  openFile,
  plainRename,
  type RemoteFile,
  removeFile,
  replacingRename,
  setMode,
  syncFile,
  type Way,
} from './remote-file.js';
import { isMissing, requestError, STATUS, statusOf } from './sftp-errors.js';
import { readShort, writeChunks } from './transfer.js';

/** One item to be written whole. */
export type Writing = {
  readonly root: string;
  readonly temporary: string;
  readonly path: string;
  /** Folders above `path`, outermost first, that may be missing in a store that was copied without its empty folders. */
  readonly folders: readonly string[];
  readonly lengthBytes: number;
  /** From the begin each time. */
  readonly chunks: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** Bytes to find there afterwards; for items whose replacing servers are known to refuse without a word. */
  readonly readBack?: Uint8Array;
  /** What is there stays: the writing fails, unless an earlier attempt of ours has put these bytes there. */
  readonly mustBeNew?: boolean;
};

/** Bucket folders. @source 04-remote-stores 4.2 */
export const BUCKET_MODE = 0o755;
/** A user's space counts as used up below this. */
const FULL_BELOW_BYTES = 1 << 20;

/**
 * Writes aside, brings the bytes to the server's disk where it offers that, and renames. What was there before stays until the rename.
 * The temporary file stays after a failure: `writing.temporary` is the caller's to remove.
 * @throws DiskFullError, PermissionError, StoreError
 */
export async function writeWhole(way: Way, writing: Writing): Promise<void> {
  try {
    const file = await openAside(way, writing);
    await fill(file, writing);
    await putInPlace(way, writing);
    if (writing.readBack !== undefined && !(await holds(way, writing.path, writing.readBack)))
      throw new StoreError(`${writing.path} was written, but the server gives other bytes for it`, { fault: 'server' });
  } catch (error) {
    throw await writeFailure(error, way, writing);
  }
}

async function openAside(way: Way, writing: Writing): Promise<RemoteFile> {
  try {
    return await openFile(way, writing.temporary, 'wx');
  } catch (error) {
    if (!isMissing(error)) throw error;
    await makeMissingFolders(way, writing);
    return await openFile(way, writing.temporary, 'wx');
  }
}

/** Never makes folders in what is no store any more: an unmounted disk leaves an empty folder. */
async function makeMissingFolders(way: Way, { root, folders }: Writing): Promise<void> {
  await mustBeStore(way, root);
  for (const folder of folders) await ensureFolder(way, folder, BUCKET_MODE);
}

/** @throws StoreError CONFIG is gone */
export async function mustBeStore(way: Way, root: string): Promise<void> {
  const config = `${root === '/' ? '' : root}/CONFIG`;
  if ((await attributesOrNull(way, config)) === null) throw new StoreError(`the store in ${root} is not there any more`, { retryable: true });
}

/** A folder that is there already keeps its mode. `mode` undefined: as the server likes. */
export async function ensureFolder(way: Way, path: string, mode: number | undefined): Promise<void> {
  if ((await madeFolder(way, path, mode)) && mode !== undefined) await setMode(way, path, mode);
}

/** False when the folder is there already. The server's own mask may take from the mode. */
export async function madeFolder(way: Way, path: string, mode: number | undefined): Promise<boolean> {
  try {
    await makeFolder(way, path, mode);
    return true;
  } catch (error) {
    if (statusOf(error) === null || isMissing(error)) throw error;
    const found = await attributesOrNull(way, path);
    if (found === null || isFile(found)) throw error;
    return false;
  }
}

async function fill(file: RemoteFile, { chunks, lengthBytes, path }: Writing): Promise<void> {
  const written = await writeChunks(file, chunks());
  if (written !== lengthBytes) throw new StoreError(`${path} was to have ${lengthBytes} bytes, its source gave ${written}`);
  // Servers take requests for one file in the order in which they come: none of these three waits for the answer to another.
  const [, found] = await Promise.all([syncFile(file), attributesOfFile(file), closeFile(file)]);
  if (found.size !== lengthBytes)
    throw new StoreError(`${path} was written with ${lengthBytes} bytes, the server has ${found.size}`, { fault: 'server', retryable: true });
}

async function putInPlace(way: Way, writing: Writing): Promise<void> {
  try {
    await rename(way, writing);
  } catch (error) {
    if (!isMissing(error)) throw error;
    await makeMissingFolders(way, writing);
    await rename(way, writing);
  }
}

/** In one step where the server can; else the old file steps aside first, so that its bytes are never lost. @source 04-remote-stores 4.4 */
async function rename(way: Way, { temporary, path, lengthBytes, mustBeNew, readBack }: Writing): Promise<void> {
  if (mustBeNew === true && (await attributesOrNull(way, path)) !== null) {
    if (readBack === undefined || !(await holds(way, path, readBack))) throw new InvalidInputError(`${path} is there already: somebody has made a store there`);
    await removeFile(way, temporary);
    return;
  }
  if (mustBeNew !== true && (await replacingRename(way, temporary, path))) return;
  try {
    await plainRename(way, temporary, path);
  } catch (error) {
    if (mustBeNew === true || isMissing(error) || statusOf(error) === null || (await attributesOrNull(way, path)) === null) throw error;
    await replaceInSteps(way, temporary, path);
  }
  const { size } = await attributesOf(way, path);
  if (size !== lengthBytes)
    throw new StoreError(`${path} was renamed, but the server still has ${size} bytes there instead of ${lengthBytes}`, { fault: 'server' });
}

async function replaceInSteps(way: Way, temporary: string, path: string): Promise<void> {
  const old = temporary.replace(/\.tmp$/, '.old.tmp');
  await plainRename(way, path, old);
  try {
    await plainRename(way, temporary, path);
  } catch (error) {
    await plainRename({ line: way.line, signal: undefined }, old, path);
    throw error;
  }
  await removeFile(way, old);
}

async function holds(way: Way, path: string, expected: Uint8Array): Promise<boolean> {
  const file = await openFile(way, path, 'r');
  try {
    const { bytes } = await readShort(file, { beginBytes: expected.length, limitBytes: expected.length });
    return bytes !== null && Buffer.from(bytes).equals(expected);
  } finally {
    letGo(file);
  }
}

/** A full disk has no status of its own in this version of the protocol: the server is asked for its free space. */
export async function writeFailure(error: unknown, way: Way, { root, path }: Pick<Writing, 'root' | 'path'>): Promise<unknown> {
  if (statusOf(error) === STATUS.failure && way.line.loss === null) {
    const free = await freeSpace({ line: way.line, signal: way.signal }, root).catch((failed: unknown) => {
      if (statusOf(failed) !== null) return null;
      throw failed;
    });
    if (free !== null && (free.bytes < FULL_BELOW_BYTES || free.files < 1)) return new DiskFullError(path, { cause: error });
  }
  return requestError(error, path, 'written');
}
