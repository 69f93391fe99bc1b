import type { Mac } from '@wardrobe/kloset-model';
import { macToBytes } from '../bytes/bytes.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import type { BlobRows, RowSet } from './blob-rows.js';
import type { ObjectChecker } from './check-object.js';
import { ContentClaims, ItemList, type Part } from './check-requests.js';
import type { ContentProofs } from './content-proofs.js';
import { CHUNK_CLAIM, ENTRY_IS, ENTRY_VERDICT, LISTING_VERDICT, OBJECT_VERDICT } from './pipeline/examine-protocol.js';
import type { EntryBatch } from './entry-batch.js';
import type { Readers } from './pipeline/readers.js';

/** Less than this is looked at sooner on this thread, unless the threads are there. */
const THREADS_FROM_IDS = 1024;
/** What is asked of a thread at a time. */
const ITEMS_PER_REQUEST = 1024;
const MAC_BYTES = 32;

export type BulkOptions = {
  /** Which objects' contents are read. */
  readonly reads: 'all' | 'none' | ((object: Mac) => boolean);
  /** Known to be damaged, by their ids. */
  readonly damagedChunks: { readonly size: number; has(chunk: Mac): boolean };
  readonly signal: AbortSignal | undefined;
  readonly onStep: () => void;
};

/** Of entries at their paths: `verdict` is 0 where the careful way is to be taken, else ENTRY_IS. To be asked in the order in which proofs were begun. */
export interface EntryProof {
  verdict(index: number): number;
}

/**
 * Proves entries with all their contents on threads, many at a time, and tells which are plainly fine. It finds no fault: what is not plainly fine is for the
 * careful way. Objects that it proved are known to the `ObjectChecker`, and counted there.
 */
export class BulkCheck {
  readonly #rows: BlobRows;
  readonly #readers: Readers;
  readonly #objects: ObjectChecker;
  readonly #good: RowSet;
  /** Objects that were asked for, whatever came of it. */
  readonly #asked: RowSet;
  /** Contents that need not be read again. */
  readonly #proven: ContentProofs | null;
  readonly #options: BulkOptions;

  constructor(
    parts: {
      readonly rows: BlobRows;
      readonly readers: Readers;
      readonly objects: ObjectChecker;
      readonly good: RowSet;
      readonly asked: RowSet;
      readonly proven: ContentProofs | null;
    },
    options: BulkOptions,
  ) {
    this.#rows = parts.rows;
    this.#readers = parts.readers;
    this.#objects = parts.objects;
    this.#good = parts.good;
    this.#asked = parts.asked;
    this.#proven = parts.proven;
    this.#options = options;
  }

  isFor(count: number): boolean {
    return this.#readers.isStarted || count >= THREADS_FROM_IDS;
  }

  /** `known`: ENTRY_IS of those that were proven before at their paths, 0 of the others. */
  async entries(batch: EntryBatch, known: Uint8Array): Promise<EntryProof> {
    const items = new ItemList(this.#rows);
    const places = new Uint32Array(batch.count);
    const verdicts = known.slice();
    /** Rows of objects that are known already. */
    const knownRows = new Int32Array(batch.count).fill(-1);
    for (let index = 0; index < batch.count; index++) {
      if (known[index] !== 0 || this.#takeProven(batch, index, { verdicts, knownRows })) continue;
      if (items.add(SNAPSHOT_BLOB.vfsEntry, batch.mac(index), batch.path(index).length)) places[items.count - 1] = index;
    }
    const objects = new Uint8Array(batch.count * MAC_BYTES);
    await this.#askAll(items.parts(ITEMS_PER_REQUEST), async (part) => {
      const indexes = part.numbers.map((item) => places[item] as number);
      const answer = await this.#ask('entries', part, pathsOf(indexes, batch));
      for (const [number, index] of indexes.entries()) {
        const at = number * ENTRY_VERDICT.sizeBytes;
        verdicts[index] = answer[at] as number;
        objects.set(answer.subarray(at + ENTRY_VERDICT.object, at + ENTRY_VERDICT.sizeBytes), index * MAC_BYTES);
      }
    });
    const isFilled = (index: number): boolean => ((verdicts[index] as number) & ENTRY_IS.filled) !== 0;
    const asked = await this.#proveObjects(objects, (index) => isFilled(index) && (knownRows[index] as number) < 0);
    const row = (index: number): number => Math.max(knownRows[index] as number, asked[index] as number);
    return { verdict: (index) => (isFilled(index) && !this.#isGood(row(index)) ? 0 : (verdicts[index] as number)) };
  }

  /** Whether an entry and the object that it names need no question. */
  #takeProven(batch: EntryBatch, index: number, to: { readonly verdicts: Uint8Array; readonly knownRows: Int32Array }): boolean {
    if (this.#proven === null) return false;
    const { entries } = this.#proven;
    const number = entries.find(batch.mac(index), batch.path(index));
    if (number < 0) return false;
    const status = entries.status(number);
    const object = entries.object(number);
    if ((status & ENTRY_IS.filled) !== 0 && !this.#isKnown(object)) return false;
    to.verdicts[index] = status;
    to.knownRows[index] = object;
    return true;
  }

  /** Packed listings, by the MACs of their objects: the hash over the children of each (`ListingDigest`); null where the careful way is to be taken. */
  async listings(ids: readonly Mac[]): Promise<readonly (Uint8Array | null)[]> {
    const macs = new Uint8Array(ids.length * MAC_BYTES);
    for (const [index, id] of ids.entries()) macs.set(macToBytes(id), index * MAC_BYTES);
    const digests: (Uint8Array | null)[] = ids.map(() => null);
    const { objects, rows } = await this.#openObjects(
      macs,
      () => true,
      () => false,
    );
    const claims = new ContentClaims(this.#rows);
    for (const [number, object] of objects.entries()) claims.add(number, object);
    await this.#askAll(claims.parts(), async (part) => {
      const answer = await this.#ask('listings', part, part.claims);
      for (const [number, content] of part.contents.entries()) {
        const at = number * LISTING_VERDICT.sizeBytes;
        if (answer[at] !== 1) continue;
        const { index, chunks, bytes } = objects[content] as OpenedObject;
        digests[index] = answer.slice(at + LISTING_VERDICT.digest, at + LISTING_VERDICT.sizeBytes);
        this.#found(rows[index] as number, { chunks, bytes, isRead: true });
      }
    });
    return digests;
  }

  #isGood(row: number): boolean {
    return row >= 0 && this.#good.hasRow(row);
  }

  /** Whether an object need not be asked for (again). */
  #isKnown(row: number): boolean {
    const bytes = this.#proven?.lengthBytes(row) ?? -1;
    if (bytes >= 0) this.#found(row, { chunks: 1, bytes, isRead: true });
    return this.#good.hasRow(row) || this.#asked.hasRow(row);
  }

  /** Proves the objects wanted, each once, and says by which rows they are known. */
  async #proveObjects(macs: Uint8Array, isWanted: (index: number) => boolean): Promise<Int32Array> {
    const { objects, rows } = await this.#openObjects(macs, isWanted, (row) => this.#isKnown(row));
    const claims = new ContentClaims(this.#rows);
    for (const [number, object] of objects.entries()) {
      if (this.#isRead(macs, object.index)) claims.add(number, object);
      else if (this.#exist(object)) this.#found(rows[object.index] as number, { chunks: object.chunks, bytes: 0, isRead: false });
    }
    await this.#askAll(claims.parts(), async (part) => {
      const answer = await this.#ask('contents', part, part.claims);
      for (const [number, content] of part.contents.entries()) {
        const { index, chunks, bytes } = objects[content] as OpenedObject;
        if (answer[number] === 1) this.#found(rows[index] as number, { chunks, bytes, isRead: true });
      }
      this.#options.onStep();
    });
    return rows;
  }

  async #openObjects(
    macs: Uint8Array,
    isWanted: (index: number) => boolean,
    isKnown: (row: number) => boolean,
  ): Promise<{ readonly objects: readonly OpenedObject[]; readonly rows: Int32Array }> {
    const rows = new Int32Array(macs.length / MAC_BYTES).fill(-1);
    const items = new ItemList(this.#rows);
    const places: number[] = [];
    for (let index = 0; index < rows.length; index++) {
      if (!isWanted(index)) continue;
      const mac = macs.subarray(index * MAC_BYTES, (index + 1) * MAC_BYTES);
      const row = this.#rows.row(SNAPSHOT_BLOB.object, mac);
      rows[index] = row;
      if (row < 0 || isKnown(row)) continue;
      this.#asked.addRow(row);
      if (items.add(SNAPSHOT_BLOB.object, mac, 0)) places.push(index);
    }
    const objects: OpenedObject[] = [];
    await this.#askAll(items.parts(ITEMS_PER_REQUEST), async (part) => {
      const answer = await this.#ask('objects', part, new ArrayBuffer(0));
      objects.push(
        ...openedObjects(
          answer,
          part.numbers.map((item) => places[item] as number),
        ),
      );
    });
    return { objects, rows };
  }

  #isRead(macs: Uint8Array, index: number): boolean {
    const { reads } = this.#options;
    if (typeof reads === 'string') return reads === 'all';
    return reads(Buffer.from(macs.subarray(index * MAC_BYTES, (index + 1) * MAC_BYTES)).toString('hex') as Mac);
  }

  /** Whether all chunks lie somewhere and none is known to be damaged. */
  #exist({ claims, chunks }: OpenedObject): boolean {
    for (let chunk = 0; chunk < chunks; chunk++) {
      const mac = claims.subarray(chunk * CHUNK_CLAIM.sizeBytes, chunk * CHUNK_CLAIM.sizeBytes + MAC_BYTES);
      if (this.#rows.locate(SNAPSHOT_BLOB.chunk, mac) < 0) return false;
      if (this.#options.damagedChunks.size > 0 && this.#options.damagedChunks.has(Buffer.from(mac).toString('hex') as Mac)) return false;
    }
    return true;
  }

  /** An object is plainly fine. It is counted once. */
  #found(row: number, found: { readonly chunks: number; readonly bytes: number; readonly isRead: boolean }): void {
    if (this.#good.hasRow(row)) return;
    this.#good.addRow(row);
    const { counts } = this.#objects;
    counts.objects += 1;
    if (!found.isRead) counts.objectsNotRead += 1;
    counts.chunks += found.chunks;
    counts.bytes += found.bytes;
  }

  async #askAll<T>(parts: Iterable<T>, ask: (part: T) => Promise<void>): Promise<void> {
    await Promise.all(Array.from(parts, ask));
    this.#options.signal?.throwIfAborted();
  }

  async #ask(what: 'entries' | 'objects' | 'contents' | 'listings', part: Part, more: ArrayBuffer): Promise<Uint8Array> {
    const { bytes } = await this.#readers.ask({ kind: 'examine', what, files: part.files, items: part.items, more }, [part.items, more]);
    return new Uint8Array(bytes ?? new ArrayBuffer(0));
  }
}

/** An object that is plain: its number in the question, and its chunks as CHUNK_CLAIM. */
export type OpenedObject = {
  readonly index: number;
  readonly contentMac: Uint8Array;
  readonly chunks: number;
  readonly claims: Uint8Array;
  readonly bytes: number;
};

function openedObjects(answer: Uint8Array, places: Uint32Array): OpenedObject[] {
  const view = new DataView(answer.buffer, answer.byteOffset, answer.byteLength);
  const objects: OpenedObject[] = [];
  let claimsAt = places.length * OBJECT_VERDICT.sizeBytes;
  for (const [number, index] of places.entries()) {
    const at = number * OBJECT_VERDICT.sizeBytes;
    const chunks = view.getUint32(at, true);
    if (chunks === 0) continue;
    const end = claimsAt + chunks * CHUNK_CLAIM.sizeBytes;
    let bytes = 0;
    for (let claim = claimsAt; claim < end; claim += CHUNK_CLAIM.sizeBytes) bytes += view.getUint32(claim + CHUNK_CLAIM.lengthBytes, true);
    const contentMac = answer.subarray(at + OBJECT_VERDICT.contentMac, at + OBJECT_VERDICT.sizeBytes);
    objects.push({ index, contentMac, chunks, claims: answer.subarray(claimsAt, end), bytes });
    claimsAt = end;
  }
  return objects;
}

function pathsOf(indexes: Uint32Array, batch: EntryBatch): ArrayBuffer {
  let lengthBytes = 0;
  for (const index of indexes) lengthBytes += batch.path(index).length;
  const joined = new Uint8Array(lengthBytes);
  let at = 0;
  for (const index of indexes) {
    const path = batch.path(index);
    joined.set(path, at);
    at += path.length;
  }
  return joined.buffer;
}
