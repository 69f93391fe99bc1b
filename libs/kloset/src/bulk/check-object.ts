import type { Mac } from '@wardrobe/kloset-model';
import { KlosetError, NotFoundError } from '../errors/errors.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import { objectOf, readObject } from '../snapshot/content.js';
import type { SnapshotSource } from '../snapshot/source.js';
import type { ChunkInfo, ObjectInfo } from '../snapshot/types.js';
import type { BlobSet } from './blob-rows.js';
import { type Finding, proveContents } from './check-contents.js';

/** Chunks of contents that are asked for together: what their objects say of them is held. */
const CHUNKS_HELD = 4096;

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
    await this.#underWay([id], this.#examine(id));
    return this.#bad.get(id) ?? [];
  }

  /** An object was proven with its content, elsewhere. It is counted once: not where it is under way here. */
  found(id: Mac, content: { readonly chunks: number; readonly bytes: number }): void {
    if (this.#good.has(id) || this.#preparing.has(id)) return;
    this.#good.add(id);
    this.counts.objects += 1;
    this.counts.chunks += content.chunks;
    this.counts.bytes += content.bytes;
  }

  /** Answers for many objects at once: they are read together, and so are their contents. `check` then finds them. */
  async prepare(ids: readonly Mac[]): Promise<void> {
    const fresh = [...new Set(ids)].filter((id) => !this.#good.has(id) && !this.#bad.has(id) && !this.#preparing.has(id));
    await this.#underWay(fresh, this.#prepare(fresh));
  }

  async #underWay(ids: readonly Mac[], prepared: Promise<void>): Promise<void> {
    for (const id of ids) this.#preparing.set(id, prepared);
    try {
      await prepared;
    } finally {
      for (const id of ids) this.#preparing.delete(id);
    }
  }

  async #prepare(fresh: readonly Mac[]): Promise<void> {
    const single: ObjectInfo[] = [];
    let others: ObjectInfo[] = [];
    let chunks = 0;
    for await (const got of this.source.getMany(SNAPSHOT_BLOB.object, fresh, { signal: this.options.signal })) {
      this.counts.objects += 1;
      const object = objectOf(got);
      if (object instanceof KlosetError) this.#bad.set(got.id, [{ what: 'object', id: got.id, error: object }]);
      else if (!this.options.isRead(got.id)) {
        this.counts.objectsNotRead += 1;
        this.#remember(got.id, this.#existing(object));
      } else if (object.chunks.length === 1) single.push(object);
      else {
        others.push(object);
        chunks += object.chunks.length;
        if (chunks < CHUNKS_HELD) continue;
        await this.#whole(others);
        [others, chunks] = [[], 0];
      }
    }
    await this.#whole([...others, ...(await this.#singles(single))]);
  }

  /** Contents of one chunk: its MAC must be the content's too. Returns what is not plainly right, to be looked at in the careful way. */
  async #singles(objects: readonly ObjectInfo[]): Promise<readonly ObjectInfo[]> {
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
    return objects.filter((object) => {
      const [chunk] = object.chunks as [ChunkInfo];
      if (lengths.get(chunk.mac) !== chunk.lengthBytes || chunk.mac !== object.contentMac) return true;
      this.counts.chunks += 1;
      this.counts.bytes += chunk.lengthBytes;
      this.#good.add(object.mac);
      return false;
    });
  }

  #remember(id: Mac, findings: readonly Finding[]): void {
    if (findings.length === 0) this.#good.add(id);
    else this.#bad.set(id, findings);
  }

  async #examine(id: Mac): Promise<void> {
    this.counts.objects += 1;
    try {
      const object = await readObject(this.source, id, { signal: this.options.signal });
      if (this.options.isRead(id)) return await this.#whole([object]);
      this.counts.objectsNotRead += 1;
      this.#remember(id, this.#existing(object));
    } catch (error) {
      if (!(error instanceof KlosetError)) throw error;
      this.#remember(id, [{ what: 'object', id, error }]);
    }
  }

  #existing(object: ObjectInfo): readonly Finding[] {
    this.counts.chunks += object.chunks.length;
    return object.chunks.flatMap(({ mac }) => {
      const error = this.options.damagedChunks?.get(mac) ?? (this.source.has(SNAPSHOT_BLOB.chunk, mac) ? null : new NotFoundError('blob', mac));
      return error === null ? [] : [{ what: 'chunk', id: mac, error }];
    });
  }

  /** Every chunk of each, and the contents that they make together. */
  async #whole(objects: readonly ObjectInfo[]): Promise<void> {
    const { signal, onStep } = this.options;
    for await (const { object, findings, chunks, bytes } of proveContents(this.source, objects, { signal, onStep })) {
      this.counts.chunks += chunks;
      this.counts.bytes += bytes;
      this.#remember(object.mac, findings);
    }
  }
}
