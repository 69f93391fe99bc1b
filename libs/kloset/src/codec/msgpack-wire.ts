import type { ByteReader } from './byte-reader.js';
import type { ByteWriter } from './byte-writer.js';

/** Heads and bodies of msgpack values. Readers accept every legal width; writers emit what plakar's encoder emits. @source msgpack specification; 02-snapshot 0.3 */

export const NIL = 0xc0;
const TIMESTAMP_TYPE = 0xff;
const MAX_NANOSECONDS = 999_999_999;

export function isNil(reader: ByteReader): boolean {
  return reader.peekU8() === NIL;
}

/** Any integer form. Values beyond 32 bits come as bigint. */
export function readInteger(reader: ByteReader): number | bigint {
  const tag = reader.u8();
  if (tag < 0x80) return tag;
  if (tag >= 0xe0) return tag - 0x100;
  switch (tag) {
    case 0xcc:
      return reader.u8();
    case 0xcd:
      return reader.u16BE();
    case 0xce:
      return reader.u32BE();
    case 0xcf:
      return reader.u64BE();
    case 0xd0:
      return reader.i8();
    case 0xd1:
      return reader.i16BE();
    case 0xd2:
      return reader.i32BE();
    case 0xd3:
      return reader.i64BE();
    default:
      return reader.fail(`an integer expected, tag 0x${tag.toString(16)} found`);
  }
}

/** An integer within bounds, as a number. @throws DecodeError outside them */
export function readNumber(reader: ByteReader, min: number, max: number): number {
  const value = readInteger(reader);
  if (value < min || value > max) reader.fail(`${value} is not between ${min} and ${max}`);
  return Number(value);
}

export function readFloat(reader: ByteReader): number {
  const tag = reader.peekU8();
  if (tag === 0xcb) {
    reader.skip(1);
    return reader.f64BE();
  }
  if (tag === 0xca) {
    reader.skip(1);
    return reader.f32BE();
  }
  return Number(readInteger(reader));
}

export function readBool(reader: ByteReader): boolean {
  const tag = reader.u8();
  if (tag === 0xc2) return false;
  if (tag === 0xc3) return true;
  return reader.fail(`a boolean expected, tag 0x${tag.toString(16)} found`);
}

/** Bytes of a str or bin, as a view: plakar's decoder takes either for either. */
export function readBlob(reader: ByteReader): Uint8Array {
  return reader.take(readBlobHead(reader));
}

/** Length of a str or bin, whose bytes follow. */
export function readBlobHead(reader: ByteReader): number {
  const tag = reader.u8();
  if (tag >= 0xa0 && tag <= 0xbf) return tag & 0x1f;
  switch (tag) {
    case 0xc4:
    case 0xd9:
      return reader.u8();
    case 0xc5:
    case 0xda:
      return reader.u16BE();
    case 0xc6:
    case 0xdb:
      return reader.u32BE();
    default:
      return reader.fail(`a string or bytes expected, tag 0x${tag.toString(16)} found`);
  }
}

/** Number of elements; each still takes at least one byte. @throws DecodeError when they cannot fit in what is left */
export function readListHead(reader: ByteReader): number {
  const tag = reader.u8();
  const count =
    tag >= 0x90 && tag <= 0x9f
      ? tag & 0x0f
      : tag === 0xdc
        ? reader.u16BE()
        : tag === 0xdd
          ? reader.u32BE()
          : reader.fail(`a list expected, tag 0x${tag.toString(16)} found`);
  if (count > reader.remaining) reader.fail(`ends too early: a list of ${count} with ${reader.remaining} bytes left`);
  return count;
}

export function readMapHead(reader: ByteReader): number {
  const tag = reader.u8();
  const count =
    tag >= 0x80 && tag <= 0x8f
      ? tag & 0x0f
      : tag === 0xde
        ? reader.u16BE()
        : tag === 0xdf
          ? reader.u32BE()
          : reader.fail(`a map expected, tag 0x${tag.toString(16)} found`);
  if (count * 2 > reader.remaining) reader.fail(`ends too early: a map of ${count} with ${reader.remaining} bytes left`);
  return count;
}

/** Nanoseconds since the Unix epoch from any of the three timestamp forms. */
export function readTimestamp(reader: ByteReader): bigint {
  const tag = reader.u8();
  const lengthBytes = tag === 0xd6 ? 4 : tag === 0xd7 ? 8 : tag === 0xc7 ? reader.u8() : reader.fail(`a timestamp expected, tag 0x${tag.toString(16)} found`);
  if (reader.u8() !== TIMESTAMP_TYPE) reader.fail('an extension that is not a timestamp');
  if (lengthBytes === 4) return BigInt(reader.u32BE()) * 1_000_000_000n;
  if (lengthBytes === 8) return readPackedTime(reader);
  if (lengthBytes !== 12) reader.fail(`a timestamp of ${lengthBytes} bytes`);
  const nanoseconds = reader.u32BE();
  return joinTime(reader, reader.i64BE(), nanoseconds);
}

/** 30 bits of nanoseconds, then 34 of seconds. */
function readPackedTime(reader: ByteReader): bigint {
  const [high, low] = reader.wordsBE();
  return joinTime(reader, BigInt((high & 3) * 2 ** 32 + low), high >>> 2);
}

/** Passes over one value of any kind. Nesting costs no stack. */
export function skipValue(reader: ByteReader): void {
  let pending = 1;
  while (pending > 0) {
    pending -= 1;
    pending += skipHead(reader);
  }
}

export function writeCompactInteger(writer: ByteWriter, value: number): void {
  if (value >= 0) writeCompactPositive(writer, value);
  else writeCompactNegative(writer, value);
}

function writeCompactPositive(writer: ByteWriter, value: number): void {
  if (value < 0x80) writer.u8(value);
  else if (value <= 0xff) writeU8(writer, value);
  else if (value <= 0xffff) writeU16(writer, value);
  else if (value <= 0xffffffff) writeU32(writer, value);
  else writeU64(writer, BigInt(value));
}

function writeCompactNegative(writer: ByteWriter, value: number): void {
  if (value >= -0x20) {
    writer.u8(value + 0x100);
  } else if (value >= -0x80) {
    writer.u8(0xd0);
    writer.u8(value + 0x100);
  } else if (value >= -0x8000) {
    writer.u8(0xd1);
    writer.u16BE(value + 0x10000);
  } else if (value >= -0x80000000) {
    writer.u8(0xd2);
    writer.u32BE(value + 0x100000000);
  } else {
    writeI64(writer, BigInt(value));
  }
}

export function writeU8(writer: ByteWriter, value: number): void {
  writer.u8(0xcc);
  writer.u8(value);
}

export function writeU16(writer: ByteWriter, value: number): void {
  writer.u8(0xcd);
  writer.u16BE(value);
}

export function writeU32(writer: ByteWriter, value: number): void {
  writer.u8(0xce);
  writer.u32BE(value);
}

export function writeU64(writer: ByteWriter, value: bigint): void {
  writer.u8(0xcf);
  writer.u64BE(value);
}

export function writeI64(writer: ByteWriter, value: bigint): void {
  writer.u8(0xd3);
  writer.i64BE(value);
}

export function writeStr(writer: ByteWriter, value: Uint8Array): void {
  if (value.length < 32) writer.u8(0xa0 | value.length);
  else writeLength(writer, value.length, { tag8: 0xd9, tag16: 0xda, tag32: 0xdb });
  writer.bytes(value);
}

export function writeBin(writer: ByteWriter, value: Uint8Array): void {
  writeLength(writer, value.length, { tag8: 0xc4, tag16: 0xc5, tag32: 0xc6 });
  writer.bytes(value);
}

export function writeListHead(writer: ByteWriter, count: number): void {
  if (count < 16) writer.u8(0x90 | count);
  else writeLength(writer, count, { tag8: null, tag16: 0xdc, tag32: 0xdd });
}

export function writeMapHead(writer: ByteWriter, count: number): void {
  if (count < 16) writer.u8(0x80 | count);
  else writeLength(writer, count, { tag8: null, tag16: 0xde, tag32: 0xdf });
}

export function writeTimestamp(writer: ByteWriter, timeNs: bigint): void {
  const nanoseconds = ((timeNs % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const seconds = (timeNs - nanoseconds) / 1_000_000_000n;
  if (seconds < 0n || seconds >> 34n !== 0n) {
    writer.bytes(Uint8Array.of(0xc7, 12, TIMESTAMP_TYPE));
    writer.u32BE(Number(nanoseconds));
    writer.i64BE(seconds);
  } else if (nanoseconds === 0n && seconds >> 32n === 0n) {
    writer.bytes(Uint8Array.of(0xd6, TIMESTAMP_TYPE));
    writer.u32BE(Number(seconds));
  } else {
    writer.bytes(Uint8Array.of(0xd7, TIMESTAMP_TYPE));
    writer.u64BE((nanoseconds << 34n) | seconds);
  }
}

function joinTime(reader: ByteReader, seconds: bigint, nanoseconds: number): bigint {
  if (nanoseconds > MAX_NANOSECONDS) reader.fail(`${nanoseconds} nanoseconds in a timestamp`);
  return seconds * 1_000_000_000n + BigInt(nanoseconds);
}

function writeLength(writer: ByteWriter, length: number, tags: { tag8: number | null; tag16: number; tag32: number }): void {
  if (tags.tag8 !== null && length <= 0xff) {
    writer.u8(tags.tag8);
    writer.u8(length);
  } else if (length <= 0xffff) {
    writer.u8(tags.tag16);
    writer.u16BE(length);
  } else {
    writer.u8(tags.tag32);
    writer.u32BE(length);
  }
}

/** Bytes that follow the tags 0xc4 … 0xdf of scalars with a fixed body; -n: a length of n bytes comes first. */
const BODY_BYTES = new Map([
  [0xc4, -1],
  [0xc5, -2],
  [0xc6, -4],
  [0xca, 4],
  [0xcb, 8],
  [0xcc, 1],
  [0xcd, 2],
  [0xce, 4],
  [0xcf, 8],
  [0xd0, 1],
  [0xd1, 2],
  [0xd2, 4],
  [0xd3, 8],
  [0xd4, 2],
  [0xd5, 3],
  [0xd6, 5],
  [0xd7, 9],
  [0xd8, 17],
  [0xd9, -1],
  [0xda, -2],
  [0xdb, -4],
]);

/** Skips a scalar, or the head of a list or map; returns how many values then follow inside. */
function skipHead(reader: ByteReader): number {
  const tag = reader.peekU8();
  if ((tag >= 0x80 && tag <= 0x8f) || tag === 0xde || tag === 0xdf) return readMapHead(reader) * 2;
  if ((tag >= 0x90 && tag <= 0x9f) || tag === 0xdc || tag === 0xdd) return readListHead(reader);
  if (tag === 0xc1) reader.fail('the tag 0xc1 is never used');
  reader.skip(1);
  if (tag < 0x80 || tag >= 0xe0 || tag === NIL || tag === 0xc2 || tag === 0xc3) return 0;
  if (tag >= 0xa0 && tag <= 0xbf) reader.skip(tag & 0x1f);
  else if (tag >= 0xc7 && tag <= 0xc9) reader.skip(readLength(reader, 1 << (tag - 0xc7)) + 1);
  else skipBody(reader, BODY_BYTES.get(tag) ?? 0);
  return 0;
}

function skipBody(reader: ByteReader, bodyBytes: number): void {
  reader.skip(bodyBytes >= 0 ? bodyBytes : readLength(reader, -bodyBytes));
}

function readLength(reader: ByteReader, widthBytes: number): number {
  return widthBytes === 1 ? reader.u8() : widthBytes === 2 ? reader.u16BE() : reader.u32BE();
}
