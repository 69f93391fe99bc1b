import type { Mac, PackfileId, RepositoryId, StateId } from '@wardrobe/kloset-model';
import { concatBytes, macToBytes } from '../bytes/bytes.js';
import { ByteWriter } from '../codec/byte-writer.js';
import { V1_0_0, V1_1_0 } from '../codec/version.js';
import { colouredEntry, deleteEntry, ENTRY_TYPE, type LocationEntry, locationEntry, packfileEntry, stateMetadata } from '../format/state.js';

const NOTHING = '0'.repeat(64) as Mac;

export type StateEnd = {
  /** Version of the envelope and of the metadata. */
  readonly version: '1.0.0' | '1.1.0';
  readonly timestampNs: bigint;
  readonly serial: RepositoryId;
  /** Version 1.1.0 only: a hint for the order of merging. */
  readonly parent: StateId | null;
};

/** Collects the entries of one state and gives its plaintext stream: deletes, locations, colours, packfiles, metadata. @source 01-store 5.1 */
export class StateBuilder {
  readonly #deletes = new ByteWriter();
  readonly #locations = new ByteWriter(1 << 12);
  readonly #colours = new ByteWriter();
  readonly #packfiles = new ByteWriter();
  #entries = 0;
  #hasDeletes = false;

  get isEmpty(): boolean {
    return this.#entries === 0;
  }

  location(entry: LocationEntry): void {
    this.#head(this.#locations, ENTRY_TYPE.location, locationEntry.sizeBytes);
    locationEntry.write(this.#locations, entry);
  }

  packfile(packfile: PackfileId, state: StateId, whenNs: bigint): void {
    this.#head(this.#packfiles, ENTRY_TYPE.packfile, packfileEntry.sizeBytes);
    packfileEntry.write(this.#packfiles, { packfile, state, whenNs });
  }

  colour(type: number, id: Mac, whenNs: bigint): void {
    this.#head(this.#colours, ENTRY_TYPE.coloured, colouredEntry.sizeBytes);
    colouredEntry.write(this.#colours, { type, id, whenNs });
  }

  deleteColour(type: number, id: Mac): void {
    this.#delete({ removes: ENTRY_TYPE.coloured, type, blob: id, packfile: NOTHING });
  }

  deletePackfile(packfile: PackfileId): void {
    this.#delete({ removes: ENTRY_TYPE.packfile, type: 0, blob: NOTHING, packfile });
  }

  deleteLocation(location: { readonly type: number; readonly blob: Mac; readonly packfile: PackfileId }): void {
    this.#delete({ removes: ENTRY_TYPE.location, ...location });
  }

  /** The whole stream. @throws TypeError delete entries in a state of version 1.0.0 */
  finish(end: StateEnd): Uint8Array {
    return concatBytes([...this.pieces(end, [])]);
  }

  /** The stream in pieces, with more locations that are asked for as they are written (`locationPieces`, `LocationPieces`). @throws TypeError delete entries in a state of version 1.0.0 */
  *pieces(end: StateEnd, more: Iterable<Uint8Array>): Generator<Uint8Array> {
    if (this.#hasDeletes && end.version === '1.0.0') throw new TypeError('a state of version 1.0.0 has no delete entries');
    if (end.version === '1.1.0') yield macToBytes(end.parent ?? NOTHING);
    yield this.#deletes.finish();
    yield this.#locations.finish();
    yield* more;
    yield this.#colours.finish();
    yield this.#packfiles.finish();
    const metadata = new ByteWriter(32);
    metadata.u8(ENTRY_TYPE.metadata);
    stateMetadata.write(metadata, { version: end.version === '1.1.0' ? V1_1_0 : V1_0_0, timestampNs: end.timestampNs, serial: end.serial });
    yield metadata.finish();
  }

  #delete(entry: { readonly removes: number; readonly type: number; readonly blob: Mac; readonly packfile: Mac }): void {
    this.#hasDeletes = true;
    this.#head(this.#deletes, ENTRY_TYPE.delete, deleteEntry.sizeBytes);
    deleteEntry.write(this.#deletes, entry);
  }

  #head(writer: ByteWriter, type: number, sizeBytes: number): void {
    this.#entries += 1;
    writeHead(writer, type, sizeBytes);
  }
}

function writeHead(writer: ByteWriter, type: number, sizeBytes: number): void {
  writer.u8(type);
  writer.u32(sizeBytes);
}

const PIECE_BYTES = 64 << 10;

/** Locations as pieces of a state's stream. */
export function* locationPieces(locations: Iterable<LocationEntry>): Generator<Uint8Array> {
  const piece = new ByteWriter(PIECE_BYTES + 128);
  for (const location of locations) {
    writeHead(piece, ENTRY_TYPE.location, locationEntry.sizeBytes);
    locationEntry.write(piece, location);
    if (piece.lengthBytes < PIECE_BYTES) continue;
    yield piece.finish();
    piece.clear();
  }
  yield piece.finish();
}

const PIECE_ENTRIES = 512;
const HEAD_BYTES = 5;
const ID_WORDS = 8;
const TWO_32 = 2 ** 32;

/** Location entries as they stand in a state, written from rows of numbers: a state has hundreds of thousands, and none becomes an object here. */
export class LocationPieces {
  readonly #entryBytes = HEAD_BYTES + locationEntry.sizeBytes;
  readonly #bytes = new Uint8Array(PIECE_ENTRIES * this.#entryBytes);
  readonly #view = new DataView(this.#bytes.buffer);
  #count = 0;

  get isFull(): boolean {
    return this.#count === PIECE_ENTRIES;
  }

  /** `words[at … at+8)` is the blob's id, little-endian; `packfile` has 32 bytes. */
  add(row: Omit<LocationEntry, 'blob' | 'packfile' | 'flags'>, id: { readonly words: Uint32Array; readonly at: number }, packfile: Uint8Array): void {
    const view = this.#view;
    const { offsets } = locationEntry;
    const start = this.#count * this.#entryBytes;
    const entry = start + HEAD_BYTES;
    view.setUint8(start, ENTRY_TYPE.location);
    view.setUint32(start + 1, locationEntry.sizeBytes, true);
    view.setUint8(entry + offsets.type, row.type);
    view.setUint32(entry + offsets.version, row.version, true);
    for (let word = 0; word < ID_WORDS; word += 1) view.setUint32(entry + offsets.blob + word * 4, id.words[id.at + word] as number, true);
    this.#bytes.set(packfile, entry + offsets.packfile);
    view.setUint32(entry + offsets.offset, row.offset % TWO_32, true);
    view.setUint32(entry + offsets.offset + 4, Math.floor(row.offset / TWO_32), true);
    view.setUint32(entry + offsets.lengthBytes, row.lengthBytes, true);
    view.setUint32(entry + offsets.flags, 0, true);
    this.#count += 1;
  }

  /** What was added since the last call: a view, good until the next `add`. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#count * this.#entryBytes);
    this.#count = 0;
    return taken;
  }
}
