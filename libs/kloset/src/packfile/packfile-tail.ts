import type { Mac } from '@wardrobe/kloset-model';
import { ByteReader } from '../codec/byte-reader.js';
import { decode } from '../codec/codec.js';
import { WordReader } from '../codec/word-reader.js';
import { DecodeError, IntegrityError, KlosetError, type Place, TooLargeError } from '../errors/errors.js';
import { FOOTER_BYTES, HEADER_BYTES } from '../format/envelope.js';
import { type PackfileIndexRecord, packfileFooter, packfileIndexRecord } from '../format/packfile.js';

/** What a packfile's records need of the repository's keys. */
export type PackfileCodec = { decodeUnit(encoded: Uint8Array, limitBytes?: number): Uint8Array; mac(bytes: Uint8Array): Mac };

/** How much of the end of a file is read to find its footer record: the record is 56 bytes, encoded at most about 250. */
export const TAIL_BYTES = 1024;
const LENGTH_BYTES = 4;
/** Footer times below this are seconds (01-store 4.3): as nanoseconds they would lie in the first quarter hour of 1970. */
const SECONDS_BELOW = 10n ** 12n;

export type PackfileTail = {
  /** Nanoseconds; seconds are recognised and converted. 0 in archives. */
  readonly packedAtNs: bigint;
  readonly count: number;
  readonly indexMac: Mac;
  /** Bytes of all blobs: where the index begins in the body. */
  readonly blobsBytes: number;
  /** Place and length of the encoded index in the *file*. */
  readonly indexAt: number;
  readonly indexBytes: number;
};

/**
 * Footer record of a packfile from the last bytes of its file.
 * @param tail the last `min(TAIL_BYTES, fileBytes)` bytes
 * @throws DecodeError, IntegrityError, TooLargeError
 */
export function readPackfileTail(
  tail: Uint8Array,
  options: { readonly fileBytes: number; readonly codec: PackfileCodec; readonly place: Place },
): PackfileTail {
  const { fileBytes, place } = options;
  if (tail.length < FOOTER_BYTES + LENGTH_BYTES || fileBytes < HEADER_BYTES + LENGTH_BYTES + FOOTER_BYTES)
    throw new DecodeError('packfile', `${fileBytes} bytes are too few`, place);
  const lengthAt = tail.length - FOOTER_BYTES - LENGTH_BYTES;
  const footerBytes = new ByteReader(tail.subarray(lengthAt), 'packfile', place).u32();
  if (footerBytes === 0 || footerBytes > lengthAt) throw new DecodeError('packfile', `its footer record would have ${footerBytes} bytes`, place);
  const encoded = tail.subarray(lengthAt - footerBytes, lengthAt);
  const footer = decode(
    packfileFooter,
    inPackfile(place, () => options.codec.decodeUnit(encoded, packfileFooter.sizeBytes)),
    place,
  );
  const indexAt = HEADER_BYTES + footer.indexOffset;
  const indexBytes = fileBytes - FOOTER_BYTES - LENGTH_BYTES - footerBytes - indexAt;
  if (indexBytes < 0) throw new DecodeError('packfile', `its index would begin at ${indexAt} of ${fileBytes} bytes`, place);
  return {
    packedAtNs: footer.timestamp > 0n && footer.timestamp < SECONDS_BELOW ? footer.timestamp * 1_000_000_000n : footer.timestamp,
    count: footer.count,
    indexMac: footer.indexMac,
    blobsBytes: footer.indexOffset,
    indexAt,
    indexBytes,
  };
}

/** Largest decoded index that is read: about 1.2 million blobs. */
const INDEX_LIMIT_BYTES = 64 << 20;

/**
 * Plain index of a packfile, verified: its MAC, its count, and that every blob lies before it.
 * @throws IntegrityError, DecodeError, TooLargeError
 */
export function openPackfileIndex(encoded: Uint8Array, tail: PackfileTail, options: { readonly codec: PackfileCodec; readonly place: Place }): Uint8Array {
  const { codec, place } = options;
  const sizeBytes = tail.count * packfileIndexRecord.sizeBytes;
  if (sizeBytes > INDEX_LIMIT_BYTES) throw new TooLargeError('packfile index', sizeBytes, INDEX_LIMIT_BYTES);
  const index = inPackfile(place, () => codec.decodeUnit(encoded, sizeBytes));
  if (index.length !== sizeBytes) throw new DecodeError('packfile index', `${index.length} bytes where ${tail.count} records take ${sizeBytes}`, place);
  if (codec.mac(index) !== tail.indexMac) throw new IntegrityError('packfile index', 'its MAC differs from its bytes', place);
  const behind = recordBehind(index, tail.blobsBytes);
  if (behind >= 0) throw new DecodeError('packfile index', `blob ${behind} ends behind the blobs`, place);
  return index;
}

/** Number of the first record whose blob ends behind the blobs; -1: none does. */
function recordBehind(index: Uint8Array, blobsBytes: number): number {
  const { sizeBytes, offsets } = packfileIndexRecord;
  const reader = new WordReader(index);
  for (let record = 0, at = 0; at < index.length; record += 1, at += sizeBytes) {
    if (reader.size64(at + offsets.offset) + reader.u32(at + offsets.lengthBytes) > blobsBytes) return record;
  }
  return -1;
}

/** Records of an opened index, in the order stored. */
export function* packfileRecords(index: Uint8Array): Generator<PackfileIndexRecord> {
  const reader = new ByteReader(index, 'packfile index');
  while (reader.remaining > 0) yield packfileIndexRecord.read(reader);
}

/** An error of decoding says in which packfile. */
function inPackfile<T>(place: Place, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof KlosetError) throw new DecodeError('packfile', error.message, place, { cause: error });
    throw error;
  }
}
