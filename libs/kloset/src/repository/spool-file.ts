import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DiskFullError, StoreError } from '../errors/errors.js';

const BUFFER_BYTES = 256 << 10;

/** A local file that only grows, written through a buffer on the calling thread: one call of the system for very many blobs, no promise for any. */
export class SpoolFile {
  readonly path: string;
  readonly #descriptor: number;
  readonly #buffer: Buffer;
  #filled = 0;
  #open = true;

  /** @throws StoreError, DiskFullError */
  constructor(folder: string, name: string, bufferBytes = BUFFER_BYTES) {
    this.#buffer = Buffer.allocUnsafe(bufferBytes);
    this.path = join(folder, name);
    this.#descriptor = guarded(this.path, () => openSync(this.path, 'wx', 0o600));
  }

  append(bytes: Uint8Array): void {
    if (this.#filled + bytes.length > this.#buffer.length) this.#flush();
    if (bytes.length >= this.#buffer.length) {
      this.#write(bytes);
      return;
    }
    this.#buffer.set(bytes, this.#filled);
    this.#filled += bytes.length;
  }

  close(): void {
    if (!this.#open) return;
    this.#flush();
    this.#open = false;
    guarded(this.path, () => closeSync(this.#descriptor));
  }

  /** Gives the file up, written or not. */
  discard(): void {
    if (this.#open) closeSync(this.#descriptor);
    this.#open = false;
    rmSync(this.path, { force: true });
  }

  #flush(): void {
    this.#write(this.#buffer.subarray(0, this.#filled));
    this.#filled = 0;
  }

  #write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) at += guarded(this.path, () => writeSync(this.#descriptor, bytes, at));
  }
}

function guarded<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ENOSPC' || code === 'EDQUOT') throw new DiskFullError(path, { cause: error });
    throw new StoreError(`${path} cannot be written (${code})`, { cause: error });
  }
}
