import { concatBytes, equalBytes } from '../../bytes/bytes.js';
import type { MacAlgorithm } from '../../crypto/mac.js';
import { CHUNK_RECORD, PlainRecords } from '../../snapshot/plain-records.js';
import { ListingDigest } from '../listing-digest.js';
import { ListingFrames } from '../listing-frames.js';
import type { BlobOpener } from './blob-opener.js';
import { CHUNK_CLAIM, CONTENT_CLAIM, ENTRY_IS, ENTRY_VERDICT, type ExamineRequest, LISTING_VERDICT, OBJECT_VERDICT } from './examine-protocol.js';
import { ItemReader } from './item-reader.js';
import type { OpenFiles } from './pack-reader.js';
import type { ReadAnswer } from './read-protocol.js';

const MAC_BYTES = 32;
const NO_LENGTHS = new Int32Array(0);

/** Opens, proves and examines blobs on a thread. */
export class Examiner {
  readonly #opener: BlobOpener;
  readonly #files: OpenFiles;
  readonly #algorithm: MacAlgorithm;
  readonly #records: PlainRecords;
  readonly #digest = new ListingDigest();

  constructor(opener: BlobOpener, files: OpenFiles, algorithm: MacAlgorithm) {
    this.#opener = opener;
    this.#files = files;
    this.#algorithm = algorithm;
    this.#records = new PlainRecords(opener.bytes);
  }

  examine(request: ExamineRequest): ReadAnswer {
    const reader = new ItemReader(this.#opener, this.#files, request);
    return { id: request.id, lengths: NO_LENGTHS, bytes: this.#verdicts(request, reader) };
  }

  #verdicts({ what, more }: ExamineRequest, reader: ItemReader): ArrayBuffer {
    if (what === 'entries') return this.#entries(reader, new Uint8Array(more));
    if (what === 'objects') return this.#objects(reader);
    return this.#contents(reader, more, what === 'listings');
  }

  #entries(reader: ItemReader, paths: Uint8Array): ArrayBuffer {
    const verdicts = new Uint8Array(reader.count * ENTRY_VERDICT.sizeBytes);
    let pathAt = 0;
    for (let index = 0; index < reader.count; index++) {
      const path = paths.subarray(pathAt, pathAt + reader.plainBytes(index));
      pathAt += path.length;
      const [bytes, at, lengthBytes] = this.#inMemory(reader.open(index));
      const entry = at < 0 ? null : this.#records.entry(at, lengthBytes, path);
      if (entry === null) continue;
      const to = index * ENTRY_VERDICT.sizeBytes;
      verdicts[to] = ENTRY_IS.fine | (entry.objectAt < 0 ? 0 : ENTRY_IS.filled) | (entry.isDirectory ? ENTRY_IS.directory : 0);
      if (entry.objectAt >= 0) verdicts.set(bytes.subarray(entry.objectAt, entry.objectAt + MAC_BYTES), to + ENTRY_VERDICT.object);
    }
    return verdicts.buffer;
  }

  #objects(reader: ItemReader): ArrayBuffer {
    const heads = new Uint8Array(reader.count * OBJECT_VERDICT.sizeBytes);
    const headView = new DataView(heads.buffer);
    const claims: Uint8Array[] = [];
    for (let index = 0; index < reader.count; index++) {
      const [bytes, at, lengthBytes] = this.#inMemory(reader.open(index));
      const object = at < 0 ? null : this.#records.object(at, lengthBytes);
      if (object === null) continue;
      const to = index * OBJECT_VERDICT.sizeBytes;
      headView.setUint32(to, object.chunks, true);
      heads.set(bytes.subarray(object.contentMacAt, object.contentMacAt + MAC_BYTES), to + OBJECT_VERDICT.contentMac);
      claims.push(claimsOf(bytes, object));
    }
    return concatBytes([heads, ...claims]).buffer as ArrayBuffer;
  }

  /** A view of the thread's memory as its place in there; what was opened outside of it has none. */
  #inMemory(plain: Uint8Array | null): readonly [Uint8Array, number, number] {
    const { bytes } = this.#opener;
    return plain === null || plain.buffer !== bytes.buffer ? [bytes, -1, 0] : [bytes, plain.byteOffset, plain.length];
  }

  #contents(reader: ItemReader, claims: ArrayBuffer, areListings: boolean): ArrayBuffer {
    const view = new DataView(claims);
    const count = claims.byteLength / CONTENT_CLAIM.sizeBytes;
    const sizeBytes = areListings ? LISTING_VERDICT.sizeBytes : 1;
    const verdicts = new Uint8Array(count * sizeBytes);
    let first = 0;
    for (let number = 0; number < count; number++) {
      const at = number * CONTENT_CLAIM.sizeBytes;
      const chunks = view.getUint32(at, true);
      const contentMac = new Uint8Array(claims, at + CONTENT_CLAIM.contentMac, MAC_BYTES);
      const frames = areListings ? new ListingFrames(this.#opener, this.#digest) : null;
      const isProven = this.#content(reader, { first, chunks, contentMac }, frames);
      first += chunks;
      if (!isProven || frames?.isWhole === false) continue;
      verdicts[number * sizeBytes] = 1;
      if (areListings) verdicts.set(this.#digest.finish(), number * sizeBytes + LISTING_VERDICT.digest);
    }
    return verdicts.buffer;
  }

  /** Whether all chunks are proven, with the lengths that are claimed, and make the content together. */
  #content(
    reader: ItemReader,
    { first, chunks, contentMac }: { readonly first: number; readonly chunks: number; readonly contentMac: Uint8Array },
    frames: ListingFrames | null,
  ): boolean {
    // The MAC of the only chunk is proven, and is that of the whole.
    const isOne = chunks === 1 && equalBytes(reader.mac(first), contentMac);
    const whole = isOne ? null : this.#algorithm.create();
    for (let index = first; index < first + chunks; index++) {
      const plain = reader.open(index);
      if (plain === null || plain.length !== reader.plainBytes(index)) return false;
      whole?.update(plain);
      if (frames !== null && !frames.take(plain)) return false;
    }
    return whole === null || equalBytes(whole.digest(), contentMac);
  }
}

/** The chunks of a plain object, as they are answered with. */
function claimsOf(bytes: Uint8Array, object: { readonly chunks: number; readonly chunksAt: number }): Uint8Array {
  const claims = new Uint8Array(object.chunks * CHUNK_CLAIM.sizeBytes);
  for (let chunk = 0; chunk < object.chunks; chunk++) {
    const from = object.chunksAt + chunk * CHUNK_RECORD.strideBytes;
    const to = chunk * CHUNK_CLAIM.sizeBytes;
    claims.set(bytes.subarray(from + CHUNK_RECORD.mac, from + CHUNK_RECORD.mac + MAC_BYTES), to);
    // Big-endian there, little-endian here.
    for (let byte = 0; byte < 4; byte++) claims[to + CHUNK_CLAIM.lengthBytes + byte] = bytes[from + CHUNK_RECORD.lengthBytes + 3 - byte] as number;
  }
  return claims;
}
