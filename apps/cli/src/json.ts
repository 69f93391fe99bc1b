import { type Entry, provenanceOf, type Repository, type SnapshotHeader, type SnapshotSummary } from '@wardrobe/kloset';
import { isExactText, type NameText, permissionsText, timestampText } from '@wardrobe/kloset-model';
import type { Availability } from './select.js';

/** `{path}` and, only where the text does not say everything, `{pathBytes}` in base64. Keys take the given name. */
export function namePair<K extends string>(key: K, name: NameText): Record<string, string> {
  return isExactText(name.bytes) ? { [key]: name.text } : { [key]: name.text, [`${key}Bytes`]: Buffer.from(name.bytes).toString('base64') };
}

/** RFC 3339 in UTC, down to nanoseconds. */
export function timeText(ns: bigint): string {
  return timestampText(ns, { fraction: true });
}

export function plainSize(value: bigint): number | string {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString();
}

function summaryFields(summary: SnapshotSummary): Record<string, unknown> {
  return {
    sizeBytes: plainSize(summary.sizeBytes),
    files: plainSize(summary.files),
    directories: plainSize(summary.directories),
    errors: plainSize(summary.errors),
  };
}

/** A line of `ls`. `machineId` is the one in the snapshot's context. `syncedFrom`: only of copies, the store where it was made first. */
export function snapshotJson(header: SnapshotHeader, availability: Availability): Record<string, unknown> {
  const syncedFrom = provenanceOf(header.context).map(({ repository, snapshot, at }) => ({ repositoryId: repository, snapshot, at }));
  return {
    id: header.id,
    timestamp: timeText(header.timestampNs),
    name: header.name,
    tags: header.tags,
    host: header.hostname || header.source.origin,
    machineId: header.machineId,
    roots: [header.source.directory.text],
    ...summaryFields(header.summary),
    ...(syncedFrom.length > 0 ? { syncedFrom } : {}),
    ...(availability === 'live' ? {} : { availability }),
  };
}

/** A line of `ls --recursive`. */
export function entryJson(entry: Entry): Record<string, unknown> {
  return {
    ...namePair('path', entry.path),
    type: entry.type,
    mode: permissionsText(entry.permissions),
    uid: plainSize(entry.uid),
    gid: plainSize(entry.gid),
    user: entry.user,
    group: entry.group,
    sizeBytes: plainSize(entry.sizeBytes),
    mtimeNs: entry.mtimeNs.toString(),
    ...(entry.symlinkTarget ? namePair('target', entry.symlinkTarget) : { target: null }),
    object: entry.object,
  };
}

export function repositoryJson(repository: Repository): Record<string, unknown> {
  const { config, view } = repository;
  const versions = new Set(view.states.map((state) => state.version));
  return {
    location: repository.store.location,
    repositoryId: repository.id,
    createdAt: timeText(config.createdAtNs),
    encrypted: repository.encrypted,
    encryption: config.encryption,
    hashing: config.hashing,
    compression: config.compression,
    chunking: config.chunking,
    packfileMaxSize: config.packfileMaxSize.toString(),
    states: view.states.length,
    unreadableStates: view.unreadable.length,
    stateVersions: [...versions].sort(),
    usableBy: versions.has('1.1.0') ? ['1.1'] : ['1.0', '1.1'],
    snapshots: view.live.length,
    deletedSnapshots: view.deleted.length,
    packfiles: view.counts.packfiles,
    locations: view.counts.locations,
  };
}
