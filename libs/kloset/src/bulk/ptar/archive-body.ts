import type { FileHandle } from 'node:fs/promises';
import type { PackfileId } from '@wardrobe/kloset-model';
import { macFromBytes } from '../../bytes/bytes.js';
import { ByteWriter } from '../../codec/byte-writer.js';
import { encode } from '../../codec/codec.js';
import { V1_0_0 } from '../../codec/version.js';
import type { IncrementalMac } from '../../crypto/mac.js';
import { DiskFullError, StoreError } from '../../errors/errors.js';
import { HEADER_BYTES, writeEnvelopeHeader } from '../../format/envelope.js';
import { packfileFooter, packfileIndexRecord } from '../../format/packfile.js';
import { BLOB_TYPE, type LocationEntry } from '../../format/state.js';
import { MIN_PADDING_BYTES } from '../../packfile/packfile-builder.js';
import { packfileRecords } from '../../packfile/packfile-tail.js';
import type { Keys } from '../../repository/keys.js';
import type { RandomBytes } from '../../crypto/unit-cipher.js';

/** Blobs that were taken over from one packfile: `from` and `to` in its body, and where `from` now lies in the archive's. */
export type TakenBlobs = { readonly from: number; readonly to: number; readonly at: number; readonly index: Uint8Array };

/** A file that is written from front to back, and read again where it is written. */
export class GrowingFile {
  #sizeBytes = 0;

  constructor(
    readonly path: string,
    readonly handle: FileHandle,
  ) {}

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** @throws DiskFullError, StoreError */
  async append(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length; ) at += (await this.handle.write(bytes, at, bytes.length - at, this.#sizeBytes + at)).bytesWritten;
      this.#sizeBytes += bytes.length;
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
      if (code === 'ENOSPC' || code === 'EDQUOT') throw new DiskFullError(this.path, { cause });
      throw new StoreError(`${this.path} cannot be written (${code})`, { cause });
    }
  }

  async readAt(offset: number, lengthBytes: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(lengthBytes);
    for (let at = 0; at < lengthBytes; ) {
      const { bytesRead } = await this.handle.read(bytes, at, lengthBytes - at, offset + at);
      if (bytesRead === 0) throw new StoreError(`${this.path} ended while it was read`);
      at += bytesRead;
    }
    return bytes;
  }
}

/** The one packfile of an archive while it grows: blobs of other packfiles, as they are stored there. @source 01-store 4, 04-remote-stores 8.1 */
export class ArchiveBody {
  readonly #file: GrowingFile;
  readonly #hash: IncrementalMac;
  readonly #keys: Keys;
  readonly #startsAt: number;
  readonly #taken: TakenBlobs[] = [];
  #bodyBytes = 0;

  private constructor(file: GrowingFile, keys: Keys) {
    this.#file = file;
    this.#keys = keys;
    this.#hash = keys.algorithm.create();
    this.#startsAt = file.sizeBytes;
  }

  static async begin(file: GrowingFile, keys: Keys): Promise<ArchiveBody> {
    const body = new ArchiveBody(file, keys);
    await body.#append(writeEnvelopeHeader('packfile', V1_0_0));
    body.#bodyBytes = 0;
    return body;
  }

  /** Where a place of the body lies in the file. */
  fileOffset(bodyOffset: number): number {
    return this.#startsAt + HEADER_BYTES + bodyOffset;
  }

  /** Takes over what lies between two places of another packfile's body. */
  async take(pieces: AsyncIterable<Uint8Array>, blobs: Omit<TakenBlobs, 'at'>): Promise<TakenBlobs> {
    const taken = { ...blobs, at: this.#bodyBytes };
    for await (const piece of pieces) await this.#append(piece);
    this.#taken.push(taken);
    return taken;
  }

  /** Padding, index, footer record and hash. Readers of plakar read past a blob's end, so that something must lie behind the last one. @source 01-store 4.5 */
  async finish(random: RandomBytes): Promise<{ readonly sizeBytes: number; readonly padding: LocationEntry }> {
    const padding = { type: BLOB_TYPE.padding, version: V1_0_0, blob: macFromBytes(random(32)), offset: this.#bodyBytes, lengthBytes: MIN_PADDING_BYTES };
    await this.#append(random(MIN_PADDING_BYTES));
    const blobsBytes = this.#bodyBytes;
    const index = this.#index(padding);
    const count = index.length / packfileIndexRecord.sizeBytes;
    const footer = { timestamp: 0n, count, indexOffset: blobsBytes, indexMac: macFromBytes(this.#keys.algorithm.hash(index)), flags: 0 };
    const encode1 = this.#keys.encoder(random);
    const encodedFooter = encode1(encode(packfileFooter, footer));
    const length = new ByteWriter(4);
    length.u32(encodedFooter.length);
    for (const part of [encode1(index), encodedFooter, length.finish()]) await this.#append(part);
    await this.#file.append(this.#hash.digest());
    return { sizeBytes: this.#file.sizeBytes - this.#startsAt, padding: { ...padding, packfile: padding.blob, flags: 0 } };
  }

  /** Where each blob lies now, padding left out. */
  *locations(packfile: PackfileId): Generator<LocationEntry> {
    for (const { from, at, index } of this.#taken) {
      for (const { type, version, id, offset, lengthBytes } of packfileRecords(index)) {
        if (type === BLOB_TYPE.padding) continue;
        yield { type, version, blob: id, packfile, offset: offset - from + at, lengthBytes, flags: 0 };
      }
    }
  }

  #index(padding: {
    readonly type: number;
    readonly version: number;
    readonly blob: LocationEntry['blob'];
    readonly offset: number;
    readonly lengthBytes: number;
  }): Uint8Array {
    const index = new ByteWriter(1 << 16);
    const none = macFromBytes(new Uint8Array(32)) as PackfileId;
    const write = ({ type, version, blob, offset, lengthBytes }: Omit<LocationEntry, 'packfile' | 'flags'>) =>
      packfileIndexRecord.write(index, { type, version, id: blob, offset, lengthBytes, flags: 0 });
    for (const location of this.locations(none)) write(location);
    write(padding);
    return index.finish();
  }

  async #append(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    await this.#file.append(bytes);
    this.#bodyBytes += bytes.length;
  }
}
