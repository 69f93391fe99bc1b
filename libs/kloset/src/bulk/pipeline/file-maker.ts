import { randomBytes } from 'node:crypto';
import { closeSync, fchmodSync, fchownSync, ftruncateSync, futimesSync, openSync } from 'node:fs';
import { equalBytes } from '../../bytes/bytes.js';
import type { MacAlgorithm } from '../../crypto/mac.js';
import { errnoOf } from '../local-error.js';
import { CREATE, giveNameSync, PARTIAL_PREFIX, removeIfThereSync, writePiece } from '../partial-file.js';
import type { PackReader, ReadItem } from './pack-reader.js';
import { MADE_FLAG, MADE_RECORD, type MakeRequest, type ReadAnswer, type WriteRequest } from './read-protocol.js';

const SLASH = Buffer.from('/');

/** Contents into an open file, each at its place. */
export function writeInto(request: WriteRequest, reader: PackReader, items: readonly ReadItem[]): ReadAnswer {
  const back = request.back === null ? null : new Uint8Array(request.back);
  const first = items[0]?.to ?? 0;
  const lengths = Int32Array.from(items, ({ to, plainBytes }, index) => {
    const plain = reader.open(index);
    if (plain?.length !== plainBytes) return -1;
    back?.set(plain, to - first);
    return isWritten(() => writePiece(request.fd, plain, { position: to, writtenTo: 0 }) >= 0) ? plainBytes : -1;
  });
  return { id: request.id, lengths, bytes: null };
}

/** False also when a call of the file system failed. The asker goes the ordinary way then, meets the same and tells what is wrong. */
function isWritten(write: () => boolean): boolean {
  try {
    return write();
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return false;
  }
}

function openNew(path: Buffer, mode: number): number | null {
  try {
    return openSync(path, CREATE, mode);
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return null;
  }
}

type Made = {
  readonly directory: Uint8Array;
  readonly name: Uint8Array;
  /** Of its blobs in the request: the first and the one behind the last. */
  readonly blobs: readonly [number, number];
  readonly at: number;
};

/** Makes whole files below open directories: aside, proven, with their attributes, and only then under their names. */
export class FileMaker {
  readonly #algorithm: MacAlgorithm;
  readonly #mark = randomBytes(6).toString('hex');
  #count = 0;

  constructor(algorithm: MacAlgorithm) {
    this.#algorithm = algorithm;
  }

  make(request: MakeRequest, reader: PackReader, items: readonly ReadItem[]): ReadAnswer {
    const view = new DataView(request.made);
    const lengths = new Int32Array(request.made.byteLength / MADE_RECORD.sizeBytes);
    let nameAt = 0;
    let blob = 0;
    for (let index = 0; index < lengths.length; index++) {
      const at = index * MADE_RECORD.sizeBytes;
      const nameEnd = nameAt + view.getUint32(at + MADE_RECORD.nameBytes, true);
      const blobEnd = blob + view.getUint32(at + MADE_RECORD.blobs, true);
      const directory = request.directories[view.getUint32(at + MADE_RECORD.directory, true)];
      if (directory === undefined) throw new TypeError('a file without its directory');
      const made = { directory, name: request.names.subarray(nameAt, nameEnd), blobs: [blob, blobEnd] as const, at };
      lengths[index] = this.#makeOne(view, made, { reader, items }) ? 0 : -1;
      nameAt = nameEnd;
      blob = blobEnd;
    }
    return { id: request.id, lengths, bytes: null };
  }

  #makeOne(view: DataView, made: Made, from: { readonly reader: PackReader; readonly items: readonly ReadItem[] }): boolean {
    const mark = (this.#count++).toString(16).padStart(4, '0');
    const partial = Buffer.concat([made.directory, SLASH, Buffer.from(`${PARTIAL_PREFIX}${this.#mark}${mark}`)]);
    const fd = openNew(partial, view.getUint32(made.at + MADE_RECORD.createMode, true));
    if (fd === null) return false;
    const isWhole = isWritten(() => {
      try {
        if (!this.#fill(fd, view, { ...from, made })) return false;
        setAttributes(fd, view, made.at);
      } finally {
        closeSync(fd);
      }
      giveNameSync(partial, Buffer.concat([made.directory, SLASH, made.name]), (flagsOf(view, made.at) & MADE_FLAG.replace) !== 0);
      return true;
    });
    if (!isWhole) isWritten(() => removeIfThereSync(partial));
    return isWhole;
  }

  #fill(
    fd: number,
    view: DataView,
    { made, reader, items }: { readonly made: Made; readonly reader: PackReader; readonly items: readonly ReadItem[] },
  ): boolean {
    const hash = (flagsOf(view, made.at) & MADE_FLAG.prove) === 0 ? null : this.#algorithm.create();
    let writtenTo = 0;
    let sizeBytes = 0;
    for (let index = made.blobs[0]; index < made.blobs[1]; index++) {
      const item = items[index] as ReadItem;
      const plain = reader.open(index);
      if (plain?.length !== item.plainBytes) return false;
      hash?.update(plain);
      writtenTo = writePiece(fd, plain, { position: item.to, writtenTo });
      sizeBytes = item.to + plain.length;
    }
    if (writtenTo < sizeBytes) ftruncateSync(fd, sizeBytes);
    const at = made.at + MADE_RECORD.contentMac;
    return hash === null || equalBytes(hash.digest(), new Uint8Array(view.buffer, at, 32));
  }
}

function flagsOf(view: DataView, at: number): number {
  return view.getUint32(at + MADE_RECORD.flags, true);
}

/** The owner first: changing it takes set-id bits away. */
function setAttributes(fd: number, view: DataView, at: number): void {
  if ((flagsOf(view, at) & MADE_FLAG.owner) !== 0) fchownSync(fd, view.getUint32(at + MADE_RECORD.uid, true), view.getUint32(at + MADE_RECORD.gid, true));
  const mode = view.getInt32(at + MADE_RECORD.mode, true);
  if (mode >= 0) fchmodSync(fd, mode);
  // As text: negative numbers are taken for "now".
  const seconds = String(view.getFloat64(at + MADE_RECORD.seconds, true));
  futimesSync(fd, seconds, seconds);
}
