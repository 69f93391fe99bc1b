import type * as FastCheck from 'fast-check';
import { asBuffer } from '../bytes/bytes.js';
import type { ByteReader } from './byte-reader.js';
import type { ByteWriter } from './byte-writer.js';
import type { Infer, MemberDoc } from './codec.js';
import type { MsgpackCodec } from './msgpack.js';
import * as wire from './msgpack-wire.js';

type Members = { readonly [key: string]: MemberCodec };
/** Structural view of a member codec that infers its value type without variance trouble. */
type MemberCodec = { readonly name: string; readonly doc: MemberDoc['doc']; read(reader: ByteReader): unknown };
type MapOf<M extends Members> = { readonly [K in keyof M]: Infer<M[K]> };
type Member = { readonly key: string; readonly keyBytes: Uint8Array; readonly codec: MsgpackCodec<unknown> };

/**
 * A msgpack map with string keys, written in the order given. On reading, keys come in any order, unknown keys are skipped, an absent key is the
 * member's zero (null for `optional` and `nilable`), and of a repeated key the last one counts. Members are `omitEmpty`, `optional` or always written.
 *
 * ```ts
 * export const chunk = map('chunk', { version: mp.version('chunk', V1_0_0), contentMAC: mp.mac, length: mp.u32, entropy: mp.f64, flags: mp.u32 });
 * export type Chunk = Infer<typeof chunk>;
 * ```
 */
export function map<M extends Members>(name: string, members: M): MsgpackCodec<MapOf<M>> {
  const table = memberTable(members);
  const zero = Object.fromEntries(table.map((member) => [member.key, member.codec.zero]));
  const byKey = new Map(table.map((member) => [member.key, member]));
  const empty = (value: MapOf<M>) => table.every((member) => isOmitted(member, value));
  return {
    name,
    sizeBytes: null,
    zero: zero as MapOf<M>,
    presence: 'always',
    heapBytes: 64 + table.reduce((sum, member) => sum + 8 + (member.codec.presence === 'always' ? member.codec.heapBytes : 0), 0),
    doc: { type: name, wire: 'map', members: table.map((member) => ({ name: member.key, doc: member.codec.doc, offset: null })) },
    isEmpty: empty,
    read: (reader) => readMap(reader, { table, byKey, zero }) as MapOf<M>,
    write: (writer, value) => writeMap(writer, table, value),
    arbitrary: (fc) =>
      fc.record(Object.fromEntries(table.map((member) => [member.key, member.codec.arbitrary(fc)])), { noNullPrototype: true }) as FastCheck.Arbitrary<
        MapOf<M>
      >,
  };
}

type Shape = { readonly table: readonly Member[]; readonly byKey: ReadonlyMap<string, Member>; readonly zero: Readonly<Record<string, unknown>> };

function readMap(reader: ByteReader, shape: Shape): Record<string, unknown> {
  const count = wire.readMapHead(reader);
  const value: Record<string, unknown> = { ...shape.zero };
  let expected = 0;
  for (let index = 0; index < count; index += 1) {
    const found = findMember(shape, wire.readBlob(reader), expected);
    if (found < 0) {
      wire.skipValue(reader);
      continue;
    }
    const member = shape.table[found] as Member;
    value[member.key] = member.codec.read(reader);
    expected = found + 1;
  }
  return value;
}

/** Place of a key in the table, or -1. Keys usually come in table order, which is tried first: comparing bytes is cheaper than making a string. */
function findMember(shape: Shape, keyBytes: Uint8Array, expected: number): number {
  const likely = shape.table[expected];
  if (likely !== undefined && sameBytes(likely.keyBytes, keyBytes)) return expected;
  const member = shape.byKey.get(asBuffer(keyBytes).toString('utf8'));
  return member === undefined ? -1 : shape.table.indexOf(member);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}

function writeMap(writer: ByteWriter, table: readonly Member[], value: Readonly<Record<string, unknown>>): void {
  const written = table.filter((member) => !isOmitted(member, value));
  wire.writeMapHead(writer, written.length);
  for (const member of written) {
    wire.writeStr(writer, member.keyBytes);
    member.codec.write(writer, value[member.key]);
  }
}

function isOmitted(member: Member, value: Readonly<Record<string, unknown>>): boolean {
  const field = value[member.key];
  if (member.codec.presence === 'optional') return field === null;
  return member.codec.presence === 'omit-empty' && member.codec.isEmpty(field);
}

function memberTable(members: Members): readonly Member[] {
  const encoder = new TextEncoder();
  return Object.entries(members).map(([key, codec]) => ({ key, keyBytes: encoder.encode(key), codec: codec as MsgpackCodec<unknown> }));
}
