import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decode, encode } from '../codec/codec.js';
import type { MsgpackCodec } from '../codec/msgpack.js';
import { bytesFromHex } from '../bytes/bytes.js';
import { DecodeError } from '../errors/errors.js';
import { vfsEntry } from './snapshot-entry.js';
import { snapshotHeader } from './snapshot-header.js';
import { errorItem, xattrItem } from './snapshot-items.js';
import { object } from './snapshot-object.js';
import { summary } from './snapshot-summary.js';
import { treeNode, treeRoot } from './snapshot-tree.js';

type Vectors = {
  readonly stores: Readonly<
    Record<string, { readonly blobs: readonly { readonly type: number; readonly name: string; readonly mac: string; readonly hex: string }[] }>
  >;
};
const vectors = JSON.parse(readFileSync(new URL('../../../../fixtures/vectors/snapshot-vectors.json', import.meta.url), 'utf8')) as Vectors;

const TABLES = new Map<number, unknown>([
  [5, snapshotHeader],
  [7, object],
  [10, treeRoot],
  [11, treeNode],
  [12, vfsEntry],
  [13, treeRoot],
  [14, treeNode],
  [15, errorItem],
  [16, treeRoot],
  [17, treeNode],
  [18, xattrItem],
  [19, treeRoot],
  [20, treeNode],
  [21, summary],
]);

describe.each(Object.entries(vectors.stores))('%s', (_name, store) => {
  const records = store.blobs.filter((blob) => TABLES.has(blob.type));
  it('holds every record type', () => {
    expect(records.length).toBeGreaterThan(30);
  });
  it.each(records.map((blob) => [`${blob.name} ${blob.mac.slice(0, 8)}`, blob] as const))('%s is written back to the very bytes', (_label, blob) => {
    const table = TABLES.get(blob.type) as MsgpackCodec<unknown>;
    const bytes = bytesFromHex(blob.hex);
    expect(Buffer.from(encode(table, decode(table, bytes))).toString('hex')).toBe(blob.hex);
  });
  it.each([...TABLES.keys()].flatMap((type) => records.filter((blob) => blob.type === type).slice(0, 1)).map((blob) => [blob.name, blob] as const))(
    'every prefix of a %s is a DecodeError',
    (_label, blob) => {
      const table = TABLES.get(blob.type) as MsgpackCodec<unknown>;
      const bytes = bytesFromHex(blob.hex);
      for (let length = 0; length < bytes.length; length++) expect(() => decode(table, bytes.subarray(0, length))).toThrow(DecodeError);
    },
  );
});
