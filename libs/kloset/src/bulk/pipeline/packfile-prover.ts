import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { macToBytes } from '../../bytes/bytes.js';
import { KlosetError, StoreError } from '../../errors/errors.js';
import { FOOTER_BYTES, HEADER_BYTES } from '../../format/envelope.js';
import type { PackfileIndexRecord } from '../../format/packfile.js';
import { BLOB_TYPE } from '../../format/state.js';
import { packfileRecords } from '../../packfile/packfile-tail.js';
import { openBlob } from '../../repository/blob-reader.js';
import type { ConfigFile } from '../../repository/config-file.js';
import { type Keys, makeKeys } from '../../repository/keys.js';
import { type NameForm, verifyPackfile } from '../../repository/verify-packfile.js';
import type { Store } from '../../store/store.js';
import { localError } from '../local-error.js';
import type { BlobOpener } from './blob-opener.js';
import type { ProveRequest, ReadAnswer } from './read-protocol.js';

const RANGE_BYTES = 2 << 20;
/** Hashed twice (name and footer): it stays in the processor's cache meanwhile. */
const PIECE_BYTES = 256 << 10;

/**
 * Proves whole packfiles on a thread: envelope, index, name and, where asked, every blob. It tells only whether all is sound; whoever asks finds out by the
 * ordinary way what is wrong with one that is not.
 */
export class PackfileProver {
  readonly #configFile: ConfigFile;
  readonly #secret: Uint8Array | null;
  readonly #opener: BlobOpener;
  readonly #form: { name: NameForm } = { name: 'body' };
  #piece: Uint8Array | null = null;

  constructor(configFile: ConfigFile, secret: Uint8Array | null, opener: BlobOpener) {
    this.#configFile = configFile;
    this.#secret = secret;
    this.#opener = opener;
  }

  async prove(request: ProveRequest): Promise<ReadAnswer> {
    let fd: number | null = null;
    try {
      fd = openSync(request.path, 'r');
      const sizeBytes = fstatSync(fd).size;
      this.#piece ??= new Uint8Array(PIECE_BYTES);
      const keys = makeKeys(oneFile(fd, sizeBytes, this.#piece), this.#configFile, this.#secret);
      let plain: Uint8Array = new Uint8Array(0);
      const onIndex = (index: Uint8Array): void => {
        plain = index;
      };
      const { nameKnown } = await verifyPackfile(keys, { id: request.packfile, onIndex, form: this.#form }, {});
      const blobs = request.blobs ? countProven(keys, { index: plain, sizeBytes, fd, opener: this.#opener }) : 0;
      return blobs !== null && nameKnown ? { id: request.id, lengths: Int32Array.of(blobs), bytes: ownBuffer(plain) } : notSound(request);
    } catch (error) {
      // A bug stays one; everything else is told in words by the asker.
      if (!(error instanceof KlosetError)) localError(error, request.path);
      return notSound(request);
    } finally {
      if (fd !== null) closeSync(fd);
    }
  }
}

function notSound({ id }: ProveRequest): ReadAnswer {
  return { id, lengths: Int32Array.of(0), bytes: null };
}

/** Bytes that may be given away. */
function ownBuffer(bytes: Uint8Array): ArrayBuffer {
  return (bytes.length === bytes.buffer.byteLength ? bytes : bytes.slice()).buffer as ArrayBuffer;
}

type Proving = { readonly index: Uint8Array; readonly sizeBytes: number; readonly fd: number; readonly opener: BlobOpener };

/** Null when one of them is damaged, or reaches out of the packfile. */
function countProven(keys: Keys, { index, sizeBytes, fd, opener }: Proving): number | null {
  const records = [...packfileRecords(index)].filter(({ type }) => type !== BLOB_TYPE.padding && type <= 0xff).sort((a, b) => a.offset - b.offset);
  let held = { from: 0, to: 0 };
  for (const [number, record] of records.entries()) {
    const end = record.offset + record.lengthBytes;
    if (record.lengthBytes > opener.inputBytes || end + HEADER_BYTES + FOOTER_BYTES > sizeBytes) return null;
    if (record.offset < held.from || end > held.to) {
      held = { from: record.offset, to: rangeEnd(records, number) };
      readInto(fd, opener.bytes.subarray(opener.input, opener.input + held.to - held.from), held.from + HEADER_BYTES);
      expectHeld(opener, records, { number, ...held });
    }
    const at = opener.input + record.offset - held.from;
    if (isUnhashed(record.type)) openBlob(keys, record, opener.bytes.slice(at, at + record.lengthBytes));
    else if (opener.open(at, record.lengthBytes, macToBytes(record.id)) === null) return null;
  }
  return records.length;
}

/** Tells the opener which blobs lie in its memory, from a record on. */
function expectHeld(
  opener: BlobOpener,
  records: readonly PackfileIndexRecord[],
  held: { readonly number: number; readonly from: number; readonly to: number },
): void {
  opener.expectNone();
  for (let next = held.number; next < records.length; next++) {
    const { offset, lengthBytes } = records[next] as PackfileIndexRecord;
    if (offset + lengthBytes > held.to) break;
    opener.expect(opener.input + offset - held.from, lengthBytes);
  }
  opener.expectedAll();
}

/** Neighbours are read together up to a bounded length. */
function rangeEnd(records: readonly PackfileIndexRecord[], first: number): number {
  const { offset, lengthBytes } = records[first] as PackfileIndexRecord;
  let to = offset + lengthBytes;
  for (let next = first + 1; next < records.length; next++) {
    const record = records[next] as PackfileIndexRecord;
    const end = record.offset + record.lengthBytes;
    if (end - offset > RANGE_BYTES) break;
    to = Math.max(to, end);
  }
  return to;
}

/** Types whose id is not the MAC of their bytes: decoding is all the proof there is. */
function isUnhashed(type: number): boolean {
  return type === BLOB_TYPE.snapshot || type === BLOB_TYPE.signature;
}

function readInto(fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    const got = readSync(fd, bytes, done, bytes.length - done, position + done);
    if (got === 0) throw new StoreError('the file ends early');
    done += got;
  }
}

/** As much of a store as proving one packfile takes. */
function oneFile(fd: number, sizeBytes: number, buffer: Uint8Array): Store {
  const nothing = (): never => {
    throw new TypeError('a thread reads one packfile');
  };
  return {
    location: '',
    readConfig: nothing,
    list: nothing,
    listForeign: nothing,
    sizeBytes: async () => sizeBytes,
    async *read() {
      for (let at = 0; at < sizeBytes; at += PIECE_BYTES) {
        // Whoever reads a packfile from end to end keeps no piece.
        const piece = buffer.subarray(0, Math.min(PIECE_BYTES, sizeBytes - at));
        readInto(fd, piece, at);
        yield piece;
      }
    },
    async readRange(_kind, _id, offset, lengthBytes) {
      if (offset + lengthBytes > sizeBytes) throw new StoreError('the file ends early');
      const bytes = new Uint8Array(lengthBytes);
      readInto(fd, bytes, offset);
      return bytes;
    },
    close: async () => undefined,
  };
}
