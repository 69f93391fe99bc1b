import { equalBytes, type Mac, SLASH } from '@wardrobe/kloset-model';
import { blake3Hash } from '@wardrobe/kernel';
import { macToBytes } from '../bytes/bytes.js';
import { grown } from '../bytes/grown.js';
import { type KnownLeaves, TREE_END, TREE_START } from './known-leaves.js';
import { ListingDigest } from './listing-digest.js';
import { KEPT_BYTES, MacNumbers } from './mac-numbers.js';

const FIRST_DIRECTORIES = 1024;

/**
 * What the packed listings of directories must have, one hash each, from the entries of trees in their order. What was found for one tree holds for another that
 * has the same leaves there, one behind the other: with the leaf before where a directory begins with a leaf, and the one behind where it ends with one.
 */
export class TreeListings {
  readonly #leaves: KnownLeaves;
  /** By the hashes of their paths. */
  readonly #directories = new MacNumbers();
  #digests = new Uint8Array(FIRST_DIRECTORIES * KEPT_BYTES);
  /** The packed listing that was found to have that hash; zeros: none. */
  #listings = new Uint8Array(FIRST_DIRECTORIES * KEPT_BYTES);
  /** Where the leaves begin in `sequences`, and how many they are. */
  #starts = new Uint32Array(FIRST_DIRECTORIES);
  #lengths = new Uint32Array(FIRST_DIRECTORIES);
  #sequences = new Int32Array(3 * FIRST_DIRECTORIES);
  #sequencesEnd = 0;
  /** Root of the tree that was told of last. */
  #root: Mac | null = null;
  #trees = 0;
  readonly #digest = new ListingDigest();
  #directory: Uint8Array | null = null;
  #isSound = true;
  #sequence: number[] = [];
  /** That of the entry before. */
  #leaf = TREE_END;

  constructor(leaves: KnownLeaves) {
    this.#leaves = leaves;
  }

  /** Whether something may be known from a tree before. */
  get isShared(): boolean {
    return this.#trees > 0;
  }

  /** Another tree is scanned from here on. */
  startTree(): void {
    this.#leaves.startTree();
    this.#root = null;
    this.#directory = null;
    this.#leaf = TREE_END;
  }

  /** The next entry of the tree and its leaf; `isDirectory` null: it is not plainly fine, so its directory cannot be told by a hash. */
  note({ path, mac, isDirectory }: { readonly path: Uint8Array; readonly mac: Uint8Array; readonly isDirectory: boolean | null }, leaf: number): void {
    const isNewLeaf = leaf !== this.#leaf;
    const before = isNewLeaf ? this.#before(leaf) : leaf;
    const slash = path.lastIndexOf(SLASH);
    const directory = path.length === 1 ? null : path.subarray(0, Math.max(1, slash));
    if (directory !== null && this.#directory !== null && equalBytes(directory, this.#directory)) {
      if (isNewLeaf) this.#sequence.push(leaf);
      // Some of it was passed over: what is known of it stays.
      if (before !== this.#leaf) this.#isSound = false;
    } else {
      if (isNewLeaf && before === this.#leaf) this.#sequence.push(leaf);
      this.#close(!isNewLeaf || before === this.#leaf);
      if (directory !== null) this.#open(directory, isNewLeaf ? [before, leaf] : [leaf]);
    }
    this.#leaf = leaf;
    if (directory === null) return;
    if (isDirectory === null) this.#isSound = false;
    else this.#digest.add(mac, isDirectory);
  }

  /** No more entries come; `isWhole`: all of them were told of, but those of leaves that were passed over. */
  endTree(root: Mac, isWhole: boolean): void {
    const isLast = isWhole && this.#leaf !== TREE_END && this.#leaves.place(this.#leaf) === this.#leaves.placed - 1;
    this.#sequence.push(TREE_END);
    this.#close(isLast);
    this.#leaves.endTree(isWhole);
    this.#root = root;
    this.#trees += 1;
  }

  /** Whether the tree of this root was told of last, and the directory has just these children, all of them fine. An empty directory is never known. */
  has(root: Mac, directory: Uint8Array, digest: Uint8Array): boolean {
    const number = this.#find(root, directory);
    return number >= 0 && isSame(this.#digests, number, digest);
  }

  /** Whether this packed listing of the directory was found to be right, where the tree is the same there. */
  isProven(root: Mac, directory: Uint8Array, listing: Mac): boolean {
    const number = this.#find(root, directory);
    return number >= 0 && isSame(this.#listings, number, macToBytes(listing));
  }

  /** This packed listing has the hash of the directory's children. */
  setProven(directory: Uint8Array, listing: Mac): void {
    const number = this.#directories.find(blake3Hash(directory));
    if (number >= 0) this.#listings.set(macToBytes(listing).subarray(0, KEPT_BYTES), number * KEPT_BYTES);
  }

  #find(root: Mac, directory: Uint8Array): number {
    if (root !== this.#root) return -1;
    const number = this.#directories.find(blake3Hash(directory));
    if (number < 0) return -1;
    const start = this.#starts[number] as number;
    return this.#leaves.isInTree(this.#sequences.subarray(start, start + (this.#lengths[number] as number))) ? number : -1;
  }

  /** The leaf before a new one, if its entries were told of; TREE_START: it is the first; TREE_END: that before was passed over. */
  #before(leaf: number): number {
    const place = this.#leaves.place(leaf);
    if (place === 0) return this.#leaf === TREE_END ? TREE_START : TREE_END;
    return this.#leaf >= 0 && this.#leaves.place(this.#leaf) === place - 1 ? this.#leaf : TREE_END;
  }

  /** `sequence`: the leaf before it, where it begins with one, and its own. */
  #open(directory: Uint8Array, sequence: number[]): void {
    this.#directory = directory.slice();
    this.#sequence = sequence;
    this.#isSound = sequence[0] !== TREE_END;
    this.#digest.start();
  }

  /** `isWhole`: no entry can follow that was not told of. */
  #close(isWhole: boolean): void {
    if (this.#directory !== null && this.#isSound && isWhole && this.#digest.count > 0) this.#keep(this.#directory, this.#digest.finish());
    this.#directory = null;
  }

  #keep(directory: Uint8Array, digest: Uint8Array): void {
    const number = this.#directories.add(blake3Hash(directory));
    if (number >= this.#starts.length) this.#grow();
    const at = number * KEPT_BYTES;
    if (!isSame(this.#digests, number, digest)) this.#listings.fill(0, at, at + KEPT_BYTES);
    this.#digests.set(digest.subarray(0, KEPT_BYTES), at);
    const { length } = this.#sequence;
    if (length > (this.#lengths[number] as number)) {
      this.#starts[number] = this.#sequencesEnd;
      this.#sequencesEnd += length;
      if (this.#sequencesEnd > this.#sequences.length) this.#sequences = grown(this.#sequences, new Int32Array(2 * this.#sequencesEnd));
    }
    this.#lengths[number] = length;
    this.#sequences.set(this.#sequence, this.#starts[number]);
  }

  #grow(): void {
    const length = 2 * this.#starts.length;
    this.#digests = grown(this.#digests, new Uint8Array(length * KEPT_BYTES));
    this.#listings = grown(this.#listings, new Uint8Array(length * KEPT_BYTES));
    this.#starts = grown(this.#starts, new Uint32Array(length));
    this.#lengths = grown(this.#lengths, new Uint32Array(length));
  }
}

function isSame(table: Uint8Array, number: number, mac: Uint8Array): boolean {
  for (let i = 0; i < KEPT_BYTES; i++) if (table[number * KEPT_BYTES + i] !== mac[i]) return false;
  return true;
}
