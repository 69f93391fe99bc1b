import { SLASH } from '@wardrobe/kloset-model';
import { WordReader } from '../../codec/word-reader.js';
import { HEADER_BYTES } from '../../format/envelope.js';
import { packfileIndexRecord } from '../../format/packfile.js';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import { CHUNK_RECORD, PlainRecords } from '../../snapshot/plain-records.js';
import type { BlobOpener } from './blob-opener.js';
import type { OpenFiles } from './pack-reader.js';
import { keepShape } from '../../bytes/keep-shape.js';
import { PathHash } from '../path-hash.js';
import { ENTRY_IS } from './examine-protocol.js';
import { type ContentsRequest, entriesAt, PROVEN_ENTRY, type ReadAnswer } from './read-protocol.js';
import { SUBKEYS_TOGETHER } from './subkey-batch.js';

const NO_LENGTHS = new Int32Array(0);
const MAC_BYTES = 32;
const RANGE_BYTES = 1 << 20;
/** A larger chunk is likely to be one of several of its content: it is proven with the others, when their object is asked for. */
const STORED_LIMIT_BYTES = 64 << 10;
/** What a length has room for. */
const PLAIN_LIMIT_BYTES = 0xfffe;
const ONE_SLASH = Uint8Array.of(SLASH);
/** So many chunks tell whether this store keeps chunks and objects together. */
const TRIED_CHUNKS = 1024;

/**
 * Proves contents of one chunk in the pass over their packfile, where chunk and object lie near each other, and entries: no question for each, and every byte is
 * opened once.
 */
export class PackedContents {
  readonly #opener: BlobOpener;
  readonly #files: OpenFiles;
  readonly #records: PlainRecords;
  readonly #chunks = new ChunkLengths();
  readonly #path = new PathHash();
  #opened = 0;
  #used = 0;

  constructor(opener: BlobOpener, files: OpenFiles) {
    this.#opener = opener;
    this.#files = files;
    this.#records = new PlainRecords(opener.bytes);
  }

  /** @returns what `ContentsRequest` says */
  prove({ id, path, index }: ContentsRequest): ReadAnswer {
    const records = index.byteLength / packfileIndexRecord.sizeBytes;
    const isWorthIt = this.#opened < TRIED_CHUNKS || this.#used * 2 >= this.#opened;
    const places = new Places(new Uint8Array(index), { limitBytes: this.#opener.inputBytes, withContents: isWorthIt });
    const answer = new Answer(records, places.entries);
    this.#chunks.clear(places.chunks);
    this.#takeAll(places, path, answer);
    return { id, lengths: NO_LENGTHS, bytes: answer.end() };
  }

  /** All that its compiled code knows the shapes of stays (`keepShape`). */
  #takeAll(places: Places, path: string, answer: Answer): void {
    for (let first = 0; first < places.order.length; ) {
      const end = places.rangeEnd(first);
      const isThere = this.#load(places, first, end, path);
      for (; first < end; first++) if (isThere) this.#take(places, first, answer);
    }
  }

  /** Has a range lie in memory, and the keys of its blobs unwrapped together. False: the file ends before. */
  #load(places: Places, first: number, end: number, path: string): boolean {
    const { bytes, input } = this.#opener;
    const from = places.offset(first);
    const lengthBytes = places.offset(end - 1) + places.lengthBytes(end - 1) - from;
    if (this.#files.read(path, { bytes, at: input, lengthBytes, position: from + HEADER_BYTES }) < lengthBytes) return false;
    places.start = input - from;
    this.#opener.expectNone();
    for (let place = first; place < end; place++) this.#opener.expect(places.start + places.offset(place), places.lengthBytes(place));
    this.#opener.expectedAll();
    return true;
  }

  #take(places: Places, place: number, answer: Answer): void {
    const mac = places.mac(place);
    const plain = this.#opener.open(places.start + places.offset(place), places.lengthBytes(place), mac);
    const type = places.type(place);
    if (type === SNAPSHOT_BLOB.chunk) {
      this.#opened += 1;
      if (plain !== null && plain.length <= PLAIN_LIMIT_BYTES) this.#chunks.add(mac, plain.length);
    } else if (plain !== null && plain.buffer === this.#opener.bytes.buffer) {
      if (type === SNAPSHOT_BLOB.object) this.#takeObject(plain, places.record(place), answer);
      else this.#takeEntry(plain, places.record(place), answer);
    }
  }

  #takeObject(plain: Uint8Array, record: number, answer: Answer): void {
    const { bytes } = this.#opener;
    const object = this.#records.object(plain.byteOffset, plain.length);
    if (object === null || object.chunks !== 1) return;
    const chunkAt = object.chunksAt + CHUNK_RECORD.mac;
    // The MAC of the only chunk is proven, and is that of the whole.
    if (!equalAt(bytes, chunkAt, object.contentMacAt)) return;
    const lengthBytes = this.#chunks.find(bytes, chunkAt);
    if (lengthBytes < 0 || lengthBytes !== bigEndian(bytes, object.chunksAt + CHUNK_RECORD.lengthBytes)) return;
    this.#used += 1;
    answer.lengths[record] = lengthBytes + 1;
  }

  #takeEntry(plain: Uint8Array, record: number, answer: Answer): void {
    const { bytes } = this.#opener;
    const entry = this.#records.entryAnywhere(plain.byteOffset, plain.length);
    if (entry === null) return;
    const { parent, name } = entry;
    this.#path.start().add(bytes, parent.at, parent.at + parent.lengthBytes);
    if (parent.lengthBytes > 1) this.#path.add(ONE_SLASH, 0, 1);
    this.#path.add(bytes, name.at, name.at + name.lengthBytes).end();
    const status = ENTRY_IS.fine | (entry.objectAt < 0 ? 0 : ENTRY_IS.filled) | (entry.isDirectory ? ENTRY_IS.directory : 0);
    answer.addEntry({ record, status, path: this.#path, object: entry.objectAt < 0 ? null : bytes.subarray(entry.objectAt, entry.objectAt + MAC_BYTES) });
  }
}

/** What is told of some records. */
class Answer {
  readonly lengths: Uint16Array;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;

  constructor(records: number, entries: number) {
    this.#at = entriesAt(records);
    this.#bytes = new Uint8Array(this.#at + entries * PROVEN_ENTRY.sizeBytes);
    this.#view = new DataView(this.#bytes.buffer);
    this.lengths = new Uint16Array(this.#bytes.buffer, 0, records);
  }

  addEntry({
    record,
    status,
    path,
    object,
  }: {
    readonly record: number;
    readonly status: number;
    readonly path: PathHash;
    readonly object: Uint8Array | null;
  }): void {
    const at = this.#at;
    this.#view.setUint32(at + PROVEN_ENTRY.record, record, true);
    this.#view.setUint32(at + PROVEN_ENTRY.status, status, true);
    this.#view.setUint32(at + PROVEN_ENTRY.path, path.first, true);
    this.#view.setUint32(at + PROVEN_ENTRY.path + 4, path.second, true);
    if (object !== null) this.#bytes.set(object, at + PROVEN_ENTRY.object);
    this.#at += PROVEN_ENTRY.sizeBytes;
  }

  end(): ArrayBuffer {
    return (this.#at === this.#bytes.length ? this.#bytes : this.#bytes.slice(0, this.#at)).buffer as ArrayBuffer;
  }
}

/** The entries of a packfile, its objects and its chunks that are not too large, by their places. */
class Places {
  readonly #index: Uint8Array;
  readonly #reader: WordReader;
  /** Numbers of their records. */
  readonly order: Uint32Array;
  readonly chunks: number;
  readonly entries: number;
  /** Where the body would begin in memory. */
  start = 0;

  /** `limitBytes`: what a blob may take; `withContents`: not only entries. */
  constructor(index: Uint8Array, { limitBytes, withContents }: { readonly limitBytes: number; readonly withContents: boolean }) {
    this.#index = index;
    this.#reader = new WordReader(index);
    const { sizeBytes, offsets } = packfileIndexRecord;
    const numbers: number[] = [];
    const counts = { chunks: 0, entries: 0 };
    let isSorted = true;
    let last = 0;
    for (let record = 0; record * sizeBytes < index.length; record++) {
      const type = this.#reader.u32(record * sizeBytes + offsets.type);
      const lengthBytes = this.#reader.u32(record * sizeBytes + offsets.lengthBytes);
      const isChunk = withContents && type === SNAPSHOT_BLOB.chunk && lengthBytes <= STORED_LIMIT_BYTES;
      const isEntry = type === SNAPSHOT_BLOB.vfsEntry;
      if (lengthBytes > limitBytes || !(isChunk || isEntry || (withContents && type === SNAPSHOT_BLOB.object))) continue;
      if (isChunk) counts.chunks += 1;
      if (isEntry) counts.entries += 1;
      const offset = this.#offsetOf(record);
      isSorted &&= offset >= last;
      last = offset;
      numbers.push(record);
    }
    this.chunks = counts.chunks;
    this.entries = counts.entries;
    this.order = isSorted ? Uint32Array.from(numbers) : Uint32Array.from(numbers).sort((a, b) => this.#offsetOf(a) - this.#offsetOf(b));
  }

  record(place: number): number {
    return this.order[place] as number;
  }

  offset(place: number): number {
    return this.#offsetOf(this.record(place));
  }

  lengthBytes(place: number): number {
    return this.#reader.u32(this.#at(place) + packfileIndexRecord.offsets.lengthBytes);
  }

  type(place: number): number {
    return this.#reader.u32(this.#at(place) + packfileIndexRecord.offsets.type);
  }

  /** A view. */
  mac(place: number): Uint8Array {
    const at = this.#at(place) + packfileIndexRecord.offsets.id;
    return this.#index.subarray(at, at + MAC_BYTES);
  }

  /** The first place behind those that are read together: each ends behind the one before it, all within a bounded length and number. */
  rangeEnd(first: number): number {
    const from = this.offset(first);
    let to = from + this.lengthBytes(first);
    let place = first + 1;
    const last = Math.min(this.order.length, first + SUBKEYS_TOGETHER);
    for (; place < last; place++) {
      const end = this.offset(place) + this.lengthBytes(place);
      if (end - from > RANGE_BYTES || end < to) break;
      to = end;
    }
    return place;
  }

  #at(place: number): number {
    return this.record(place) * packfileIndexRecord.sizeBytes;
  }

  #offsetOf(record: number): number {
    return this.#reader.size64(record * packfileIndexRecord.sizeBytes + packfileIndexRecord.offsets.offset);
  }
}

/** Plain lengths of the chunks of one packfile that are proven, by their MACs: no object for each. */
class ChunkLengths {
  #macs = new Uint8Array(0);
  #lengths = new Uint32Array(0);
  /** One more than the number of a chunk. */
  #slots = new Uint32Array(1);
  #count = 0;

  /** Makes room for so many chunks, and forgets those there were. */
  clear(count: number): void {
    this.#count = 0;
    if (count * MAC_BYTES > this.#macs.length) {
      this.#macs = new Uint8Array(count * MAC_BYTES);
      this.#lengths = new Uint32Array(count);
      this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(2 * count + 1)));
    } else this.#slots.fill(0);
  }

  add(mac: Uint8Array, lengthBytes: number): void {
    const slot = this.#slotOf(mac, 0);
    if (this.#slots[slot] !== 0) return;
    this.#macs.set(mac, this.#count * MAC_BYTES);
    this.#lengths[this.#count] = lengthBytes;
    this.#slots[slot] = ++this.#count;
  }

  /** -1: it is not among them. */
  find(bytes: Uint8Array, at: number): number {
    const number = this.#slots[this.#slotOf(bytes, at)] as number;
    return number === 0 ? -1 : (this.#lengths[number - 1] as number);
  }

  /** The slot of a MAC, or the free one where it belongs. */
  #slotOf(bytes: Uint8Array, at: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = bigEndian(bytes, at) & mask; ; slot = (slot + 1) & mask) {
      const number = this.#slots[slot] as number;
      if (number === 0 || this.#holds(number - 1, bytes, at)) return slot;
    }
  }

  #holds(number: number, bytes: Uint8Array, at: number): boolean {
    const start = number * MAC_BYTES;
    for (let byte = 0; byte < MAC_BYTES; byte++) if (this.#macs[start + byte] !== bytes[at + byte]) return false;
    return true;
  }
}

function equalAt(bytes: Uint8Array, a: number, b: number): boolean {
  for (let byte = 0; byte < MAC_BYTES; byte++) if (bytes[a + byte] !== bytes[b + byte]) return false;
  return true;
}

function bigEndian(bytes: Uint8Array, at: number): number {
  return (((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) >>> 0;
}

const kept = new Places(new Uint8Array(0), { limitBytes: 0, withContents: true });
// Large sums are kept as doubles, in objects of another shape.
kept.start = 0.5;
keepShape(kept);
keepShape(new Answer(0, 0));
