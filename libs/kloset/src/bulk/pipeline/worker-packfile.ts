import { randomFillSync, randomInt } from 'node:crypto';
import type { Mac } from '@wardrobe/kloset-model';
import { macFromBytes } from '../../bytes/bytes.js';
import { ByteWriter } from '../../codec/byte-writer.js';
import { encode } from '../../codec/codec.js';
import { V1_0_0 } from '../../codec/version.js';
import type { IncrementalMac } from '../../crypto/mac.js';
import { writeEnvelopeHeader } from '../../format/envelope.js';
import { packfileFooter, packfileIndexRecord } from '../../format/packfile.js';
import { BLOB_TYPE } from '../../format/state.js';
import { MIN_PADDING_BYTES } from '../../packfile/packfile-builder.js';
import { SpoolFile } from '../../repository/spool-file.js';
import type { EncodeUnit } from '../../repository/unit-codec.js';
import { type BulkMemory, encodedBound, FLUSH_BYTES, MAX_PACKFILE_RECORDS } from './bulk-memory.js';
import { randomBytes, type UnitWriter } from './unit-writer.js';

export type PackfileSettings = {
  readonly folder: string;
  /** Begins the names of this thread's files; `tmp.` included. */
  readonly namePrefix: string;
  readonly packfileMaxBytes: number;
  readonly paddingLimitBytes: number;
  readonly segmentBytes: number;
  readonly nowNs: () => bigint;
  /** For the records at the end. */
  readonly encodeUnit: EncodeUnit;
};

/** A packfile that is complete. `index` holds its plain index records, in which offsets and lengths are: a view of the thread's memory, good until its next packfile. */
export type FinishedPackfile = { readonly id: Mac; readonly path: string; readonly sizeBytes: number; readonly index: Uint8Array };

const RECORD_BYTES = packfileIndexRecord.sizeBytes;
/** What is written comes in large pieces already. */
const SPOOL_BUFFER_BYTES = 64 << 10;

/**
 * One packfile of one thread. Blobs are encoded where they will be written from; the file and both of its hashes grow a megabyte at a time, and all that is held of
 * a blob is its index record.
 * @source 01-store 4
 */
export class WorkerPackfile {
  readonly #memory: BulkMemory;
  readonly #units: UnitWriter;
  readonly #settings: PackfileSettings;
  readonly #spool: SpoolFile;
  readonly #body: IncrementalMac;
  readonly #file: IncrementalMac;
  #records = 0;
  #filled = 0;
  #bodyBytes = 0;
  #fileBytes = 0;

  /** @throws StoreError, DiskFullError */
  constructor(memory: BulkMemory, units: UnitWriter, settings: PackfileSettings & { readonly number: number }) {
    this.#memory = memory;
    this.#units = units;
    this.#settings = settings;
    this.#spool = new SpoolFile(settings.folder, `${settings.namePrefix}${settings.number}`, SPOOL_BUFFER_BYTES);
    this.#body = units.algorithm.create();
    this.#file = units.algorithm.create();
    this.#write(writeEnvelopeHeader('packfile', V1_0_0), false);
    this.#pad();
  }

  /** Padding included. */
  get bodyBytes(): number {
    return this.#bodyBytes;
  }

  get isFull(): boolean {
    return this.#bodyBytes > this.#settings.packfileMaxBytes || this.#records >= MAX_PACKFILE_RECORDS - 1;
  }

  /** Encodes and adds the blob that lies at `input`, with its id at `mac`; returns where it was put until the next call. @throws StoreError, DiskFullError */
  add(
    type: number,
    blob: { readonly input: number; readonly lengthBytes: number; readonly mac: number },
  ): { readonly at: number; readonly lengthBytes: number } {
    const { at, bytes, packBytes } = this.#memory;
    if (this.#filled + encodedBound(blob.lengthBytes, this.#settings.segmentBytes) > packBytes) this.#flush();
    const start = at.pack + this.#filled;
    const lengthBytes = this.#units.encode(blob.input, blob.lengthBytes, start);
    this.#record(type, bytes.subarray(blob.mac, blob.mac + 32), lengthBytes);
    this.#filled += lengthBytes;
    if (this.#filled >= FLUSH_BYTES) this.#flush();
    return { at: start, lengthBytes };
  }

  /** Adds a blob that is encoded already, of any length. */
  addEncoded(type: number, id: Uint8Array, encoded: Uint8Array): void {
    this.#flush();
    this.#record(type, id, encoded.length);
    this.#write(encoded, true);
  }

  /** Ends the file. @throws StoreError, DiskFullError */
  finish(): FinishedPackfile {
    const { encodeUnit, nowNs } = this.#settings;
    const { at, bytes } = this.#memory;
    this.#pad();
    const index = bytes.subarray(at.index, at.index + this.#records * RECORD_BYTES);
    const footer = encodeUnit(
      encode(packfileFooter, {
        timestamp: nowNs(),
        count: this.#records,
        indexOffset: this.#bodyBytes,
        indexMac: macFromBytes(this.#units.algorithm.hash(index)),
        flags: 0,
      }),
    );
    const length = new ByteWriter(4);
    length.u32(footer.length);
    this.#flush();
    const encodedBytes = this.#units.encode(at.index, index.length, at.pack);
    for (const part of [bytes.subarray(at.pack, at.pack + encodedBytes), footer, length.finish()]) this.#write(part, true);
    const end = this.#file.digest();
    this.#spool.append(end);
    this.#spool.close();
    return { id: macFromBytes(this.#body.digest()), path: this.#spool.path, sizeBytes: this.#fileBytes + end.length, index };
  }

  discard(): void {
    this.#spool.discard();
  }

  /** Random bytes are made where no blob is being encoded just now. */
  #pad(): void {
    const { at, bytes, unitBytes } = this.#memory;
    const room = Math.max(1, Math.min(this.#settings.paddingLimitBytes, unitBytes) - MIN_PADDING_BYTES);
    const padding = bytes.subarray(at.frame, at.frame + MIN_PADDING_BYTES + randomInt(room));
    this.addEncoded(BLOB_TYPE.padding, randomBytes(32), randomFillSync(padding));
  }

  #record(type: number, id: Uint8Array, lengthBytes: number): void {
    const { at, bytes } = this.#memory;
    const { offsets } = packfileIndexRecord;
    const start = at.index + this.#records * RECORD_BYTES;
    const view = new DataView(bytes.buffer, start, RECORD_BYTES);
    view.setUint32(offsets.type, type, true);
    view.setUint32(offsets.version, V1_0_0, true);
    bytes.set(id, start + offsets.id);
    view.setUint32(offsets.offset, this.#bodyBytes % 0x100000000, true);
    view.setUint32(offsets.offset + 4, Math.floor(this.#bodyBytes / 0x100000000), true);
    view.setUint32(offsets.lengthBytes, lengthBytes, true);
    view.setUint32(offsets.flags, 0, true);
    this.#records += 1;
    this.#bodyBytes += lengthBytes;
  }

  #flush(): void {
    if (this.#filled === 0) return;
    const { at, bytes } = this.#memory;
    const filled = bytes.subarray(at.pack, at.pack + this.#filled);
    this.#filled = 0;
    this.#write(filled, true);
  }

  #write(part: Uint8Array, inBody: boolean): void {
    if (inBody) this.#body.update(part);
    this.#file.update(part);
    this.#fileBytes += part.length;
    this.#spool.append(part);
  }
}
