import { grown } from '../bytes/grown.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import type { BlobRows } from './blob-rows.js';
import { CHUNK_CLAIM, CONTENT_CLAIM } from './pipeline/examine-protocol.js';
import { READ_RECORD } from './pipeline/read-protocol.js';

const MAC_BYTES = 32;
/** Contents that are asked for together: so many stored bytes. */
const CONTENTS_STORED_BYTES = 4 << 20;
/** A content larger than this is read by the careful way, in windows. */
const CONTENT_LIMIT_BYTES = 64 << 20;

/** `numbers`: of the items, in the order in which they lie in the packfiles. */
export type Part = { readonly numbers: Uint32Array; readonly files: readonly string[]; readonly items: ArrayBuffer };

const FIRST_ITEMS = 1024;

/** Blobs and where they lie, as questions to reading threads: no object for each. */
export class ItemList {
  readonly #rows: BlobRows;
  #capacity = FIRST_ITEMS;
  #files = new Uint32Array(FIRST_ITEMS);
  #positions = new Float64Array(FIRST_ITEMS);
  #lengths = new Uint32Array(FIRST_ITEMS);
  #plainBytes = new Uint32Array(FIRST_ITEMS);
  #macs = new Uint8Array(FIRST_ITEMS * MAC_BYTES);
  #count = 0;

  constructor(rows: BlobRows) {
    this.#rows = rows;
  }

  get count(): number {
    return this.#count;
  }

  storedBytes(item: number): number {
    return this.#lengths[item] as number;
  }

  /** False: it does not lie in one place of this machine. */
  add(type: number, mac: Uint8Array, plainBytes: number): boolean {
    const rows = this.#rows;
    if (rows.locate(type, mac) < 0) return false;
    if (this.#count === this.#capacity) this.#grow();
    const item = this.#count;
    this.#files[item] = rows.file;
    this.#positions[item] = rows.position;
    this.#lengths[item] = rows.lengthBytes;
    this.#plainBytes[item] = plainBytes;
    this.#macs.set(mac, item * MAC_BYTES);
    this.#count += 1;
    return true;
  }

  /** Takes away the items from `count` on. */
  cut(count: number): void {
    this.#count = count;
  }

  /** Negative where `a` lies before `b`. */
  order(a: number, b: number): number {
    return (this.#files[a] as number) - (this.#files[b] as number) || (this.#positions[a] as number) - (this.#positions[b] as number);
  }

  *parts(itemsPerPart: number): Generator<Part> {
    const order = Uint32Array.from({ length: this.#count }, (_, item) => item).sort((a, b) => this.order(a, b));
    for (let first = 0; first < order.length; first += itemsPerPart) yield this.part(order.subarray(first, first + itemsPerPart));
  }

  part(numbers: Uint32Array): Part {
    const files: string[] = [];
    const local = new Map<number, number>();
    const items = new ArrayBuffer(numbers.length * READ_RECORD.sizeBytes);
    const view = new DataView(items);
    const bytes = new Uint8Array(items);
    for (let place = 0; place < numbers.length; place++) {
      const item = numbers[place] as number;
      const at = place * READ_RECORD.sizeBytes;
      const known = this.#files[item] as number;
      let file = local.get(known);
      if (file === undefined) {
        file = files.push(this.#rows.files[known] as string) - 1;
        local.set(known, file);
      }
      view.setUint32(at + READ_RECORD.file, file, true);
      view.setUint32(at + READ_RECORD.lengthBytes, this.#lengths[item] as number, true);
      view.setFloat64(at + READ_RECORD.position, this.#positions[item] as number, true);
      bytes.set(this.#macs.subarray(item * MAC_BYTES, (item + 1) * MAC_BYTES), at + READ_RECORD.mac);
      view.setUint32(at + READ_RECORD.plainBytes, this.#plainBytes[item] as number, true);
    }
    return { numbers, files, items };
  }

  #grow(): void {
    this.#capacity *= 2;
    this.#files = grown(this.#files, new Uint32Array(this.#capacity));
    this.#positions = grown(this.#positions, new Float64Array(this.#capacity));
    this.#lengths = grown(this.#lengths, new Uint32Array(this.#capacity));
    this.#plainBytes = grown(this.#plainBytes, new Uint32Array(this.#capacity));
    this.#macs = grown(this.#macs, new Uint8Array(this.#capacity * MAC_BYTES));
  }
}

type Content = { readonly number: number; readonly contentMac: Uint8Array; readonly firstItem: number; readonly chunks: number; readonly storedBytes: number };
/** `contents`: their numbers, in order. */
export type ContentPart = Part & { readonly contents: readonly number[]; readonly claims: ArrayBuffer };

/** Contents and what their objects say of them, as questions to reading threads. */
export class ContentClaims {
  readonly #items: ItemList;
  readonly #contents: Content[] = [];

  constructor(rows: BlobRows) {
    this.#items = new ItemList(rows);
  }

  /** Leaves out what is too large, and what does not lie on this machine as a whole. */
  add(number: number, object: { readonly contentMac: Uint8Array; readonly chunks: number; readonly claims: Uint8Array; readonly bytes: number }): void {
    const { contentMac, chunks, claims } = object;
    if (object.bytes > CONTENT_LIMIT_BYTES) return;
    const view = new DataView(claims.buffer, claims.byteOffset, claims.byteLength);
    const firstItem = this.#items.count;
    let storedBytes = 0;
    for (let at = 0; at < claims.length; at += CHUNK_CLAIM.sizeBytes) {
      if (!this.#items.add(SNAPSHOT_BLOB.chunk, claims.subarray(at, at + MAC_BYTES), view.getUint32(at + CHUNK_CLAIM.lengthBytes, true))) {
        this.#items.cut(firstItem);
        return;
      }
      storedBytes += this.#items.storedBytes(this.#items.count - 1);
    }
    this.#contents.push({ number, contentMac, firstItem, chunks, storedBytes });
  }

  *parts(): Generator<ContentPart> {
    const contents = this.#contents.sort((a, b) => this.#items.order(a.firstItem, b.firstItem));
    let some: Content[] = [];
    let storedBytes = 0;
    for (const content of contents) {
      if (some.length > 0 && storedBytes + content.storedBytes > CONTENTS_STORED_BYTES) {
        yield this.#part(some);
        some = [];
        storedBytes = 0;
      }
      some.push(content);
      storedBytes += content.storedBytes;
    }
    if (some.length > 0) yield this.#part(some);
  }

  #part(contents: readonly Content[]): ContentPart {
    const claims = new Uint8Array(contents.length * CONTENT_CLAIM.sizeBytes);
    const view = new DataView(claims.buffer);
    const numbers: number[] = [];
    for (const [place, { contentMac, firstItem, chunks }] of contents.entries()) {
      view.setUint32(place * CONTENT_CLAIM.sizeBytes, chunks, true);
      claims.set(contentMac, place * CONTENT_CLAIM.sizeBytes + CONTENT_CLAIM.contentMac);
      for (let chunk = 0; chunk < chunks; chunk++) numbers.push(firstItem + chunk);
    }
    return { ...this.#items.part(Uint32Array.from(numbers)), contents: contents.map(({ number }) => number), claims: claims.buffer };
  }
}
