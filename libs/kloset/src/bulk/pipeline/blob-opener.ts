import { createCipheriv, createHash } from 'node:crypto';
import { blake3Hash, bulkKernel, type Kernel } from '@wardrobe/kernel';
import { equalBytes, uuidToBytes } from '../../bytes/bytes.js';
import { createMacAlgorithm, type MacAlgorithm } from '../../crypto/mac.js';
import { KlosetError } from '../../errors/errors.js';
import type { Config } from '../../format/config.js';
import { type DecodeUnit, unitDecoder } from '../../repository/unit-codec.js';

const KEY_BYTES = 32;
const WRAPPED_BYTES = 40;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const MAC_BYTES = 32;
const SLACK = 256;
/** From this length on hashing outside the module (natively, where that is installed) is faster than inside it. */
const HASH_OUTSIDE_FROM = 16 << 10;
const OPEN_OUTSIDE_FROM = 768;
/** The frame that both plakar lines and Wardrobe write; any other takes the general way. */
const FRAME_MAGIC = 0x184d2204;
const FRAME_FLAGS = 0xb97064;
const FRAME_HEAD = 7;
const STORED_BLOCK = 0x80000000;
const BLOCK_LIMIT = 4 << 20;

export type OpenedBlob = { readonly bytes: Uint8Array };

/** Decodes and proves stored blobs in place in a thread's memory. @source 01-store 2.5 to 2.8 */
export class BlobOpener {
  readonly input: number;
  readonly inputBytes: number;
  readonly bytes: Uint8Array;
  readonly #kernel: Kernel;
  readonly #view: DataView;
  readonly #algorithm: MacAlgorithm;
  readonly #decodeUnit: DecodeUnit;
  readonly #isBlake3: boolean;
  readonly #compression: string | null;
  readonly #sealed: 'no' | 'in place' | 'elsewhere';
  readonly #segmentBytes: number;
  readonly #at: {
    readonly macKey: number;
    readonly secret: number;
    readonly head: number;
    readonly mac: number;
    readonly stream: number;
    readonly frame: number;
    readonly plain: number;
  };
  readonly #plainBytes: number;

  constructor(config: Config, secret: Uint8Array | null, inputBytes: number) {
    const repositoryId = uuidToBytes(config.RepositoryID);
    this.#algorithm = createMacAlgorithm(config.Hashing.Algorithm, repositoryId, secret);
    this.#isBlake3 = this.#algorithm.name === 'BLAKE3';
    this.#decodeUnit = unitDecoder(config, secret);
    this.#compression = config.Compression?.Algorithm ?? null;
    const encryption = secret === null ? null : config.Encryption;
    this.#sealed = encryption === null ? 'no' : encryption.SubKeyAlgorithm === 'AES256-KW' ? 'in place' : 'elsewhere';
    this.#segmentBytes = encryption?.ChunkSize ?? 1;
    this.inputBytes = inputBytes;
    this.#plainBytes = inputBytes;
    let extra = 0;
    const take = (lengthBytes: number): number => {
      const start = extra;
      extra = Math.ceil((start + lengthBytes + SLACK) / 64) * 64;
      return start;
    };
    const places = {
      macKey: take(KEY_BYTES),
      secret: take(KEY_BYTES),
      head: take(WRAPPED_BYTES),
      mac: take(MAC_BYTES),
      stream: take(this.#segmentBytes),
      frame: take(inputBytes),
      plain: take(inputBytes),
      input: take(inputBytes),
    };
    this.#kernel = bulkKernel(extra);
    this.bytes = this.#kernel.bytes;
    this.#view = new DataView(this.#kernel.memory.buffer);
    const base = this.#kernel.at.end;
    this.input = base + places.input;
    this.#at = {
      macKey: base + places.macKey,
      secret: base + places.secret,
      head: base + places.head,
      mac: base + places.mac,
      stream: base + places.stream,
      frame: base + places.frame,
      plain: base + places.plain,
    };
    this.bytes.set(secret ?? (this.#isBlake3 ? blake3Hash(repositoryId) : createHash('sha256').update(repositoryId).digest()), this.#at.macKey);
    if (secret !== null) this.bytes.set(secret, this.#at.secret);
  }

  /** Content of the unit at `start`, proven by `mac`; a view that is good until the next call. Null: it does not open, or it is not that blob. */
  open(start: number, lengthBytes: number, mac: Uint8Array): Uint8Array | null {
    const plain = this.#decodeInPlace(start, lengthBytes) ?? this.#decode(start, lengthBytes);
    return plain !== null && this.proves(plain, mac) ? plain : null;
  }

  /** Whether bytes, which may lie anywhere, have this MAC. */
  proves(plain: Uint8Array, mac: Uint8Array): boolean {
    const isInside = plain.buffer === this.bytes.buffer && this.#isBlake3 && plain.length < HASH_OUTSIDE_FROM;
    if (!isInside) return equalBytes(this.#algorithm.hash(plain), mac);
    this.#kernel.call.blake3Once(this.#kernel.at.blake3Once, this.#at.macKey, 1, plain.byteOffset, plain.length, this.#at.mac);
    return equalBytes(this.bytes.subarray(this.#at.mac, this.#at.mac + MAC_BYTES), mac);
  }

  /** The general way, by copies. */
  #decode(start: number, lengthBytes: number): Uint8Array | null {
    try {
      return this.#decodeUnit(this.bytes.slice(start, start + lengthBytes));
    } catch (error) {
      if (error instanceof KlosetError) return null;
      throw error;
    }
  }

  /** Null when the unit has another form than those that are usual, or is damaged. */
  #decodeInPlace(start: number, lengthBytes: number): Uint8Array | null {
    if (this.#sealed === 'elsewhere' || (this.#compression !== null && this.#compression !== 'LZ4')) return null;
    let at = start;
    let length = lengthBytes;
    if (this.#sealed === 'in place') {
      length = this.#unseal(start, lengthBytes);
      at = this.#at.frame;
      if (length < 0) return null;
    }
    if (this.#compression === null || length === 0) return this.bytes.subarray(at, at + length);
    const plainBytes = this.#inflate(at, length);
    return plainBytes < 0 ? null : this.bytes.subarray(this.#at.plain, this.#at.plain + plainBytes);
  }

  /** Opens all segments to the frame area; their length, or -1. */
  #unseal(start: number, lengthBytes: number): number {
    const { bytes } = this;
    const { call, at: kernelAt } = this.#kernel;
    const at = this.#at;
    const end = start + lengthBytes;
    if (lengthBytes < WRAPPED_BYTES) return -1;
    bytes.copyWithin(at.head, start, start + WRAPPED_BYTES);
    if (call.keyUnwrap(at.secret, at.head, KEY_BYTES / 8) === 0) return -1;
    let written = 0;
    for (let from = start + WRAPPED_BYTES; from < end; ) {
      const text = from + NONCE_BYTES;
      const length = Math.min(this.#segmentBytes, end - text - TAG_BYTES);
      if (length <= 0 || written + length > this.#plainBytes) return -1;
      const isShort = length < OPEN_OUTSIDE_FROM;
      call.sivOpenStart(at.head + 8, from, text, length, at.stream);
      if (!isShort) {
        const aes = createCipheriv('aes-256-ecb', bytes.subarray(kernelAt.sivMessageKey, kernelAt.sivMessageKey + KEY_BYTES), null).setAutoPadding(false);
        bytes.set(aes.update(bytes.subarray(at.stream, at.stream + Math.ceil(length / 16) * 16)), at.stream);
      }
      if (call.sivOpenFinish(text, isShort ? 0 : at.stream, length, at.frame + written) === 0) return -1;
      written += length;
      from = text + length + TAG_BYTES;
    }
    return written;
  }

  /** Inflates one usual LZ4 frame to the plain area; the length there, or -1. */
  #inflate(start: number, lengthBytes: number): number {
    const { call, at: kernelAt } = this.#kernel;
    const view = this.#view;
    const end = start + lengthBytes;
    if (lengthBytes < FRAME_HEAD + 8 || view.getUint32(start, true) !== FRAME_MAGIC || (view.getUint32(start + 4, true) & 0xffffff) !== FRAME_FLAGS) return -1;
    let written = 0;
    call.xxhInit(kernelAt.xxh, 0);
    for (let from = start + FRAME_HEAD; from + 8 <= end; ) {
      const word = view.getUint32(from, true);
      const length = word & ~STORED_BLOCK;
      from += 4;
      if (word === 0) {
        call.xxhUpdate(kernelAt.xxh, this.#at.plain, written);
        return view.getUint32(from, true) === call.xxhFinish(kernelAt.xxh) >>> 0 ? written : -1;
      }
      const room = Math.min(BLOCK_LIMIT, this.#plainBytes - written);
      const to = this.#at.plain + written;
      if (length < 0 || length > BLOCK_LIMIT || from + length > end) return -1;
      if (word >>> 31) {
        if (length > room) return -1;
        this.bytes.copyWithin(to, from, from + length);
        written += length;
      } else {
        const plain = call.lz4DecodeBlock(from, length, to, room, to);
        if (plain < 0) return -1;
        written += plain;
      }
      from += length;
    }
    return -1;
  }
}
