import * as bin from '../codec/binary.js';
import { about } from '../codec/codec.js';
import * as mp from '../codec/msgpack.js';
import { map } from '../codec/msgpack-map.js';

/** One file of the local state index: header, records, packfile ids, wide rows of 24 bytes, rows of 44 bytes, slots of 4 bytes, 16-byte tag over all of it. Wardrobe's own, not plakar's. */
export const indexHeader = bin.struct('state index header', {
  magic: about(bin.bytes(8), 'WARDIDX3'),
  byteOrder: about(bin.bytes(4), 'the number 0x01020304 in the byte order of rows and slots'),
  nonce: about(bin.bytes(12), 'of the tag (AES-256-GMAC); new for each file'),
  recordsBytes: bin.u32,
  packfiles: bin.u32,
  wide: bin.u32,
  rows: bin.u32,
  slots: bin.u32,
  seedA: bin.u32,
  seedB: bin.u32,
});

export const INDEX_MAGIC = 'WARDIDX3';
export const INDEX_TAG_BYTES = 16;

const indexRecord = map('state index record', {
  id: mp.mac,
  sizeBytes: mp.size64,
  stamp: mp.nilable(mp.text),
  footer: mp.mac,
  namesItself: mp.bool,
  version: mp.u32,
  parent: mp.nilable(mp.mac),
  timestampNs: mp.i64,
  serial: mp.text,
  counts: map('counts', { locations: mp.size64, coloured: mp.size64, packfiles: mp.size64, deletes: mp.size64 }),
  residue: about(mp.bin, 'its entries other than locations, and the locations of snapshots'),
});

export const indexRecords = map('state index records', {
  versions: about(mp.list(mp.u32), 'blob versions by number'),
  kinds: about(mp.list(mp.u32), 'kinds of rows by number'),
  records: mp.list(indexRecord),
});
