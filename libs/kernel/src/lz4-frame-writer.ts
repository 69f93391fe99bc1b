import { KernelError } from './errors.js';
import { checksumBytes } from './lz4.js';
import { ownBytes } from './memory.js';
import { kernel, windowBytes } from './module.js';

/** 64: version 1, independent blocks, content checksum. 70: blocks of up to 4 MiB. b9: checksum of the two. */
const header = Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 0x64, 0x70, 0xb9);
const storedBlock = 0x80000000;

/**
 * One LZ4 frame, written piece by piece as `lz4Compress` would write it whole, in the memory of one block. Every block is decoded again before it is given out.
 * @source LZ4 frame format description
 */
export class Lz4FrameWriter {
  /** Others use the module's in between. */
  readonly #checksum = new Uint8Array(checksumBytes);
  readonly #block = ownBytes(windowBytes, 0);
  #filled = 0;
  #begun = false;

  constructor() {
    const { bytes, at, call } = kernel();
    call.xxhInit(at.xxh, 0);
    this.#checksum.set(bytes.subarray(at.xxh, at.xxh + checksumBytes));
  }

  /** What is ready of the frame. @throws KernelError a block does not decode to what went in */
  push(plain: Uint8Array): Uint8Array[] {
    const out = this.#begin();
    for (let at = 0; at < plain.length; ) {
      const piece = plain.subarray(at, at + windowBytes - this.#filled);
      this.#block.set(piece, this.#filled);
      this.#filled += piece.length;
      at += piece.length;
      if (this.#filled === windowBytes) out.push(...this.#end());
    }
    return out;
  }

  /** The rest of it. */
  finish(): Uint8Array[] {
    const out = this.#begin();
    if (this.#filled > 0) out.push(...this.#end());
    const { bytes, at, call } = kernel();
    bytes.set(this.#checksum, at.xxh);
    out.push(u32(0), u32(call.xxhFinish(at.xxh)));
    return out;
  }

  #begin(): Uint8Array[] {
    if (this.#begun) return [];
    this.#begun = true;
    return [header];
  }

  #end(): Uint8Array[] {
    const { bytes, at, call } = kernel();
    const block = this.#block.subarray(0, this.#filled);
    bytes.set(this.#checksum, at.xxh);
    bytes.set(block, at.input);
    call.xxhUpdate(at.xxh, at.input, block.length);
    this.#checksum.set(bytes.subarray(at.xxh, at.xxh + checksumBytes));
    const length = call.lz4EncodeBlock(at.input, block.length, at.output);
    this.#filled = 0;
    if (length <= 0) return [u32(block.length | storedBlock), block.slice()];
    const encoded = bytes.slice(at.output, at.output + length);
    bytes.set(encoded, at.input);
    const decoded = call.lz4DecodeBlock(at.input, length, at.output, block.length, at.output);
    if (decoded !== block.length || Buffer.compare(bytes.subarray(at.output, at.output + decoded), block) !== 0)
      throw new KernelError('frame', 'LZ4 frame: what was written does not decode to the same bytes');
    return [u32(length), encoded];
  }
}

function u32(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
}
