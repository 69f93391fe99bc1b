import { KernelError } from './errors.js';
import { type Kernel, newKernel } from './module.js';

export interface Argon2Options {
  readonly password: Uint8Array;
  readonly salt: Uint8Array;
  readonly passes: number;
  readonly memoryKiB: number;
  readonly lanes: number;
  readonly lengthBytes: number;
  /** Optional key and associated data of the RFC; stores use neither. */
  readonly secret?: Uint8Array;
  readonly associatedData?: Uint8Array;
}

const blockBytes = 1024;
const pageBytes = 65536;
const maxTextBytes = 1 << 19;
const nothing = new Uint8Array(0);
/** What one linear memory holds besides the windows. */
const maxMemoryKiB = 4_000_000;

/**
 * Argon2id v1.3. Runs in a WASM instance of its own whose memory goes with it. The lanes are computed one after the other.
 * `memoryKiB` and `passes` decide the cost and come from a file that is not yet authenticated: the caller bounds them.
 * @throws KernelError `input` for parameters RFC 9106 does not allow or one memory cannot hold. @source RFC 9106
 */
export function argon2id(options: Argon2Options): Uint8Array {
  checkOptions(options);
  const { passes, lanes, lengthBytes } = options;
  const laneLength = Math.floor(options.memoryKiB / (4 * lanes)) * 4;
  const instance = newKernel();
  const base = instance.at.end;
  try {
    instance.memory.grow(Math.ceil((laneLength * lanes * blockBytes) / pageBytes));
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new KernelError('input', `no memory for Argon2id with ${options.memoryKiB} KiB`);
  }
  const kernel = { ...instance, bytes: new Uint8Array(instance.memory.buffer) };
  const first = initialHash(kernel, options);
  for (let lane = 0; lane < lanes; lane++) {
    for (let column = 0; column < 2; column++) {
      kernel.bytes.set(longHash(kernel, [first, u32(column), u32(lane)], blockBytes), base + (lane * laneLength + column) * blockBytes);
    }
  }
  kernel.call.argon2Fill(base, passes, laneLength, lanes);
  const result = kernel.call.argon2Fold(base, laneLength, lanes) >>> 0;
  return longHash(kernel, [kernel.bytes.slice(result, result + blockBytes)], lengthBytes);
}

/** H0 of section 3.2: every parameter and every text with its length before it. */
function initialHash(kernel: Kernel, options: Argon2Options): Uint8Array {
  const { password, salt, passes, memoryKiB, lanes, lengthBytes } = options;
  const version = 0x13;
  const type = 2;
  const head = [lanes, lengthBytes, memoryKiB, passes, version, type].map(u32);
  const texts = [password, salt, options.secret ?? nothing, options.associatedData ?? nothing];
  return blake2b(kernel, [...head, ...texts.flatMap((text) => [u32(text.length), text])], 64);
}

/** H' of section 3.3: a hash of any length, of chained BLAKE2b digests of which all but the last give their first half. */
function longHash(kernel: Kernel, parts: readonly Uint8Array[], lengthBytes: number): Uint8Array {
  const first = [u32(lengthBytes), ...parts];
  if (lengthBytes <= 64) return blake2b(kernel, first, lengthBytes);
  const out = new Uint8Array(lengthBytes);
  let digest = blake2b(kernel, first, 64);
  let at = 0;
  for (; lengthBytes - at > 64; at += 32) {
    out.set(digest.subarray(0, 32), at);
    digest = blake2b(kernel, [digest], Math.min(64, lengthBytes - at - 32));
  }
  out.set(digest, at);
  return out;
}

function blake2b(kernel: Kernel, parts: readonly Uint8Array[], lengthBytes: number): Uint8Array {
  const { bytes, at, call } = kernel;
  let length = 0;
  for (const part of parts) {
    bytes.set(part, at.input + length);
    length += part.length;
  }
  call.blake2b(at.input, length, lengthBytes, at.arguments);
  return bytes.slice(at.arguments, at.arguments + lengthBytes);
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

/** @throws KernelError `input` for parameters RFC 9106 does not allow */
export function checkOptions(options: Argon2Options): void {
  const { password, salt, passes, memoryKiB, lanes, lengthBytes } = options;
  check(Number.isInteger(lanes) && lanes >= 1 && lanes < 1 << 24, 'lanes');
  check(Number.isInteger(passes) && passes >= 1 && passes < 2 ** 32, 'passes');
  check(Number.isInteger(memoryKiB) && memoryKiB >= 8 * lanes && memoryKiB <= maxMemoryKiB, 'memoryKiB');
  check(Number.isInteger(lengthBytes) && lengthBytes >= 4 && lengthBytes <= maxTextBytes, 'lengthBytes');
  check(salt.length >= 8 && salt.length <= maxTextBytes, 'length of the salt');
  check(password.length <= maxTextBytes, 'length of the password');
  check((options.secret ?? nothing).length <= maxTextBytes, 'length of the secret');
  check((options.associatedData ?? nothing).length <= maxTextBytes, 'length of the associated data');
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new KernelError('input', `Argon2id: ${what} is out of range`);
}
