import { moduleBase64 } from './generated/module.js';
import { type WasmMemory, type WasmModule, wasm } from './wasm.js';

/** What the module offers; pointers and lengths are bytes in its linear memory. @see assembly/index.ts */
export interface Kernel {
  readonly memory: WasmMemory;
  /** All of its memory. Its size is fixed (Argon2id apart), so the view stays good. */
  readonly bytes: Uint8Array;
  readonly at: Addresses;
  readonly call: Calls;
}

export interface Addresses {
  readonly arguments: number;
  readonly input: number;
  readonly history: number;
  readonly output: number;
  readonly end: number;
  readonly byteCounts: number;
  readonly blake3Once: number;
  readonly blake3Resident: number;
  readonly blake3StateBytes: number;
  readonly xxh: number;
  readonly xxhBlock: number;
  readonly sivMessageKey: number;
  readonly sivTag: number;
}

export interface Calls {
  blake3Init(state: number, key: number, keyed: number): void;
  blake3Update(state: number, input: number, length: number): void;
  blake3Finish(state: number, output: number): void;
  blake3Once(state: number, key: number, keyed: number, input: number, length: number, output: number): void;
  blake3Proves(key: number, input: number, length: number, expected: number): number;
  xxhInit(state: number, seed: number): void;
  xxhUpdate(state: number, input: number, length: number): void;
  xxhFinish(state: number): number;
  lz4DecodeBlock(input: number, length: number, output: number, room: number, floor: number): number;
  lz4DecodeFrame(frame: number, length: number, output: number, room: number): number;
  lz4EncodeBlock(input: number, length: number, output: number): number;
  lz4EncodeFrame(input: number, length: number, output: number): number;
  keyWrap(kek: number, data: number, words: number): void;
  keyUnwrap(kek: number, data: number, words: number): number;
  unwrapStart(heads: number, count: number, keys: number, blocks: number): void;
  unwrapStep(heads: number, count: number, keys: number, blocks: number, step: number): void;
  sivStart(key: number, nonce: number): void;
  sivAuthenticate(input: number, length: number): void;
  sivTag(lengthBytes: bigint): void;
  sivCounters(tag: number, first: number, blocks: number, output: number): void;
  sivCryptShort(tag: number, data: number, length: number): void;
  sivTagMatches(expected: number): number;
  sivSealShort(key: number, nonce: number, data: number, length: number): void;
  sivSealStart(key: number, nonce: number, data: number, length: number, counters: number): void;
  sivSealFinish(data: number, stream: number, length: number): void;
  sivOpenStart(key: number, nonce: number, sealed: number, length: number, counters: number): void;
  sivOpenFinish(sealed: number, stream: number, length: number, output: number): number;
  sivOpenShort(key: number, nonce: number, length: number, output: number): number;
  xorInto(target: number, source: number, length: number): void;
  blake2b(input: number, length: number, outputLength: number, output: number): void;
  gearStart(): void;
  gearScan(input: number, length: number, mask: bigint): number;
  isZero(input: number, length: number): number;
  addByteCounts(input: number, length: number, output: number): void;
  argon2Fill(base: number, passes: number, laneLength: number, lanes: number): void;
  argon2Fold(base: number, laneLength: number, lanes: number): number;
}

/** Bytes the input and the output window take; the slack behind them is for wide copies only. */
export const windowBytes = 4 << 20;

let compiled: WasmModule | undefined;
let shared: Kernel | undefined;

/** The compiled module of this thread, made on first use; hand it to a worker (it can be posted) and call `useKernelModule` there. */
export function kernelModule(): WasmModule {
  compiled ??= new wasm.Module(Buffer.from(moduleBase64, 'base64'));
  return compiled;
}

/** Spares this thread the compilation. Call it before any other function of this library; later it only affects new instances. */
export function useKernelModule(module: WasmModule): void {
  compiled = module;
}

/** The instance of this thread, made on first use. */
export function kernel(): Kernel {
  shared ??= newKernel();
  return shared;
}

const PAGE_BYTES = 65536;

/** An instance of its own with `extraBytes` of memory behind `at.end`, for work in place. It is in use by nobody else. */
export function bulkKernel(extraBytes: number): Kernel {
  const { memory, at, call } = newKernel();
  memory.grow(Math.ceil((at.end + extraBytes - memory.buffer.byteLength) / PAGE_BYTES));
  return { memory, bytes: new Uint8Array(memory.buffer), at, call };
}

/** An instance of its own, for work that needs memory of another size. */
export function newKernel(): Kernel {
  const { exports } = new wasm.Instance(kernelModule(), {});
  const memory = exports['memory'];
  if (!(memory instanceof wasm.Memory)) throw new TypeError('not the kernel module: it exports no memory');
  const address = (name: string): number => {
    const value = exports[name];
    if (!(value instanceof wasm.Global)) throw new TypeError(`not the kernel module: it exports no ${name}`);
    return Number(value.value);
  };
  const at: Addresses = {
    arguments: address('ARGS'),
    input: address('INPUT'),
    history: address('HISTORY'),
    output: address('OUTPUT'),
    end: address('END'),
    byteCounts: address('BYTE_COUNTS'),
    blake3Once: address('BLAKE3_ONCE'),
    blake3Resident: address('BLAKE3_RESIDENT'),
    blake3StateBytes: address('BLAKE3_STATE_BYTES'),
    xxh: address('XXH_STATE'),
    xxhBlock: address('XXH_STATE_BLOCK'),
    sivMessageKey: address('SIV_MESSAGE_KEY'),
    sivTag: address('SIV_TAG'),
  };
  return { memory, bytes: new Uint8Array(memory.buffer), at, call: exports as unknown as Calls };
}
