import type { EntryRowDto } from '@wardrobe/contracts';
import { type DamagedEntry, type Entry, isDamaged, type SnapshotHeader } from '@wardrobe/kloset';
import { percentEncodePath, permissionsText, posixModeText } from '@wardrobe/kloset-model';
import { problemOf } from '../errors/bridge.js';
import { byteNameOf } from './paths.js';
import type { HeaderDto } from './types.js';

const NS_PER_MS = 1_000_000n;

export function entryRow(entry: Entry | DamagedEntry): EntryRowDto {
  if (isDamaged(entry)) return damagedRow({ name: entry.name.bytes, path: entry.path.bytes, error: entry.damaged });
  return {
    name: byteNameOf(entry.name.bytes),
    path: percentEncodePath(entry.path.bytes),
    type: entry.type,
    mode: posixModeText(entry.goMode),
    permissions: permissionsText(entry.permissions),
    uid: entry.uid.toString(),
    gid: entry.gid.toString(),
    user: entry.user,
    group: entry.group,
    sizeBytes: Number(entry.sizeBytes),
    mtime: isoOfNs(entry.mtimeNs),
    mtimeNs: entry.mtimeNs.toString(),
    target: entry.symlinkTarget === null ? null : byteNameOf(entry.symlinkTarget.bytes),
    contentType: entry.contentType,
    nlink: entry.nlink,
    object: entry.object,
    problem: null,
  };
}

/** An entry that cannot be read keeps its row: name, path and the reason. */
export function damagedRow({ name, path, error }: { readonly name: Uint8Array; readonly path: Uint8Array; readonly error: unknown }): EntryRowDto {
  return {
    name: byteNameOf(name),
    path: percentEncodePath(path),
    type: 'damaged',
    mode: '?---------',
    permissions: '',
    uid: '',
    gid: '',
    user: '',
    group: '',
    sizeBytes: 0,
    mtime: isoOfNs(0n),
    mtimeNs: '0',
    target: null,
    contentType: null,
    nlink: 0,
    object: null,
    problem: problemOf(error),
  };
}

/** ISO time of ns since the epoch, in milliseconds, cut to what `Date` can hold. */
export function isoOfNs(ns: bigint): string {
  return new Date(msOfNs(ns)).toISOString();
}

export function msOfNs(ns: bigint): number {
  const ms = ns >= 0n ? ns / NS_PER_MS : -((-ns + NS_PER_MS - 1n) / NS_PER_MS);
  // Years beyond 9999 do not fit the contract's ISO form.
  const bounded = ms > 253_402_300_799_999n ? 253_402_300_799_999n : ms < -62_167_219_200_000n ? -62_167_219_200_000n : ms;
  return Number(bounded);
}

export function headerDto(header: SnapshotHeader): HeaderDto {
  return {
    takenAtNs: header.timestampNs.toString(),
    durationMs: Number(header.durationNs / NS_PER_MS),
    name: header.name,
    category: header.category,
    environment: header.environment,
    perimeter: header.perimeter,
    job: header.job,
    tags: [...header.tags],
    host: header.hostname,
    user: header.username,
    client: header.client,
    os: header.operatingSystem,
    machineId: header.machineId,
    sourceType: header.source.type,
    origin: header.source.origin,
    directory: byteNameOf(header.source.directory.bytes),
    sizeBytes: Number(header.summary.sizeBytes),
    files: Number(header.summary.files),
    directories: Number(header.summary.directories),
    symlinks: Number(header.summary.symlinks),
    errors: Number(header.summary.errors),
  };
}
