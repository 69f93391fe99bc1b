import { argon2id, type Argon2Options, checkOptions } from './argon2.js';
import { isNativeOn, optionalPackage } from './optional-package.js';

interface NativeOptions {
  readonly algorithm: number;
  readonly version: number;
  readonly memoryCost: number;
  readonly timeCost: number;
  readonly parallelism: number;
  readonly outputLen: number;
  readonly salt: Uint8Array;
  readonly secret?: Uint8Array;
}

interface NativeArgon2 {
  hashRaw(password: Uint8Array, options: NativeOptions): Promise<Uint8Array>;
  hashRawSync(password: Uint8Array, options: NativeOptions): Uint8Array;
}

/** Argon2id and version 1.3, as the package numbers them. */
const KIND = { algorithm: 2, version: 1 } as const;
const MAX_LANES = 255;
/** What plakar writes by default. A process that cannot have the memory is ended by the package, where the module throws an error: more is left to the module. */
const MAX_MEMORY_KIB = 256 << 10;

/** `null`: looked for and not there. */
let found: NativeArgon2 | null | undefined;

/** Whether `deriveArgon2id` leaves the calling thread free. */
export function isDerivedNatively({ lanes, memoryKiB }: Pick<Argon2Options, 'lanes' | 'memoryKiB'>): boolean {
  return isNativeOn() && lanes <= MAX_LANES && memoryKiB <= MAX_MEMORY_KIB && nativeArgon2() !== null;
}

/**
 * As `argon2id`, in native code on a thread of the system's, which takes about a third of the time and gives its memory back at once. Where the optional package
 * is absent, or does not take such parameters, by the module on the calling thread.
 * @throws as `argon2id`
 */
export async function deriveArgon2id(options: Argon2Options): Promise<Uint8Array> {
  checkOptions(options);
  const native = isDerivedNatively(options) && options.associatedData === undefined ? nativeArgon2() : null;
  if (native === null) return argon2id(options);
  const { password, salt, passes, memoryKiB, lanes, lengthBytes, secret } = options;
  const parameters = { ...KIND, memoryCost: memoryKiB, timeCost: passes, parallelism: lanes, outputLen: lengthBytes, salt };
  return new Uint8Array(await native.hashRaw(password, secret === undefined ? parameters : { ...parameters, secret }));
}

function nativeArgon2(): NativeArgon2 | null {
  if (found === undefined) {
    const loaded = withoutHugePages(() => optionalPackage<NativeArgon2>('@node-rs', 'argon2'));
    found = loaded !== null && works(loaded) ? loaded : null;
  }
  return found;
}

/** Asks the package's allocator for memory in small pages, unless the environment says otherwise; it looks when it is loaded. */
const ALLOCATOR_OPTION = 'MIMALLOC_ALLOW_THP';

/**
 * In huge pages, 256 MiB that a virtual machine had given back to its host take half a second to come again, which is more than the derivation itself; in small
 * ones a tenth.
 */
function withoutHugePages<T>(load: () => T): T {
  if (process.env[ALLOCATOR_OPTION] !== undefined) return load();
  process.env[ALLOCATOR_OPTION] = '0';
  try {
    return load();
  } finally {
    delete process.env[ALLOCATOR_OPTION];
  }
}

/** A build that derives wrongly would find every passphrase wrong: it is asked for one known key before use. */
function works(native: NativeArgon2): boolean {
  const known = { ...KIND, memoryCost: 32, timeCost: 2, parallelism: 2, outputLen: 32, salt: new Uint8Array(8) };
  const derived = Buffer.from(native.hashRawSync(Uint8Array.of(1), known)).toString('hex');
  return derived === 'a578c166e04cb80da9a09e912c3f75f965b331d399a1aacb9bb1aa00bc3f7dfd';
}
