import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { codecLaws } from '../../test/codec-laws.js';
import { bytesFromHex, hexFromBytes } from '../bytes/bytes.js';
import { DecodeError, TooLargeError, UnsupportedVersionError } from '../errors/errors.js';
import * as bin from './binary.js';
import { decode, encode } from './codec.js';
import * as mp from './msgpack.js';
import { map } from './msgpack-map.js';
import { V1_0_0, V1_1_0 } from './version.js';

const pair = map('pair', { key: mp.text, value: mp.text });
const chunk = map('chunk', { version: mp.version('chunk', V1_0_0), contentMAC: mp.mac, length: mp.u32, entropy: mp.f64, flags: mp.u32 });
const object = map('object', {
  version: mp.version('object', V1_0_0),
  contentMAC: mp.mac,
  chunks: mp.list(chunk),
  content_type: mp.omitEmpty(mp.text),
  entropy: mp.omitEmpty(mp.f64),
  flags: mp.u32,
});
const mixed = map('mixed', {
  tiny: mp.u8,
  small: mp.u16,
  word: mp.u32,
  big: mp.u64,
  size: mp.size64,
  signed: mp.i64,
  float: mp.f64,
  int: mp.int,
  flag: mp.bool,
  name: mp.str,
  label: mp.text,
  bytes: mp.nilable(mp.bin),
  id: mp.mac,
  uuid: mp.uuid,
  when: mp.timestamp,
  items: mp.nilable(mp.list(mp.int)),
  next: mp.optional(mp.mac),
  pairs: mp.omitEmpty(mp.list(pair)),
  inner: mp.omitEmpty(map('inner', { a: mp.omitEmpty(mp.int) })),
});
const record = bin.struct('record', { a: bin.u8, b: bin.u16, c: bin.u32, d: bin.u64, e: bin.i64, f: bin.size64, id: bin.mac, u: bin.uuid, raw: bin.bytes(5) });
const named = bin.struct('named', { key: bin.bytes8, value: bin.bytes16, at: bin.i64, version: bin.version('named', V1_1_0) });

codecLaws(mixed);
codecLaws(record);
codecLaws(named);
codecLaws(object, { vectors: objectVectors() });

describe('binary tables', () => {
  it('know their size and the offset of each member', () => {
    expect(record.sizeBytes).toBe(1 + 2 + 4 + 8 + 8 + 8 + 32 + 16 + 5);
    expect(record.offsets).toEqual({ a: 0, b: 1, c: 3, d: 7, e: 15, f: 23, id: 31, u: 63, raw: 79 });
    expect(named.sizeBytes).toBeNull();
  });

  it('an offset above 2^53-1 is a DecodeError', () => {
    expect(() => decode(bin.size64, bytesFromHex('ffffffffffffffff'))).toThrow(DecodeError);
  });

  it('a newer version is an UnsupportedVersionError', () => {
    expect(() => decode(bin.version('state', V1_0_0), bytesFromHex('00010100'))).toThrow('state has version 1.1.0; this program knows 1.0.0');
  });
});

describe('msgpack tables', () => {
  it('write the widths that plakar writes', () => {
    expect(hexFromBytes(encode(mp.u32, 0))).toBe('ce00000000');
    expect(hexFromBytes(encode(mp.i64, -1n))).toBe('d3ffffffffffffffff');
    expect(hexFromBytes(encode(mp.int, 131072))).toBe('ce00020000');
    expect(hexFromBytes(encode(mp.int, -1))).toBe('ff');
    expect(hexFromBytes(encode(mp.nilable(mp.list(mp.u8)), null))).toBe('c0');
    expect(hexFromBytes(encode(mp.nilable(mp.list(mp.u8)), []))).toBe('90');
    expect(hexFromBytes(encode(mp.timestamp, 0n))).toBe('d6ff00000000');
    expect(hexFromBytes(encode(mp.timestamp, 1706933106n * 1_000_000_000n))).toBe('d6ff65bdbb72');
    expect(hexFromBytes(encode(mp.timestamp, 1704164645123456789n))).toBe('d7ff1d6f34546593' + '7d25');
    expect(hexFromBytes(encode(mp.timestamp, -1n))).toBe('c70cff3b9ac9ffffffffffffffffff');
  });

  it('read an integer of any width', () => {
    for (const hex of ['05', 'cc05', 'cd0005', 'ce00000005', 'cf0000000000000005', 'd005', 'd10005', 'd200000005', 'd30000000000000005']) {
      expect(decode(mp.u64, bytesFromHex(hex))).toBe(5n);
      expect(decode(mp.u8, bytesFromHex(hex))).toBe(5);
    }
    expect(() => decode(mp.u8, bytesFromHex('cd0100'))).toThrow(DecodeError);
    expect(() => decode(mp.u32, bytesFromHex('ff'))).toThrow(DecodeError);
  });

  it('skip unknown keys of any kind and take absent keys as zero', () => {
    const unknown = '83' + 'a178' + '9282a16101a162c0c403010203' + 'a3' + '6b6579' + 'a161' + 'a179' + 'c70cff000000000000000000000000';
    expect(decode(pair, bytesFromHex(unknown))).toEqual({ key: 'a', value: '' });
  });

  it('a newer version is an UnsupportedVersionError', () => {
    expect(() => decode(mp.version('chunk', V1_0_0), bytesFromHex('ce00010001'))).toThrow(UnsupportedVersionError);
  });

  it('a list longer than its bytes is refused before anything is allocated', () => {
    expect(() => decode(mp.list(mp.u8), bytesFromHex('ddffffffff01'))).toThrow(DecodeError);
  });

  it('a megabyte of empty maps does not unfold to hundreds', () => {
    const hostile = new Uint8Array(1 << 20).fill(0x80);
    hostile.set(bytesFromHex('dd000ffffb'));
    expect(() => decode(mp.list(mixed), hostile)).toThrow(TooLargeError);
  });

  it('deep nesting of an unknown value costs no stack', () => {
    const deep = new Uint8Array(1 << 20).fill(0x91);
    deep.set(bytesFromHex('81a178'));
    expect(() => decode(pair, deep)).toThrow(DecodeError);
  });
});

function objectVectors(): readonly Uint8Array[] {
  const file = new URL('../../../../fixtures/vectors/snapshot-vectors.json', import.meta.url);
  const found: Uint8Array[] = [];
  collect(JSON.parse(readFileSync(file, 'utf8')), found);
  return found.slice(0, 6);
}

/** Hex texts that look like an object blob: a map whose second key is contentMAC. */
function collect(node: unknown, found: Uint8Array[]): void {
  if (typeof node === 'string') {
    if (/^8[4-6]a776657273696f6ece00010000aa636f6e74656e744d4143/.test(node) && /^[0-9a-f]+$/.test(node)) found.push(bytesFromHex(node));
  } else if (node !== null && typeof node === 'object') {
    for (const value of Object.values(node)) collect(value, found);
  }
}
