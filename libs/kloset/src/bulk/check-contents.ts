import type { Mac } from '@wardrobe/kloset-model';
import { IntegrityError, type KlosetError } from '../errors/errors.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import { chunkBatches } from '../snapshot/content.js';
import type { Abortable, SnapshotSource } from '../snapshot/source.js';
import type { CheckProblem, ChunkInfo, ObjectInfo } from '../snapshot/types.js';

/** What is wrong with a blob, without the snapshot and path that it hits. */
export type Finding = Pick<CheckProblem, 'what' | 'id' | 'error'>;

/** What was found of one content: nothing where it is whole. `bytes`: of its chunks that are sound. */
export type ContentProof = { readonly object: ObjectInfo; readonly findings: readonly Finding[]; readonly chunks: number; readonly bytes: number };

export type ContentOptions = Abortable & {
  /** Told of every chunk that is sound, in the order of the contents. */
  readonly onChunk?: (object: ObjectInfo, bytes: Uint8Array) => void;
  readonly onStep?: () => void;
};

/** Proves contents, each chunk and what they make together. The chunks of all are asked for together; the proofs come in the order of the objects. */
export async function* proveContents(source: SnapshotSource, objects: readonly ObjectInfo[], options: ContentOptions): AsyncGenerator<ContentProof> {
  let at = 0;
  let proof: ContentProver | null = null;
  for (const batch of chunkBatches(allChunks(objects), ({ lengthBytes }) => lengthBytes)) {
    let next = 0;
    const macs = batch.map(({ mac }) => mac);
    for await (const got of source.getMany(SNAPSHOT_BLOB.chunk, macs, { signal: options.signal })) {
      const chunk = batch[next++];
      if (chunk === undefined) break;
      // Contents without a chunk are in between.
      for (; proof === null; at += 1) {
        const object = objects[at] as ObjectInfo;
        if (object.chunks.length > 0) proof = new ContentProver(source, object);
        else yield new ContentProver(source, object).end();
      }
      proof.take(chunk, got, options);
      options.onStep?.();
      if (!proof.isComplete) continue;
      yield proof.end();
      proof = null;
    }
  }
  for (const object of objects.slice(at)) yield new ContentProver(source, object).end();
}

function* allChunks(objects: readonly ObjectInfo[]): Generator<ChunkInfo> {
  for (const { chunks } of objects) yield* chunks;
}

type Got = { readonly bytes: Uint8Array } | { readonly error: KlosetError };

class ContentProver {
  readonly #object: ObjectInfo;
  /** Null: the MAC of the only chunk is proven, and is that of the whole. */
  readonly #hash: { update(bytes: Uint8Array): void; digest(): Mac } | null;
  readonly #findings: Finding[] = [];
  #chunks = 0;
  #bytes = 0;

  constructor(source: SnapshotSource, object: ObjectInfo) {
    this.#object = object;
    const [only] = object.chunks;
    this.#hash = object.chunks.length === 1 && only?.mac === object.contentMac ? null : source.createMac();
  }

  get isComplete(): boolean {
    return this.#chunks === this.#object.chunks.length;
  }

  take(chunk: ChunkInfo, got: Got, { onChunk }: ContentOptions): void {
    this.#chunks += 1;
    if ('error' in got) this.#findings.push({ what: 'chunk', id: chunk.mac, error: got.error });
    else if (got.bytes.length !== chunk.lengthBytes)
      this.#findings.push({
        what: 'chunk',
        id: chunk.mac,
        error: new IntegrityError(`chunk ${chunk.mac}`, `${got.bytes.length} bytes where its object says ${chunk.lengthBytes}`),
      });
    else {
      this.#hash?.update(got.bytes);
      this.#bytes += got.bytes.length;
      onChunk?.(this.#object, got.bytes);
    }
  }

  end(): ContentProof {
    const object = this.#object;
    const isDifferent = this.#findings.length === 0 && this.#hash !== null && this.#hash.digest() !== object.contentMac;
    if (isDifferent)
      this.#findings.push({
        what: 'object',
        id: object.mac,
        error: new IntegrityError(`object ${object.mac}`, 'its chunks are whole and do not make the content it names', { kind: 'object', file: object.mac }),
      });
    return { object, findings: this.#findings, chunks: this.#chunks, bytes: this.#bytes };
  }
}
