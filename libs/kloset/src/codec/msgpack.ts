import type { Mac, RepositoryId } from '@wardrobe/kloset-model';
import { asBuffer, macFromBytes, macToBytes, uuidFromBytes, uuidToBytes } from '../bytes/bytes.js';
import { macArbitrary } from './binary.js';
import type { ByteReader } from './byte-reader.js';
import type { ByteWriter } from './byte-writer.js';
import type { Codec, Reading } from './codec.js';
import * as wire from './msgpack-wire.js';
import { checkVersion, versionText } from './version.js';

/**
 * A msgpack value. `zero` is what an absent key reads as; `isEmpty` decides about `omitEmpty` members.
 * Use as a namespace: `import * as mp from '../codec/msgpack.js'`, then `mp.u32`, `mp.list(mp.str)`, `mp.nilable(mp.bin)` …
 */
export type MsgpackCodec<T> = Codec<T> & {
  readonly zero: T;
  isEmpty(value: T): boolean;
  /** How a map treats the member: always written, dropped when empty, or dropped when null. */
  readonly presence: 'always' | 'omit-empty' | 'optional';
  /** Heap of one decoded value, roughly: bounds what a hostile list unfolds to. */
  readonly heapBytes: number;
  /** Moves behind a value that nobody asks for, and refuses what `read` refuses. */
  pass(reader: ByteReader): void;
};

type Parts<T> = Pick<MsgpackCodec<T>, 'name' | 'zero' | 'read' | 'write' | 'arbitrary'> & {
  readonly wire: string;
  readonly heapBytes?: number;
  readonly isEmpty?: (value: T) => boolean;
  /** Where it can be cheaper than `read`. */
  readonly pass?: (reader: ByteReader) => void;
};

const NO_BYTES = new Uint8Array(0);
const U64_MAX = (1n << 64n) - 1n;
const [I64_MIN, I64_MAX] = [-(1n << 63n), (1n << 63n) - 1n];

/** Always `cc` and 1 byte. Any width is read. */
export const u8: MsgpackCodec<number> = scalar({
  name: 'u8',
  wire: 'cc, 1 byte',
  zero: 0,
  read: (r) => wire.readNumber(r, 0, 0xff),
  write: wire.writeU8,
  arbitrary: (fc) => fc.nat({ max: 0xff }),
});
/** Always `cd` and 2 bytes. */
export const u16: MsgpackCodec<number> = scalar({
  name: 'u16',
  wire: 'cd, 2 bytes',
  zero: 0,
  read: (r) => wire.readNumber(r, 0, 0xffff),
  write: wire.writeU16,
  arbitrary: (fc) => fc.nat({ max: 0xffff }),
});
/** Always `ce` and 4 bytes. */
export const u32: MsgpackCodec<number> = scalar({
  name: 'u32',
  wire: 'ce, 4 bytes',
  zero: 0,
  read: (r) => wire.readNumber(r, 0, 0xffffffff),
  write: wire.writeU32,
  arbitrary: (fc) => fc.nat({ max: 0xffffffff }),
});
/** Always `cf` and 8 bytes; exact. */
export const u64: MsgpackCodec<bigint> = scalar({
  name: 'u64',
  wire: 'cf, 8 bytes',
  zero: 0n,
  read: (r) => readBig(r, 0n, U64_MAX),
  pass: (r) => passEight(r, 0xcf) || readBig(r, 0n, U64_MAX),
  write: wire.writeU64,
  arbitrary: (fc) => fc.bigInt(0n, U64_MAX),
});
/** `u64` on the wire, a safe integer in memory. @throws DecodeError above 2^53-1 */
export const size64: MsgpackCodec<number> = scalar({
  name: 'u64',
  wire: 'cf, 8 bytes',
  zero: 0,
  read: (r) => wire.readNumber(r, 0, Number.MAX_SAFE_INTEGER),
  write: (w, v) => wire.writeU64(w, BigInt(v)),
  arbitrary: (fc) => fc.maxSafeNat(),
});
/** Always `d3` and 8 bytes; exact. Also durations, in nanoseconds. */
export const i64: MsgpackCodec<bigint> = scalar({
  name: 'i64',
  wire: 'd3, 8 bytes',
  zero: 0n,
  read: (r) => readBig(r, I64_MIN, I64_MAX),
  pass: (r) => passEight(r, 0xd3) || readBig(r, I64_MIN, I64_MAX),
  write: wire.writeI64,
  arbitrary: (fc) => fc.bigInt(-(1n << 63n), (1n << 63n) - 1n),
});
/** Always `cb` and 8 bytes. */
export const f64: MsgpackCodec<number> = scalar({
  name: 'f64',
  wire: 'cb, 8 bytes',
  zero: 0,
  read: wire.readFloat,
  write: writeFloat,
  arbitrary: (fc) => fc.double({ noNaN: true }).map((v) => v + 0),
});
/** Signed, in the shortest form that holds it; safe integers only. */
export const int: MsgpackCodec<number> = scalar({
  name: 'int',
  wire: 'shortest integer form',
  zero: 0,
  read: (r) => wire.readNumber(r, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  write: wire.writeCompactInteger,
  arbitrary: (fc) => fc.maxSafeInteger(),
});
export const bool: MsgpackCodec<boolean> = scalar({
  name: 'bool',
  wire: 'c2 or c3',
  zero: false,
  read: wire.readBool,
  write: (w, v) => w.u8(v ? 0xc3 : 0xc2),
  arbitrary: (fc) => fc.boolean(),
});
/** A string as raw bytes: names and paths are not validated as UTF-8. Copied out of the input. */
export const str: MsgpackCodec<Uint8Array> = scalar({
  name: 'str',
  wire: 'str, raw bytes',
  zero: NO_BYTES,
  heapBytes: 128,
  read: readBytes,
  pass: (r) => r.spend(passBlob(r)),
  write: wire.writeStr,
  arbitrary: (fc) => fc.uint8Array({ maxLength: 40 }),
  isEmpty: (v) => v.length === 0,
});
/** The same as a view of the input, for values that do not outlive it. */
export const view: MsgpackCodec<Uint8Array> = {
  ...str,
  read(r) {
    const bytes = wire.readBlob(r);
    r.spend(bytes.length);
    return bytes;
  },
};
/** A string as text. Bad UTF-8 becomes U+FFFD, so it does not survive a round trip: for words, never for names of files. */
export const text: MsgpackCodec<string> = scalar({
  name: 'text',
  wire: 'str, UTF-8',
  zero: '',
  heapBytes: 64,
  read: readText,
  pass: (r) => r.spend(passBlob(r) * 2),
  write: (w, v) => wire.writeStr(w, Buffer.from(v, 'utf8')),
  arbitrary: (fc) => fc.string({ unit: 'binary', maxLength: 40 }),
});
/** Bytes. A nil byte string is told apart by `nilable(bin)`. */
export const bin: MsgpackCodec<Uint8Array> = scalar({
  name: 'bytes',
  wire: 'bin',
  zero: NO_BYTES,
  heapBytes: 128,
  read: readBytes,
  pass: (r) => r.spend(passBlob(r)),
  write: wire.writeBin,
  arbitrary: (fc) => fc.uint8Array({ maxLength: 300 }),
  isEmpty: (v) => v.length === 0,
});
/** 32 bytes, never empty: an absent one is 32 zero bytes on the wire. */
export const mac: MsgpackCodec<Mac> = scalar({
  name: 'mac',
  wire: 'c4 20, 32 bytes',
  zero: '0'.repeat(64) as Mac,
  heapBytes: 96,
  read: (r) => macFromBytes(readExact(r, 32)),
  pass: (r) => passExact(r, 32),
  write: (w, v) => wire.writeBin(w, macToBytes(v)),
  arbitrary: macArbitrary,
  isEmpty: () => false,
});
/** 16 bytes. */
export const uuid: MsgpackCodec<RepositoryId> = scalar({
  name: 'uuid',
  wire: 'c4 10, 16 bytes',
  zero: uuidFromBytes(new Uint8Array(16)),
  heapBytes: 96,
  read: (r) => uuidFromBytes(readExact(r, 16)),
  pass: (r) => passExact(r, 16),
  write: (w, v) => wire.writeBin(w, uuidToBytes(v)),
  arbitrary: (fc) => fc.uint8Array({ minLength: 16, maxLength: 16 }).map(uuidFromBytes),
  isEmpty: () => false,
});
/** Nanoseconds since the Unix epoch; extension -1 in the form that fits. */
export const timestamp: MsgpackCodec<bigint> = scalar({
  name: 'time',
  wire: 'timestamp extension',
  zero: 0n,
  read: wire.readTimestamp,
  write: wire.writeTimestamp,
  arbitrary: (fc) =>
    fc.oneof(
      fc.bigInt(-(1n << 63n), (1n << 63n) - 1n),
      fc.bigInt(0n, (1n << 35n) - 1n).map((s) => s * 1_000_000_000n),
    ),
});

/** A `u32` version in a record named `what`. @throws UnsupportedVersionError above `known` */
export function version(what: string, known: number): MsgpackCodec<number> {
  return scalar({
    name: 'version',
    wire: 'ce, 4 bytes',
    zero: 0,
    read(r) {
      const found = wire.readNumber(r, 0, 0xffffffff);
      checkVersion(what, found, known);
      return found;
    },
    write: wire.writeU32,
    arbitrary: (fc) => fc.nat({ max: known }),
    isEmpty: () => false,
    heapBytes: versionText(known).length,
  });
}

/** Elements in order. Nil is read as an empty list too; where plakar tells the two apart, use `nilable(list(…))`. */
export function list<T>(element: MsgpackCodec<T>): MsgpackCodec<readonly T[]> {
  return {
    name: `list of ${element.name}`,
    sizeBytes: null,
    zero: [],
    presence: 'always',
    heapBytes: 64,
    doc: { type: `list of ${element.name}`, wire: 'array', members: [{ name: '*', doc: element.doc, offset: null }] },
    isEmpty: (value) => value.length === 0,
    read: (reader) => readList(reader, element),
    pass: (reader) => passList(reader, element),
    write(writer, value) {
      wire.writeListHead(writer, value.length);
      for (const item of value) element.write(writer, item);
    },
    arbitrary: (fc) => fc.array(element.arbitrary(fc), { maxLength: 20 }),
  };
}

/** Nil on the wire is null in memory; the member is always written. */
export function nilable<T>(inner: MsgpackCodec<T>): MsgpackCodec<T | null> {
  return {
    ...inner,
    name: `${inner.name} or nil`,
    sizeBytes: null,
    zero: null,
    presence: 'always',
    doc: { ...inner.doc, wire: `${inner.doc.wire}, or c0` },
    isEmpty: (value) => value === null || inner.isEmpty(value),
    read: (reader) => readNilable(reader, inner),
    pass: (reader) => (wire.isNil(reader) ? reader.skip(1) : inner.pass(reader)),
    write(writer, value) {
      if (value === null) writer.u8(wire.NIL);
      else inner.write(writer, value);
    },
    arbitrary: (fc) => fc.option(inner.arbitrary(fc), { nil: null }),
  };
}

/** Absent key is null; null is not written. Nil on the wire reads as null too. */
export function optional<T>(inner: MsgpackCodec<T>): MsgpackCodec<T | null> {
  return {
    ...nilable(inner),
    name: `${inner.name}, optional`,
    presence: 'optional',
    doc: { ...inner.doc, wire: `${inner.doc.wire}; absent when unset` },
    isEmpty: (value) => value === null,
  };
}

/** Not written when 0, 0.0, "", nil, an empty list or a map all of whose members are omitted ("?" in the spec). Has no effect on `mac`. */
export function omitEmpty<T>(inner: MsgpackCodec<T>): MsgpackCodec<T> {
  return { ...inner, presence: 'omit-empty', doc: { ...inner.doc, wire: `${inner.doc.wire}; absent when empty` } };
}

/** As `inner`; a value with the same bytes as the one read before is that same value, made once. Not for values that are views. */
export function recurring<T>(inner: Reading<T>): Reading<T> {
  let last: { readonly bytes: Uint8Array; readonly value: T } | null = null;
  return {
    name: inner.name,
    read(reader) {
      if (last !== null && reader.takeIf(last.bytes)) return last.value;
      const start = reader.offset;
      const value = inner.read(reader);
      last = { bytes: reader.passed(start).slice(), value };
      return value;
    },
  };
}

function scalar<T>(parts: Parts<T>): MsgpackCodec<T> {
  const { wire: wireText, ...rest } = parts;
  const zero = parts.zero;
  return {
    heapBytes: 16,
    isEmpty: (value) => value === zero,
    pass: (reader) => void parts.read(reader),
    ...rest,
    sizeBytes: null,
    presence: 'always',
    doc: { type: parts.name, wire: wireText },
  };
}

function readList<T>(reader: ByteReader, element: MsgpackCodec<T>): readonly T[] {
  if (wire.isNil(reader)) {
    reader.skip(1);
    return [];
  }
  const count = wire.readListHead(reader);
  const items: T[] = [];
  for (let index = 0; index < count; index += 1) {
    reader.spend(8 + element.heapBytes);
    items.push(element.read(reader));
  }
  return items;
}

function passList(reader: ByteReader, element: MsgpackCodec<unknown>): void {
  if (wire.isNil(reader)) {
    reader.skip(1);
    return;
  }
  for (let left = wire.readListHead(reader); left > 0; left -= 1) {
    reader.spend(8 + element.heapBytes);
    element.pass(reader);
  }
}

function readNilable<T>(reader: ByteReader, inner: MsgpackCodec<T>): T | null {
  if (!wire.isNil(reader)) return inner.read(reader);
  reader.skip(1);
  return null;
}

function readBig(reader: ByteReader, min: bigint, max: bigint): bigint {
  const value = BigInt(wire.readInteger(reader));
  if (value < min || value > max) reader.fail(`${value} is not between ${min} and ${max}`);
  return value;
}

function readBytes(reader: ByteReader): Uint8Array {
  const view = wire.readBlob(reader);
  reader.spend(view.length);
  return view.slice();
}

function readText(reader: ByteReader): string {
  const view = wire.readBlob(reader);
  reader.spend(view.length * 2);
  return asBuffer(view).toString('utf8');
}

function passBlob(reader: ByteReader): number {
  const lengthBytes = wire.readBlobHead(reader);
  reader.skip(lengthBytes);
  return lengthBytes;
}

function passExact(reader: ByteReader, lengthBytes: number): void {
  const found = passBlob(reader);
  if (found !== lengthBytes) reader.fail(`${found} bytes where ${lengthBytes} are expected`);
}

/** Passes over the widest form, in which plakar writes: no value of it is out of bounds. */
function passEight(reader: ByteReader, tag: number): boolean {
  if (reader.peekU8() !== tag) return false;
  reader.skip(9);
  return true;
}

function readExact(reader: ByteReader, lengthBytes: number): Uint8Array {
  const view = wire.readBlob(reader);
  if (view.length !== lengthBytes) reader.fail(`${view.length} bytes where ${lengthBytes} are expected`);
  return view;
}

function writeFloat(writer: ByteWriter, value: number): void {
  writer.u8(0xcb);
  writer.f64BE(value);
}
