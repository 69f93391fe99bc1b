import { ByteReader } from '../../codec/byte-reader.js';
import { readBlob, readInteger, readListHead, readMapHead, isNil, skipValue } from '../../codec/msgpack-wire.js';
import { checkVersion, V1_0_0 } from '../../codec/version.js';

/** Told of every id that a record names, as a view of its 32 bytes. */
export type OnReference = (id: Uint8Array) => void;

const name = (text: string): Uint8Array => new TextEncoder().encode(text);
const VERSION = name('version');
const ROOT_VERSION = name('Version');
const ROOT = name('Root');
const POINTERS = name('pointers');
const VALUES = name('values');
const OBJECT = name('object');
const CHUNKS = name('chunks');
const CONTENT_MAC = name('contentMAC');
const MAC_BYTES = 32;

/** Versions inside tree records are 0. @source 02-snapshot 2.1 */
const TREE_VERSION = 0;

/** The node that a tree's root record names. @throws DecodeError, UnsupportedVersionError @source 02-snapshot 2.1 */
export function rootReference(bytes: Uint8Array, onNode: OnReference): void {
  const reader = new ByteReader(bytes, 'tree root');
  const found = eachMember(reader, (key) => {
    if (same(key, ROOT)) onNode(readId(reader));
    else if (same(key, ROOT_VERSION)) readVersion(reader, TREE_VERSION);
    else return false;
    return true;
  });
  if (found < 1) reader.fail('it names no node');
}

/** Children of a tree node and what its keys stand for. @throws DecodeError, UnsupportedVersionError @source 02-snapshot 2.2 */
export function nodeReferences(bytes: Uint8Array, onPointer: OnReference, onValue: OnReference): void {
  const reader = new ByteReader(bytes, 'tree node');
  eachMember(reader, (key) => {
    if (same(key, POINTERS)) eachId(reader, onPointer);
    else if (same(key, VALUES)) eachId(reader, onValue);
    else if (same(key, VERSION)) readVersion(reader, TREE_VERSION);
    else return false;
    return true;
  });
}

/** The object of an entry, or of an extended attribute; none for what has no content. @source 02-snapshot 3.1, 3.6 */
export function entryReference(bytes: Uint8Array, onObject: OnReference): void {
  const reader = new ByteReader(bytes, 'entry');
  eachMember(reader, (key) => {
    if (same(key, OBJECT)) {
      const id = readId(reader);
      if (id.some((byte) => byte !== 0)) onObject(id);
    } else if (same(key, VERSION)) readVersion(reader, V1_0_0);
    else return false;
    return true;
  });
}

/** Chunks of an object. @source 02-snapshot 4.1 */
export function objectReferences(bytes: Uint8Array, onChunk: OnReference): void {
  const reader = new ByteReader(bytes, 'object');
  eachMember(reader, (key) => {
    if (same(key, CHUNKS)) eachItem(reader, () => chunkReference(reader, onChunk));
    else if (same(key, VERSION)) readVersion(reader, V1_0_0);
    else return false;
    return true;
  });
}

function chunkReference(reader: ByteReader, onChunk: OnReference): void {
  eachMember(reader, (key) => {
    if (same(key, CONTENT_MAC)) onChunk(readId(reader));
    else if (same(key, VERSION)) readVersion(reader, V1_0_0);
    else return false;
    return true;
  });
}

/** Walks a map; `visit` reads the value and says so, else it is passed over. Returns how many were read. */
function eachMember(reader: ByteReader, visit: (key: Uint8Array) => boolean): number {
  const count = readMapHead(reader);
  let read = 0;
  for (let index = 0; index < count; index += 1) {
    if (visit(readBlob(reader))) read += 1;
    else skipValue(reader);
  }
  return read;
}

function eachItem(reader: ByteReader, read: () => void): void {
  if (isNil(reader)) {
    reader.skip(1);
    return;
  }
  const count = readListHead(reader);
  for (let index = 0; index < count; index += 1) read();
}

function eachId(reader: ByteReader, onId: OnReference): void {
  eachItem(reader, () => onId(readId(reader)));
}

function readId(reader: ByteReader): Uint8Array {
  const id = readBlob(reader);
  if (id.length !== MAC_BYTES) reader.fail(`an id of ${id.length} bytes`);
  return id;
}

function readVersion(reader: ByteReader, known: number): void {
  checkVersion(reader.what, Number(readInteger(reader)), known);
}

function same(key: Uint8Array, expected: Uint8Array): boolean {
  if (key.length !== expected.length) return false;
  for (let index = 0; index < key.length; index += 1) if (key[index] !== expected[index]) return false;
  return true;
}
