import type { Mac } from '@wardrobe/kloset-model';
import type { Chunker } from '../../chunking/chunker.js';
import { IntegrityError } from '../../errors/errors.js';
import { decode } from '../../codec/codec.js';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import { object as objectTable } from '../../format/snapshot-object.js';
import type { RepositoryWriter } from '../../repository/writer-types.js';
import { readContent, toObject } from '../../snapshot/content.js';
import type { SnapshotSource } from '../../snapshot/source.js';
import type { ObjectInfo } from '../../snapshot/types.js';
import { type ContentSink, contentSink } from '../../snapshot/write/store-content.js';
import { NumberPages } from '../../snapshot/write/byte-arena.js';
import type { StoredContent } from '../../snapshot/write/types.js';
import type { ContentMap } from './content-map.js';

export type CopierParts = {
  readonly source: SnapshotSource;
  readonly writer: RepositoryWriter;
  readonly chunker: Chunker;
  readonly known: ContentMap;
  readonly signal?: AbortSignal | undefined;
  /** Told after every content. */
  readonly onBytes?: (() => void) | undefined;
};

/** Chunks of contents with a single one are asked for together, up to so many bytes each. */
const SMALL_BYTES = 1 << 20;
const BYTES_PER_SETTLE = 16 << 20;

/** Brings contents of the source into the target: cut, hashed and sealed by the target's rules, each once. */
export class ContentCopier {
  readonly #parts: CopierParts;
  /** What was copied, as numbers of the map. */
  readonly #copied = new NumberPages();
  readBytes = 0;
  #unsettledBytes = 0;

  constructor(parts: CopierParts) {
    this.#parts = parts;
  }

  /** @throws what reading a content throws: then the copy cannot be whole */
  async ensure(objects: Iterable<Mac>): Promise<void> {
    const wanted = [...new Set(objects)].filter((object) => !this.#isThere(object));
    if (wanted.length === 0) return;
    const small: ObjectInfo[] = [];
    const large: ObjectInfo[] = [];
    for await (const got of this.#parts.source.getMany(SNAPSHOT_BLOB.object, wanted, this.#parts)) {
      if ('error' in got) throw got.error;
      const info = toObject(decode(objectTable, got.bytes, { kind: 'object', file: got.id }), got.id);
      const isSmall = info.chunks.length === 1 && info.sizeBytes > 0 && info.sizeBytes <= SMALL_BYTES && info.chunks[0]?.mac === info.contentMac;
      (isSmall ? small : large).push(info);
    }
    await this.#copySmall(small);
    for (const info of large) await this.#copy(info, readContent(this.#parts.source, info, this.#parts));
  }

  /** Contents read from the source. */
  get count(): number {
    return this.#copied.length;
  }

  /** Objects of the target that were made. */
  *made(): Generator<Mac> {
    for (let index = 0; index < this.#copied.length; index++) yield this.#parts.known.at(this.#copied.get(index)).object;
  }

  /** A content that was ensured. */
  content(object: Mac): StoredContent {
    const content = this.#parts.known.get(object);
    if (content === null) throw new TypeError(`object ${object} was not copied`);
    return content;
  }

  /** What was copied in another run may have been removed since. */
  #isThere(object: Mac): boolean {
    const known = this.#parts.known.get(object);
    return known !== null && this.#parts.writer.has(SNAPSHOT_BLOB.object, known.object);
  }

  async #copySmall(infos: readonly ObjectInfo[]): Promise<void> {
    const chunks = infos.map((info) => info.contentMac);
    let next = 0;
    for await (const got of this.#parts.source.getMany(SNAPSHOT_BLOB.chunk, chunks, this.#parts)) {
      const info = infos[next++];
      if (info === undefined) break;
      if ('error' in got) throw got.error;
      if (got.bytes.length !== info.sizeBytes)
        throw new IntegrityError(`chunk ${got.id}`, `${got.bytes.length} bytes where its object says ${info.sizeBytes}`, { kind: 'chunk', file: got.id });
      await this.#copy(info, [got.bytes]);
    }
  }

  async #copy(info: ObjectInfo, pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    const { chunker, writer, known } = this.#parts;
    const sink: ContentSink = contentSink(writer, { chunker, contentType: info.contentType, entropy: 'measured' });
    for await (const piece of pieces) {
      sink.push(piece);
      await this.#count(piece.length);
    }
    this.#copied.push(known.set(info.mac, sink.finish()));
    this.#parts.onBytes?.();
  }

  async #count(lengthBytes: number): Promise<void> {
    this.readBytes += lengthBytes;
    this.#unsettledBytes += lengthBytes;
    if (this.#unsettledBytes < BYTES_PER_SETTLE) return;
    this.#unsettledBytes = 0;
    await this.#parts.writer.settle(this.#parts);
    this.#parts.onBytes?.();
  }
}
