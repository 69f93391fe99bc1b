import { isNativeOn, optionalPackage, setNative } from './optional-package.js';

/** A native BLAKE3 in progress. */
export interface NativeBlake3 {
  update(data: Uint8Array): NativeBlake3;
  digest(): Uint8Array;
}

interface NativeHasher {
  update(data: Buffer): unknown;
  digestBuffer(): Buffer;
  /** Back to the beginning, with the same key. */
  reset(): unknown;
}

interface NativeClass {
  new (): NativeHasher;
  newKeyed(key: Buffer): NativeHasher;
}

/** `null`: looked for and not there. */
let found: NativeClass | null | undefined;

/**
 * Turns the optional native packages off or on (they are on where they are installed); results are the same either way. Says whether the native hash is in use
 * now.
 */
export function setAccelerator(on: boolean): boolean {
  setNative(on);
  return on && nativeClass() !== null;
}

/** Loads the native hash where it is in use, which the first long text would have to wait for. */
export function loadAccelerator(): void {
  if (isNativeOn()) nativeClass();
}

/** The native hash, or nothing where its package is missing, does not load on this system or is turned off. */
export function createNativeBlake3(key: Uint8Array | undefined): NativeBlake3 | undefined {
  if (!isNativeOn()) return undefined;
  const native = nativeClass();
  if (!native) return undefined;
  const hasher = key ? native.newKeyed(asBuffer(key)) : new native();
  const wrapped: NativeBlake3 = {
    update(data) {
      hasher.update(asBuffer(data));
      return wrapped;
    },
    digest: () => new Uint8Array(hasher.digestBuffer()),
  };
  return wrapped;
}

/** The keyed hasher used last: making one costs as much as hashing 16 KiB. */
let kept: { readonly key: Uint8Array; readonly hasher: NativeHasher } | undefined;

/** The keyed hash of what lies in one piece; nothing where there is no native hash. */
export function nativeKeyedBlake3(data: Uint8Array, key: Uint8Array): Uint8Array | undefined {
  const native = isNativeOn() ? nativeClass() : null;
  if (!native) return undefined;
  if (kept === undefined || !isSame(kept.key, key)) {
    const copy = key.slice();
    kept = { key: copy, hasher: native.newKeyed(asBuffer(copy)) };
  }
  const { hasher } = kept;
  hasher.update(asBuffer(data));
  const digest = new Uint8Array(hasher.digestBuffer());
  hasher.reset();
  return digest;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function nativeClass(): NativeClass | null {
  if (found === undefined) {
    const loaded = optionalPackage<{ Blake3Hasher?: NativeClass }>('@napi-rs', 'blake-hash');
    found = loaded?.Blake3Hasher && works(loaded.Blake3Hasher) ? loaded.Blake3Hasher : null;
  }
  return found;
}

/** A build that answers wrongly must not decide what is intact: it is asked for one known digest before use, and for one after a reset. */
function works(native: NativeClass): boolean {
  const hasher = native.newKeyed(Buffer.alloc(32));
  const first = hasher.digestBuffer();
  hasher.update(Buffer.of(1));
  hasher.reset();
  return (
    hasher.digestBuffer().equals(first) && new native().digestBuffer().toString('hex') === 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262'
  );
}

function asBuffer(data: Uint8Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}
