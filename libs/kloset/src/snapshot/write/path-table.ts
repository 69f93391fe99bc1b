import { equalBytes, isCleanPath, nameText, SLASH } from '@wardrobe/kloset-model';
import { InvalidInputError } from '../../errors/errors.js';
import { ByteArena, NumberPages } from './byte-arena.js';

/** Number of the path `/`. */
export const ROOT = 0;

const MAX_NAME_BYTES = 1 << 16;
const HEAD_BYTES = 2;
const FIRST_PATH_BYTES = 4096;
const FNV_PRIME = 0x01000193;

/**
 * Paths as a tree of names: each has a number, a parent and a name of raw bytes. About 8 bytes a path beside the name, and as much again to find it.
 * The first is the root.
 */
export class PathTable {
  readonly #parents = new NumberPages();
  readonly #places = new NumberPages();
  readonly #names = new ByteArena();
  #slots: Uint32Array | null = new Uint32Array(1 << 10);
  #lastDirectory: Uint8Array = new Uint8Array(0);
  #lastParent = ROOT;
  /** The path that was made last, and the part of it that is its directory. */
  #made = new Uint8Array(FIRST_PATH_BYTES);
  #madeParent = ROOT;
  #madeBytes = 0;

  constructor() {
    this.#append(ROOT, Uint8Array.of(SLASH));
  }

  get size(): number {
    return this.#parents.length;
  }

  /** Number of a clean absolute path; it and its parents are entered. @throws InvalidInputError the path is none, or has a name above 65,535 bytes */
  enter(path: Uint8Array): number {
    const cut = path.lastIndexOf(SLASH);
    if (cut < 0 || path.length === 1) return this.#enterRoot(path);
    const directory = path.subarray(0, cut);
    if (!equalBytes(directory, this.#lastDirectory) || this.#lastDirectory.length === 0) {
      if (!isCleanPath(path)) throw notClean(path);
      this.#lastParent = this.#enterDirectory(directory);
      this.#lastDirectory = directory.slice();
    }
    const name = path.subarray(cut + 1);
    if (!isName(name)) throw notClean(path);
    return this.#child(this.#lastParent, name);
  }

  /** Of the root the root. */
  parent(node: number): number {
    return this.#parents.get(node);
  }

  /** A view. */
  name(node: number): Uint8Array {
    const place = this.#places.get(node);
    const page = this.#names.page(place);
    const at = this.#names.at(place);
    const lengthBytes = ((page[at] as number) << 8) | (page[at + 1] as number);
    return page.subarray(at + HEAD_BYTES, at + HEAD_BYTES + lengthBytes);
  }

  path(node: number): Uint8Array {
    return Uint8Array.from(this.pathView(node));
  }

  /** A view of memory that the next call writes over. */
  pathView(node: number): Uint8Array {
    if (node === ROOT) return this.name(ROOT);
    const parent = this.parent(node);
    const name = this.name(node);
    if (parent !== this.#madeParent || this.#made.length < this.#madeBytes + 1 + name.length) this.#makeDirectory(parent, name.length);
    this.#made[this.#madeBytes] = SLASH;
    this.#made.set(name, this.#madeBytes + 1);
    return this.#made.subarray(0, this.#madeBytes + 1 + name.length);
  }

  /** Gives back the memory that only `enter` needs. */
  seal(): void {
    this.#slots = null;
  }

  /** Puts the path of a directory where a slash and a name fit behind it; that of the root is empty. */
  #makeDirectory(node: number, nameBytes: number): void {
    let lengthBytes = 0;
    for (let at = node; at !== ROOT; at = this.parent(at)) lengthBytes += this.name(at).length + 1;
    if (this.#made.length < lengthBytes + 1 + nameBytes) this.#made = new Uint8Array((lengthBytes + nameBytes) * 2 + FIRST_PATH_BYTES);
    let end = lengthBytes;
    for (let at = node; at !== ROOT; at = this.parent(at)) {
      const name = this.name(at);
      end -= name.length;
      this.#made.set(name, end);
      end -= 1;
      this.#made[end] = SLASH;
    }
    this.#madeParent = node;
    this.#madeBytes = lengthBytes;
  }

  #enterRoot(path: Uint8Array): number {
    if (path.length !== 1 || path[0] !== SLASH) throw notClean(path);
    return ROOT;
  }

  #enterDirectory(directory: Uint8Array): number {
    let node = ROOT;
    for (let start = 1; start < directory.length; ) {
      const slash = directory.indexOf(SLASH, start);
      const end = slash < 0 ? directory.length : slash;
      node = this.#child(node, directory.subarray(start, end));
      start = end + 1;
    }
    return node;
  }

  #child(parent: number, name: Uint8Array): number {
    if (this.#slots === null) throw new TypeError('the snapshot is being written: nothing can be added');
    if (name.length >= MAX_NAME_BYTES) throw new InvalidInputError(`a name of ${name.length} bytes cannot be stored`);
    const mask = this.#slots.length - 1;
    for (let slot = hashOf(parent, name) & mask; ; slot = (slot + 1) & mask) {
      const found = this.#slots[slot] as number;
      if (found === 0) {
        this.#slots[slot] = this.size + 1;
        const node = this.#append(parent, name);
        if (this.size * 4 > this.#slots.length * 3) this.#grow(this.#slots.length * 2);
        return node;
      }
      if (this.parent(found - 1) === parent && found - 1 !== ROOT && equalBytes(this.name(found - 1), name)) return found - 1;
    }
  }

  #append(parent: number, name: Uint8Array): number {
    const place = this.#names.reserve(name.length + HEAD_BYTES);
    const page = this.#names.page(place);
    const at = this.#names.at(place);
    page[at] = name.length >>> 8;
    page[at + 1] = name.length & 0xff;
    page.set(name, at + HEAD_BYTES);
    this.#parents.push(parent);
    this.#places.push(place);
    return this.size - 1;
  }

  #grow(slotCount: number): void {
    const slots = new Uint32Array(slotCount);
    const mask = slotCount - 1;
    for (let node = ROOT + 1; node < this.size; node++) {
      let slot = hashOf(this.parent(node), this.name(node)) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = node + 1;
    }
    this.#slots = slots;
  }
}

function hashOf(parent: number, name: Uint8Array): number {
  let hash = Math.imul(parent ^ 0x811c9dc5, 0x9e3779b1);
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ (name[at] as number), FNV_PRIME);
  return (hash ^ (hash >>> 15)) >>> 0;
}

function isName(name: Uint8Array): boolean {
  const dots = name.length <= 2 && name.every((byte) => byte === 0x2e);
  return name.length > 0 && !dots;
}

function notClean(path: Uint8Array): InvalidInputError {
  return new InvalidInputError(`${JSON.stringify(nameText(path))} is no clean absolute path`);
}
