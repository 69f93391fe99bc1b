import type { VfsEntryRecord } from '../../format/snapshot-entry.js';
import type { NewStat } from './types.js';

/** What lstat once said, out of a stored entry: for snapshots that are written again. */
export function statOf(info: VfsEntryRecord['file_info']): NewStat {
  return {
    sizeBytes: info.size,
    goMode: info.mode,
    mtimeNs: info.mod_time,
    dev: info.dev,
    ino: info.ino,
    uid: info.uid,
    gid: info.gid,
    nlink: info.nlink,
    user: info.username,
    group: info.groupname,
  };
}
