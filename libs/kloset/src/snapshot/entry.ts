import { byteName, childPath, entryTypeOf, equalBytes, isCleanPath, isPlainName, type Mac, nameText, permissionsOf, SLASH } from '@wardrobe/kloset-model';
import { decode } from '../codec/codec.js';
import { DecodeError } from '../errors/errors.js';
import { type VfsEntryRecord, vfsEntry } from '../format/snapshot-entry.js';
import type { DamagedEntry, Entry, ListedEntry } from './types.js';

const ZERO_MAC = '0'.repeat(64);

/** @throws DecodeError not an entry, or one with a name or parent path that cannot stand in a tree */
export function readEntry(bytes: Uint8Array, mac: Mac): Entry {
  return toEntry(readEntryRecord(bytes, mac), mac);
}

export function readEntryRecord(bytes: Uint8Array, mac: Mac): VfsEntryRecord {
  return decode(vfsEntry, bytes, { kind: 'vfs-entry', file: mac });
}

export function isDamaged(entry: ListedEntry | DamagedEntry): entry is DamagedEntry {
  return 'damaged' in entry;
}

/** @throws DecodeError the name is empty, `.`, `..` or has a slash, or the parent path is not clean and absolute. @source 02-snapshot 2.5 */
export function toEntry(record: VfsEntryRecord, mac: Mac): Entry {
  const info = record.file_info;
  const path = entryPath(record, mac);
  return {
    path: byteName(path),
    name: byteName(info.name),
    type: entryTypeOf(info.mode),
    goMode: info.mode,
    permissions: permissionsOf(info.mode),
    uid: info.uid,
    gid: info.gid,
    user: nameText(info.username),
    group: nameText(info.groupname),
    sizeBytes: info.size < 0n ? 0n : info.size,
    mtimeNs: info.mod_time,
    dev: info.dev,
    ino: info.ino,
    nlink: info.nlink,
    symlinkTarget: record.symlink_target.length === 0 ? null : byteName(record.symlink_target),
    object: record.object === ZERO_MAC ? null : record.object,
    contentType: record.content_type.length === 0 ? null : nameText(record.content_type),
    extendedAttributes: record.extended_attributes.map(byteName),
    mac,
  };
}

function entryPath(record: VfsEntryRecord, mac: Mac): Uint8Array {
  const { name } = record.file_info;
  const parent = record.parent_path;
  if (isRootPath(name) && (parent.length === 0 || isRootPath(parent))) return name;
  if (!isPlainName(name)) throw new DecodeError(`vfs-entry ${mac}`, `${JSON.stringify(nameText(name))} is no name`, { kind: 'vfs-entry', file: mac });
  if (!isCleanPath(parent))
    throw new DecodeError(`vfs-entry ${mac}`, `${JSON.stringify(nameText(parent))} is no clean absolute path`, { kind: 'vfs-entry', file: mac });
  return childPath(parent, name);
}

export function isRootPath(path: Uint8Array): boolean {
  return path.length === 1 && path[0] === SLASH;
}

/** The entry, if it is the one that `path` names. @throws DecodeError its record says another path */
export function expectPath(entry: Entry, path: Uint8Array): Entry {
  if (equalBytes(entry.path.bytes, path)) return entry;
  throw new DecodeError(`vfs-entry ${entry.mac}`, `stands at ${nameText(path)} and says ${entry.path.text}`, { kind: 'vfs-entry', file: entry.mac });
}
