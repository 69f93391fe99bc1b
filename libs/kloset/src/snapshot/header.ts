import { NIL_UUID } from '../bytes/bytes.js';
import { byteName, type Mac, nameText, type SnapshotId } from '@wardrobe/kloset-model';
import { decode } from '../codec/codec.js';
import { DecodeError, IntegrityError } from '../errors/errors.js';
import { type SnapshotHeaderRecord, snapshotHeader } from '../format/snapshot-header.js';
import type { SummaryRecord } from '../format/snapshot-summary.js';
import type { SnapshotHeader, SnapshotSummary } from './types.js';

/** A header blob as the engine hands it out. @throws DecodeError; IntegrityError the header names another snapshot */
export function readHeader(bytes: Uint8Array, id: SnapshotId): SnapshotHeader {
  return toHeader(decode(snapshotHeader, bytes, { kind: 'snapshot', file: id }), id);
}

/** Readers use the first source; the CLIs write exactly one. @source 02-snapshot 1.2 */
function toHeader(record: SnapshotHeaderRecord, id: SnapshotId): SnapshotHeader {
  if (record.identifier !== id) throw new IntegrityError(`snapshot ${id}`, `its header names snapshot ${record.identifier}`, { kind: 'snapshot', file: id });
  const source = record.sources?.[0];
  if (source === undefined) throw new DecodeError(`snapshot ${id}`, 'its header names no source', { kind: 'snapshot', file: id });
  const context = (record.context ?? []).map((pair) => ({ key: nameText(pair.key), value: nameText(pair.value) }));
  // After a copy (`dup`) a key stands there twice, first empty: the first value that says something counts.
  const value = (key: string): string => context.find((pair) => pair.key === key && pair.value !== '')?.value ?? '';
  return {
    id,
    timestampNs: record.timestamp,
    durationNs: record.duration,
    name: nameText(record.name),
    category: nameText(record.category),
    environment: nameText(record.environment),
    perimeter: nameText(record.perimeter),
    job: nameText(record.job),
    dataset: nameText(record.dataset ?? new Uint8Array(0)),
    dataClasses: (record.data_classes ?? []).map(nameText),
    tags: (record.tags ?? []).map(nameText),
    context,
    hostname: value('Hostname'),
    username: value('Username'),
    machineId: value('MachineID'),
    operatingSystem: value('OperatingSystem'),
    client: value('Client'),
    source: { type: nameText(source.importer.type), origin: nameText(source.importer.origin), directory: byteName(source.importer.directory) },
    roots: { vfs: source.root.root, xattrs: source.root.xattrs, errors: source.root.errors },
    indexes: (source.indexes ?? []).map((index) => ({ name: nameText(index.name), type: nameText(index.type), value: index.value })),
    summary: toSummary(source.summary),
    signed: record.identity.identifier !== NIL_UUID,
  };
}

/** Totals of a directory and everything below it. @source 02-snapshot 3.4 */
export function toSummary(record: SummaryRecord): SnapshotSummary {
  const { directory, below } = record;
  return {
    sizeBytes: directory.size + below.size,
    files: directory.files + below.files,
    directories: directory.directories + below.directories,
    symlinks: directory.symlinks + below.symlinks,
    others: directory.devices + below.devices + directory.pipes + below.pipes + directory.sockets + below.sockets,
    errors: directory.errors + below.errors,
  };
}

/** The root of one named index, or null: old stores lack some. */
export function indexRoot(header: SnapshotHeader, name: string): Mac | null {
  return header.indexes.find((index) => index.name === name && index.type === 'btree')?.value ?? null;
}
