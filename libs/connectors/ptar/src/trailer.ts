import { DecodeTrailerError } from './trailer-error.js';

export const HEAD_BYTES = 12;
export const TRAILER_BYTES = 48;
const MAGIC = '_PLATAR_';
const VERSION = 0x00010000;
/** Header and footer that each wrapped file has. */
const WRAPPING_BYTES = 48;
const CONFIG_LIMIT_BYTES = 32 << 10;

export type Extent = { readonly offset: number; readonly lengthBytes: number };
export type ArchiveParts = { readonly config: Extent; readonly packfile: Extent; readonly state: Extent };

/** What the first bytes say. @throws DecodeTrailerError it is no archive, or one of a version to come. @source 04-remote-stores 8.1 */
export function checkHead(head: Uint8Array): void {
  const bytes = asBuffer(head);
  if (head.length < HEAD_BYTES || bytes.toString('latin1', 0, 8) !== MAGIC)
    throw new DecodeTrailerError('it is no ptar archive: it does not begin with _PLATAR_');
  const version = bytes.readUInt32LE(8);
  if (version >> 16 !== VERSION >> 16) throw new DecodeTrailerError(`it is a ptar archive of version ${version >> 16}.x, which is newer than this program`);
}

/**
 * Where the three parts lie, from the last 48 bytes. The trailer has no checksum, so that all it says is held against the size: the parts follow each other without
 * gaps from byte 12 to the trailer.
 * @throws DecodeTrailerError the archive was not finished, or cut. @source 04-remote-stores 8.1
 */
export function readTrailer(trailer: Uint8Array, sizeBytes: number): ArchiveParts {
  const bytes = asBuffer(trailer);
  const numbers = Array.from({ length: 6 }, (_, index) => bytes.readBigInt64LE(index * 8));
  const [config, packfile, state] = [0, 2, 4].map((at) => ({ offset: Number(numbers[at]), lengthBytes: Number(numbers[at + 1]) })) as [Extent, Extent, Extent];
  const isWhole =
    numbers.every((number) => number >= 0n && number <= BigInt(Number.MAX_SAFE_INTEGER)) &&
    config.offset === HEAD_BYTES &&
    packfile.offset === endOf(config) &&
    state.offset === endOf(packfile) &&
    endOf(state) + TRAILER_BYTES === sizeBytes;
  if (!isWhole)
    throw new DecodeTrailerError(
      'its last 48 bytes do not say where its parts lie: it was cut, has something behind it, or was never finished. Copy it again, or make it again',
    );
  if (config.lengthBytes <= WRAPPING_BYTES || config.lengthBytes > CONFIG_LIMIT_BYTES)
    throw new DecodeTrailerError(`its CONFIG would have ${config.lengthBytes} bytes`);
  if (packfile.lengthBytes <= WRAPPING_BYTES || state.lengthBytes <= WRAPPING_BYTES) throw new DecodeTrailerError('it holds no snapshot');
  return { config, packfile, state };
}

export function endOf({ offset, lengthBytes }: Extent): number {
  return offset + lengthBytes;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
