import { createHash } from 'node:crypto';
import { blake3Hash, bulkKernel, type Kernel } from '@wardrobe/kernel';
import { uuidToBytes } from '../../bytes/bytes.js';
import { blockCipher } from '../../crypto/block-cipher.js';
import { createMacAlgorithm, type MacAlgorithm } from '../../crypto/mac.js';
import { KlosetError } from '../../errors/errors.js';
import type { Config } from '../../format/config.js';
import { type DecodeUnit, unitDecoder } from '../../repository/unit-codec.js';
import { SUBKEY_ROOM, SubkeyBatch } from './subkey-batch.js';

const KEY_BYTES = 32;
const WRAPPED_BYTES = 40;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const MAC_BYTES = 32;
const SLACK = 256;
/** From this length on hashing outside the module (natively, where that is installed) is faster than inside it. */
const HASH_OUTSIDE_FROM = 8 << 10;
const OPEN_OUTSIDE_FROM = 768;

/** Decodes and proves stored blobs in place in a thread's memory. @source 01-store 2.5 to 2.8 */
export class BlobOpener {
  readonly input: number;
  readonly inputBytes: number;
  readonly bytes: Uint8Array;
  readonly #kernel: Kernel;
  readonly #algorithm: MacAlgorithm;
  readonly #decodeUnit: DecodeUnit;
  readonly #isBlake3: boolean;
  readonly #compression: string | null;
  readonly #sealed: 'no' | 'in place' | 'elsewhere';
  readonly #segmentBytes: number;
  readonly #messageKey: Uint8Array;
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
  /** Null: subkeys are not wrapped in the usual way. */
  readonly #subkeys: SubkeyBatch | null;

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
      subkeys: take(this.#sealed === 'in place' ? SUBKEY_ROOM : 0),
      stream: take(this.#segmentBytes),
      frame: take(inputBytes),
      plain: take(inputBytes),
      input: take(inputBytes),
    };
    this.#kernel = bulkKernel(extra);
    this.bytes = this.#kernel.bytes;
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
    this.#messageKey = this.bytes.subarray(this.#kernel.at.sivMessageKey, this.#kernel.at.sivMessageKey + KEY_BYTES);
    this.#subkeys = secret === null || this.#sealed !== 'in place' ? null : new SubkeyBatch(this.#kernel, secret, base + places.subkeys);
  }

  /** Begins to name units that lie in the memory now and are to be opened next: their keys are unwrapped together. */
  expectNone(): void {
    this.#subkeys?.clear();
  }

  /** A unit at `start`; to be named in the order in which they lie there. Those too many are left to be unwrapped one by one. */
  expect(start: number, lengthBytes: number): void {
    if (lengthBytes >= WRAPPED_BYTES) this.#subkeys?.add(start);
  }

  /** All units are named, and none of their bytes changes until they are opened. */
  expectedAll(): void {
    this.#subkeys?.unwrap();
  }

  /** Content of the unit at `start`, proven by `mac`; a view that is good until the next call. Null: it does not open, or it is not that blob. */
  open(start: number, lengthBytes: number, mac: Uint8Array): Uint8Array | null {
    const plain = this.#decodeInPlace(start, lengthBytes) ?? this.#decode(start, lengthBytes);
    return plain !== null && this.proves(plain, mac) ? plain : null;
  }

  /** Whether bytes, which may lie anywhere, have this MAC. */
  proves(plain: Uint8Array, mac: Uint8Array): boolean {
    const isInside = plain.buffer === this.bytes.buffer && this.#isBlake3 && plain.length < HASH_OUTSIDE_FROM && mac.length === MAC_BYTES;
    if (!isInside) return this.#algorithm.proves(plain, mac);
    const at = this.#at;
    this.bytes.set(mac, at.mac);
    return this.#kernel.call.blake3Proves(at.macKey, plain.byteOffset, plain.length, at.mac) !== 0;
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
    const { plain } = this.#at;
    const plainBytes = this.#kernel.call.lz4DecodeFrame(at, length, plain, this.#plainBytes);
    return plainBytes < 0 ? null : this.bytes.subarray(plain, plain + plainBytes);
  }

  /** Opens all segments to the frame area; their length, or -1. */
  #unseal(start: number, lengthBytes: number): number {
    const end = start + lengthBytes;
    const key = lengthBytes < WRAPPED_BYTES ? 0 : this.#subkey(start);
    if (key === 0) return -1;
    let written = 0;
    for (let from = start + WRAPPED_BYTES; from < end; ) {
      const length = Math.min(this.#segmentBytes, end - from - NONCE_BYTES - TAG_BYTES);
      if (length <= 0 || written + length > this.#plainBytes || !this.#openSegment(key, from, length, this.#at.frame + written)) return -1;
      written += length;
      from += NONCE_BYTES + length + TAG_BYTES;
    }
    return written;
  }

  #openSegment(key: number, nonce: number, lengthBytes: number, to: number): boolean {
    const { call } = this.#kernel;
    if (lengthBytes < OPEN_OUTSIDE_FROM) return call.sivOpenShort(key, nonce, lengthBytes, to) !== 0;
    const { bytes } = this;
    const { stream } = this.#at;
    const text = nonce + NONCE_BYTES;
    call.sivOpenStart(key, nonce, text, lengthBytes, stream);
    const aes = blockCipher(this.#messageKey);
    bytes.set(aes.update(bytes.subarray(stream, stream + Math.ceil(lengthBytes / 16) * 16)), stream);
    return call.sivOpenFinish(text, stream, lengthBytes, to) !== 0;
  }

  /** Address of the subkey of the unit at `start`; 0: it does not unwrap. */
  #subkey(start: number): number {
    const known = this.#subkeys?.find(start) ?? 0;
    if (known !== 0) return known;
    const { head, secret } = this.#at;
    this.bytes.copyWithin(head, start, start + WRAPPED_BYTES);
    return this.#kernel.call.keyUnwrap(secret, head, KEY_BYTES / 8) === 0 ? 0 : head + 8;
  }
}
