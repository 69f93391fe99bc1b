import type * as FastCheck from 'fast-check';
import { asBuffer } from '../bytes/bytes.js';
import type { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import type { Infer, MemberDoc, Reading } from './codec.js';
import type { MsgpackCodec } from './msgpack.js';
import * as wire from './msgpack-wire.js';

type Members = { readonly [key: string]: MemberCodec };
/** Structural view of a member codec that infers its value type without variance trouble. */
type MemberCodec = { readonly name: string; readonly doc: MemberDoc['doc']; read(reader: ByteReader): unknown };
type MapOf<M extends Members> = { readonly [K in keyof M]: Infer<M[K]> };
/** `encodedKey`: the key as plakar's encoder writes it, its head included. */
type Member = { readonly key: string; readonly keyBytes: Uint8Array; readonly encodedKey: Uint8Array; readonly codec: MsgpackCodec<unknown> };
export type MapCodec<M extends Members> = MsgpackCodec<MapOf<M>> & { readonly members: M };

/**
 * A msgpack map with string keys, written in the order given. On reading, keys come in any order, unknown keys are skipped, an absent key is the
 * member's zero (null for `optional` and `nilable`), and of a repeated key the last one counts. Members are `omitEmpty`, `optional` or always written.
 *
 * ```ts
 * export const chunk = map('chunk', { version: mp.version('chunk', V1_0_0), contentMAC: mp.mac, length: mp.u32, entropy: mp.f64, flags: mp.u32 });
 * export type Chunk = Infer<typeof chunk>;
 * ```
 */
export function map<M extends Members>(name: string, members: M): MapCodec<M> {
  const table = memberTable(members);
  const readings = table.map(({ codec }) => codec);
  const zero = Object.fromEntries(table.map((member) => [member.key, member.codec.zero]));
  const byKey = new Map(table.map((member, place) => [member.key, place]));
  const empty = (value: MapOf<M>) => table.every((member) => isOmitted(member, value));
  return {
    name,
    members,
    sizeBytes: null,
    zero: zero as MapOf<M>,
    presence: 'always',
    heapBytes: 64 + table.reduce((sum, member) => sum + 8 + (member.codec.presence === 'always' ? member.codec.heapBytes : 0), 0),
    doc: { type: name, wire: 'map', members: table.map((member) => ({ name: member.key, doc: member.codec.doc, offset: null })) },
    isEmpty: empty,
    read: (reader) => readMap(reader, { table, byKey, readings }, { ...zero }) as MapOf<M>,
    pass: (reader) => void readMap(reader, { table, byKey, readings: [] }, {}),
    write: (writer, value) => writeMap(writer, table, value),
    arbitrary: (fc) =>
      fc.record(Object.fromEntries(table.map((member) => [member.key, member.codec.arbitrary(fc)])), { noNullPrototype: true }) as FastCheck.Arbitrary<
        MapOf<M>
      >,
  };
}

type Wanted<M extends Members> = { readonly [K in keyof M]?: Reading<unknown> };
type Picked<W> = { readonly [K in keyof W]: W[K] extends Reading<infer T> ? T : never };

/** The same record of which only some members are read, each as given; the others are passed over, and refused where `map` refuses them. */
export function only<M extends Members, W extends Wanted<M>>(whole: MapCodec<M>, wanted: W): Reading<Picked<W>> {
  const table = memberTable(whole.members);
  const byKey = new Map(table.map((member, place) => [member.key, place]));
  const readings = table.map(({ key }) => wanted[key]);
  const zero = Object.fromEntries(table.filter(({ key }) => wanted[key] !== undefined).map(({ key, codec }) => [key, codec.zero]));
  return { name: whole.name, read: (reader) => readMap(reader, { table, byKey, readings }, { ...zero }) as Picked<W> };
}

/** `readings`: how members are read, by their places; those without one are passed over. */
type Shape = { readonly table: readonly Member[]; readonly byKey: ReadonlyMap<string, number>; readonly readings: readonly (Reading<unknown> | undefined)[] };

function readMap(reader: ByteReader, shape: Shape, value: Record<string, unknown>): Record<string, unknown> {
  const { table, readings } = shape;
  let expected = 0;
  for (let left = wire.readMapHead(reader); left > 0; left -= 1) {
    const found = findMember(reader, shape, expected);
    const member = table[found];
    if (member === undefined) {
      wire.skipValue(reader);
      continue;
    }
    const reading = readings[found];
    if (reading === undefined) member.codec.pass(reader);
    else value[member.key] = reading.read(reader);
    expected = found + 1;
  }
  return value;
}

/** Reads a key; its place in the table, or -1. Keys usually come in table order, some left out: comparing bytes is cheaper than making a string. */
function findMember(reader: ByteReader, { table, byKey }: Shape, expected: number): number {
  for (let place = expected; place < table.length; place += 1) if (reader.takeIf((table[place] as Member).encodedKey)) return place;
  return byKey.get(asBuffer(wire.readBlob(reader)).toString('utf8')) ?? -1;
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
  return Object.entries(members).map(([key, codec]) => {
    const keyBytes = encoder.encode(key);
    const writer = new ByteWriter(keyBytes.length + 8);
    wire.writeStr(writer, keyBytes);
    return { key, keyBytes, encodedKey: writer.finish(), codec: codec as MsgpackCodec<unknown> };
  });
}
