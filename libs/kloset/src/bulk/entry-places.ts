import type { Mac } from '@wardrobe/kloset-model';
import { macFromBytes } from '../bytes/bytes.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import { type BlobRows, RowSet } from './blob-rows.js';
import { MacSet } from './mac-set.js';
import { ENTRY_IS } from './pipeline/examine-protocol.js';

/** An entry at a path: a tree may name a sound entry at a path that is not its own. */
export type Named = { readonly path: Uint8Array; readonly mac: Mac };

/** Entries proven at their paths. MACs are 32 bytes; answers are ENTRY_IS, 0: not proven. A directory is told as one only where the kind is remembered. */
export interface EntryPlaces {
  find(path: Uint8Array, mac: Uint8Array): number;
  /** Of one that is known to stand where it was proven. */
  kind(mac: Uint8Array): number;
  add(path: Uint8Array, mac: Uint8Array, isDirectory: boolean): void;
}

const MAC_HEAD = 8;

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

  find(path: Uint8Array, mac: Uint8Array): number {
    return this.#places.has(placeOf({ path, mac: macFromBytes(mac) })) ? ENTRY_IS.fine : 0;
  }

  kind(): number {
    return ENTRY_IS.fine;
  }

  add(path: Uint8Array, mac: Uint8Array): void {
    this.#places.add(placeOf({ path, mac: macFromBytes(mac) }));
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

  find(path: Uint8Array, mac: Uint8Array): number {
    const row = this.#rows.row(SNAPSHOT_BLOB.vfsEntry, mac);
    return row < 0 || this.#hashes[row] !== (pathHash(path) || 1) ? 0 : this.#kindOf(row);
  }

  kind(mac: Uint8Array): number {
    const row = this.#rows.row(SNAPSHOT_BLOB.vfsEntry, mac);
    return row < 0 || this.#hashes[row] === 0 ? 0 : this.#kindOf(row);
  }

  add(path: Uint8Array, mac: Uint8Array, isDirectory: boolean): void {
    const row = this.#rows.row(SNAPSHOT_BLOB.vfsEntry, mac);
    if (row < 0) return;
    this.#hashes[row] = pathHash(path) || 1;
    if (isDirectory) this.#directories.addRow(row);
  }

  #kindOf(row: number): number {
    return ENTRY_IS.fine | (this.#directories.hasRow(row) ? ENTRY_IS.directory : 0);
  }
}
