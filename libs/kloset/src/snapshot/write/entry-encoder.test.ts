import { nameBytes } from '@wardrobe/kloset-model';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { macToBytes } from '../../bytes/bytes.js';
import { decode } from '../../codec/codec.js';
import { vfsEntry } from '../../format/snapshot-entry.js';
import { summary } from '../../format/snapshot-summary.js';
import { EntryEncoder } from './entry-encoder.js';
import { entryPayload, ZERO_MAC } from './entry-payload.js';
import { createScan, EntryRecords } from './entry-records.js';
import { EntrySet } from './entry-set.js';
import type { NewEntry } from './types.js';

const u64 = fc.oneof(fc.bigInt(0n, 1n << 40n), fc.bigInt(0n, (1n << 64n) - 1n));
const i64 = fc.oneof(fc.bigInt(-5n, 1n << 40n), fc.bigInt(-(1n << 63n), (1n << 63n) - 1n));
const name = fc.uint8Array({ minLength: 1, maxLength: 300 });
const times = fc.oneof(
  fc.constantFrom(0n, 1_000_000_000n, -1n, 17_179_869_184_000_000_000n, 4_294_967_296_000_000_000n),
  fc.bigInt(-9n * 10n ** 27n, 9n * 10n ** 27n),
);
const entry: fc.Arbitrary<NewEntry> = fc.record({
  path: fc.constant(nameBytes('/x')),
  stat: fc.record({
    sizeBytes: i64,
    goMode: fc.oneof(fc.constantFrom(0o644, 0x8000_01ed, 0x0800_01ff, 0x0200_01a4), fc.nat({ max: 0xffff_ffff })),
    mtimeNs: fc.oneof(fc.bigInt(0n, 1n << 61n), times),
    dev: u64,
    ino: u64,
    uid: u64,
    gid: u64,
    nlink: fc.nat({ max: 100_000 }),
    user: name,
    group: name,
  }),
  symlinkTarget: fc.option(fc.uint8Array({ maxLength: 5000 })),
  content: fc.option(
    fc.record({
      object: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex') as typeof ZERO_MAC),
      sizeBytes: fc.maxSafeNat(),
      chunks: fc.oneof(fc.nat(), fc.maxSafeNat()),
      entropy: fc.oneof(
        fc.constant(0),
        fc.double({ min: 0, max: 8, noNaN: true }).map((value) => value + 0),
      ),
      contentType: fc.constantFrom('', 'text/plain; charset=utf-8', 'application/octet-stream', `x/${'y'.repeat(300)}`),
    }),
  ),
  xattrNames: fc.array(name, { maxLength: 20 }),
});

describe('an entry', () => {
  it('is packed and unpacked without loss, and written at once as its table writes it', () => {
    const records = new EntryRecords();
    const encoder = new EntryEncoder();
    fc.assert(
      fc.property(entry, fc.uint8Array({ minLength: 1, maxLength: 500 }), fc.option(summary.arbitrary(fc)), (given, parent, counts) => {
        const place = records.add(given);
        const fields = records.fields(place);
        const { goMode, dev, uid, gid, nlink, user, group } = given.stat;
        expect(fields.common).toEqual({ goMode, dev, uid, gid, nlink, user, group });
        expect([fields.sizeBytes, fields.mtimeNs, fields.ino]).toEqual([
          given.content === null ? given.stat.sizeBytes : BigInt(given.content.sizeBytes),
          given.stat.mtimeNs,
          given.stat.ino,
        ]);
        expect(Buffer.from(fields.symlinkTarget).equals(Buffer.from(given.symlinkTarget ?? []))).toBe(true);
        expect(fields.xattrNames).toEqual(given.xattrNames);
        expect(fields.content).toEqual(
          given.content === null ? null : { contentType: given.content.contentType, entropy: given.content.entropy, chunks: given.content.chunks },
        );
        const mac = given.content?.object ?? ZERO_MAC;
        expect(records.mac(place)).toBe(mac);
        const scan = records.scan(place, createScan());
        if (scan.isWide) return;
        for (const form of ['1.0', '1.1'] as const) {
          const parts = { parent, name: parent, summary: counts };
          const expected = entryPayload({ ...parts, fields, object: mac, more: null }, form);
          const got = encoder.encode({ ...parts, records, scan, object: macToBytes(mac) }, form);
          expect(Buffer.from(got).equals(expected), form).toBe(true);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('keeps what only copies have, and numbers beyond those that are exact', () => {
    const entries = new EntrySet();
    const more = {
      alternate_data_streams: [nameBytes('stream')],
      security_descriptor: Uint8Array.of(1, 2),
      file_attributes: 7,
      classifications: [{ analyzer: nameBytes('a'), classes: [nameBytes('b')], scores: null }],
      custom_metadata: [{ key: nameBytes('k'), value: Uint8Array.of(3) }],
      tags: [nameBytes('t')],
      flags: 5,
    };
    const [base] = fc.sample(entry, { numRuns: 1, seed: 7 });
    if (base === undefined) throw new Error('no entry');
    entries.add({ ...base, path: nameBytes('/with/more'), more });
    entries.add({ ...base, path: nameBytes('/wide'), stat: { ...base.stat, ino: (1n << 64n) - 1n, mtimeNs: -(10n ** 27n) } });
    const numbers = { more: entries.enter(nameBytes('/with/more')), wide: entries.enter(nameBytes('/wide')) };
    entries.complete();
    const record = (node: number) => decode(vfsEntry, entries.payload(node, { object: new Uint8Array(32), summary: null }, '1.1').slice());
    const { flags, ...rest } = more;
    expect(record(numbers.more)).toMatchObject(rest);
    expect(record(numbers.more).file_info.flags).toBe(flags);
    expect(record(numbers.wide).file_info).toMatchObject({ ino: (1n << 64n) - 1n, mod_time: -(10n ** 27n) });
  });
});
