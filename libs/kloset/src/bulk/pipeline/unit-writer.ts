import { createHash, randomFillSync } from 'node:crypto';
import { blake3Hash } from '@wardrobe/kernel';
import { blockCipher } from '../../crypto/block-cipher.js';
import { compressor } from '../../compression/compress.js';
import { createMacAlgorithm, type MacAlgorithm } from '../../crypto/mac.js';
import { unitSealer } from '../../crypto/unit-cipher.js';
import type { Config } from '../../format/config.js';
import { uuidToBytes } from '../../bytes/bytes.js';
import type { BulkMemory } from './bulk-memory.js';

/** From this length on hashing outside the module (natively, where that is installed) is faster than inside it. */
const HASH_OUTSIDE_FROM = 16 << 10;
/** From this length on the processor's own AES makes up for what a call to it costs. */
const SEAL_OUTSIDE_FROM = 768;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const WRAPPED_BYTES = 40;

/** The MAC and the repository encoding of one store, in place in a thread's memory. @source 01-store 2.3 to 2.8 */
export class UnitWriter {
  readonly algorithm: MacAlgorithm;
  readonly #memory: BulkMemory;
  readonly #macKey: Uint8Array;
  readonly #isBlake3: boolean;
  readonly #compression: string | null;
  readonly #seals: boolean;
  readonly #segmentBytes: number;
  /** A way to wrap a subkey other than AES key wrap: makes the head of an encrypted unit, and the subkey. */
  readonly #otherHead: ((subkey: Uint8Array) => Uint8Array) | null;
  #randomAt: number;

  constructor(memory: BulkMemory, config: Config, secret: Uint8Array | null) {
    const repositoryId = uuidToBytes(config.RepositoryID);
    this.algorithm = createMacAlgorithm(config.Hashing.Algorithm, repositoryId, secret);
    this.#memory = memory;
    this.#isBlake3 = this.algorithm.name === 'BLAKE3';
    this.#macKey = secret ?? (this.#isBlake3 ? blake3Hash(repositoryId) : createHash('sha256').update(repositoryId).digest());
    memory.bytes.set(this.#macKey, memory.at.macKey);
    this.#compression = config.Compression?.Algorithm ?? null;
    compressor(this.#compression);
    this.#randomAt = memory.randomBytes;
    const encryption = config.Encryption;
    this.#seals = encryption !== null && secret !== null;
    this.#segmentBytes = encryption?.ChunkSize ?? 1;
    this.#otherHead = null;
    if (encryption === null || secret === null) return;
    memory.bytes.set(secret, memory.at.secret);
    // Checks the parameters; and a unit of nothing is the wrapped subkey alone.
    unitSealer(encryption, secret, randomBytes);
    if (encryption.SubKeyAlgorithm !== 'AES256-KW')
      this.#otherHead = (subkey) => {
        let isFirst = true;
        return unitSealer(encryption, secret, (lengthBytes) => {
          const isSubkey = isFirst;
          isFirst = false;
          return isSubkey ? subkey : randomBytes(lengthBytes);
        })(new Uint8Array(0));
      };
  }

  /** Puts the MAC of what lies at `input` at `output`. */
  mac(input: number, lengthBytes: number, output: number): void {
    const { kernel, bytes, at } = this.#memory;
    if (this.#isBlake3 && lengthBytes < HASH_OUTSIDE_FROM) kernel.call.blake3Once(kernel.at.blake3Once, at.macKey, 1, input, lengthBytes, output);
    else bytes.set(this.algorithm.hash(bytes.subarray(input, input + lengthBytes)), output);
  }

  /** Encodes what lies at `input` to `output` and returns the length there. `encodedBound` says how much room that needs. */
  encode(input: number, lengthBytes: number, output: number): number {
    const { kernel, bytes, at } = this.#memory;
    const target = this.#seals ? at.frame : output;
    if (this.#compression === 'LZ4') {
      const packed = kernel.call.lz4EncodeFrame(input, lengthBytes, target);
      return this.#seals ? this.#seal(target, packed, output) : packed;
    }
    if (this.#compression === null) {
      if (this.#seals) return this.#seal(input, lengthBytes, output);
      bytes.copyWithin(output, input, input + lengthBytes);
      return lengthBytes;
    }
    const packed = compressor(this.#compression)(bytes.subarray(input, input + lengthBytes));
    bytes.set(packed, target);
    return this.#seals ? this.#seal(target, packed.length, output) : packed.length;
  }

  #seal(input: number, lengthBytes: number, output: number): number {
    const { kernel, bytes, at } = this.#memory;
    const { call } = kernel;
    const subkey = this.#random(KEY_BYTES);
    bytes.copyWithin(at.subkey, subkey, subkey + KEY_BYTES);
    let end = output + this.#putHead(output);
    for (let done = 0; done < lengthBytes; done += this.#segmentBytes) {
      const length = Math.min(this.#segmentBytes, lengthBytes - done);
      const nonce = this.#random(NONCE_BYTES);
      bytes.copyWithin(end, nonce, nonce + NONCE_BYTES);
      const text = end + NONCE_BYTES;
      bytes.copyWithin(text, input + done, input + done + length);
      if (length < SEAL_OUTSIDE_FROM) call.sivSealShort(at.subkey, end, text, length);
      else {
        call.sivSealStart(at.subkey, end, text, length, at.counters);
        const key = bytes.subarray(kernel.at.sivMessageKey, kernel.at.sivMessageKey + KEY_BYTES);
        const aes = blockCipher(key);
        bytes.set(aes.update(bytes.subarray(at.counters, at.counters + Math.ceil(length / 16) * 16)), at.counters);
        call.sivSealFinish(text, at.counters, length);
      }
      end = text + length + TAG_BYTES;
    }
    return end - output;
  }

  /** The wrapped subkey; returns its length. */
  #putHead(output: number): number {
    const { kernel, bytes, at } = this.#memory;
    if (this.#otherHead !== null) {
      const head = this.#otherHead(bytes.slice(at.subkey, at.subkey + KEY_BYTES));
      bytes.set(head, output);
      return head.length;
    }
    bytes.copyWithin(output + 8, at.subkey, at.subkey + KEY_BYTES);
    kernel.call.keyWrap(at.secret, output, KEY_BYTES / 8);
    return WRAPPED_BYTES;
  }

  /** Address of fresh random bytes; they are filled in many at a time. */
  #random(lengthBytes: number): number {
    const { bytes, at } = this.#memory;
    if (this.#randomAt + lengthBytes > this.#memory.randomBytes) {
      randomFillSync(bytes, at.random, this.#memory.randomBytes);
      this.#randomAt = 0;
    }
    const start = at.random + this.#randomAt;
    this.#randomAt += lengthBytes;
    return start;
  }
}

export function randomBytes(lengthBytes: number): Uint8Array {
  return randomFillSync(new Uint8Array(lengthBytes));
}
