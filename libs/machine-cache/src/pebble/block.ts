import type { FileHandle } from 'node:fs/promises';
import { ByteReader } from '../byte-reader.js';
import { damaged, unsupported } from '../cache-error.js';
import { readAt } from '../files.js';
import { maskedCrc32c } from './crc32c.js';
import { decodeSnappy } from './snappy.js';

const TRAILER_BYTES = 5;
/** plakar's longest keys here have some 150 bytes; many entries that share a huge key would cost time out of all proportion. */
const KEY_LIMIT_BYTES = 4096;
const BLOCK_LIMIT_BYTES = 64 * 1024 * 1024;

/** Where a block lies in a table; `lengthBytes` is without its 5-byte trailer. */
export type BlockHandle = { readonly offset: number; readonly lengthBytes: number };

export type BlockFile = { readonly handle: FileHandle; readonly name: string; readonly sizeBytes: number };

/** Bytes that may follow in an index value (block properties) are left unread. */
export function readHandle(reader: ByteReader): BlockHandle {
  return { offset: reader.uvarint(), lengthBytes: reader.uvarint() };
}

/** One block, checksum verified before it is decompressed. */
export async function readBlock(file: BlockFile, place: BlockHandle): Promise<Uint8Array> {
  const storedBytes = place.lengthBytes + TRAILER_BYTES;
  if (place.offset + storedBytes > file.sizeBytes) throw damaged(`${file.name}: a block lies outside the file`);
  if (place.lengthBytes > BLOCK_LIMIT_BYTES) throw damaged(`${file.name}: a block of ${place.lengthBytes} bytes`);
  const stored = await readAt(file.handle, place.offset, storedBytes);
  if (stored.length !== storedBytes) throw damaged(`${file.name} is shorter than its MANIFEST says`);
  const sum = new DataView(stored.buffer, stored.byteOffset).getUint32(place.lengthBytes + 1, true);
  if (sum !== maskedCrc32c(stored, 0, place.lengthBytes + 1)) throw damaged(`${file.name}: checksum of a block is wrong`);
  const compression = stored[place.lengthBytes];
  const content = stored.subarray(0, place.lengthBytes);
  if (compression === 0) return content;
  if (compression === 1) return decodeSnappy(content, BLOCK_LIMIT_BYTES);
  throw unsupported(`${file.name}: unsupported block compression ${compression}`);
}

/** Calls `onEntry` with each key (a fresh copy) and value (a view) of a decoded block, in order. */
export function forEachInBlock(block: Uint8Array, name: string, onEntry: (key: Uint8Array, value: Uint8Array) => void): void {
  const reader = new ByteReader(block.subarray(0, entriesEnd(block, name)), name);
  let key: Uint8Array = new Uint8Array();
  while (reader.remaining > 0) {
    const shared = reader.uvarint();
    const unshared = reader.uvarint();
    const valueBytes = reader.uvarint();
    if (shared > key.length) throw damaged(`${name}: an entry shares more than the key before it has`);
    if (shared + unshared > KEY_LIMIT_BYTES) throw damaged(`${name}: a key of ${shared + unshared} bytes`);
    const tail = reader.take(unshared);
    const next = new Uint8Array(shared + tail.length);
    next.set(key.subarray(0, shared));
    next.set(tail, shared);
    key = next;
    onEntry(key, reader.take(valueBytes));
  }
}

function entriesEnd(block: Uint8Array, name: string): number {
  if (block.length < 8) throw damaged(`${name}: a block is too short`);
  const restarts = new DataView(block.buffer, block.byteOffset, block.byteLength).getUint32(block.length - 4, true);
  const end = block.length - 4 - 4 * restarts;
  if (restarts === 0 || end < 0) throw damaged(`${name}: a block names ${restarts} restarts`);
  return end;
}
