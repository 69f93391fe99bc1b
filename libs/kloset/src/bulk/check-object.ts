import type { Mac } from '@wardrobe/kloset-model';
import { IntegrityError, KlosetError, NotFoundError } from '../errors/errors.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import { readObject } from '../snapshot/content.js';
import type { SnapshotSource } from '../snapshot/source.js';
import type { CheckProblem, ObjectInfo } from '../snapshot/types.js';
import { MacSet } from './mac-set.js';

/** What is wrong with a blob, without the snapshot and path that it hits. */
export type Finding = Pick<CheckProblem, 'what' | 'id' | 'error'>;
export type ObjectCounts = { objects: number; objectsNotRead: number; chunks: number; bytes: number };

const CHUNKS_PER_READ = 64;

/** Proves objects with their chunks, each once: later snapshots get the same answer without a read. */
export class ObjectChecker {
  readonly #good = new MacSet();
  /** Only what is damaged takes an object in memory. */
  readonly #bad = new Map<Mac, readonly Finding[]>();
  readonly counts: ObjectCounts = { objects: 0, objectsNotRead: 0, chunks: 0, bytes: 0 };

  constructor(
    private readonly source: SnapshotSource,
    private readonly options: {
      readonly isRead: (object: Mac) => boolean;
      readonly damagedChunks?: ReadonlyMap<Mac, KlosetError> | undefined;
      readonly signal: AbortSignal | undefined;
      readonly onStep: () => void;
    },
  ) {}

  async check(id: Mac): Promise<readonly Finding[]> {
    if (this.#good.has(id)) return [];
    const known = this.#bad.get(id);
    if (known !== undefined) return known;
    const findings = await this.#examine(id);
    if (findings.length === 0) this.#good.add(id);
    else this.#bad.set(id, findings);
    return findings;
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
    for (let first = 0; first < object.chunks.length; first += CHUNKS_PER_READ) {
      const batch = object.chunks.slice(first, first + CHUNKS_PER_READ);
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
