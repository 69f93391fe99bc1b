import type { Mac, SnapshotId } from '@wardrobe/kloset-model';
import { nameText } from '@wardrobe/kloset-model';
import { decode } from '../../codec/codec.js';
import { KlosetError } from '../../errors/errors.js';
import { DIRPACK_OTHER } from '../../format/snapshot-dirpack.js';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import { type VfsEntryRecord, vfsEntry } from '../../format/snapshot-entry.js';
import { object } from '../../format/snapshot-object.js';
import type { Repository } from '../../repository/types.js';
import { toObject } from '../../snapshot/content.js';
import { createContext, findDirpack, type SnapshotContext } from '../../snapshot/context.js';
import { type DirpackFrame, dirpackFrames } from '../../snapshot/dirpack.js';
import { listSnapshots } from '../../snapshot/list.js';
import type { SnapshotHeader } from '../../snapshot/types.js';
import type { StoredContent } from '../../snapshot/write/types.js';
import type { AccountNames } from './account-names.js';
import { type ByteText, byteTextOf, bytesOfText } from './byte-text.js';
import type { WalkedEntry } from './walk-types.js';

/** Where a backup comes from: snapshots of one source are compared with each other. */
export type BackupSource = { readonly type: string; readonly origin: string; readonly directory: Uint8Array };
/** Whether a blob lies in a packfile that is known and not scheduled for deletion. */
export type IsAvailable = (type: number, id: Mac) => boolean;

/** The newest snapshot of the same source, or null. Headers that cannot be read are passed over: then more is read, never less. @source 02-snapshot 6.3 */
export async function findPrevious(repository: Repository, source: BackupSource, signal?: AbortSignal): Promise<SnapshotHeader | null> {
  let newest: SnapshotHeader | null = null;
  for await (const listed of listSnapshots(repository, { signal })) {
    if (!('header' in listed)) continue;
    const { header } = listed;
    const isSame =
      header.source.type === source.type && header.source.origin === source.origin && Buffer.compare(header.source.directory.bytes, source.directory) === 0;
    if (isSame && (newest === null || header.timestampNs > newest.timestampNs)) newest = header;
  }
  return newest;
}

/** The files of an earlier snapshot, directory by directory in step with a walk. */
export interface PreviousTree {
  readonly id: SnapshotId;
  /** Null: the snapshot has no such directory, or its listing cannot be read. */
  open(directory: ByteText): Promise<PreviousDirectory | null>;
  /** The contents of unchanged files; null in the place of one that is not wholly available. */
  contents(files: readonly PreviousFile[]): Promise<(StoredContent | null)[]>;
}

/** Regular files of one directory, to be asked for in byte order of their names. Holds one chunk of the listing. */
export interface PreviousDirectory {
  /** `later`: only known after `load`. */
  find(name: ByteText): PreviousFile | null | 'later';
  load(): Promise<void>;
}

export type PreviousFile = {
  readonly name: ByteText;
  readonly record: VfsEntryRecord;
};

/** `isProven`: all its contents are known to be available. */
export type ContentOptions = { readonly isAvailable: IsAvailable; readonly isProven: boolean; readonly signal: AbortSignal | undefined };

export function openPrevious(repository: Repository, header: SnapshotHeader, options: ContentOptions): PreviousTree {
  const context = createContext(repository, header);
  return {
    id: header.id,
    async open(directory) {
      try {
        const pack = await findDirpack(context, bytesOfText(directory), options);
        return pack === null ? null : previousDirectory(dirpackFrames(context, pack, options));
      } catch (error) {
        // Damage in an old snapshot makes this one read its files again, no more.
        if (error instanceof KlosetError) return null;
        throw error;
      }
    },
    contents: (files) => readContents(context, files, options),
  };
}

function previousDirectory(frames: AsyncGenerator<readonly DirpackFrame[]>): PreviousDirectory {
  let files: PreviousFile[] = [];
  let next = 0;
  let isDone = false;
  return {
    find(name) {
      for (let file = files[next]; file !== undefined; file = files[next]) {
        if (file.name > name) return null;
        next += 1;
        if (file.name === name) return file;
      }
      return isDone ? null : 'later';
    },
    async load() {
      try {
        const step = await frames.next();
        isDone = step.done === true;
        files = step.done === true ? [] : step.value.filter(({ kind }) => kind === DIRPACK_OTHER).map(readFile);
      } catch (error) {
        if (!(error instanceof KlosetError)) throw error;
        isDone = true;
        files = [];
      }
      next = 0;
    },
  };
}

function readFile(frame: DirpackFrame): PreviousFile {
  const record = decode(vfsEntry, frame.payload);
  return { name: byteTextOf(record.file_info.name), record };
}

/**
 * Whether a file is what it was, as far as lstat tells.
 * @source 02-snapshot 6.3
 */
export function isUnchanged({ record }: PreviousFile, { stat, goMode, isFile }: WalkedEntry, accounts: AccountNames): boolean {
  const info = record.file_info;
  return (
    isFile &&
    info.size === stat.size &&
    info.mod_time === stat.mtimeNs &&
    info.ino === stat.ino &&
    info.dev === stat.dev &&
    info.mode === goMode &&
    info.uid === stat.uid &&
    info.gid === stat.gid &&
    info.nlink === Number(stat.nlink & 0xffffn) &&
    Buffer.compare(info.username, accounts.user(stat.uid)) === 0 &&
    Buffer.compare(info.groupname, accounts.group(stat.gid)) === 0
  );
}

const ZERO_MAC = '0'.repeat(64);

/** The object of each must be available, and all its chunks. */
async function readContents(context: SnapshotContext, files: readonly PreviousFile[], options: ContentOptions): Promise<(StoredContent | null)[]> {
  if (options.isProven && files.every(hasFacts)) return files.map(entryContent);
  const wanted = new Set<Mac>();
  for (const { record } of files) if (record.object !== ZERO_MAC && options.isAvailable(SNAPSHOT_BLOB.object, record.object)) wanted.add(record.object);
  const found = new Map<Mac, StoredContent>();
  for await (const got of context.source.getMany(SNAPSHOT_BLOB.object, [...wanted], { signal: options.signal })) {
    const content = 'bytes' in got ? storedContent(got.id, got.bytes, options.isAvailable) : null;
    if (content !== null) found.set(got.id, content);
  }
  return files.map(({ record }) => found.get(record.object) ?? null);
}

/** Entries of line 1.1 say all of their content that is needed. @source 02-snapshot 3.1 */
function hasFacts({ record }: PreviousFile): boolean {
  return record.object !== ZERO_MAC && record.chunks > 0n && record.content_type.length > 0;
}

function entryContent({ record }: PreviousFile): StoredContent {
  return {
    object: record.object,
    sizeBytes: Number(record.file_info.size),
    chunks: Number(record.chunks),
    entropy: record.entropy,
    contentType: nameText(record.content_type),
  };
}

function storedContent(id: Mac, bytes: Uint8Array, isAvailable: IsAvailable): StoredContent | null {
  const record = decodeOrNull(bytes);
  if (record === null || !record.chunks?.every((chunk) => isAvailable(SNAPSHOT_BLOB.chunk, chunk.contentMAC))) return null;
  const { sizeBytes, chunks } = toObject(record, id);
  return { object: id, sizeBytes, chunks: chunks.length, entropy: record.entropy, contentType: nameText(record.content_type) };
}

function decodeOrNull(bytes: Uint8Array) {
  try {
    return decode(object, bytes);
  } catch (error) {
    if (!(error instanceof KlosetError)) throw error;
    return null;
  }
}
