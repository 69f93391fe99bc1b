import { grown } from '../bytes/grown.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import type { BlobRows } from './blob-rows.js';
import { PathHash } from './path-hash.js';
import { ENTRY_IS } from './pipeline/examine-protocol.js';
import { PROVEN_ENTRY } from './pipeline/read-protocol.js';

const MAC_BYTES = 32;
const FIRST_ENTRIES = 1024;

/** Entries that are proven by themselves: what they say of their path and of their object is kept, and asked when they are met in a tree. */
export class ProvenEntries {
  readonly #rows: BlobRows;
  /** By the rows of entries, one more than the number of a proven one. Made when there is the first. */
  #numbers: Uint32Array | null = null;
  #count = 0;
  #paths = new Uint32Array(2 * FIRST_ENTRIES);
  /** Rows of objects. */
  #objects = new Int32Array(FIRST_ENTRIES);
  #statuses = new Uint8Array(FIRST_ENTRIES);
  readonly #path = new PathHash();

  constructor(rows: BlobRows) {
    this.#rows = rows;
  }

  /** `records`: PROVEN_ENTRY one after the other; `rows`: of the records that they name. One whose object no state has is left out. */
  add(records: Uint8Array, rows: Uint32Array): void {
    const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
    for (let at = 0; at < records.length; at += PROVEN_ENTRY.sizeBytes) {
      const status = view.getUint32(at + PROVEN_ENTRY.status, true);
      const object = at + PROVEN_ENTRY.object;
      const objectRow = (status & ENTRY_IS.filled) === 0 ? -1 : this.#rows.row(SNAPSHOT_BLOB.object, records.subarray(object, object + MAC_BYTES));
      if (objectRow < 0 && (status & ENTRY_IS.filled) !== 0) continue;
      const number = this.#next();
      this.#paths[2 * number] = view.getUint32(at + PROVEN_ENTRY.path, true);
      this.#paths[2 * number + 1] = view.getUint32(at + PROVEN_ENTRY.path + 4, true);
      this.#objects[number] = objectRow;
      this.#statuses[number] = status;
      this.#numbers ??= new Uint32Array(this.#rows.count);
      this.#numbers[rows[view.getUint32(at + PROVEN_ENTRY.record, true)] as number] = number + 1;
    }
  }

  /** The entry of this MAC, by a number for `status` and `object`; -1: it is not proven, or says that it stands elsewhere than at `path`. */
  find(mac: Uint8Array, path: Uint8Array): number {
    if (this.#numbers === null) return -1;
    const row = this.#rows.row(SNAPSHOT_BLOB.vfsEntry, mac);
    const number = row < 0 ? -1 : (this.#numbers[row] as number) - 1;
    if (number < 0) return -1;
    this.#path.start().add(path, 0, path.length).end();
    return this.#paths[2 * number] === this.#path.first && this.#paths[2 * number + 1] === this.#path.second ? number : -1;
  }

  /** ENTRY_IS. */
  status(number: number): number {
    return this.#statuses[number] as number;
  }

  /** The row of its object; -1: it has none. */
  object(number: number): number {
    return this.#objects[number] as number;
  }

  #next(): number {
    const number = this.#count++;
    if (number < this.#objects.length) return number;
    this.#paths = grown(this.#paths, new Uint32Array(4 * number));
    this.#objects = grown(this.#objects, new Int32Array(2 * number));
    this.#statuses = grown(this.#statuses, new Uint8Array(2 * number));
    return number;
  }
}
