import { createNativeBlake3, type NativeBlake3, nativeKeyedBlake3 } from './accelerator.js';
import { KernelError } from './errors.js';
import { kernel, windowBytes } from './module.js';

/** From this length on the optional native hash is faster than the module; under a key, in one piece, sooner. */
const nativeFromBytes = 16 << 10;
const nativeKeyedFromBytes = 8 << 10;

/** Incremental BLAKE3. `digest` ends the hasher. */
export interface Blake3Hasher {
  update(data: Uint8Array): this;
  digest(): Uint8Array;
}

/** BLAKE3, 32 bytes out. With a 32-byte key: keyed mode. @throws KernelError `input` for a key of another length. @source BLAKE3 specification, 2.1 */
export function blake3Hash(data: Uint8Array, key?: Uint8Array): Uint8Array {
  checkKey(key);
  const native = hashNatively(data, key);
  if (native) return native;
  const out = hashInModule(data, key);
  return kernel().bytes.slice(out, out + HASH_BYTES);
}

/** Whether `expected` is the hash that `blake3Hash` gives; takes no memory for short data. @throws KernelError `input` for a key of another length */
export function isBlake3(data: Uint8Array, expected: Uint8Array, key?: Uint8Array): boolean {
  checkKey(key);
  const native = hashNatively(data, key);
  if (native) return isSame(native, 0, expected);
  return isSame(kernel().bytes, hashInModule(data, key), expected);
}

/** Nothing where the module is faster, or there is no native hash. */
function hashNatively(data: Uint8Array, key: Uint8Array | undefined): Uint8Array | undefined {
  if (key) return data.length < nativeKeyedFromBytes ? undefined : nativeKeyedBlake3(data, key);
  return data.length < nativeFromBytes ? undefined : createNativeBlake3(key)?.update(data).digest();
}

const HASH_BYTES = 32;

function isSame(bytes: Uint8Array, from: number, expected: Uint8Array): boolean {
  for (let i = 0; i < HASH_BYTES; i++) if (bytes[from + i] !== expected[i]) return false;
  return expected.length === HASH_BYTES;
}

/** Where the hash lies in the module's memory. */
function hashInModule(data: Uint8Array, key: Uint8Array | undefined): number {
  const { bytes, at, call } = kernel();
  if (key) bytes.set(key, at.arguments);
  const out = at.arguments + 64;
  if (data.length <= windowBytes) {
    bytes.set(data, at.input);
    call.blake3Once(at.blake3Once, at.arguments, key ? 1 : 0, at.input, data.length, out);
  } else {
    call.blake3Init(at.blake3Once, at.arguments, key ? 1 : 0);
    feed(at.blake3Once, data);
    call.blake3Finish(at.blake3Once, out);
  }
  return out;
}

/** A hasher for content that comes in pieces. Any number may be in use at a time; one that is never ended leaves nothing behind. */
export function createBlake3(key?: Uint8Array): Blake3Hasher {
  checkKey(key);
  return new Hasher(key ? key.slice() : undefined);
}

/** The hasher whose state lies in the module's memory at the moment; the others keep theirs in `parked`. */
let resident: Hasher | undefined;

class Hasher implements Blake3Hasher {
  /** The first bytes, until it is known whether the native hash pays. */
  private start: Uint8Array | undefined;
  private startLength = 0;
  private native: NativeBlake3 | undefined;
  private parked: Uint8Array | undefined;
  private phase: 'start' | 'native' | 'module' | 'ended' = 'start';

  constructor(private readonly key: Uint8Array | undefined) {}

  update(data: Uint8Array): this {
    if (this.phase === 'ended') throw new KernelError('input', 'this BLAKE3 hasher has ended');
    if (this.phase === 'start') {
      if (this.startLength + data.length < nativeFromBytes) {
        this.start ??= new Uint8Array(nativeFromBytes);
        this.start.set(data, this.startLength);
        this.startLength += data.length;
        return this;
      }
      this.choose();
    }
    this.put(data);
    return this;
  }

  digest(): Uint8Array {
    if (this.phase === 'ended') throw new KernelError('input', 'this BLAKE3 hasher has ended');
    const { phase } = this;
    this.phase = 'ended';
    if (phase === 'start') return blake3Hash(this.start?.subarray(0, this.startLength) ?? new Uint8Array(0), this.key);
    if (this.native) return this.native.digest();
    this.settle();
    resident = undefined;
    const { bytes, at, call } = kernel();
    call.blake3Finish(at.blake3Resident, at.arguments);
    return bytes.slice(at.arguments, at.arguments + 32);
  }

  private choose(): void {
    this.native = createNativeBlake3(this.key);
    this.phase = this.native ? 'native' : 'module';
    if (this.start) this.put(this.start.subarray(0, this.startLength));
    this.start = undefined;
  }

  private put(data: Uint8Array): void {
    if (this.native) {
      this.native.update(data);
      return;
    }
    this.settle();
    feed(kernel().at.blake3Resident, data);
  }

  /** Brings this hasher's state into the module's memory and parks the one found there. */
  private settle(): void {
    if (resident === this) return;
    const { bytes, at, call } = kernel();
    const end = at.blake3Resident + at.blake3StateBytes;
    if (resident) resident.parked = bytes.slice(at.blake3Resident, end);
    if (this.parked) {
      bytes.set(this.parked, at.blake3Resident);
      this.parked = undefined;
    } else {
      if (this.key) bytes.set(this.key, at.arguments);
      call.blake3Init(at.blake3Resident, at.arguments, this.key ? 1 : 0);
    }
    resident = this;
  }
}

function feed(state: number, data: Uint8Array): void {
  const { bytes, at, call } = kernel();
  for (let from = 0; from < data.length; from += windowBytes) {
    const piece = data.length <= windowBytes ? data : data.subarray(from, from + windowBytes);
    bytes.set(piece, at.input);
    call.blake3Update(state, at.input, piece.length);
  }
}

function checkKey(key: Uint8Array | undefined): void {
  if (key && key.length !== 32) throw new KernelError('input', `a BLAKE3 key has 32 bytes, not ${key.length}`);
}
