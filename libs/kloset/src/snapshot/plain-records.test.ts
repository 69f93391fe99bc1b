import { childPath, nameBytes } from '@wardrobe/kloset-model';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, encode } from '../codec/codec.js';
import { KlosetError } from '../errors/errors.js';
import { type VfsEntryRecord, vfsEntry } from '../format/snapshot-entry.js';
import { object } from '../format/snapshot-object.js';
import { treeNode } from '../format/snapshot-tree.js';
import { toObject } from './content.js';
import { expectPath, readEntry } from './entry.js';
import { plainNode } from './plain-nodes.js';
import { CHUNK_RECORD, PlainRecords } from './plain-records.js';
import { macFromBytes } from '../bytes/bytes.js';

const MAC = macFromBytes(new Uint8Array(32).fill(9));

/** The value, or null where it cannot be had. */
function attempt<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof KlosetError) return null;
    throw error;
  }
}

const someEntry: fc.Arbitrary<VfsEntryRecord> = vfsEntry.arbitrary(fc).map((record) => ({
  ...record,
  parent_path: nameBytes('/a/b'),
  file_info: { ...record.file_info, name: nameBytes('name') },
  summary: null,
  alternate_data_streams: [],
  security_descriptor: new Uint8Array(0),
  file_attributes: 0,
  extended_attributes: [],
  classifications: [],
  custom_metadata: [],
  tags: [],
}));
const PATH = childPath(nameBytes('/a/b'), nameBytes('name'));
/** Where bytes are changed, and to what: none, one or some. */
const changes = fc.array(fc.tuple(fc.nat({ max: 400 }), fc.nat({ max: 255 })), { maxLength: 3 });

function changed(bytes: Uint8Array, list: readonly (readonly [number, number])[]): Uint8Array {
  const copy = bytes.slice();
  for (const [at, value] of list) if (at < copy.length) copy[at] = value;
  return copy;
}

describe('plain records', () => {
  it('entries as they are usually written are plain, and say what the decoder says', () => {
    fc.assert(
      fc.property(someEntry, (record) => {
        const bytes = encode(vfsEntry, record);
        const found = new PlainRecords(bytes).entry(0, bytes.length, PATH);
        const entry = readEntry(bytes, MAC);
        expect(found?.isDirectory).toBe(entry.type === 'directory');
        const object = found === null || found.objectAt < 0 ? null : macFromBytes(bytes.subarray(found.objectAt, found.objectAt + 32));
        expect(object).toBe(entry.object);
      }),
    );
  });

  it('whatever bytes of an entry are changed, or missing: what is plain the decoder accepts, and says the same', () => {
    fc.assert(
      fc.property(someEntry, changes, fc.nat({ max: 3 }), (record, list, missing) => {
        const whole = changed(encode(vfsEntry, record), list);
        const bytes = whole.subarray(0, whole.length - missing);
        const found = new PlainRecords(bytes).entry(0, bytes.length, PATH);
        if (found === null) return;
        const entry = attempt(() => expectPath(readEntry(bytes, MAC), PATH));
        expect(entry).not.toBeNull();
        expect(found.isDirectory).toBe(entry?.type === 'directory');
      }),
      { numRuns: 2000 },
    );
  });

  it('an entry is not plain at another path, nor with a name that cannot stand in a tree', () => {
    const [record] = fc.sample(someEntry, 1) as [VfsEntryRecord];
    const scan = (bytes: Uint8Array, path: Uint8Array): unknown => new PlainRecords(bytes).entry(0, bytes.length, path);
    expect(scan(encode(vfsEntry, record), nameBytes('/a/b/names'))).toBeNull();
    expect(scan(encode(vfsEntry, record), nameBytes('/a/c/name'))).toBeNull();
    const dots = { ...record, file_info: { ...record.file_info, name: nameBytes('..') } };
    expect(scan(encode(vfsEntry, dots), nameBytes('/a/b/..'))).toBeNull();
    expect(scan(encode(vfsEntry, { ...record, parent_path: nameBytes('/a/../b') }), nameBytes('/a/../b/name'))).toBeNull();
  });

  it('objects: what is plain the decoder reads as the same, whatever bytes are changed', () => {
    fc.assert(
      fc.property(object.arbitrary(fc), changes, (record, list) => {
        const bytes = changed(encode(object, record), list);
        const found = new PlainRecords(bytes).object(0, bytes.length);
        if (list.length === 0 && (record.chunks ?? []).length > 0) expect(found).not.toBeNull();
        if (found === null) return;
        const decoded = attempt(() => toObject(decode(object, bytes), MAC));
        expect(decoded?.contentMac).toBe(macFromBytes(bytes.subarray(found.contentMacAt, found.contentMacAt + 32)));
        const chunks = Array.from({ length: found.chunks }, (_, chunk) => {
          const at = found.chunksAt + chunk * CHUNK_RECORD.strideBytes;
          const lengthBytes = new DataView(bytes.buffer, bytes.byteOffset).getUint32(at + CHUNK_RECORD.lengthBytes);
          return { mac: macFromBytes(bytes.subarray(at + CHUNK_RECORD.mac, at + CHUNK_RECORD.mac + 32)), lengthBytes };
        });
        expect(decoded?.chunks.map(({ mac, lengthBytes }) => ({ mac, lengthBytes }))).toEqual(chunks);
      }),
      { numRuns: 2000 },
    );
  });

  it('nodes: what is plain the decoder reads as the same, whatever bytes are changed or missing', () => {
    fc.assert(
      fc.property(treeNode.arbitrary(fc), changes, fc.nat({ max: 2 }), (record, list, missing) => {
        const whole = changed(encode(treeNode, record), list);
        const bytes = whole.subarray(0, whole.length - missing);
        const found = plainNode(bytes);
        if (list.length === 0 && missing === 0) expect(found).not.toBeNull();
        if (found === null) return;
        const decoded = attempt(() => decode(treeNode, bytes));
        expect({ keys: decoded?.keys ?? [], pointers: decoded?.pointers ?? [], values: decoded?.values ?? [] }).toEqual({
          keys: found.keys.map((one) => one.slice()),
          pointers: found.pointers,
          values: found.values,
        });
      }),
      { numRuns: 2000 },
    );
  });
});
