import { unlessAborted } from '@wardrobe/store-connector';
import type { Line } from './line.js';
import { letGo, openFile, type RemoteFile, type Way } from './remote-file.js';
import { statusOf } from './sftp-errors.js';

type Kept = { readonly line: Line; readonly opened: Promise<RemoteFile>; users: number; idle: NodeJS.Timeout | undefined };

const MOST_KEPT = 32;
/** A file that was replaced or removed by others is read as it was for this long at most. */
const KEPT_MS = 5_000;

/**
 * Keeps files open for a short time after they were read, so that the next range of the same file costs one round trip instead of two. For packfiles
 * only, whose bytes never change under their name.
 */
export class OpenFiles {
  readonly #kept = new Map<string, Kept>();

  /** Work on a file that is open; a handle that the server has given up since it was opened is made anew once. @throws as the opening, or as `work` */
  async use<T>(way: Way, path: string, work: (file: RemoteFile) => Promise<T>): Promise<T> {
    const known = this.#kept.get(path);
    const isReused = known !== undefined && known.line === way.line;
    const kept = isReused ? known : this.#open(way.line, path);
    try {
      return await this.#work(way, path, { kept, work });
    } catch (error) {
      if (!isReused || statusOf(error) === null) throw error;
      this.forget(path);
      return await this.#work(way, path, { kept: this.#open(way.line, path), work });
    }
  }

  /** To be called when the file was replaced or removed. */
  forget(path: string): void {
    const kept = this.#kept.get(path);
    this.#kept.delete(path);
    if (kept !== undefined && kept.users === 0) this.#end(kept);
  }

  forgetAll(): void {
    for (const path of [...this.#kept.keys()]) this.forget(path);
  }

  #open(line: Line, path: string): Kept {
    this.forget(path);
    // Several may wait for it: none of them stops it for the others.
    const kept: Kept = { line, opened: openFile({ line, signal: undefined }, path, 'r'), users: 0, idle: undefined };
    kept.opened.catch(() => {
      if (this.#kept.get(path) === kept) this.#kept.delete(path);
    });
    this.#kept.set(path, kept);
    return kept;
  }

  async #work<T>({ line, signal }: Way, path: string, { kept, work }: { readonly kept: Kept; readonly work: (file: RemoteFile) => Promise<T> }): Promise<T> {
    kept.users += 1;
    clearTimeout(kept.idle);
    try {
      const { handle } = await unlessAborted(kept.opened, signal);
      return await work({ line, signal, handle, path });
    } finally {
      kept.users -= 1;
      if (kept.users === 0) this.#rest(path, kept);
    }
  }

  #rest(path: string, kept: Kept): void {
    if (this.#kept.get(path) !== kept) {
      this.#end(kept);
      return;
    }
    kept.idle = setTimeout(() => this.forget(path), KEPT_MS).unref();
    // The longest kept first.
    for (const [other, { users }] of this.#kept) {
      if (this.#kept.size <= MOST_KEPT) break;
      if (users === 0) this.forget(other);
    }
  }

  #end(kept: Kept): void {
    clearTimeout(kept.idle);
    // A file that could not be opened needs no end.
    kept.opened.then(letGo, () => undefined);
  }
}
