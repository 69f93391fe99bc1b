import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { KlosetError, PermissionError, StoreError } from '@wardrobe/store-connector';
import { type Abortable, type ArchiveFile, NoFileError } from './archive-file.js';

/** A file of this machine, opened by the first call and kept open. */
export function localFile(path: string): ArchiveFile {
  return new LocalFile(path);
}

class LocalFile implements ArchiveFile {
  readonly #path: string;
  #file: Promise<FileHandle> | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  sizeBytes({ signal }: Abortable): Promise<number> {
    signal?.throwIfAborted();
    return this.#with(async (file) => {
      const found = await file.stat();
      if (!found.isFile()) throw new NoFileError(`${this.#path} is no file`);
      return found.size;
    });
  }

  readAt(offset: number, lengthBytes: number, { signal }: Abortable): Promise<Uint8Array> {
    return this.#with(async (file) => {
      const bytes = new Uint8Array(lengthBytes);
      for (let filled = 0; filled < lengthBytes; ) {
        signal?.throwIfAborted();
        const { bytesRead } = await file.read(bytes, filled, lengthBytes - filled, offset + filled);
        if (bytesRead === 0) throw new StoreError(`${this.#path} ended after ${offset + filled} bytes while it was read`);
        filled += bytesRead;
      }
      return bytes;
    });
  }

  async close(): Promise<void> {
    const opened = this.#file;
    this.#file = null;
    if (opened === null) return;
    // One that could not be opened was reported by the call that tried.
    const [result] = await Promise.allSettled([opened]);
    if (result?.status === 'fulfilled') await result.value.close();
  }

  async #with<T>(work: (file: FileHandle) => Promise<T>): Promise<T> {
    try {
      return await work(await this.#opened());
    } catch (error) {
      throw this.#explained(error);
    }
  }

  #opened(): Promise<FileHandle> {
    if (this.#file === null) {
      const opening = open(this.#path, constants.O_RDONLY);
      this.#file = opening;
      opening.catch(() => {
        if (this.#file === opening) this.#file = null;
      });
    }
    return this.#file;
  }

  #explained(error: unknown): unknown {
    if (error instanceof KlosetError || error instanceof NoFileError) return error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : null;
    if (code === null) return error;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return new NoFileError(`${this.#path} is not there`, { cause: error });
    if (code === 'EACCES' || code === 'EPERM') return new PermissionError(this.#path, { cause: error });
    return new StoreError(`${this.#path} cannot be read (${code})`, { cause: error, retryable: code === 'EIO' || code === 'EMFILE' });
  }
}
