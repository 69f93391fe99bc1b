import type { Mac } from '@wardrobe/kloset-model';
import type { Chunker } from '../../chunking/chunker.js';
import { IntegrityError } from '../../errors/errors.js';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import type { RepositoryWriter } from '../../repository/writer-types.js';
import { readContent, decodeObject } from '../../snapshot/content.js';
import type { SnapshotSource } from '../../snapshot/source.js';
import type { ObjectInfo } from '../../snapshot/types.js';
import { type ContentSink, contentSink } from '../../snapshot/write/store-content.js';
import { NumberPages } from '../../snapshot/write/byte-arena.js';
import type { StoredContent } from '../../snapshot/write/types.js';
import type { ContentMap } from './content-map.js';
import { wholeContents } from './whole-contents.js';

export type CopierParts = {
  readonly source: SnapshotSource;
  readonly target: SnapshotSource;
  /** Source and target have one key: objects with the same MAC are the same. */
  readonly oneKey: boolean;
  readonly writer: RepositoryWriter;
  readonly chunker: Chunker;
  readonly known: ContentMap;
  /** Teaches `known` more; asked once, when much would have to be read. */
  readonly learn: (() => Promise<void>) | null;
  readonly signal?: AbortSignal | undefined;
  /** Called within large contents: there what is full is uploaded, and a checkpoint is made when it is time. */
  readonly pause: () => Promise<void>;
  /** Told after every content. */
  readonly onBytes?: (() => void) | undefined;
};

/** Chunks of contents with a single one are asked for together, up to so many bytes each. */
const SMALL_BYTES = 1 << 20;
const BYTES_PER_SETTLE = 16 << 20;
/** Reading so much costs more than learning what an earlier copy has. */
const LEARN_FROM_BYTES = 32 << 20;

/** Brings contents of the source into the target: cut, hashed and sealed by the target's rules, each once. */
export class ContentCopier {
  readonly #parts: CopierParts;
  /** What was copied, as numbers of the map. */
  readonly #copied = new NumberPages();
  #learn: CopierParts['learn'];
  readBytes = 0;
  #unsettledBytes = 0;

  constructor(parts: CopierParts) {
    this.#parts = parts;
    this.#learn = parts.learn;
  }

  /** @throws what reading a content throws: then the copy cannot be whole */
  async ensure(objects: Iterable<Mac>): Promise<void> {
    let wanted = await this.#unknown(new Set(objects));
    let infos = await this.#infos(wanted);
    if (this.#learn !== null && infos.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) >= LEARN_FROM_BYTES) {
      const learn = this.#learn;
      this.#learn = null;
      await learn();
      wanted = await this.#unknown(new Set(wanted));
      infos = infos.filter(({ mac }) => wanted.includes(mac));
    }
    const small = infos.filter(isSmall);
    await this.#copySmall(small);
    for (const info of infos) if (!isSmall(info)) await this.#copy(info, readContent(this.#parts.source, info, this.#parts));
  }

  /** Objects that have no equal to build upon. What was copied in another run may have been removed since. */
  async #unknown(objects: ReadonlySet<Mac>): Promise<readonly Mac[]> {
    const { known, oneKey, target, writer } = this.#parts;
    const wanted = [...objects].filter((object) => !this.#isThere(object));
    if (!oneKey || wanted.length === 0) return wanted;
    const there = await wholeContents({ blobs: target, has: (type, id) => writer.has(type, id) }, wanted, this.#parts);
    for (const [object, content] of there) known.set(object, content);
    return wanted.filter((object) => !there.has(object));
  }

  async #infos(objects: readonly Mac[]): Promise<ObjectInfo[]> {
    const infos: ObjectInfo[] = [];
    for await (const got of this.#parts.source.getMany(SNAPSHOT_BLOB.object, objects, this.#parts)) {
      if ('error' in got) throw got.error;
      infos.push(decodeObject(got.bytes, got.id));
    }
    return infos;
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
    await this.#parts.pause();
  }
}

function isSmall({ chunks, sizeBytes, contentMac }: ObjectInfo): boolean {
  return chunks.length === 1 && sizeBytes > 0 && sizeBytes <= SMALL_BYTES && chunks[0]?.mac === contentMac;
}
