import { type FileHandle, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CacheReadError, damaged, errorCode, fileFailure } from '../cache-error.js';
import { openForReading, readAt } from '../files.js';
import { checkWal, WAL_HEADER_BYTES, type WalFacts } from './wal.js';

const CHUNK_BYTES = 1024 * 1024;

export type StagedCopy = { readonly databaseBytes: number; readonly wal: WalFacts | null };

/**
 * Copies `state.db` and then its `-wal` into `target`, a private empty directory; the `-shm` is never copied.
 * A checkpoint only moves what is already in the `-wal`, so copying it last brings everything; what would break the copy is the
 * `-wal` being restarted meanwhile, and then its header changes. The copy goes through in chunks: neither file is held in memory.
 * @throws CacheReadError to be tried again when plakar wrote in between
 * @source 03 B1
 */
export async function stageCopy(source: string, target: string): Promise<StagedCopy> {
  const database = join(source, 'state.db');
  const wal = join(source, 'state.db-wal');
  const headBefore = await readHead(wal);
  const before = await fingerprint(database);
  const databaseBytes = await copyFile(database, join(target, 'state.db'));
  const walBytes = headBefore === null ? null : await copyFile(wal, join(target, 'state.db-wal'));
  const headAfter = await readHead(wal);
  if (headBefore === null || headAfter === null) {
    if (headBefore !== headAfter) throw busy('state.db-wal came or went while it was copied');
    if (before !== (await fingerprint(database))) throw busy('state.db changed while it was copied');
    if (await exists(`${database}-shm`)) throw damaged('state.db-wal is missing beside state.db-shm');
    return { databaseBytes, wal: null };
  }
  const copied = (await readHead(join(target, 'state.db-wal'))) ?? Buffer.alloc(0);
  if (!same(headBefore, headAfter) || !same(headBefore, copied)) throw busy('state.db-wal was restarted while it was copied');
  if (headBefore.length === 0 && before !== (await fingerprint(database))) throw busy('state.db changed while it was copied');
  return { databaseBytes, wal: await checkWal(join(target, 'state.db-wal'), walBytes ?? 0) };
}

/** plakar wrote in between: no sign of damage, however often it happens. */
function busy(message: string): CacheReadError {
  return new CacheReadError('busy', message, { again: true });
}

async function copyFile(from: string, to: string): Promise<number> {
  const source = await openForReading(from);
  try {
    const target = await open(to, 'wx', 0o600);
    try {
      return await pump(source, target);
    } finally {
      await target.close();
    }
  } catch (error) {
    if (errorCode(error) === 'ENOSPC' || errorCode(error) === 'EDQUOT')
      throw new CacheReadError('busy', 'no space left for a private copy of state.db', { cause: error });
    throw fileFailure(error, 'state.db');
  } finally {
    await source.close();
  }
}

async function pump(source: FileHandle, target: FileHandle): Promise<number> {
  for (let copied = 0; ; ) {
    const chunk = await readAt(source, copied, CHUNK_BYTES);
    if (chunk.length === 0) return copied;
    await target.writeFile(chunk);
    copied += chunk.length;
  }
}

/** First bytes of the `-wal`, fewer where it is shorter; null where there is none. */
async function readHead(path: string): Promise<Uint8Array | null> {
  if (!(await exists(path))) return null;
  const handle = await openForReading(path);
  try {
    return await readAt(handle, 0, WAL_HEADER_BYTES);
  } finally {
    await handle.close();
  }
}

async function fingerprint(path: string): Promise<string> {
  try {
    const info = await stat(path, { bigint: true });
    return `${info.ino} ${info.size} ${info.mtimeNs}`;
  } catch (error) {
    throw fileFailure(error, 'state.db');
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw fileFailure(error, 'state.db-wal');
  }
}

function same(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}
