import type { FileHandle } from 'node:fs/promises';
import { ByteReader, latin1 } from '../byte-reader.js';
import { damaged, unsupported } from '../cache-error.js';
import { readAt } from '../files.js';
import { type BlockFile, type BlockHandle, forEachInBlock, readBlock, readHandle } from './block.js';
import { isBlockWanted, type KeyRange } from './key-ranges.js';
import { COMPARER, type TableMeta } from './manifest.js';
import { type Entry, KIND } from './merged-entries.js';

const FOOTER_BYTES = 53;
const MAGIC = 'f09faab3f09faab3';

/** `entries` is what the properties announce; it is checked only when all blocks were read. An index part that was skipped counts as one block. */
export type TableRead = { readonly entries: number; readonly blocks: number; readonly blocksRead: number };

type Table = BlockFile & { readonly meta: TableMeta };
type IndexEntry = { readonly separator: string; readonly block: BlockHandle };

/**
 * Calls `onEntry` with the entries of one table, block by block: all of them, or those of blocks that may hold keys of `ranges`.
 * Range deletes are always given.
 * @throws CacheReadError a failed checksum, a key outside the MANIFEST's bounds, a wrong count, an unknown version or feature
 * @source 03 A6
 */
export async function readTable(
  handle: FileHandle,
  meta: TableMeta,
  options: { readonly ranges: readonly KeyRange[] | null; readonly signal?: AbortSignal | undefined; readonly onEntry: (entry: Entry) => void },
): Promise<TableRead> {
  const file: Table = { handle, meta, name: `table ${meta.number}`, sizeBytes: meta.sizeBytes };
  const footer = await readFooter(file);
  const metaindex = await readStringBlock(file, footer.metaindex);
  const properties = await readProperties(file, metaindex);
  if (metaindex.has('pebble.range_key')) throw unsupported(`${file.name}: unsupported range keys`);
  let blocks = 0;
  let blocksRead = 0;
  let entries = 0;
  const take = (entry: Entry): void => {
    entries++;
    options.onEntry(entry);
  };
  let previous = '';
  for await (const { separator, block } of indexEntries(file, footer.index, { levels: properties.levels, ranges: options.ranges })) {
    blocks++;
    const wanted = block !== null && isBlockWanted(options.ranges, previous, separator);
    previous = separator;
    if (!wanted) continue;
    options.signal?.throwIfAborted();
    blocksRead++;
    readDataBlock(await readBlock(file, block), file, take);
  }
  const rangeDeletes = metaindex.get('rocksdb.range_del2') ?? metaindex.get('rocksdb.range_del');
  if (rangeDeletes !== undefined) readDataBlock(await readBlock(file, rangeDeletes), file, take, true);
  if (blocks === blocksRead && entries !== properties.entries) throw damaged(`${file.name}: ${properties.entries} entries announced, ${entries} found`);
  return { entries: properties.entries, blocks, blocksRead };
}

async function readFooter(file: Table): Promise<{ readonly metaindex: BlockHandle; readonly index: BlockHandle }> {
  if (file.sizeBytes < FOOTER_BYTES) throw damaged(`${file.name} is too short`);
  const bytes = await readAt(file.handle, file.sizeBytes - FOOTER_BYTES, FOOTER_BYTES);
  if (bytes.length < FOOTER_BYTES) throw damaged(`${file.name} is shorter than its MANIFEST says`);
  if (Buffer.from(bytes.subarray(45)).toString('hex') !== MAGIC) throw damaged(`${file.name} has no table footer`);
  if (bytes[0] !== 1) throw unsupported(`${file.name}: unsupported checksum kind ${bytes[0]}`);
  const version = new ByteReader(bytes.subarray(41, 45), file.name).u32();
  if (version !== 1 && version !== 2) throw unsupported(`${file.name}: unsupported table version ${version}`);
  const reader = new ByteReader(bytes.subarray(1, 41), file.name);
  const places = { metaindex: readHandle(reader), index: readHandle(reader) };
  // The padding carries no checksum of its own: anything but zeros is damage, and so is every flipped bit of the footer.
  if (reader.take(reader.remaining).some((byte) => byte !== 0)) throw damaged(`${file.name}: footer padding is not zero`);
  return places;
}

async function readStringBlock(file: Table, place: BlockHandle): Promise<Map<string, BlockHandle>> {
  const entries = new Map<string, BlockHandle>();
  forEachInBlock(await readBlock(file, place), file.name, (key, value) => {
    entries.set(latin1(key), readHandle(new ByteReader(value, file.name)));
  });
  return entries;
}

async function readProperties(file: Table, metaindex: ReadonlyMap<string, BlockHandle>): Promise<{ readonly entries: number; readonly levels: 1 | 2 }> {
  const place = metaindex.get('rocksdb.properties');
  if (place === undefined) throw damaged(`${file.name} has no properties`);
  const properties = new Map<string, Uint8Array>();
  forEachInBlock(await readBlock(file, place), file.name, (key, value) => properties.set(latin1(key), value));
  const field = (name: string): ByteReader => {
    const value = properties.get(name);
    if (value === undefined) throw damaged(`${file.name} lacks the property ${name}`);
    return new ByteReader(value, file.name);
  };
  const type = field('rocksdb.block.based.table.index.type').u32();
  if (type !== 0 && type !== 2) throw unsupported(`${file.name}: unsupported index type ${type}`);
  const comparator = properties.get('rocksdb.comparator');
  if (comparator !== undefined && latin1(comparator) !== COMPARER) throw unsupported(`${file.name}: unsupported key order`);
  return { entries: field('rocksdb.num.entries').uvarint(), levels: type === 0 ? 1 : 2 };
}

/** Index entries of all parts in order. A part that holds no wanted key is given as one entry without a block, and not read. */
async function* indexEntries(
  file: Table,
  place: BlockHandle,
  options: { readonly levels: 1 | 2; readonly ranges: readonly KeyRange[] | null },
): AsyncGenerator<{ readonly separator: string; readonly block: BlockHandle | null }> {
  const top = parseIndex(await readBlock(file, place), file);
  if (options.levels === 1) {
    yield* top;
    return;
  }
  let previous = '';
  for (const part of top) {
    if (isBlockWanted(options.ranges, previous, part.separator)) yield* parseIndex(await readBlock(file, part.block), file);
    else yield { separator: part.separator, block: null };
    previous = part.separator;
  }
}

function parseIndex(block: Uint8Array, file: Table): IndexEntry[] {
  const entries: IndexEntry[] = [];
  forEachInBlock(block, file.name, (key, value) => {
    const separator = latin1(splitInternalKey(key, file).user);
    const before = entries.at(-1)?.separator ?? '';
    if (separator < before) throw damaged(`${file.name}: its index is not in order`);
    entries.push({ separator, block: readHandle(new ByteReader(value, file.name)) });
  });
  return entries;
}

function readDataBlock(block: Uint8Array, file: Table, onEntry: (entry: Entry) => void, rangeDeletes = false): void {
  forEachInBlock(block, file.name, (internal, value) => {
    const { user, kind, sequence } = splitInternalKey(internal, file);
    if ((kind === KIND.rangeDelete) !== rangeDeletes) throw damaged(`${file.name}: an entry of kind ${kind} in the wrong block`);
    const key = latin1(user);
    if (key < file.meta.smallest || key > file.meta.largest) throw damaged(`${file.name}: a key lies outside the bounds that the MANIFEST gives`);
    onEntry({ kind, key: user, value, sequence });
  });
}

function splitInternalKey(internal: Uint8Array, file: Table): { readonly user: Uint8Array; readonly kind: number; readonly sequence: number } {
  const userBytes = internal.length - 8;
  if (userBytes < 0) throw damaged(`${file.name}: a key is too short`);
  const reader = new ByteReader(internal.subarray(userBytes), file.name);
  const kind = reader.u8();
  const low = reader.u32();
  const high = reader.u8() + reader.u8() * 2 ** 8 + reader.u8() * 2 ** 16;
  return { user: internal.subarray(0, userBytes), kind, sequence: low + high * 2 ** 32 };
}
