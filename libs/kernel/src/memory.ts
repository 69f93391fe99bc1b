import { wasm } from './wasm.js';

const pageBytes = 65536;
/** What is smaller is not worth address space of its own. */
const ownFromBytes = 1 << 20;
/**
 * No chunk of a file is larger. glibc keeps for the heap what is freed once, up to 32 MiB: one large array that comes from it makes every later one of its size
 * stay there.
 */
const largeBytes = 4 << 20;

/**
 * Zeroed memory in pages of its own, for large tables: the system gets it back as soon as it is not used any more. What comes from the allocator's heap often
 * stays there. A multiple of 64 KiB is taken.
 */
export function ownMemory(lengthBytes: number): ArrayBuffer {
  const memory = tryMemory({ initial: Math.ceil(lengthBytes / pageBytes) });
  return memory ?? new ArrayBuffer(lengthBytes);
}

/** So many numbers of 32 bits, all 0; many of them lie in memory of their own. */
export function ownNumbers(count: number): Uint32Array {
  return count * 4 < ownFromBytes ? new Uint32Array(count) : new Uint32Array(ownMemory(count * 4), 0, count);
}

/** So many bytes, all 0; above `ownFrom` they lie in memory of their own: for what is larger than any blob of a file and soon given up again. */
export function ownBytes(lengthBytes: number, ownFrom = largeBytes): Uint8Array {
  return lengthBytes <= ownFrom ? new Uint8Array(lengthBytes) : new Uint8Array(ownMemory(lengthBytes), 0, lengthBytes);
}

/** Memory as `ownMemory` gives it that several threads see. */
export function sharedMemory(lengthBytes: number): SharedArrayBuffer {
  const pages = Math.ceil(lengthBytes / pageBytes);
  const memory = tryMemory({ initial: pages, maximum: pages, shared: true });
  return memory === null ? new SharedArrayBuffer(lengthBytes) : (memory as unknown as SharedArrayBuffer);
}

/** Null where there is no address space for it: it is set aside in gigabytes. */
function tryMemory(size: { readonly initial: number; readonly maximum?: number; readonly shared?: boolean }): ArrayBuffer | null {
  try {
    return new wasm.Memory(size).buffer;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
