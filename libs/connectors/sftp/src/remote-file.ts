import { StoreError } from '@wardrobe/store-connector';
import type { Attributes, FileEntry } from 'ssh2';
import type { Answer, Line } from './line.js';
import { isMissing, STATUS, statusOf } from './sftp-errors.js';

/** A line with the signal that stops the requests of one call. */
export type Way = { readonly line: Line; readonly signal: AbortSignal | undefined };

/** A file that is open on the server. */
export type RemoteFile = Way & { readonly handle: Buffer; readonly path: string };

/** Size and times as far as the server gives them. */
export type RemoteAttributes = Pick<Attributes, 'size' | 'mtime' | 'mode'>;

const FILE_TYPE = 0o170000;
const [FOLDER, FILE] = [0o040000, 0o100000];
/** Pieces of a folder's listing that are asked for at once: the second is mostly its end. */
const LISTINGS_AHEAD = 2;

export type OpenFlags = 'r' | 'wx';

/** An answer that comes after the call was given up is closed again. */
export async function openFile({ line, signal }: Way, path: string, flags: OpenFlags): Promise<RemoteFile> {
  const late = (handle: Buffer) => line.sftp.close(handle, () => undefined);
  const handle = await line.request<Buffer>((sftp, answer) => sftp.open(path, flags, answer), signal, late);
  return { line, signal, handle, path };
}

/** For files that were read: nothing depends on the answer, so nobody waits for it. */
export function letGo({ line, handle }: RemoteFile): void {
  if (line.loss !== null) return;
  line.figures.requests += 1;
  line.sftp.close(handle, () => undefined);
}

export function closeFile({ line, signal, handle }: RemoteFile): Promise<void> {
  return line.request<void>((sftp, answer) => sftp.close(handle, answer), signal);
}

export function attributesOfFile({ line, signal, handle }: RemoteFile): Promise<RemoteAttributes> {
  return line.request<Attributes>((sftp, answer) => sftp.fstat(handle, answer as Answer<Attributes>), signal);
}

/** @throws the server's status, also for a path that is not there */
export function attributesOf({ line, signal }: Way, path: string): Promise<RemoteAttributes> {
  return line.request<Attributes>((sftp, answer) => sftp.stat(path, answer as Answer<Attributes>), signal);
}

/** The same of a link itself; null when there is nothing. */
export async function attributesOrNull({ line, signal }: Way, path: string): Promise<RemoteAttributes | null> {
  try {
    return await line.request<Attributes>((sftp, answer) => sftp.lstat(path, answer as Answer<Attributes>), signal);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

export function removeFile({ line, signal }: Way, path: string): Promise<void> {
  return line.request<void>((sftp, answer) => sftp.unlink(path, answer), signal);
}

export function makeFolder({ line, signal }: Way, path: string, mode: number | undefined): Promise<void> {
  return line.request<void>((sftp, answer) => (mode === undefined ? sftp.mkdir(path, answer) : sftp.mkdir(path, { mode }, answer)), signal);
}

export function setMode({ line, signal }: Way, path: string, mode: number): Promise<void> {
  return line.request<void>((sftp, answer) => sftp.setstat(path, { mode }, answer), signal);
}

/** Many servers refuse to replace a file by this; others do it. */
export function plainRename({ line, signal }: Way, from: string, to: string): Promise<void> {
  return line.request<void>((sftp, answer) => sftp.rename(from, to, answer), signal);
}

/** Replaces what is there, in one step. @returns false when the server does not offer it */
export function replacingRename({ line, signal }: Way, from: string, to: string): Promise<boolean> {
  return offered(() => line.request<void>((sftp, answer) => sftp.ext_openssh_rename(from, to, answer), signal));
}

/** Brings a file's bytes to the server's disk. @returns false when the server does not offer it */
export function syncFile({ line, signal, handle }: RemoteFile): Promise<boolean> {
  return offered(() => line.request<void>((sftp, answer) => sftp.ext_openssh_fsync(handle, (error) => answer(error)), signal));
}

/** Bytes and files that a user may still make where `path` lies; null when the server does not tell. */
export async function freeSpace({ line, signal }: Way, path: string): Promise<{ readonly bytes: number; readonly files: number } | null> {
  let found: { readonly f_frsize: number; readonly f_bavail: number; readonly f_favail: number; readonly f_files: number } | null = null;
  const isOffered = await offered(async () => {
    found = await line.request((sftp, answer) => sftp.ext_openssh_statvfs(path, answer), signal);
  });
  if (!isOffered || found === null) return null;
  const { f_frsize, f_bavail, f_favail, f_files } = found;
  return { bytes: f_frsize * f_bavail, files: f_files === 0 ? Number.POSITIVE_INFINITY : f_favail };
}

/** ssh2 throws at once where the server did not offer an extension; a server may also offer and refuse it. */
async function offered(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (statusOf(error) === STATUS.unsupported) return false;
    if (error instanceof Error && statusOf(error) === null && error.message === 'Server does not support this extended request') return false;
    throw error;
  }
}

/** Names in a folder, without `.` and `..`, in no order; null when the folder is not there. */
export async function readFolder({ line, signal }: Way, path: string): Promise<readonly FileEntry[] | null> {
  let handle: Buffer;
  try {
    const late = (value: Buffer) => line.sftp.close(value, () => undefined);
    handle = await line.request<Buffer>((sftp, answer) => sftp.opendir(path, answer), signal, late);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
  try {
    return await readEntries({ line, signal }, handle);
  } finally {
    letGo({ line, signal, handle, path });
  }
}

/** A server that answers overlapping requests twice is borne: names are taken once. */
async function readEntries({ line, signal }: Way, handle: Buffer): Promise<readonly FileEntry[]> {
  const found = new Map<string, FileEntry>();
  const next = () => line.request<FileEntry[]>((sftp, answer) => sftp.readdir(handle, answer as Answer<FileEntry[]>), signal);
  for (let ended = false; !ended; ) {
    const answers = await Promise.all(Array.from({ length: LISTINGS_AHEAD }, () => next().catch(nullAtTheEnd)));
    for (const entries of answers) {
      if (entries === null) ended = true;
      else for (const entry of entries) found.set(entry.filename, entry);
    }
    if (found.size > MAX_ENTRIES) throw new StoreError(`a folder of the store has more than ${MAX_ENTRIES} entries`);
  }
  return [...found.values()];
}

const MAX_ENTRIES = 10_000_000;

function nullAtTheEnd(error: unknown): null {
  if (statusOf(error) === STATUS.eof) return null;
  throw error;
}

export function isFolder(attributes: RemoteAttributes): boolean {
  return (attributes.mode & FILE_TYPE) === FOLDER;
}

export function isFile(attributes: RemoteAttributes): boolean {
  return (attributes.mode & FILE_TYPE) === FILE;
}

/** What a listing says of an entry, or what the server says when it is asked: some list names only. Null when it is gone. */
export function entryAttributes(way: Way, folder: string, entry: FileEntry): Promise<RemoteAttributes | null> {
  const { mode, size } = entry.attrs as Partial<Attributes>;
  return mode === undefined || size === undefined ? attributesOrNull(way, `${folder}/${entry.filename}`) : Promise.resolve(entry.attrs);
}
