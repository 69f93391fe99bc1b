import { constants, type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { CacheReadError, fileFailure } from './cache-error.js';

const CHUNK_BYTES = 1024 * 1024;
// Without O_NONBLOCK a fifo under the name of a log would hang the reader; with O_NOFOLLOW no link leads out of the cache.
const SAFE_READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0);

/**
 * Opens a regular file of a cache for reading. Nothing is ever opened for writing, and no lock is taken.
 * @throws CacheReadError as `fileFailure` says; a link, fifo, device or directory is damage
 */
export async function openForReading(path: string): Promise<FileHandle> {
  const name = basename(path);
  let handle: FileHandle;
  try {
    handle = await open(path, SAFE_READ);
  } catch (error) {
    throw fileFailure(error, name);
  }
  const info = await handle.stat();
  if (info.isFile()) return handle;
  await handle.close();
  throw new CacheReadError('damaged', `${name} is not a regular file`);
}

/** Exactly `lengthBytes` bytes from `offset`; fewer at the file's end. */
export async function readAt(handle: FileHandle, offset: number, lengthBytes: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafe(lengthBytes);
  let filled = 0;
  while (filled < lengthBytes) {
    const { bytesRead } = await handle.read(bytes, filled, lengthBytes - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

/** A whole file as it is until its end is met, even while it grows. @throws CacheReadError `unsupported` above the limit */
export async function readWhole(path: string, limitBytes: number): Promise<Uint8Array> {
  const handle = await openForReading(path);
  try {
    const { size } = await handle.stat();
    const parts: Uint8Array[] = [];
    let total = 0;
    for (;;) {
      if (Math.max(total, size) > limitBytes) throw new CacheReadError('unsupported', `${basename(path)} is larger than ${limitBytes} bytes`);
      const part = await readAt(handle, total, Math.max(CHUNK_BYTES, size - total));
      total += part.length;
      if (part.length === 0) break;
      parts.push(part);
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  } catch (error) {
    throw fileFailure(error, basename(path));
  } finally {
    await handle.close();
  }
}
