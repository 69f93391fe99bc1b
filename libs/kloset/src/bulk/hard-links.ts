import { createHash, randomInt } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import { type Mac, pathComponents } from '@wardrobe/kloset-model';
import { bytes16, struct, u32, u64 } from '../codec/binary.js';
import { decode, encode } from '../codec/codec.js';
import { macWords } from '../codec/word-reader.js';
import { ByteArena, NumberPages } from '../snapshot/write/byte-arena.js';
import type { Entry } from '../snapshot/types.js';
import { errnoOf } from './local-error.js';
import { openExisting, type SafeDirectory } from './safe-directory.js';
import { MacTable } from '../state/mac-table.js';

const SLASH = Buffer.from('/');

/** A file that was made: what it was then, its name, and where the names of its directories lie in memory. */
const madeFile = struct('made-file', { inode: u64, device: u64, directoryAt: u32, directoryBytes: u32, name: bytes16 });

/**
 * Remembers the first restored name of each file with several; a later name becomes a hard link to the first. Only files with more than one name take memory,
 * about 130 bytes and their names each, without an object a file.
 */
export class HardLinks {
  readonly #target: SafeDirectory;
  /** Numbers of the files. */
  readonly #files = new MacTable([randomInt(2 ** 32), randomInt(2 ** 32)]);
  /** By number: where the record lies, from 1 on, and its length; 0: not made. */
  readonly #places = new NumberPages();
  readonly #lengths = new NumberPages();
  readonly #memory = new ByteArena();
  #directory = { at: 0, path: Buffer.alloc(0) };

  constructor(target: SafeDirectory) {
    this.#target = target;
  }

  /** `names`: from the target folder down to the file, as restored. */
  async remember(entry: Entry, names: readonly Uint8Array[], path: Buffer): Promise<void> {
    const number = this.#numberOf(entry);
    const name = names.at(-1);
    if (number === null || name === undefined || this.#places.get(number) !== 0) return;
    const made = await lstat(path, { bigint: true });
    const directory = this.#keepDirectory(names.slice(0, -1));
    const record = encode(madeFile, { inode: made.ino, device: made.dev, directoryAt: directory.at, directoryBytes: directory.path.length, name });
    this.#places.set(number, this.#memory.append(record) + 1);
    this.#lengths.set(number, record.length);
  }

  /** The file restored under another name, reached again without following a link; null when there is none or it is no longer what was made. */
  async find(entry: Entry): Promise<{ readonly path: Buffer; close(): Promise<void> } | null> {
    const made = this.#madeOf(entry);
    if (made === null) return null;
    const opened: SafeDirectory[] = [];
    const close = async (): Promise<void> => {
      for (const directory of opened.splice(0)) await directory.handle.close();
    };
    try {
      for (const component of made.directories) opened.push(await openExisting(opened.at(-1) ?? this.#target, component));
      const path = (opened.at(-1) ?? this.#target).at(made.name);
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

  /** Copies, so that nothing of a listing is held. */
  #madeOf(entry: Entry): { readonly directories: readonly Uint8Array[]; readonly name: Uint8Array; readonly inode: bigint; readonly device: bigint } | null {
    const number = this.#numberOf(entry);
    const place = number === null ? 0 : this.#places.get(number);
    if (number === null || place === 0) return null;
    const { inode, device, directoryAt, directoryBytes, name } = decode(madeFile, this.#memory.view(place - 1, this.#lengths.get(number)));
    return { directories: pathComponents(this.#memory.view(directoryAt, directoryBytes)), name, inode, device };
  }

  /** Files of one directory follow each other: its path is kept once. */
  #keepDirectory(names: readonly Uint8Array[]): { readonly at: number; readonly path: Buffer } {
    const path = Buffer.concat(names.flatMap((name) => [SLASH, name]));
    if (path.length > 0 && !path.equals(this.#directory.path)) this.#directory = { at: this.#memory.append(path), path };
    return path.length === 0 ? { at: 0, path } : this.#directory;
  }

  #numberOf(entry: Entry): number | null {
    const key = keyOf(entry);
    if (key === null) return null;
    const number = this.#files.intern(macWords(createHash('sha256').update(key).digest()), 0);
    if (number === this.#places.length) {
      this.#places.push(0);
      this.#lengths.push(0);
    }
    return number;
  }
}

/** Names of one file have equal device, inode and content; content is compared too, for a file may change while it is backed up. */
function keyOf(entry: Entry): `${bigint}:${bigint}:${Mac | null}` | null {
  return entry.type === 'file' && entry.nlink > 1 && entry.ino !== 0n ? `${entry.dev}:${entry.ino}:${entry.object}` : null;
}
