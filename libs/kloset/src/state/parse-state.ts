import type { StateId } from '@wardrobe/kloset-model';
import * as bin from '../codec/binary.js';
import { ByteReader } from '../codec/byte-reader.js';
import { ByteWriter } from '../codec/byte-writer.js';
import { V1_1_0 } from '../codec/version.js';
import type { Place } from '../errors/errors.js';
import { BLOB_TYPE, colouredEntry, configurationEntry, deleteEntry, ENTRY_TYPE, locationEntry, packfileEntry, stateMetadata } from '../format/state.js';
import { WordReader } from '../codec/word-reader.js';
import { ENTRY_HEAD_BYTES, entryRuns, type Run } from './entry-runs.js';
import type { LocationTable } from './location-table.js';
import type { StateRecord } from './state-record.js';

/** Payload bytes of the entries of fixed size. */
const PAYLOAD_BYTES: Readonly<Record<number, number>> = {
  [ENTRY_TYPE.location]: locationEntry.sizeBytes,
  [ENTRY_TYPE.coloured]: colouredEntry.sizeBytes,
  [ENTRY_TYPE.packfile]: packfileEntry.sizeBytes,
  [ENTRY_TYPE.delete]: deleteEntry.sizeBytes,
};
const NO_PARENT = '0'.repeat(64);
/** Offsets are kept in 48 bits. */
const OFFSET_LIMIT_HIGH = 2 ** 16;

export type ParsedState = Omit<StateRecord, 'id' | 'sizeBytes' | 'stamp' | 'footer' | 'namesItself'>;

type ParseOptions = { readonly version: number; readonly table: LocationTable; readonly place?: Place };

/**
 * Reads a whole state stream, checks all of it, and only then adds its locations to `table`: a state that is damaged half-way adds nothing.
 * Entries of unknown type are skipped, and to a 1.0.0 state deletes are unknown; a wrong length of a known one is an error. @source 01-store 5.1
 * @throws DecodeError, UnsupportedVersionError, TooLargeError
 */
export function parseState(stream: Uint8Array, options: ParseOptions): ParsedState {
  return parseStatePieces(() => [stream], options);
}

/** The same of a stream in pieces, which is gone through twice. Each piece is good until the next one. @throws as `parseState`, and what the pieces throw */
export function parseStatePieces(pieces: () => Iterable<Uint8Array>, options: ParseOptions): ParsedState {
  const hasDeletes = options.version >= V1_1_0;
  const runs = (): Iterable<Run> => entryRuns(pieces(), hasDeletes ? bin.mac.sizeBytes : 0);
  const { parent, counts, metadata } = checkEntries(runs(), { place: options.place ?? {}, hasDeletes });
  return {
    version: options.version,
    parent: parent === NO_PARENT ? null : (parent as StateId),
    timestampNs: metadata.timestampNs,
    serial: metadata.serial,
    counts,
    residue: addEntries(runs(), { table: options.table, hasDeletes }),
  };
}

type Counts = { locations: number; coloured: number; packfiles: number; deletes: number };
type Checked = { parent: string; readonly counts: Counts; metadata: Metadata | null };
type Metadata = ReturnType<typeof stateMetadata.read>;

function checkEntries(runs: Iterable<Run>, { place, hasDeletes }: { readonly place: Place; readonly hasDeletes: boolean }) {
  const checked: Checked = { parent: NO_PARENT, counts: { locations: 0, coloured: 0, packfiles: 0, deletes: 0 }, metadata: null };
  for (const { part, bytes, offset } of runs) {
    const reader = new ByteReader(bytes, 'state', place, offset);
    if (part === 'head' && hasDeletes) checked.parent = bin.mac.read(reader);
    // What is left behind the whole entries has to be the metadata.
    while (reader.remaining > 0 || (part === 'rest' && checked.metadata === null)) checkEntry(reader, checked, hasDeletes);
  }
  const { parent, counts, metadata } = checked;
  if (metadata === null) throw new TypeError('a state stream ends with its last run');
  return { parent, counts, metadata };
}

function checkEntry(reader: ByteReader, checked: Checked, hasDeletes: boolean): void {
  const type = reader.u8();
  if (type === ENTRY_TYPE.metadata) {
    checked.metadata = stateMetadata.read(reader);
    reader.expectEnd();
    return;
  }
  const lengthBytes = reader.u32();
  if (type === ENTRY_TYPE.delete && !hasDeletes) {
    reader.skip(lengthBytes);
    return;
  }
  const expected = PAYLOAD_BYTES[type];
  if (expected !== undefined && lengthBytes !== expected) reader.fail(`an entry of type ${type} has ${lengthBytes} bytes, not ${expected},`);
  const payloadAt = reader.offset;
  checkPayload(reader, type, checked.counts);
  const used = reader.offset - payloadAt;
  if (used > lengthBytes) reader.fail(`an entry of type ${type} has only ${lengthBytes} bytes`);
  reader.skip(lengthBytes - used);
}

function checkPayload(reader: ByteReader, type: number, counts: Counts): void {
  switch (type) {
    case ENTRY_TYPE.location: {
      reader.skip(locationEntry.offsets.offset);
      reader.skip(4);
      // The high half alone: a bigint for each of millions of locations would be garbage to collect.
      const high = reader.u32();
      if (high >= OFFSET_LIMIT_HIGH) reader.fail(`the offset of a location, ${high} × 2^32 and more, is absurd`);
      counts.locations += 1;
      return;
    }
    case ENTRY_TYPE.coloured:
      counts.coloured += 1;
      return;
    case ENTRY_TYPE.packfile:
      counts.packfiles += 1;
      return;
    case ENTRY_TYPE.configuration:
      configurationEntry.read(reader);
      return;
    case ENTRY_TYPE.delete: {
      const removes = reader.u8();
      if (removes !== ENTRY_TYPE.location && removes !== ENTRY_TYPE.coloured && removes !== ENTRY_TYPE.packfile)
        reader.fail(`a delete entry removes the unknown type ${removes}`);
      counts.deletes += 1;
      return;
    }
    default:
  }
}

type Adding = { readonly table: LocationTable; readonly hasDeletes: boolean };

/** Second pass over checked entries. Returns the *residue*: all that is not a location (snapshots' locations included) in the same encoding. */
function addEntries(runs: Iterable<Run>, adding: Adding): Uint8Array {
  const residue = new ByteWriter(128);
  for (const { part, bytes } of runs) if (part === 'entries') addRun(bytes, residue, adding);
  return residue.finish();
}

function addRun(stream: Uint8Array, residue: ByteWriter, { table, hasDeletes }: Adding): void {
  const words = new WordReader(stream);
  for (let at = 0; at < stream.length; ) {
    const type = stream[at] as number;
    const payload = at + ENTRY_HEAD_BYTES;
    const next = payload + words.u32(at + 1);
    if (type === ENTRY_TYPE.location) addLocation(words, payload, table);
    const isDelete = type === ENTRY_TYPE.delete && hasDeletes;
    const isTombstone = isDelete && stream[payload] === ENTRY_TYPE.location;
    if (isTombstone) addTombstone(words, payload, table);
    const isResidue =
      type === ENTRY_TYPE.coloured ||
      type === ENTRY_TYPE.packfile ||
      (isDelete && !isTombstone) ||
      (type === ENTRY_TYPE.location && stream[payload] === BLOB_TYPE.snapshot);
    if (isResidue) residue.bytes(stream.subarray(at, next));
    at = next;
  }
}

const LOCATION = locationEntry.offsets;
const DELETE = deleteEntry.offsets;

function addLocation(words: WordReader, at: number, table: LocationTable): void {
  table.insert({
    type: words.u8(at + LOCATION.type),
    version: words.u32(at + LOCATION.version),
    words: words.twoMacs(at + LOCATION.blob),
    offset: words.size64(at + LOCATION.offset),
    lengthBytes: words.u32(at + LOCATION.lengthBytes),
    stated: true,
    tombstoned: false,
  });
}

function addTombstone(words: WordReader, at: number, table: LocationTable): void {
  table.insert({
    type: words.u8(at + DELETE.type),
    version: 0,
    words: words.twoMacs(at + DELETE.blob),
    offset: 0,
    lengthBytes: 0,
    stated: false,
    tombstoned: true,
  });
}
