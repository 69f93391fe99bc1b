import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { maskedCrc32c } from '../src/pebble/crc32c.js';
import { BLOCK_BYTES } from '../src/pebble/records.js';

/** A writer of small Pebble databases, for tests only: what it makes follows spec 03 A, written independently of the reader. */

export type WrittenEntry = { readonly kind: number; readonly key: string; readonly value?: Uint8Array | string };
export type SequencedEntry = WrittenEntry & { readonly sequence: number };

const COMPARER = 'leveldb.BytewiseComparator';
const HAS_VALUE = new Set([1, 15, 18, 23]);

export function uvarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...bytes, rest]);
}

function prefixed(bytes: Uint8Array | string): Buffer {
  const content = Buffer.from(bytes as string, 'latin1');
  return Buffer.concat([uvarint(content.length), content]);
}

function valueBytes(value: Uint8Array | string | undefined): Buffer {
  return typeof value === 'string' ? Buffer.from(value, 'latin1') : Buffer.from(value ?? []);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

/** One log record. Entries of kind 3 take no sequence number. */
export function batch(sequence: number, entries: readonly WrittenEntry[]): Buffer {
  const parts = entries.map(({ kind, key, value }) =>
    Buffer.concat([Buffer.from([kind]), prefixed(key), ...(HAS_VALUE.has(kind) ? [prefixed(valueBytes(value))] : [])]),
  );
  return Buffer.concat([u64(sequence), u32(entries.filter(({ kind }) => kind !== 3).length), ...parts]);
}

/** Frames records in 32 KiB blocks; `logNumber` undefined: the 7-byte headers of a MANIFEST. `start`: bytes already in the file. */
export function frame(records: readonly Uint8Array[], options: { readonly logNumber?: number; readonly start?: number; readonly trailer?: boolean }): Buffer {
  const { logNumber } = options;
  const headerBytes = logNumber === undefined ? 7 : 11;
  const output: Buffer[] = [];
  let position = options.start ?? 0;
  const push = (bytes: Buffer): void => {
    output.push(bytes);
    position += bytes.length;
  };
  for (const record of records) {
    let rest = Buffer.from(record);
    for (let first = true; first || rest.length > 0; first = false) {
      const left = BLOCK_BYTES - (position % BLOCK_BYTES);
      if (left < headerBytes) push(Buffer.alloc(left));
      const room = BLOCK_BYTES - (position % BLOCK_BYTES) - headerBytes;
      const part = rest.subarray(0, room);
      rest = rest.subarray(part.length);
      const type = (first ? (rest.length === 0 ? 1 : 2) : rest.length === 0 ? 4 : 3) + (logNumber === undefined ? 0 : 4);
      push(chunk(part, type, logNumber));
      if (rest.length === 0) break;
    }
  }
  if (options.trailer === true && logNumber !== undefined) {
    const left = BLOCK_BYTES - (position % BLOCK_BYTES);
    if (left < headerBytes) push(Buffer.alloc(left));
    push(Buffer.concat([Buffer.alloc(6), Buffer.from([5]), u32(logNumber + 1)]));
  }
  return Buffer.concat(output);
}

function chunk(payload: Uint8Array, type: number, logNumber: number | undefined): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16LE(payload.length);
  const summed = Buffer.concat([Buffer.from([type]), logNumber === undefined ? Buffer.alloc(0) : u32(logNumber), payload]);
  return Buffer.concat([u32(maskedCrc32c(summed)), length, summed]);
}

export type WrittenTable = {
  readonly level: number;
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly smallest: Uint8Array;
  readonly largest: Uint8Array;
};

/** The record of a MANIFEST that sets `minLog` and adds and removes tables. */
export function versionEdit(edit: {
  readonly comparer?: boolean;
  readonly minLog?: number;
  readonly removed?: readonly (readonly [number, number])[];
  readonly added?: readonly WrittenTable[];
}): Buffer {
  const parts: Buffer[] = [];
  if (edit.comparer === true) parts.push(uvarint(1), prefixed(COMPARER));
  if (edit.minLog !== undefined) parts.push(uvarint(2), uvarint(edit.minLog));
  parts.push(uvarint(3), uvarint(99), uvarint(4), uvarint(0));
  for (const table of edit.added ?? []) {
    parts.push(uvarint(103), uvarint(table.level), uvarint(table.number), uvarint(table.bytes.length), prefixed(table.smallest), prefixed(table.largest));
    parts.push(uvarint(0), uvarint(0), uvarint(6), prefixed('time!'), uvarint(1));
  }
  for (const [level, number] of edit.removed ?? []) parts.push(uvarint(6), uvarint(level), uvarint(number));
  return Buffer.concat(parts);
}

export type TableOptions = {
  readonly level: number;
  readonly number: number;
  readonly blockBytes?: number;
  readonly indexBlockBytes?: number;
  readonly snappy?: boolean;
  readonly version?: number;
};

/** A table of sorted entries. Two index levels once the index outgrows `indexBlockBytes`; snappy as literals only. */
export function table(entries: readonly SequencedEntry[], options: TableOptions): WrittenTable {
  const order = (left: SequencedEntry, right: SequencedEntry): number =>
    left.key < right.key ? -1 : left.key > right.key ? 1 : right.sequence - left.sequence;
  const points = entries.filter(({ kind }) => kind !== 15).sort(order);
  const ranges = entries.filter(({ kind }) => kind === 15).sort(order);
  const file: Buffer[] = [];
  const put = (content: Buffer, snappy: boolean): Buffer => {
    const offset = file.reduce((sum, part) => sum + part.length, 0);
    const stored = snappy ? snappyLiterals(content) : content;
    const typed = Buffer.concat([stored, Buffer.from([snappy ? 1 : 0])]);
    file.push(Buffer.concat([typed, u32(maskedCrc32c(typed))]));
    return Buffer.concat([uvarint(offset), uvarint(stored.length)]);
  };
  const snappy = options.snappy ?? false;
  const index = groups(points, options.blockBytes ?? 4096).map((group) => ({ key: separator(group), value: put(block(group.map(cell), 16), snappy) }));
  const parts = groups(index, options.indexBlockBytes ?? 4096);
  const twoLevels = parts.length > 1;
  const top = twoLevels ? parts.map((part) => ({ key: part.at(-1)?.key ?? Buffer.alloc(0), value: put(block(part, 1), snappy) })) : index;
  const rangeHandle = ranges.length > 0 ? put(block(ranges.map(cell), 1), false) : null;
  const indexHandle = put(block(top, 1), snappy);
  const propertyHandle = put(block(properties(entries.length, twoLevels), 1_000_000), false);
  const meta = [
    ...(rangeHandle === null ? [] : [{ key: Buffer.from('rocksdb.range_del2'), value: rangeHandle }]),
    { key: Buffer.from('rocksdb.properties'), value: propertyHandle },
  ];
  meta.sort((left, right) => Buffer.compare(left.key, right.key));
  const metaHandle = put(block(meta, 1), false);
  const handles = Buffer.concat([metaHandle, indexHandle]);
  const footer = Buffer.concat([
    Buffer.from([1]),
    handles,
    Buffer.alloc(40 - handles.length),
    u32(options.version ?? 2),
    Buffer.from('f09faab3f09faab3', 'hex'),
  ]);
  const bounds = [...points.map(({ key }) => key), ...ranges.flatMap(({ key, value }) => [key, String(value)])].sort();
  const bytes = Buffer.concat([...file, footer]);
  return { level: options.level, number: options.number, bytes, smallest: internalKey(bounds[0] ?? '', 0, 1), largest: internalKey(bounds.at(-1) ?? '', 0, 1) };
}

type Cell = { readonly key: Buffer; readonly value: Buffer };

function properties(count: number, twoLevels: boolean): Cell[] {
  return [
    { key: Buffer.from('rocksdb.block.based.table.index.type'), value: u32(twoLevels ? 2 : 0) },
    { key: Buffer.from('rocksdb.comparator'), value: Buffer.from(COMPARER) },
    { key: Buffer.from('rocksdb.num.entries'), value: uvarint(count) },
  ];
}

function cell(entry: SequencedEntry): Cell {
  return { key: internalKey(entry.key, entry.sequence, entry.kind), value: valueBytes(entry.value) };
}

function separator(group: readonly SequencedEntry[]): Buffer {
  return internalKey(group.at(-1)?.key ?? '', 2 ** 53 - 1, 17);
}

function internalKey(user: string, sequence: number, kind: number): Buffer {
  const ending = Buffer.alloc(8);
  ending.writeBigUInt64LE(BigInt(sequence) * 256n + BigInt(kind));
  return Buffer.concat([Buffer.from(user, 'latin1'), ending]);
}

function groups<T extends { readonly key: string | Buffer; readonly value?: unknown }>(items: readonly T[], groupBytes: number): T[][] {
  const result: T[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const item of items) {
    if (size >= groupBytes && result.at(-1)?.at(-1)?.key !== item.key) {
      result.push([]);
      size = 0;
    }
    result.at(-1)?.push(item);
    size += item.key.length + (item.value instanceof Uint8Array || typeof item.value === 'string' ? item.value.length : 0) + 12;
  }
  return result;
}

function block(cells: readonly Cell[], interval: number): Buffer {
  const parts: Buffer[] = [];
  const restarts: number[] = [];
  let before = Buffer.alloc(0);
  let size = 0;
  cells.forEach(({ key, value }, index) => {
    let shared = 0;
    if (index % interval === 0) restarts.push(size);
    else while (shared < before.length && shared < key.length && before[shared] === key[shared]) shared++;
    const part = Buffer.concat([uvarint(shared), uvarint(key.length - shared), uvarint(value.length), key.subarray(shared), value]);
    parts.push(part);
    size += part.length;
    before = Buffer.from(key);
  });
  if (restarts.length === 0) restarts.push(0);
  return Buffer.concat([...parts, ...restarts.map(u32), u32(restarts.length)]);
}

function snappyLiterals(content: Uint8Array): Buffer {
  const parts: Buffer[] = [uvarint(content.length)];
  for (let at = 0; at < content.length; at += 60) {
    const literal = content.subarray(at, at + 60);
    parts.push(Buffer.from([(literal.length - 1) << 2]), Buffer.from(literal));
  }
  return Buffer.concat(parts);
}

export type WrittenDatabase = {
  readonly minLog?: number;
  readonly tables?: readonly WrittenTable[];
  readonly logs?: readonly (readonly [number, Uint8Array])[];
  readonly edits?: readonly Uint8Array[];
  readonly formatVersion?: string;
};

/** Writes a whole database directory: markers, one MANIFEST, tables and logs. */
export async function writeDatabase(directory: string, database: WrittenDatabase): Promise<void> {
  await mkdir(directory, { recursive: true });
  const edits = database.edits ?? [versionEdit({ comparer: true, minLog: database.minLog ?? 0, added: database.tables ?? [] })];
  await writeFile(join(directory, 'MANIFEST-000001'), frame(edits, {}));
  await writeFile(join(directory, `marker.format-version.000001.${database.formatVersion ?? '013'}`), '');
  await writeFile(join(directory, 'marker.manifest.000001.MANIFEST-000001'), '');
  await writeFile(join(directory, 'LOCK'), '');
  await writeFile(join(directory, 'OPTIONS-000003'), '[Version]\n');
  for (const { number, bytes } of database.tables ?? []) await writeFile(join(directory, `${String(number).padStart(6, '0')}.sst`), bytes);
  for (const [number, bytes] of database.logs ?? []) await writeFile(join(directory, `${String(number).padStart(6, '0')}.log`), bytes);
}
