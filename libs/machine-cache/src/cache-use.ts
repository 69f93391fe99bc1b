import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, fileFailure } from './cache-error.js';

const RECENT_MS = 10_000;

/** Inodes with a lock on them, as `/proc/locks` lists them; null where the system has no such list. */
export type LockList = readonly { readonly major: number; readonly minor: number; readonly inode: bigint }[] | null;

/** `idleMs`: since the newest change of any file that plakar writes. */
export type CacheUse = { readonly lastUsedMs: number | null; readonly locked: boolean; readonly recent: boolean; readonly idleMs: number };

/**
 * Reads the system's list of file locks. Nothing is ever tried by locking: that would make plakar fail with `cache in use`.
 * @source 03 C5
 */
export async function readLockList(path = '/proc/locks'): Promise<LockList> {
  try {
    return parseLocks(await readFile(path, 'utf8'));
  } catch (error) {
    if (errorCode(error) === null) throw error;
    return null;
  }
}

/** Lines such as `1: POSIX  ADVISORY  WRITE 4242 08:01:131077 0 EOF`: device numbers are hexadecimal, the inode decimal. */
export function parseLocks(text: string): NonNullable<LockList> {
  return [...text.matchAll(/\s([0-9a-f]+):([0-9a-f]+):(\d+)\s/g)].map(([, major = '', minor = '', inode = '']) => ({
    major: Number.parseInt(major, 16),
    minor: Number.parseInt(minor, 16),
    inode: BigInt(inode),
  }));
}

/** Use of a Pebble directory: `LOCK` is truncated and `OPTIONS-*` written at each open. Changes of the files themselves count for `idleMs`. */
export async function pebbleUse(directory: string, locks: LockList, nowMs: number): Promise<CacheUse> {
  const names = await list(directory);
  const opened = names.filter((name) => name === 'LOCK' || name.startsWith('OPTIONS-'));
  const written = names.filter((name) => /^(MANIFEST-\d+|\d+\.(log|sst))$/.test(name));
  return use(directory, { opened, written, locked: ['LOCK'], locks, nowMs });
}

/** Use of a SQLite directory. */
export async function sqliteUse(directory: string, locks: LockList, nowMs: number): Promise<CacheUse> {
  const names = await list(directory);
  const opened = names.filter((name) => name === 'state.db' || name === 'state.db-wal' || name === 'state.db-shm');
  const written = names.filter((name) => name.endsWith('.state'));
  return use(directory, { opened, written, locked: ['state.db', 'state.db-wal', 'state.db-shm'], locks, nowMs });
}

type Look = {
  readonly opened: readonly string[];
  readonly written: readonly string[];
  readonly locked: readonly string[];
  readonly locks: LockList;
  readonly nowMs: number;
};

async function use(directory: string, look: Look): Promise<CacheUse> {
  let lastUsedMs: number | null = null;
  let newestMs = 0;
  let locked = false;
  for (const name of [...look.opened, ...look.written]) {
    const info = await statOrNull(join(directory, name));
    if (info === null) continue;
    const changedMs = Number(info.mtimeNs / 1_000_000n);
    newestMs = Math.max(newestMs, changedMs);
    if (look.opened.includes(name)) lastUsedMs = Math.max(lastUsedMs ?? 0, changedMs);
    if (look.locked.includes(name)) locked ||= isLocked(info, look.locks);
  }
  const idleMs = Math.max(0, look.nowMs - newestMs);
  // Where locks can be seen they decide; a time alone would call every cache busy for ten seconds after its last use.
  return { lastUsedMs, locked, recent: look.locks === null && idleMs < RECENT_MS, idleMs };
}

function isLocked(info: { readonly dev: bigint; readonly ino: bigint }, locks: LockList): boolean {
  const major = Number(((info.dev >> 8n) & 0xfffn) | ((info.dev >> 32n) & ~0xfffn));
  const minor = Number((info.dev & 0xffn) | ((info.dev >> 12n) & ~0xffn));
  // Major 0 is a device without a number of its own (btrfs, overlay, network): stat and the list may name different ones.
  return locks?.some((lock) => lock.inode === info.ino && (lock.major === 0 || (lock.major === major && lock.minor === minor))) ?? false;
}

async function statOrNull(path: string): Promise<{ readonly dev: bigint; readonly ino: bigint; readonly mtimeNs: bigint } | null> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw fileFailure(error, 'the cache directory');
  }
}

async function list(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    throw fileFailure(error, 'the cache directory');
  }
}
