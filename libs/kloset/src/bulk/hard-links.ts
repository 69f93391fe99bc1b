import { lstat } from 'node:fs/promises';
import type { Mac } from '@wardrobe/kloset-model';
import type { Entry } from '../snapshot/types.js';
import { errnoOf } from './local-error.js';
import { openExisting, type SafeDirectory } from './safe-directory.js';

/** `names`: from the target folder down to the file, as restored. */
type Made = { readonly names: readonly Uint8Array[]; readonly inode: bigint; readonly device: bigint };

/** Remembers the first restored name of each file with several; a later name becomes a hard link to the first. Only files with more than one name take memory. */
export class HardLinks {
  readonly #made = new Map<string, Made>();

  constructor(private readonly target: SafeDirectory) {}

  async remember(entry: Entry, names: readonly Uint8Array[], path: Buffer): Promise<void> {
    const key = keyOf(entry);
    if (key === null || this.#made.has(key)) return;
    const made = await lstat(path, { bigint: true });
    this.#made.set(key, { names, inode: made.ino, device: made.dev });
  }

  /** The file restored under another name, reached again without following a link; null when there is none or it is no longer what was made. */
  async find(entry: Entry): Promise<{ readonly path: Buffer; close(): Promise<void> } | null> {
    const key = keyOf(entry);
    const made = key === null ? undefined : this.#made.get(key);
    const name = made?.names.at(-1);
    if (made === undefined || name === undefined) return null;
    const opened: SafeDirectory[] = [];
    const close = async (): Promise<void> => {
      for (const directory of opened.splice(0)) await directory.handle.close();
    };
    try {
      for (const component of made.names.slice(0, -1)) opened.push(await openExisting(opened.at(-1) ?? this.target, component));
      const path = (opened.at(-1) ?? this.target).at(name);
      const found = await lstat(path, { bigint: true });
      if (found.ino === made.inode && found.dev === made.device) return { path, close };
    } catch (error) {
      await close();
      // Gone or closed to us: the content is restored once more instead.
      if (errnoOf(error) === null) throw error;
      return null;
    }
    await close();
    return null;
  }
}

/** Names of one file have equal device, inode and content; content is compared too, for a file may change while it is backed up. */
function keyOf(entry: Entry): `${bigint}:${bigint}:${Mac | null}` | null {
  return entry.type === 'file' && entry.nlink > 1 && entry.ino !== 0n ? `${entry.dev}:${entry.ino}:${entry.object}` : null;
}
