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
export type Part = { readonly numbers: readonly number[]; readonly files: readonly string[]; readonly items: ArrayBuffer };

/** Blobs and where they lie, as questions to reading threads. */
export class ItemList {
  readonly #rows: BlobRows;
  readonly #files: number[] = [];
  readonly #positions: number[] = [];
  readonly #lengths: number[] = [];
  readonly #plainBytes: number[] = [];
  readonly #macs: Uint8Array[] = [];

  constructor(rows: BlobRows) {
    this.#rows = rows;
  }

  get count(): number {
    return this.#files.length;
  }

  storedBytes(item: number): number {
    return this.#lengths[item] as number;
  }

  /** False: it does not lie in one place of this machine. The bytes of the MAC are kept as a view. */
  add(type: number, mac: Uint8Array, plainBytes: number): boolean {
    const rows = this.#rows;
    if (rows.locate(type, mac) < 0) return false;
    this.#files.push(rows.file);
    this.#positions.push(rows.position);
    this.#lengths.push(rows.lengthBytes);
    this.#plainBytes.push(plainBytes);
    this.#macs.push(mac);
    return true;
  }

  /** Takes away the items from `count` on. */
  cut(count: number): void {
    for (const list of [this.#files, this.#positions, this.#lengths, this.#plainBytes, this.#macs]) list.length = count;
  }

  /** Negative where `a` lies before `b`. */
  order(a: number, b: number): number {
    return (this.#files[a] as number) - (this.#files[b] as number) || (this.#positions[a] as number) - (this.#positions[b] as number);
  }

  *parts(itemsPerPart: number): Generator<Part> {
    const order = Array.from({ length: this.count }, (_, item) => item).sort((a, b) => this.order(a, b));
    for (let first = 0; first < order.length; first += itemsPerPart) yield this.part(order.slice(first, first + itemsPerPart));
  }

  part(numbers: readonly number[]): Part {
    const files: string[] = [];
    const local = new Map<number, number>();
    const items = new ArrayBuffer(numbers.length * READ_RECORD.sizeBytes);
    const view = new DataView(items);
    const bytes = new Uint8Array(items);
    for (const [place, item] of numbers.entries()) {
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
      bytes.set(this.#macs[item] as Uint8Array, at + READ_RECORD.mac);
      view.setUint32(at + READ_RECORD.plainBytes, this.#plainBytes[item] as number, true);
    }
    return { numbers, files, items };
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
    return { ...this.#items.part(numbers), contents: contents.map(({ number }) => number), claims: claims.buffer };
  }
}
