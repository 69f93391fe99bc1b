import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskFullError, StoreError } from '../../errors/errors.js';

/** A temporary file of this process alone for what does not fit into memory. Where the system allows it, it has no name: nothing is left when the process dies. */
export class SpillFile {
  readonly #folder = mkdtempSync(join(tmpdir(), 'wardrobe-spill-'));
  readonly #file = openSync(join(this.#folder, 'spill'), 'wx+', 0o600);
  #isOpen = true;

  constructor() {
    if (process.platform !== 'win32') rmSync(this.#folder, { recursive: true, force: true });
  }

  /** @throws DiskFullError, StoreError */
  write(bytes: Uint8Array, at: number): void {
    for (let done = 0; done < bytes.length; ) done += this.#guarded(() => writeSync(this.#file, bytes, done, bytes.length - done, at + done));
  }

  /** Fills all of `bytes`. @throws StoreError the file ends before */
  read(bytes: Uint8Array, at: number): void {
    for (let done = 0; done < bytes.length; ) {
      const got = this.#guarded(() => readSync(this.#file, bytes, done, bytes.length - done, at + done));
      if (got === 0) throw new StoreError(`a temporary file in ${tmpdir()} ends early`);
      done += got;
    }
  }

  /** Safe to call twice. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#file);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #guarded(work: () => number): number {
    try {
      return work();
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (code === 'ENOSPC' || code === 'EDQUOT') throw new DiskFullError(tmpdir(), { cause: error });
      throw new StoreError(`a temporary file in ${tmpdir()} cannot be used (${code})`, { cause: error });
    }
  }
}
