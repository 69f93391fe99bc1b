import type { Mac } from '@wardrobe/kloset-model';
import { macToBytes } from '../bytes/bytes.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import { type BlobRows, RowSet } from './blob-rows.js';
import { MacSet } from './mac-set.js';

/** An entry at a path: a tree may name a sound entry at a path that is not its own. */
export type Named = { readonly path: Uint8Array; readonly mac: Mac };

/** Entries proven at their paths. */
export interface EntryPlaces {
  /** `isDirectory` is false too where the kind is not remembered. */
  find(named: Named): { readonly isDirectory: boolean } | null;
  add(named: Named, isDirectory: boolean): void;
}

const MAC_HEAD = 8;
const FILE = { isDirectory: false };
const DIRECTORY = { isDirectory: true };

/** An entry at a path, as one key: the entry's MAC with the path's hash mixed into its first digits. */
export function placeOf({ path, mac }: Named): Mac {
  const head = (Number.parseInt(mac.slice(0, MAC_HEAD), 16) ^ pathHash(path)) >>> 0;
  return `${head.toString(16).padStart(MAC_HEAD, '0')}${mac.slice(MAC_HEAD)}` as Mac;
}

/** 32 bits of FNV-1a. */
function pathHash(path: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of path) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** By their MACs, for sources of which no more is known. */
export class MacPlaces implements EntryPlaces {
  readonly #places = new MacSet();

  find(named: Named): { readonly isDirectory: boolean } | null {
    return this.#places.has(placeOf(named)) ? FILE : null;
  }

  add(named: Named): void {
    this.#places.add(placeOf(named));
  }
}

/** Four bytes a blob of the store: the hash of the path at which an entry was proven last. */
export class RowPlaces implements EntryPlaces {
  readonly #rows: BlobRows;
  /** 0: not proven. */
  readonly #hashes: Uint32Array;
  readonly #directories: RowSet;

  constructor(rows: BlobRows) {
    this.#rows = rows;
    this.#hashes = new Uint32Array(rows.count);
    this.#directories = new RowSet(rows, SNAPSHOT_BLOB.vfsEntry);
  }

  find({ path, mac }: Named): { readonly isDirectory: boolean } | null {
    const row = this.#row(mac);
    if (row < 0 || this.#hashes[row] !== (pathHash(path) || 1)) return null;
    return this.#directories.hasRow(row) ? DIRECTORY : FILE;
  }

  add({ path, mac }: Named, isDirectory: boolean): void {
    const row = this.#row(mac);
    if (row < 0) return;
    this.#hashes[row] = pathHash(path) || 1;
    if (isDirectory) this.#directories.addRow(row);
  }

  #row(mac: Mac): number {
    return this.#rows.row(SNAPSHOT_BLOB.vfsEntry, macToBytes(mac));
  }
}
