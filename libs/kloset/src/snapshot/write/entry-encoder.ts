import { concatBytes } from '../../bytes/bytes.js';
import { encode } from '../../codec/codec.js';
import { GO_MODE, nameBytes } from '@wardrobe/kloset-model';
import * as mp from '../../codec/msgpack.js';
import { V1_0_0 } from '../../codec/version.js';
import { summary, type SummaryRecord } from '../../format/snapshot-summary.js';
import type { StoreLine } from '../../repository/writer-types.js';
import { NOT_A_FILE } from './entry-payload.js';
import type { EntryRecords, EntryScan, StatClass } from './entry-records.js';

/** What an entry's bytes are made of. */
export type EncodeParts = {
  readonly records: EntryRecords;
  readonly scan: EntryScan;
  /** Path of the parent. */
  readonly parent: Uint8Array;
  readonly name: Uint8Array;
  /** 32 bytes. */
  readonly object: Uint8Array;
  readonly summary: SummaryRecord | null;
};

const NOT_REGULAR = 0x8f280000;
const ROOM_BYTES = 4096;
const FILE_INFO_MEMBERS = 12;
const TWO_32 = 2 ** 32;

/** Parts of an entry that are the same for many, as bytes. */
type ClassPieces = { readonly mode: Uint8Array; readonly device: Uint8Array; readonly owner: Uint8Array };

const KEYS = {
  parent: concatBytes([key('version'), encode(mp.u32, V1_0_0), key('parent_path')]),
  info: concatBytes([key('file_info'), Uint8Array.of(0x80 | FILE_INFO_MEMBERS), key('name')]),
  size: concatBytes([key('size'), Uint8Array.of(0xd3)]),
  noSummary: concatBytes([key('summary'), Uint8Array.of(0xc0)]),
  summary: key('summary'),
  target: key('symlink_target'),
  object: concatBytes([key('object'), Uint8Array.of(0xc4, 32)]),
  entropy: concatBytes([key('entropy'), Uint8Array.of(0xcb)]),
  chunks: concatBytes([key('chunks'), Uint8Array.of(0xcf)]),
};

/**
 * Writes entries without an object for each: what `entryPayload` says, byte for byte, from packed records. A snapshot of a million files writes three million.
 * Entries with numbers beyond 2^51 or with members that backups never have are for `entryPayload`.
 */
export class EntryEncoder {
  #bytes: Uint8Array = new Uint8Array(ROOM_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;
  readonly #classes = new Map<number, ClassPieces>();
  readonly #types = new Map<number, Uint8Array>();
  readonly #xattrs = new Map<number, Uint8Array>();

  /** A view of memory that the next call writes over. */
  encode(parts: EncodeParts, form: StoreLine): Uint8Array {
    const { scan } = parts;
    const summaryBytes = parts.summary === null || form === '1.1' ? null : encode(summary, parts.summary);
    this.#start(parts.parent.length + parts.name.length + scan.target.length + (summaryBytes?.length ?? 0));
    const type = form === '1.1' ? this.#typePiece(parts) : null;
    const hasEntropy = form === '1.1' && scan.entropy !== 0;
    const hasChunks = form === '1.1' && scan.chunks !== 0;
    const members = 5 + Number(type !== null) + Number(hasEntropy) + Number(hasChunks) + Number(scan.target.length > 0) + Number(scan.xattrs >= 0);
    this.#bytes[this.#at++] = 0x80 | members;
    this.#put(KEYS.parent);
    this.#str(parts.parent);
    this.#fileInfo(parts);
    if (summaryBytes === null) this.#put(KEYS.noSummary);
    else {
      this.#put(KEYS.summary);
      this.#put(summaryBytes);
    }
    if (scan.target.length > 0) {
      this.#put(KEYS.target);
      this.#str(scan.target);
    }
    this.#put(KEYS.object);
    this.#put(parts.object);
    if (type !== null) this.#put(type);
    if (hasEntropy) {
      this.#put(KEYS.entropy);
      this.#view.setFloat64(this.#at, scan.entropy);
      this.#at += 8;
    }
    if (hasChunks) {
      this.#put(KEYS.chunks);
      this.#u64(scan.chunks);
    }
    if (scan.xattrs >= 0) this.#put(this.#xattrPiece(parts));
    return this.#bytes.subarray(0, this.#at);
  }

  #fileInfo(parts: EncodeParts): void {
    const { scan } = parts;
    const pieces = this.#classPieces(parts);
    this.#put(KEYS.info);
    this.#str(parts.name);
    this.#put(KEYS.size);
    this.#i64(scan.sizeBytes);
    this.#put(pieces.mode);
    this.#time(scan.seconds, scan.nanoseconds);
    this.#put(pieces.device);
    this.#u64(scan.ino);
    this.#put(pieces.owner);
  }

  #start(variableBytes: number): void {
    this.#at = 0;
    const needed = variableBytes + ROOM_BYTES;
    if (this.#bytes.length >= needed) return;
    this.#bytes = new Uint8Array(needed * 2);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Interned pieces may be of any length. */
  #put(piece: Uint8Array): void {
    if (this.#at + piece.length + ROOM_BYTES / 2 > this.#bytes.length) {
      const larger = new Uint8Array((this.#bytes.length + piece.length) * 2);
      larger.set(this.#bytes.subarray(0, this.#at));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    const bytes = this.#bytes;
    let at = this.#at;
    if (piece.length > 40) bytes.set(piece, at);
    else for (let from = 0; from < piece.length; from++) bytes[at + from] = piece[from] as number;
    at += piece.length;
    this.#at = at;
  }

  #str(value: Uint8Array): void {
    if (value.length < 32) this.#bytes[this.#at++] = 0xa0 | value.length;
    else if (value.length < 0x100) {
      this.#bytes[this.#at++] = 0xd9;
      this.#bytes[this.#at++] = value.length;
    } else if (value.length < 0x10000) {
      this.#bytes[this.#at++] = 0xda;
      this.#view.setUint16(this.#at, value.length);
      this.#at += 2;
    } else {
      this.#bytes[this.#at++] = 0xdb;
      this.#view.setUint32(this.#at, value.length);
      this.#at += 4;
    }
    this.#put(value);
  }

  #u64(value: number): void {
    this.#view.setUint32(this.#at, Math.floor(value / TWO_32));
    this.#view.setUint32(this.#at + 4, value % TWO_32);
    this.#at += 8;
  }

  #i64(value: number): void {
    if (value >= 0) this.#u64(value);
    else {
      this.#view.setBigInt64(this.#at, BigInt(value));
      this.#at += 8;
    }
  }

  /** @source 02-snapshot 0.3 */
  #time(seconds: number, nanoseconds: number): void {
    const view = this.#view;
    if (seconds < 0 || seconds >= 2 ** 34) {
      view.setUint16(this.#at, 0xc70c);
      view.setUint8(this.#at + 2, 0xff);
      view.setUint32(this.#at + 3, nanoseconds);
      this.#at += 7;
      this.#i64(seconds);
    } else if (nanoseconds === 0 && seconds < TWO_32) {
      view.setUint16(this.#at, 0xd6ff);
      view.setUint32(this.#at + 2, seconds);
      this.#at += 6;
    } else {
      view.setUint16(this.#at, 0xd7ff);
      view.setUint32(this.#at + 2, nanoseconds * 4 + Math.floor(seconds / TWO_32));
      view.setUint32(this.#at + 6, seconds % TWO_32);
      this.#at += 10;
    }
  }

  #classPieces({ records, scan }: EncodeParts): ClassPieces {
    const known = this.#classes.get(scan.common);
    if (known !== undefined) return known;
    const pieces = classPieces(records.common(scan.common));
    this.#classes.set(scan.common, pieces);
    return pieces;
  }

  /** Key and value; null when there is no type. */
  #typePiece({ records, scan }: EncodeParts): Uint8Array | null {
    const known = this.#types.get(scan.type);
    if (known !== undefined && scan.type >= 0) return known.length === 0 ? null : known;
    if (scan.type < 0) {
      const { goMode } = records.common(scan.common);
      return (goMode & GO_MODE.directory) !== 0 || (goMode & NOT_REGULAR) === 0 ? null : NOT_A_FILE_PIECE;
    }
    const contentType = records.contentType(scan.type);
    const piece = contentType === '' ? new Uint8Array(0) : typePiece(contentType);
    this.#types.set(scan.type, piece);
    return piece.length === 0 ? null : piece;
  }

  #xattrPiece({ records, scan }: EncodeParts): Uint8Array {
    const known = this.#xattrs.get(scan.xattrs);
    if (known !== undefined) return known;
    const names = records.xattrNames(scan.xattrs);
    const piece = concatBytes([key('extended_attributes'), encode(mp.list(mp.str), names)]);
    this.#xattrs.set(scan.xattrs, piece);
    return piece;
  }
}

const NOT_A_FILE_PIECE = typePiece(NOT_A_FILE);

function typePiece(contentType: string): Uint8Array {
  return concatBytes([key('content_type'), encode(mp.str, nameBytes(contentType))]);
}

function classPieces(common: StatClass): ClassPieces {
  const { goMode, dev, uid, gid, nlink, user, group } = common;
  return {
    mode: concatBytes([key('mode'), encode(mp.u32, goMode), key('mod_time')]),
    device: concatBytes([key('dev'), encode(mp.u64, dev), key('ino'), Uint8Array.of(0xcf)]),
    owner: concatBytes([
      ...[key('uid'), encode(mp.u64, uid), key('gid'), encode(mp.u64, gid), key('nlink'), encode(mp.u16, nlink & 0xffff)],
      ...[key('username'), encode(mp.str, user), key('groupname'), encode(mp.str, group), key('flags'), encode(mp.u32, 0)],
    ]),
  };
}

function key(name: string): Uint8Array {
  return encode(mp.str, nameBytes(name));
}
