import type { Mac, PackfileId } from '@wardrobe/kloset-model';
import { macFromBytes } from '../bytes/bytes.js';
import { ByteWriter } from '../codec/byte-writer.js';
import { encode } from '../codec/codec.js';
import { V1_0_0 } from '../codec/version.js';
import type { MacAlgorithm } from '../crypto/mac.js';
import { writeEnvelopeHeader } from '../format/envelope.js';
import { packfileFooter, packfileIndexRecord } from '../format/packfile.js';
import { BLOB_TYPE } from '../format/state.js';

/** Readers of plakar read past a blob's end and take a short answer for damage: what follows the last blob must be at least this long. @source 01-store 4.5 */
export const MIN_PADDING_BYTES = 16 << 10;

export type PackfileParts = {
  readonly algorithm: MacAlgorithm;
  readonly encodeUnit: (plain: Uint8Array) => Uint8Array;
  readonly randomBytes: (lengthBytes: number) => Uint8Array;
  /** Longest padding; the store's smallest chunk size. */
  readonly paddingLimitBytes: number;
  /** Appends to the file. */
  readonly append: (bytes: Uint8Array) => void;
};

export type BlobPlace = { readonly type: number; readonly version: number; readonly blob: Mac; readonly offset: number; readonly lengthBytes: number };

/**
 * Writes one packfile from its first byte to its last: envelope, padding, blobs, padding, index, footer record, both hashes as it goes. Nothing is held but the index.
 * @source 01-store 4
 */
export class PackfileBuilder {
  readonly #parts: PackfileParts;
  readonly #body;
  readonly #file;
  readonly #index = new ByteWriter(1 << 12);
  #count = 0;
  readonly #padding: BlobPlace[] = [];
  #bodyBytes = 0;
  #fileBytes = 0;

  constructor(parts: PackfileParts) {
    this.#parts = parts;
    this.#body = parts.algorithm.create();
    this.#file = parts.algorithm.create();
    this.#append(writeEnvelopeHeader('packfile', V1_0_0), false);
    this.#pad();
  }

  /** Bytes of the blobs so far, padding included: what the store's packfile size limits. */
  get blobsBytes(): number {
    return this.#bodyBytes;
  }

  /** Adds an encoded blob. */
  add(type: number, blob: Mac, stored: Uint8Array): BlobPlace {
    const place = { type, version: V1_0_0, blob, offset: this.#bodyBytes, lengthBytes: stored.length };
    packfileIndexRecord.write(this.#index, { type, version: V1_0_0, id: blob, offset: place.offset, lengthBytes: place.lengthBytes, flags: 0 });
    this.#count += 1;
    this.#append(stored, true);
    return place;
  }

  /** Ends the file. The packfile's name is the MAC of its body. */
  finish(timestampNs: bigint): { readonly id: PackfileId; readonly padding: readonly BlobPlace[]; readonly sizeBytes: number } {
    const { algorithm, encodeUnit, append } = this.#parts;
    this.#pad();
    const index = this.#index.finish();
    const footer = {
      timestamp: timestampNs,
      count: this.#count,
      indexOffset: this.#bodyBytes,
      indexMac: macFromBytes(algorithm.hash(index)),
      flags: 0,
    };
    const encodedFooter = encodeUnit(encode(packfileFooter, footer));
    const length = new ByteWriter(4);
    length.u32(encodedFooter.length);
    for (const part of [encodeUnit(index), encodedFooter, length.finish()]) this.#append(part, true);
    const end = this.#file.digest();
    append(end);
    return { id: macFromBytes(this.#body.digest()) as PackfileId, padding: this.#padding, sizeBytes: this.#fileBytes + end.length };
  }

  #pad(): void {
    const { randomBytes, paddingLimitBytes } = this.#parts;
    const room = Math.max(1, paddingLimitBytes - MIN_PADDING_BYTES);
    const lengthBytes = MIN_PADDING_BYTES + (new DataView(randomBytes(4).slice().buffer).getUint32(0) % room);
    this.#padding.push(this.add(BLOB_TYPE.padding, macFromBytes(randomBytes(32)), randomBytes(lengthBytes)));
  }

  #append(bytes: Uint8Array, inBody: boolean): void {
    if (inBody) {
      this.#body.update(bytes);
      this.#bodyBytes += bytes.length;
    }
    this.#file.update(bytes);
    this.#fileBytes += bytes.length;
    this.#parts.append(bytes);
  }
}
