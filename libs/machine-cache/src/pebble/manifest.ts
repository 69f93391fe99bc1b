import { ByteReader, latin1 } from '../byte-reader.js';
import { damaged, unsupported } from '../cache-error.js';
import { readRecords } from './records.js';

export const COMPARER = 'leveldb.BytewiseComparator';
const LEVELS = 7;
const TABLE_LIMIT = 100_000;
const INTERNAL_BYTES = 8;

/** A live table as the MANIFEST describes it. Bounds are user keys, inclusive. */
export type TableMeta = { readonly level: number; readonly number: number; readonly sizeBytes: number; readonly smallest: string; readonly largest: string };

/** `minLog`: logs with a smaller number are dead. */
export type ManifestContent = { readonly minLog: number; readonly tables: readonly TableMeta[]; readonly edits: number };

type Version = { minLog: number; comparer: boolean; readonly tables: Map<string, TableMeta> };
type Edit = { readonly removed: string[]; readonly added: TableMeta[] };

/**
 * The live tables after all version edits.
 * @throws CacheReadError the file does not end right after a record, an edit does not parse, or a feature is not known
 * @source 03 A3
 */
export function readManifest(bytes: Uint8Array): ManifestContent {
  const version: Version = { minLog: 0, comparer: false, tables: new Map() };
  const read = readRecords(bytes, { kind: 'manifest' }, (record) => applyEdit(version, record));
  if (read.end !== 'eof') throw damaged(`MANIFEST ends with ${read.end}`);
  if (!version.comparer) throw damaged('MANIFEST names no comparer');
  return { minLog: version.minLog, tables: [...version.tables.values()], edits: read.records };
}

function applyEdit(version: Version, record: Uint8Array): void {
  const reader = new ByteReader(record, 'version edit');
  const edit: Edit = { removed: [], added: [] };
  while (reader.remaining > 0) readField(reader, version, edit);
  // A table may move between levels in one edit: all removals come first.
  for (const key of edit.removed) {
    if (!version.tables.delete(key)) throw damaged(`MANIFEST removes table ${key}, which is not there`);
  }
  for (const table of edit.added) {
    const key = tableKey(table.level, table.number);
    if (version.tables.has(key)) throw damaged(`MANIFEST adds table ${key} twice`);
    version.tables.set(key, table);
  }
  if (version.tables.size > TABLE_LIMIT) throw damaged(`MANIFEST names more than ${TABLE_LIMIT} tables`);
}

function readField(reader: ByteReader, version: Version, edit: Edit): void {
  const tag = reader.uvarint();
  switch (tag) {
    case 1: {
      const name = latin1(reader.prefixed());
      if (name !== COMPARER) throw unsupported(`unsupported key order: ${JSON.stringify(name.slice(0, 60))}`);
      version.comparer = true;
      return;
    }
    case 2: {
      const number = reader.uvarint();
      if (number > 0) version.minLog = number;
      return;
    }
    case 3:
    case 4:
    case 9:
    case 106:
      reader.uvarint();
      return;
    case 5:
      reader.uvarint();
      reader.prefixed();
      return;
    case 6:
      edit.removed.push(tableKey(readLevel(reader), reader.uvarint()));
      return;
    case 105:
      reader.uvarint();
      reader.uvarint();
      return;
    case 7:
    case 100:
    case 102:
    case 103:
    case 104:
      edit.added.push(readTable(reader, tag));
      return;
    default:
      throw unsupported(`unsupported MANIFEST field ${tag}`);
  }
}

function readTable(reader: ByteReader, tag: number): TableMeta {
  const level = readLevel(reader);
  const number = reader.uvarint();
  if (tag === 102) reader.uvarint();
  const sizeBytes = reader.uvarint();
  const bounds = readBounds(reader, tag);
  if (tag !== 7) {
    reader.uvarint();
    reader.uvarint();
  }
  if (tag === 103 || tag === 104) readCustomFields(reader);
  return { level, number, sizeBytes, ...bounds };
}

function readBounds(reader: ByteReader, tag: number): { readonly smallest: string; readonly largest: string } {
  if (tag === 104) {
    const mark = reader.u8();
    if ((mark & 1) !== 0) {
      reader.prefixed();
      reader.prefixed();
    }
  }
  return { smallest: userKey(reader.prefixed()), largest: userKey(reader.prefixed()) };
}

function readCustomFields(reader: ByteReader): void {
  for (;;) {
    const tag = reader.uvarint();
    if (tag === 1) return;
    if (tag === 66) throw unsupported('unsupported MANIFEST: virtual tables');
    if (tag !== 6 && tag !== 2 && (tag & 64) !== 0) throw unsupported(`unsupported MANIFEST: table field ${tag}`);
    reader.prefixed();
  }
}

function readLevel(reader: ByteReader): number {
  const level = reader.uvarint();
  if (level >= LEVELS) throw damaged(`MANIFEST names level ${level}`);
  return level;
}

function userKey(internal: Uint8Array): string {
  if (internal.length < INTERNAL_BYTES) throw damaged('MANIFEST: a key bound is too short');
  return latin1(internal.subarray(0, internal.length - INTERNAL_BYTES));
}

function tableKey(level: number, number: number): string {
  return `${level}:${number}`;
}
