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

  /** The stream in pieces of about 64 KiB, with more locations that are asked for as they are written. @throws TypeError delete entries in a state of version 1.0.0 */
  *pieces(end: StateEnd, more: Iterable<LocationEntry>): Generator<Uint8Array> {
    if (this.#hasDeletes && end.version === '1.0.0') throw new TypeError('a state of version 1.0.0 has no delete entries');
    if (end.version === '1.1.0') yield macToBytes(end.parent ?? NOTHING);
    yield this.#deletes.finish();
    yield this.#locations.finish();
    yield* locationPieces(more);
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

const PIECE_BYTES = 64 << 10;

function* locationPieces(locations: Iterable<LocationEntry>): Generator<Uint8Array> {
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

function writeHead(writer: ByteWriter, type: number, sizeBytes: number): void {
  writer.u8(type);
  writer.u32(sizeBytes);
}
