import { equalBytes, SLASH } from '@wardrobe/kloset-model';
import { ListingDigest, placedListing } from './listing-digest.js';
import { MacSet } from './mac-set.js';

/** Remembers of the directories of one tree, whose entries come in its order, one hash each: what a packed listing of them must have. */
export class TreeListings {
  readonly #known = new MacSet();
  readonly #digest = new ListingDigest();
  #directory: Uint8Array | null = null;
  #isSound = true;

  /** The next entry of the tree; `isDirectory` null: it is not plainly fine, so its directory cannot be told by a hash. */
  note(path: Uint8Array, mac: Uint8Array, isDirectory: boolean | null): void {
    const slash = path.lastIndexOf(SLASH);
    if (path.length === 1) return;
    const directory = path.subarray(0, Math.max(1, slash));
    if (this.#directory === null || !equalBytes(directory, this.#directory)) {
      this.#close();
      this.#directory = directory.slice();
      this.#digest.start();
      this.#isSound = true;
    }
    if (isDirectory === null) this.#isSound = false;
    else this.#digest.add(mac, isDirectory);
  }

  /** Whether the tree has just these children, all of them fine. An empty directory is never known. */
  has(directory: Uint8Array, digest: Uint8Array): boolean {
    this.#close();
    return this.#known.hasBytes(placedListing(digest, directory));
  }

  #close(): void {
    if (this.#directory !== null && this.#isSound && this.#digest.count > 0) this.#known.addBytes(placedListing(this.#digest.finish(), this.#directory));
    this.#directory = null;
  }
}
