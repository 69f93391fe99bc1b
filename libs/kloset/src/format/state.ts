import * as bin from '../codec/binary.js';
import { about, type Infer } from '../codec/codec.js';
import { V1_1_0 } from '../codec/version.js';

/** Entries of a state stream: `u8` type, `u32` length, payload; the metadata entry has no length and ends the stream. @source 01-store 5.1 */

export const ENTRY_TYPE = { metadata: 1, location: 2, coloured: 3, packfile: 4, configuration: 5, delete: 6 } as const;

/** Resource types that states and packfile indexes name. @source 01-store 1.2 */
export const BLOB_TYPE = { packfile: 4, snapshot: 5, signature: 6, object: 7, chunk: 9, padding: 255 } as const;

export const locationEntry = bin.struct('location entry', {
  type: bin.u8,
  version: bin.u32,
  blob: bin.mac,
  packfile: bin.mac,
  offset: about(bin.size64, 'from the start of the packfile body'),
  lengthBytes: about(bin.u32, 'as stored'),
  flags: about(bin.u32, 'always 0'),
});
export type LocationEntry = Infer<typeof locationEntry>;

export const colouredEntry = bin.struct('coloured entry', {
  type: about(bin.u8, '4 packfile, 5 snapshot'),
  id: bin.mac,
  whenNs: bin.i64,
});

export const packfileEntry = bin.struct('packfile entry', {
  packfile: bin.mac,
  state: about(bin.mac, 'the state that introduced it'),
  whenNs: about(bin.i64, 'time of upload'),
});

/** Read only; never written, because plakar 1.1 cannot load a state that has one. */
export const configurationEntry = bin.struct('configuration entry', { key: bin.bytes8, value: bin.bytes16, createdAtNs: bin.i64 });

export const deleteEntry = bin.struct('delete entry', {
  removes: about(bin.u8, 'entry type: 2 location, 3 colour, 4 packfile with all its locations'),
  type: bin.u8,
  blob: bin.mac,
  packfile: bin.mac,
});

export const stateMetadata = bin.struct('state metadata', {
  version: bin.version('state metadata', V1_1_0),
  timestampNs: bin.i64,
  serial: about(bin.uuid, 'decides nothing'),
});
