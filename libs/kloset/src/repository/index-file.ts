import { createCipheriv, randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { ownBytes, ownNumbers } from '@wardrobe/kernel';
import { asBuffer, equalBytes } from '../bytes/bytes.js';
import { decode, encode } from '../codec/codec.js';
import { DecodeError, IntegrityError } from '../errors/errors.js';
import { INDEX_MAGIC, INDEX_TAG_BYTES, indexHeader, indexRecords } from '../format/state-index.js';
import type { Layer } from '../state/layer.js';
import { BLOCK_SHIFT, LocationTable, newBlock, ROW_WORDS } from '../state/location-table.js';
import { MacTable } from '../state/mac-table.js';
import { WideRows } from '../state/wide-rows.js';

const HEADER_BYTES = indexHeader.sizeBytes;
const MAC_BYTES = 32;
const VERIFY_PIECE_BYTES = 4 << 20;

/**
 * Writes a layer aside, reads it back, and gives it its name only when its tag is right. The tag is keyed with `key` (32 bytes, made from the repository's
 * MAC): a file of another store, or one that was tampered with, does not pass.
 * @throws Error of the file system; IntegrityError the disk gave back other bytes
 */
export async function writeLayerFile(path: string, layer: Layer, key: Uint8Array): Promise<void> {
  const aside = `${path}.tmp`;
  try {
    await using(open(aside, 'wx', 0o600), async (file) => {
      await writeSections(file, layer, key);
      await file.sync();
    });
    await using(open(aside, 'r'), (file) => verifyFile(file, aside, key));
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
}

/** A layer as written by `writeLayerFile`. Nothing of it is used before its tag was checked. @throws DecodeError, IntegrityError, Error of the file system */
export function readLayerFile(path: string, key: Uint8Array): Promise<Layer> {
  return using(open(path, 'r'), async (file) => {
    const header = await readHeader(file, path);
    const tag = createTag(key, header.fields.nonce);
    tag.update(header.bytes);
    const records = new Uint8Array(header.fields.recordsBytes);
    const packfiles = new Uint8Array(header.fields.packfiles * MAC_BYTES);
    const wide = new Uint8Array(header.fields.wide * WideRows.ROW_BYTES);
    const blocks = emptyBlocks(header.fields.rows);
    const slots = ownNumbers(header.fields.slots);
    const at = await fillAll(file, [records, packfiles, wide, ...blocks.map(asBytes), asBytes(slots)], tag);
    const stored = new Uint8Array(INDEX_TAG_BYTES);
    await fill(file, stored, at);
    if (!equalBytes(tag.digest(), stored)) throw new IntegrityError('state index', 'its tag differs from its bytes', { kind: 'index', file: path });
    const { versions, kinds, records: list } = decode(indexRecords, records);
    const seed = [header.fields.seedA, header.fields.seedB] as const;
    const numbered = { packfiles: MacTable.fromBytes(packfiles, seed), versions: [...versions], kinds: [...kinds], wide: new WideRows(wide) };
    const saved = { ...numbered, blocks, slots, count: header.fields.rows };
    return { table: new LocationTable(seed, saved), records: list };
  });
}

/** Fills sections from the end of the header on; the next piece is read while one is hashed. Returns where they end. */
async function fillAll(file: FileHandle, sections: readonly Uint8Array[], tag: { update(bytes: Uint8Array): void }): Promise<number> {
  let at = HEADER_BYTES;
  let before: { readonly bytes: Uint8Array; readonly read: Promise<void> } | null = null;
  for (const bytes of sections.flatMap(pieces)) {
    const read = fill(file, bytes, at);
    // The failure is met when the piece's turn comes.
    read.catch(() => undefined);
    at += bytes.length;
    if (before !== null) {
      await before.read;
      tag.update(before.bytes);
    }
    before = { bytes, read };
  }
  await before?.read;
  if (before !== null) tag.update(before.bytes);
  return at;
}

function pieces(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / VERIFY_PIECE_BYTES) }, (_, place) =>
    bytes.subarray(place * VERIFY_PIECE_BYTES, (place + 1) * VERIFY_PIECE_BYTES),
  );
}

async function writeSections(file: FileHandle, layer: Layer, key: Uint8Array): Promise<void> {
  const { table } = layer;
  const nonce = randomBytes(12);
  const tag = createTag(key, nonce);
  const put = async (bytes: Uint8Array) => {
    tag.update(bytes);
    await writeAll(file, bytes);
  };
  const records = encode(indexRecords, { versions: table.versions, kinds: table.kinds, records: layer.records });
  const sizes = { recordsBytes: records.length, packfiles: table.packfiles.count, wide: table.wide.count, rows: table.count, slots: table.slots.length };
  await put(
    encode(indexHeader, { magic: Buffer.from(INDEX_MAGIC, 'latin1'), byteOrder: byteOrder(), nonce, ...sizes, seedA: table.seed[0], seedB: table.seed[1] }),
  );
  await put(records);
  await put(table.packfiles.toBytes());
  await put(table.wide.toBytes());
  for (const [number, block] of table.blocks.entries()) {
    const rows = Math.min(1 << BLOCK_SHIFT, table.count - (number << BLOCK_SHIFT));
    await put(asBytes(block.subarray(0, rows * ROW_WORDS)));
  }
  await put(asBytes(table.slots));
  await writeAll(file, tag.digest());
}

/** Header of a file whose size is what the header says, so that lengths are bounded before anything is allocated. */
async function readHeader(file: FileHandle, path: string) {
  const place = { kind: 'index', file: path };
  const { size } = await file.stat();
  const bytes = new Uint8Array(HEADER_BYTES);
  if (size < HEADER_BYTES) throw new DecodeError('state index', `${size} bytes are too few`, place);
  await fill(file, bytes, 0);
  const fields = decode(indexHeader, bytes, place);
  if (Buffer.from(fields.magic).toString('latin1') !== INDEX_MAGIC || !equalBytes(fields.byteOrder, byteOrder()))
    throw new DecodeError('state index', 'of another format or byte order', place);
  const numbered = fields.recordsBytes + fields.packfiles * MAC_BYTES + fields.wide * WideRows.ROW_BYTES;
  const expected = HEADER_BYTES + numbered + fields.rows * ROW_WORDS * 4 + fields.slots * 4 + INDEX_TAG_BYTES;
  if (size !== expected) throw new DecodeError('state index', `${size} bytes where ${expected} are expected`, place);
  return { bytes, fields };
}

async function verifyFile(file: FileHandle, path: string, key: Uint8Array): Promise<void> {
  const { fields } = await readHeader(file, path);
  const { size } = await file.stat();
  const tag = createTag(key, fields.nonce);
  const piece = ownBytes(VERIFY_PIECE_BYTES, 0);
  for (let at = 0; at < size - INDEX_TAG_BYTES; at += piece.length) {
    const bytes = piece.subarray(0, Math.min(piece.length, size - INDEX_TAG_BYTES - at));
    await fill(file, bytes, at);
    tag.update(bytes);
  }
  const stored = new Uint8Array(INDEX_TAG_BYTES);
  await fill(file, stored, size - INDEX_TAG_BYTES);
  if (!equalBytes(tag.digest(), stored)) throw new IntegrityError('state index', 'what was written reads differently', { kind: 'index', file: path });
}

/** AES-256-GMAC: a keyed checksum at memory speed. */
function createTag(key: Uint8Array, nonce: Uint8Array): { update(bytes: Uint8Array): void; digest(): Uint8Array } {
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  return {
    update(bytes) {
      if (bytes.length > 0) cipher.setAAD(bytes);
    },
    digest() {
      cipher.final();
      return cipher.getAuthTag();
    },
  };
}

function emptyBlocks(rows: number): Uint32Array[] {
  const blocks: Uint32Array[] = [];
  for (let left = rows; left > 0; left -= 1 << BLOCK_SHIFT) blocks.push(newBlock(Math.min(left, 1 << BLOCK_SHIFT)));
  return blocks;
}

function asBytes(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

function byteOrder(): Uint8Array {
  return asBytes(Uint32Array.of(0x01020304));
}

async function fill(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let filled = 0; filled < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, position + filled);
    if (bytesRead === 0) throw new DecodeError('state index', `ends too early at ${position + filled}`);
    filled += bytesRead;
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  const buffer = asBuffer(bytes);
  for (let written = 0; written < buffer.length; ) written += (await file.write(buffer, written)).bytesWritten;
}

async function using<T>(opening: Promise<FileHandle>, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await opening;
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}
