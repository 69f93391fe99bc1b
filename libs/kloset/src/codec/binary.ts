import type { Mac, RepositoryId } from '@wardrobe/kloset-model';
import type * as FastCheck from 'fast-check';
import { macFromBytes, macToBytes, uuidFromBytes, uuidToBytes } from '../bytes/bytes.js';
import type { ByteReader } from './byte-reader.js';
import type { ByteWriter } from './byte-writer.js';
import type { Codec, CodecDoc, Infer } from './codec.js';
import { checkVersion } from './version.js';

type FastCheckModule = typeof FastCheck;

/** A codec whose wire size is known. */
export type FixedCodec<T> = Codec<T> & { readonly sizeBytes: number };

export const u8: FixedCodec<number> = scalar({
  name: 'u8',
  sizeBytes: 1,
  read: (r) => r.u8(),
  write: (w, v) => w.u8(v),
  arbitrary: (fc) => fc.nat({ max: 0xff }),
});
export const u16: FixedCodec<number> = scalar({
  name: 'u16',
  sizeBytes: 2,
  read: (r) => r.u16(),
  write: (w, v) => w.u16(v),
  arbitrary: (fc) => fc.nat({ max: 0xffff }),
});
export const u32: FixedCodec<number> = scalar({
  name: 'u32',
  sizeBytes: 4,
  read: (r) => r.u32(),
  write: (w, v) => w.u32(v),
  arbitrary: (fc) => fc.nat({ max: 0xffffffff }),
});
/** Unsigned 64 bits, exact. */
export const u64: FixedCodec<bigint> = scalar({
  name: 'u64',
  sizeBytes: 8,
  read: (r) => r.u64(),
  write: (w, v) => w.u64(v),
  arbitrary: (fc) => fc.bigInt(0n, (1n << 64n) - 1n),
});
export const i64: FixedCodec<bigint> = scalar({
  name: 'i64',
  sizeBytes: 8,
  read: (r) => r.i64(),
  write: (w, v) => w.i64(v),
  arbitrary: (fc) => fc.bigInt(-(1n << 63n), (1n << 63n) - 1n),
});
/** A `u64` that must be a safe integer: offsets and sizes. @throws DecodeError above 2^53-1 */
export const size64: FixedCodec<number> = scalar({
  name: 'u64',
  sizeBytes: 8,
  read: readSafe,
  write: (w, v) => w.u64(BigInt(v)),
  arbitrary: (fc) => fc.maxSafeNat(),
});
/** 32 raw bytes, as 64 lowercase hex digits. */
export const mac: FixedCodec<Mac> = scalar({
  name: 'mac',
  sizeBytes: 32,
  read: (r) => macFromBytes(r.take(32)),
  write: (w, v) => w.bytes(macToBytes(v)),
  arbitrary: macArbitrary,
});
/** 16 raw bytes, as canonical UUID text. */
export const uuid: FixedCodec<RepositoryId> = scalar({
  name: 'uuid',
  sizeBytes: 16,
  read: (r) => uuidFromBytes(r.take(16)),
  write: (w, v) => w.bytes(uuidToBytes(v)),
  arbitrary: (fc) => fc.uint8Array({ minLength: 16, maxLength: 16 }).map(uuidFromBytes),
});

/** Exactly `lengthBytes` raw bytes, copied. */
export function bytes(lengthBytes: number): FixedCodec<Uint8Array> {
  return scalar({
    name: `bytes(${lengthBytes})`,
    sizeBytes: lengthBytes,
    read: (r) => r.take(lengthBytes).slice(),
    write: (w, v) => w.bytes(v),
    arbitrary: (fc) => fc.uint8Array({ minLength: lengthBytes, maxLength: lengthBytes }),
  });
}

/** `u8` length and that many raw bytes, copied. */
export const bytes8: Codec<Uint8Array> = prefixed('bytes8', { read: (r) => r.u8(), write: (w, n) => w.u8(n), max: 0xff });
/** `u16` length and that many raw bytes, copied. */
export const bytes16: Codec<Uint8Array> = prefixed('bytes16', { read: (r) => r.u16(), write: (w, n) => w.u16(n), max: 0xffff });

/** A `u32` version. @throws UnsupportedVersionError above `known` */
export function version(what: string, known: number): FixedCodec<number> {
  return scalar({
    name: 'version',
    sizeBytes: 4,
    read(r) {
      const found = r.u32();
      checkVersion(what, found, known);
      return found;
    },
    write: (w, v) => w.u32(v),
    arbitrary: (fc) => fc.nat({ max: known }),
  });
}

type Members = Readonly<Record<string, Codec<never> | Codec<unknown>>>;
type Fields = {
  readonly [name: string]: { readonly name: string; readonly doc: CodecDoc; readonly sizeBytes: number | null; read(reader: ByteReader): unknown };
};
type StructOf<M extends Fields> = { readonly [K in keyof M]: Infer<M[K]> };
/** A record of members in wire order. `offsets` gives each member's place for hot loops that read columns; null behind a member of varying size. */
export type StructCodec<M extends Fields> = Codec<StructOf<M>> & { readonly offsets: { readonly [K in keyof M]: number } };
export type FixedStructCodec<M extends Fields> = StructCodec<M> & { readonly sizeBytes: number };

/** Members of fixed size one after the other, without padding. */
export function struct<M extends { readonly [name: string]: Fields[string] & { readonly sizeBytes: number } }>(name: string, members: M): FixedStructCodec<M>;
export function struct<M extends Fields>(name: string, members: M): StructCodec<M>;
export function struct<M extends Fields>(name: string, members: M): StructCodec<M> {
  const entries = Object.entries(members as unknown as Members) as [string, Codec<unknown>][];
  const offsets = memberOffsets(entries);
  return {
    name,
    sizeBytes: offsets.total,
    offsets: offsets.byName as { readonly [K in keyof M]: number },
    doc: { type: name, wire: 'struct', members: entries.map(([member, codec]) => ({ name: member, doc: codec.doc, offset: offsets.byName[member] ?? null })) },
    read(reader) {
      const value: Record<string, unknown> = {};
      for (const [member, codec] of entries) value[member] = codec.read(reader);
      return value as StructOf<M>;
    },
    write(writer, value) {
      for (const [member, codec] of entries) codec.write(writer, value[member as keyof M]);
    },
    arbitrary: (fc) =>
      fc.record(Object.fromEntries(entries.map(([member, codec]) => [member, codec.arbitrary(fc)])), { noNullPrototype: true }) as FastCheck.Arbitrary<
        StructOf<M>
      >,
  };
}

export function macArbitrary(fc: FastCheckModule): FastCheck.Arbitrary<Mac> {
  return fc.uint8Array({ minLength: 32, maxLength: 32 }).map(macFromBytes);
}

function memberOffsets(entries: readonly [string, Codec<unknown>][]): { byName: Record<string, number>; total: number | null } {
  const byName: Record<string, number> = {};
  let total: number | null = 0;
  for (const [member, codec] of entries) {
    if (total !== null) byName[member] = total;
    total = total === null || codec.sizeBytes === null ? null : total + codec.sizeBytes;
  }
  return { byName, total };
}

function scalar<T>(parts: Omit<FixedCodec<T>, 'doc'>): FixedCodec<T> {
  return { ...parts, doc: { type: parts.name, wire: `${parts.sizeBytes} bytes` } };
}

function prefixed(name: string, length: { read(r: ByteReader): number; write(w: ByteWriter, n: number): void; max: number }): Codec<Uint8Array> {
  return {
    name,
    sizeBytes: null,
    doc: { type: name, wire: 'length and bytes' },
    read: (r) => r.take(length.read(r)).slice(),
    write(w, v) {
      length.write(w, v.length);
      w.bytes(v);
    },
    arbitrary: (fc) => fc.uint8Array({ maxLength: Math.min(length.max, 64) }),
  };
}

function readSafe(reader: ByteReader): number {
  const value = reader.u64();
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) reader.fail(`${value} is above 2^53-1`);
  return Number(value);
}
