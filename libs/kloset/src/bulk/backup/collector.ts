import type { StoredContent } from '../../snapshot/write/types.js';
import type { AccountNames } from './account-names.js';
import type { BackupCounts } from './backup-types.js';
import { type ByteText, bytesOfText } from './byte-text.js';
import type { NewEntry, NewStat } from '../../snapshot/write/types.js';
import type { WalkedEntry } from './walk-types.js';

type Counts = { -readonly [K in keyof BackupCounts]: BackupCounts[K] };

export function newCounts(): Counts {
  return { files: 0, directories: 0, symlinks: 0, specials: 0, unchanged: 0, sizeBytes: 0, readBytes: 0, xattrs: 0, errors: 0 };
}

export function countEntry(counts: Counts, entry: WalkedEntry, sizeBytes: number): void {
  if (entry.isDirectory) counts.directories += 1;
  else if (entry.target !== null) counts.symlinks += 1;
  else if (entry.isFile) {
    counts.files += 1;
    counts.sizeBytes += sizeBytes;
  } else counts.specials += 1;
}

const NO_NAME = new Uint8Array(0);

/** `accounts` null: no names of users and groups, as for the folders above a backup. @source 02-snapshot 3.2 */
export function newEntry(
  entry: WalkedEntry,
  parts: { readonly content: StoredContent | null; readonly xattrNames: readonly ByteText[]; readonly accounts: AccountNames | null },
): NewEntry {
  const { stat } = entry;
  const newStat: NewStat = {
    // The bytes that were really read: a file may have grown since it was looked at.
    sizeBytes: parts.content === null ? stat.size : BigInt(parts.content.sizeBytes),
    goMode: entry.goMode,
    mtimeNs: stat.mtimeNs,
    dev: stat.dev,
    ino: stat.ino,
    uid: stat.uid,
    gid: stat.gid,
    nlink: Number(stat.nlink & 0xffffn),
    user: parts.accounts?.user(stat.uid) ?? NO_NAME,
    group: parts.accounts?.group(stat.gid) ?? NO_NAME,
  };
  return {
    path: bytesOfText(entry.path),
    stat: newStat,
    symlinkTarget: entry.target === null ? null : bytesOfText(entry.target),
    content: parts.content,
    xattrNames: parts.xattrNames.map(bytesOfText),
  };
}
