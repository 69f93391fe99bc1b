import type { Mac } from '@wardrobe/kloset-model';
import { IntegrityError, KlosetError, NotFoundError } from '../errors/errors.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import { decode } from '../codec/codec.js';
import { object as objectTable } from '../format/snapshot-object.js';
import type { BlobResult } from '../repository/types.js';
import { chunkBatches, readObject, toObject } from '../snapshot/content.js';
import type { SnapshotSource } from '../snapshot/source.js';
import type { CheckProblem, ChunkInfo, ObjectInfo } from '../snapshot/types.js';
import type { BlobSet } from './blob-rows.js';

/** What is wrong with a blob, without the snapshot and path that it hits. */
export type Finding = Pick<CheckProblem, 'what' | 'id' | 'error'>;
export type ObjectCounts = { objects: number; objectsNotRead: number; chunks: number; bytes: number };

/** Proves objects with their chunks, each once: later snapshots get the same answer without a read. */
export class ObjectChecker {
  readonly #good: BlobSet;
  /** Only what is damaged takes an object in memory. */
  readonly #bad = new Map<Mac, readonly Finding[]>();
  /** Being prepared: whoever asks for one of them meanwhile waits. */
  readonly #preparing = new Map<Mac, Promise<void>>();
  readonly counts: ObjectCounts = { objects: 0, objectsNotRead: 0, chunks: 0, bytes: 0 };

  constructor(
    private readonly source: SnapshotSource,
    private readonly options: {
      readonly isRead: (object: Mac) => boolean;
      readonly damagedChunks?: ReadonlyMap<Mac, KlosetError> | undefined;
      readonly signal: AbortSignal | undefined;
      readonly onStep: () => void;
      /** Objects proven, here or by `BulkCheck`. */
      readonly good: BlobSet;
    },
  ) {
    this.#good = options.good;
  }

  async check(id: Mac): Promise<readonly Finding[]> {
    const preparing = this.#preparing.get(id);
    if (preparing !== undefined) await preparing;
    if (this.#good.has(id)) return [];
    const known = this.#bad.get(id);
    if (known !== undefined) return known;
    const findings = await this.#examine(id);
    this.#remember(id, findings);
    return findings;
  }

  /** Answers for many objects at once: they and what consists of one chunk are read together. `check` then finds them. */
  async prepare(ids: readonly Mac[]): Promise<void> {
    const fresh = [...new Set(ids)].filter((id) => !this.#good.has(id) && !this.#bad.has(id) && !this.#preparing.has(id));
    const prepared = this.#prepare(fresh);
    for (const id of fresh) this.#preparing.set(id, prepared);
    try {
      await prepared;
    } finally {
      for (const id of fresh) this.#preparing.delete(id);
    }
  }

  async #prepare(fresh: readonly Mac[]): Promise<void> {
    const single: ObjectInfo[] = [];
    for await (const got of this.source.getMany(SNAPSHOT_BLOB.object, fresh, { signal: this.options.signal })) {
      this.counts.objects += 1;
      const object = opened(got);
      if ('what' in object) this.#bad.set(got.id, [object]);
      else if (!this.options.isRead(got.id)) {
        this.counts.objectsNotRead += 1;
        this.#remember(got.id, this.#existing(object));
      } else if (object.chunks.length === 1) single.push(object);
      else this.#remember(got.id, await this.#whole(object));
    }
    await this.#singles(single);
  }

  /** Contents of one chunk: its MAC must be the content's too. Whatever is not plainly right is looked at in the careful way. */
  async #singles(objects: readonly ObjectInfo[]): Promise<void> {
    const chunks = [...new Map(objects.map((object) => [(object.chunks[0] as ChunkInfo).mac, object]))];
    const lengths = new Map<Mac, number>();
    for await (const got of this.source.getMany(
      SNAPSHOT_BLOB.chunk,
      chunks.map(([mac]) => mac),
      { signal: this.options.signal },
    )) {
      if ('bytes' in got) lengths.set(got.id, got.bytes.length);
      this.options.onStep();
    }
    for (const object of objects) {
      const [chunk] = object.chunks as [ChunkInfo];
      if (lengths.get(chunk.mac) === chunk.lengthBytes && chunk.mac === object.contentMac) {
        this.counts.chunks += 1;
        this.counts.bytes += chunk.lengthBytes;
        this.#good.add(object.mac);
      } else this.#remember(object.mac, await this.#whole(object));
    }
  }

  #remember(id: Mac, findings: readonly Finding[]): void {
    if (findings.length === 0) this.#good.add(id);
    else this.#bad.set(id, findings);
  }

  async #examine(id: Mac): Promise<readonly Finding[]> {
    this.counts.objects += 1;
    try {
      const object = await readObject(this.source, id, { signal: this.options.signal });
      if (this.options.isRead(id)) return await this.#whole(object);
      this.counts.objectsNotRead += 1;
      return this.#existing(object);
    } catch (error) {
      if (!(error instanceof KlosetError)) throw error;
      return [{ what: 'object', id, error }];
    }
  }

  #existing(object: ObjectInfo): readonly Finding[] {
    this.counts.chunks += object.chunks.length;
    return object.chunks.flatMap(({ mac }) => {
      const error = this.options.damagedChunks?.get(mac) ?? (this.source.has(SNAPSHOT_BLOB.chunk, mac) ? null : new NotFoundError('blob', mac));
      return error === null ? [] : [{ what: 'chunk', id: mac, error }];
    });
  }

  /** Every chunk, and the content that they make together. */
  async #whole(object: ObjectInfo): Promise<readonly Finding[]> {
    const findings: Finding[] = [];
    const hash = this.source.createMac();
    for (const batch of chunkBatches(object.chunks, (chunk) => chunk.lengthBytes)) {
      let next = 0;
      for await (const got of this.source.getMany(
        SNAPSHOT_BLOB.chunk,
        batch.map((chunk) => chunk.mac),
        { signal: this.options.signal },
      )) {
        const chunk = batch[next++];
        if (chunk === undefined) break;
        this.counts.chunks += 1;
        if ('error' in got) findings.push({ what: 'chunk', id: chunk.mac, error: got.error });
        else if (got.bytes.length !== chunk.lengthBytes)
          findings.push({
            what: 'chunk',
            id: chunk.mac,
            error: new IntegrityError(`chunk ${chunk.mac}`, `${got.bytes.length} bytes where its object says ${chunk.lengthBytes}`),
          });
        else {
          hash.update(got.bytes);
          this.counts.bytes += got.bytes.length;
        }
        this.options.onStep();
      }
    }
    const isDifferent = findings.length === 0 && hash.digest() !== object.contentMac;
    if (isDifferent)
      findings.push({
        what: 'object',
        id: object.mac,
        error: new IntegrityError(`object ${object.mac}`, 'its chunks are whole and do not make the content it names', { kind: 'object', file: object.mac }),
      });
    return findings;
  }
}

/** The record of an object, or what is wrong with it. */
function opened(got: BlobResult): ObjectInfo | Finding {
  try {
    if ('error' in got) throw got.error;
    return toObject(decode(objectTable, got.bytes, { kind: 'object', file: got.id }), got.id);
  } catch (error) {
    if (!(error instanceof KlosetError)) throw error;
    return { what: 'object', id: got.id, error };
  }
}
