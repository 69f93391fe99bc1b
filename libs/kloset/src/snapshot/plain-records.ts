import { entryTypeOf, isCleanPath, isPlainName, SLASH } from '@wardrobe/kloset-model';
import { V1_0_0 } from '../codec/version.js';

/**
 * Entries and objects as both plakar lines and Wardrobe write them: all members in their order, in the very width of the tables (`format/snapshot-entry.ts`,
 * `format/snapshot-object.ts`). Scanning such bytes makes no object. What is written in any other way is "not plain", which says nothing against it: the
 * decoder (`decode`) has the last word then. Everything that is accepted here the decoder accepts as well.
 */

/** `start`, `lengthBytes`: places in the bytes that were scanned. */
export type PlainEntry = {
  readonly isDirectory: boolean;
  /** Where the MAC of its content lies; -1: it has none. */
  readonly objectAt: number;
};

/** `parent` is `/` or ends without a slash; with the name it makes the entry's path. */
export type PlacedEntry = PlainEntry & { readonly parent: Text; readonly name: Text };

export type PlainObject = {
  /** Where the MAC of the content lies. */
  readonly contentMacAt: number;
  readonly chunks: number;
  /** Where the first chunk's record begins; each takes `CHUNK_RECORD.strideBytes`. */
  readonly chunksAt: number;
};

const encoder = new TextEncoder();
/** A member's name as msgpack has it, and what follows it always. */
const key = (name: string, ...after: readonly number[]): Uint8Array => Uint8Array.of(0xa0 | name.length, ...encoder.encode(name), ...after);

const U16 = 0xcd;
const U32 = 0xce;
const U64 = 0xcf;
const I64 = 0xd3;
const F64 = 0xcb;
const NIL = 0xc0;
const MAC_HEAD = [0xc4, 32] as const;
const MAC_BYTES = 32;
const MAX_NANOSECONDS = 999_999_999;
const FILE_INFO_MEMBERS = 12;
const ENTRY_MEMBERS = { always: 5, most: 9 } as const;
const OBJECT_MEMBERS = { always: 4, most: 6 } as const;

const VERSION = key('version', U32);
const FLAGS = key('flags', U32);
const ENTROPY = key('entropy', F64);
const CONTENT_TYPE = key('content_type');
const ENTRY = {
  parent: key('parent_path'),
  info: key('file_info', 0x80 | FILE_INFO_MEMBERS),
  name: key('name'),
  size: key('size', I64),
  mode: key('mode', U32),
  modTime: key('mod_time'),
  dev: key('dev', U64),
  ino: key('ino', U64),
  uid: key('uid', U64),
  gid: key('gid', U64),
  nlink: key('nlink', U16),
  username: key('username'),
  groupname: key('groupname'),
  summary: key('summary', NIL),
  target: key('symlink_target'),
  object: key('object', ...MAC_HEAD),
  chunks: key('chunks', U64),
};
const CONTENT_MAC = key('contentMAC', ...MAC_HEAD);
const CHUNKS = key('chunks');
const CHUNK_HEAD = Uint8Array.of(0x85, ...VERSION);
const LENGTH = key('length', U32);

/** Where the parts of a chunk lie in its record inside of an object. */
const CHUNK_MAC_AT = CHUNK_HEAD.length + 4 + CONTENT_MAC.length;
const CHUNK_LENGTH_AT = CHUNK_MAC_AT + MAC_BYTES + LENGTH.length;
export const CHUNK_RECORD = {
  mac: CHUNK_MAC_AT,
  lengthBytes: CHUNK_LENGTH_AT,
  strideBytes: CHUNK_LENGTH_AT + 4 + ENTROPY.length + 8 + FLAGS.length + 4,
} as const;

/** Scans records in one piece of memory. */
export class PlainRecords {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #end = 0;
  /** Place and length of the string passed last. */
  #text = { at: 0, lengthBytes: 0 };

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The entry in `lengthBytes` from `at` on, if it is plain and stands at `path`; else null. */
  entry(at: number, lengthBytes: number, path: Uint8Array): PlainEntry | null {
    const found = this.entryAnywhere(at, lengthBytes);
    return found !== null && this.#stands(found, path) ? found : null;
  }

  /** The same at whatever path it says that it stands. */
  entryAnywhere(at: number, lengthBytes: number): PlacedEntry | null {
    this.#at = at;
    this.#end = at + lengthBytes;
    const members = this.#mapHead(ENTRY_MEMBERS);
    if (members < 0 || !this.#version() || !this.#string(ENTRY.parent)) return null;
    const parent = this.#text;
    if (!this.#literal(ENTRY.info) || !this.#string(ENTRY.name)) return null;
    const name = this.#text;
    const mode = this.#restOfInfo();
    if (mode < 0 || !this.#literal(ENTRY.summary)) return null;
    let found = ENTRY_MEMBERS.always;
    if (this.#begins(ENTRY.target) && this.#string(ENTRY.target)) found += 1;
    if (!this.#literal(ENTRY.object)) return null;
    const objectAt = this.#at;
    if (!this.#skip(MAC_BYTES)) return null;
    found += this.#description();
    if (this.#begins(ENTRY.chunks) && this.#fixed(ENTRY.chunks, 8)) found += 1;
    if (found !== members || this.#at !== this.#end || !this.#mayStand(parent, name)) return null;
    return { isDirectory: entryTypeOf(mode) === 'directory', objectAt: this.#isZero(objectAt) ? -1 : objectAt, parent, name };
  }

  /** The object in `lengthBytes` from `at` on, if it is plain and has chunks; else null. */
  object(at: number, lengthBytes: number): PlainObject | null {
    this.#at = at;
    this.#end = at + lengthBytes;
    const members = this.#mapHead(OBJECT_MEMBERS);
    if (members < 0 || !this.#version() || !this.#literal(CONTENT_MAC)) return null;
    const contentMacAt = this.#at;
    if (!this.#skip(MAC_BYTES) || !this.#literal(CHUNKS)) return null;
    const chunks = this.#listHead();
    const chunksAt = this.#at;
    if (chunks <= 0) return null;
    for (let chunk = 0; chunk < chunks; chunk++) if (!this.#chunk()) return null;
    const found = OBJECT_MEMBERS.always + this.#description();
    if (!this.#fixed(FLAGS, 4)) return null;
    return found === members && this.#at === this.#end ? { contentMacAt, chunks, chunksAt } : null;
  }

  /** Behind the name to the end of the file's facts: its mode, or -1. */
  #restOfInfo(): number {
    if (!this.#fixed(ENTRY.size, 8) || !this.#fixed(ENTRY.mode, 4)) return -1;
    const mode = this.#view.getUint32(this.#at - 4);
    const isRight =
      this.#literal(ENTRY.modTime) &&
      this.#timestamp() &&
      this.#fixed(ENTRY.dev, 8) &&
      this.#fixed(ENTRY.ino, 8) &&
      this.#fixed(ENTRY.uid, 8) &&
      this.#fixed(ENTRY.gid, 8) &&
      this.#fixed(ENTRY.nlink, 2) &&
      this.#string(ENTRY.username) &&
      this.#string(ENTRY.groupname) &&
      this.#fixed(FLAGS, 4);
    return isRight ? mode : -1;
  }

  #chunk(): boolean {
    return (
      this.#literal(CHUNK_HEAD) &&
      this.#versionNumber() &&
      this.#fixed(CONTENT_MAC, MAC_BYTES) &&
      this.#fixed(LENGTH, 4) &&
      this.#fixed(ENTROPY, 8) &&
      this.#fixed(FLAGS, 4)
    );
  }

  /** Content type and entropy, each of which may be left out; how many there are. */
  #description(): number {
    let found = 0;
    if (this.#begins(CONTENT_TYPE) && this.#string(CONTENT_TYPE)) found += 1;
    if (this.#begins(ENTROPY) && this.#fixed(ENTROPY, 8)) found += 1;
    return found;
  }

  /** Whether parent and name are such as may stand in a tree. The root, and whatever is odd, is for the decoder. @source 02-snapshot 2.5 */
  #mayStand(parent: Text, name: Text): boolean {
    const bytes = this.#bytes;
    return isPlainName(bytes.subarray(name.at, name.at + name.lengthBytes)) && isCleanPath(bytes.subarray(parent.at, parent.at + parent.lengthBytes));
  }

  /** Whether parent and name make the path. */
  #stands({ parent, name }: PlacedEntry, path: Uint8Array): boolean {
    const bytes = this.#bytes;
    const below = parent.lengthBytes === 1 ? 1 : parent.lengthBytes + 1;
    if (path.length !== below + name.lengthBytes || path[below - 1] !== SLASH) return false;
    for (let i = 0; i < parent.lengthBytes; i++) if (bytes[parent.at + i] !== path[i]) return false;
    for (let i = 0; i < name.lengthBytes; i++) if (bytes[name.at + i] !== path[below + i]) return false;
    return true;
  }

  #begins(expected: Uint8Array): boolean {
    if (this.#at + expected.length > this.#end) return false;
    for (let i = 0; i < expected.length; i++) if (this.#bytes[this.#at + i] !== expected[i]) return false;
    return true;
  }

  #literal(expected: Uint8Array): boolean {
    if (!this.#begins(expected)) return false;
    this.#at += expected.length;
    return true;
  }

  #skip(lengthBytes: number): boolean {
    this.#at += lengthBytes;
    return this.#at <= this.#end;
  }

  #fixed(member: Uint8Array, lengthBytes: number): boolean {
    return this.#literal(member) && this.#skip(lengthBytes);
  }

  #version(): boolean {
    return this.#literal(VERSION) && this.#versionNumber();
  }

  #versionNumber(): boolean {
    return this.#skip(4) && this.#view.getUint32(this.#at - 4) <= V1_0_0;
  }

  #string(member: Uint8Array): boolean {
    if (!this.#literal(member) || this.#at >= this.#end) return false;
    const tag = this.#bytes[this.#at] as number;
    const widthBytes = tag >= 0xa0 && tag <= 0xbf ? 0 : tag === 0xd9 ? 1 : tag === 0xda ? 2 : -1;
    if (widthBytes < 0 || !this.#skip(1 + widthBytes)) return false;
    const lengthBytes = widthBytes === 0 ? tag & 0x1f : widthBytes === 1 ? this.#view.getUint8(this.#at - 1) : this.#view.getUint16(this.#at - 2);
    this.#text = { at: this.#at, lengthBytes };
    return this.#skip(lengthBytes);
  }

  /** The three forms of a timestamp. */
  #timestamp(): boolean {
    const from = this.#at;
    if (from + 2 > this.#end) return false;
    const tag = this.#bytes[from];
    const headBytes = tag === 0xc7 ? 3 : 2;
    const bodyBytes = tag === 0xd6 ? 4 : tag === 0xd7 ? 8 : tag === 0xc7 && this.#bytes[from + 1] === 12 ? 12 : -1;
    if (bodyBytes < 0 || !this.#skip(headBytes + bodyBytes) || this.#bytes[from + headBytes - 1] !== 0xff) return false;
    const first = this.#view.getUint32(from + headBytes);
    return bodyBytes === 4 || (bodyBytes === 8 ? first >>> 2 : first) <= MAX_NANOSECONDS;
  }

  #mapHead(members: { readonly always: number; readonly most: number }): number {
    const count = (this.#bytes[this.#at] as number) - 0x80;
    this.#at += 1;
    return this.#at <= this.#end && count >= members.always && count <= members.most ? count : -1;
  }

  #listHead(): number {
    const tag = this.#bytes[this.#at] as number;
    const widthBytes = tag >= 0x90 && tag <= 0x9f ? 0 : tag === 0xdc ? 2 : tag === 0xdd ? 4 : -1;
    if (widthBytes < 0 || !this.#skip(1 + widthBytes)) return -1;
    return widthBytes === 0 ? tag & 0x0f : widthBytes === 2 ? this.#view.getUint16(this.#at - 2) : this.#view.getUint32(this.#at - 4);
  }

  #isZero(at: number): boolean {
    for (let i = 0; i < MAC_BYTES; i++) if (this.#bytes[at + i] !== 0) return false;
    return true;
  }
}

/** A string among the bytes that were scanned. */
export type Text = { readonly at: number; readonly lengthBytes: number };
