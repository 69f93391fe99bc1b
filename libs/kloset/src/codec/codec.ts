import type * as FastCheck from 'fast-check';
import type { Place } from '../errors/errors.js';
import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';

/**
 * One stored type: how it is read, written, described and generated for tests. All are made by combinators:
 *
 * - `binary.ts`: little-endian fixed-width fields and `struct(name, { member: codec })` (states, packfile indexes, envelopes);
 * - `msgpack.ts` and `msgpack-map.ts`: msgpack scalars with the *exact width plakar writes* and `map(name, { key: codec })`.
 *
 * A record is one table; `Infer<typeof table>` is its type, `decode(table, bytes)` and `encode(table, value)` its two directions. Laws, checked for
 * every table by `test/codec-laws.ts`: decode after encode is identity; encode after decode gives the very bytes plakar wrote; every proper prefix is a
 * `DecodeError`; a version above the known one is an `UnsupportedVersionError`.
 */
export type Codec<T> = {
  readonly name: string;
  /** @throws DecodeError, UnsupportedVersionError, TooLargeError */
  read(reader: ByteReader): T;
  write(writer: ByteWriter, value: T): void;
  readonly doc: CodecDoc;
  /** Bytes on the wire when they are always the same number, else null. */
  readonly sizeBytes: number | null;
  /** Values for property tests; fast-check is passed in, so that the engine does not depend on it. */
  readonly arbitrary: (fc: typeof FastCheck) => FastCheck.Arbitrary<T>;
};

/** What the generated format pages show. */
export type CodecDoc = {
  /** Name of a scalar as the spec calls it, or of the record. */
  readonly type: string;
  readonly wire: string;
  readonly about?: string;
  readonly members?: readonly MemberDoc[];
};
export type MemberDoc = { readonly name: string; readonly doc: CodecDoc; readonly offset: number | null };

export type Infer<C> = C extends { read(reader: ByteReader): infer T } ? T : never;

/** What reading takes. */
export type Reading<T> = Pick<Codec<T>, 'name' | 'read'>;

/** The whole of `bytes` as one value. @throws DecodeError when bytes are missing or left over */
export function decode<T>(codec: Reading<T>, bytes: Uint8Array, place: Place = {}): T {
  const reader = new ByteReader(bytes, codec.name, place);
  const value = codec.read(reader);
  reader.expectEnd();
  return value;
}

export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const writer = new ByteWriter(codec.sizeBytes ?? 256);
  codec.write(writer, value);
  return writer.finish();
}

/** The same codec with a sentence for the generated format pages. */
export function about<C extends { readonly doc: CodecDoc }>(codec: C, text: string): C {
  return { ...codec, doc: { ...codec.doc, about: text } };
}
