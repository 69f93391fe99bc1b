import { randomFillSync } from 'node:crypto';
import type { PackfileId } from '@wardrobe/kloset-model';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import type { RepositoryWriter } from '../../repository/writer-types.js';
import { type DedupSegment, DedupTable, newSegment } from './dedup-table.js';

/** A table larger than this is not made on a guess; it grows when needed. */
const MAX_EXPECTED = 4 << 20;
/** Later segments: large enough that there are few, each of which is looked into; small enough that little of the last one lies idle. */
const SEGMENT_BLOBS = 1 << 18;
const SEGMENT_SHARE = 1 / 4;
const PACKFILE_WORD = 8;

/** The shared table of what is stored, filled with what the writer knows: chunks and objects that are available to all. */
export class DedupSeed {
  readonly segments: DedupSegment[];
  readonly #table: DedupTable;
  readonly #seed: readonly [number, number];
  readonly #writer: RepositoryWriter;
  /** By the number that the table knows them by. */
  readonly #packfiles: PackfileId[] = [];

  constructor(writer: RepositoryWriter, expectedBlobs: number) {
    this.#writer = writer;
    this.#seed = randomFillSync(new Int32Array(2)) as unknown as readonly [number, number];
    let known = 0;
    writer.eachKnown((type) => {
      if (isContent(type)) known += 1;
    });
    this.segments = [newSegment(known + Math.min(expectedBlobs, MAX_EXPECTED), this.#seed)];
    this.#table = new DedupTable(this.segments);
    const firstOfBlock = this.#numberPackfiles();
    writer.eachKnown((type, words, at) => {
      if (!isContent(type)) return;
      const first = firstOfBlock.get(words);
      this.#table.seed(type, words, at, first === undefined ? null : first + (words[at + PACKFILE_WORD] as number));
    });
  }

  /** A further segment when the last one is loaded as far as it should be, else null; all threads must get it. */
  grow(): DedupSegment | null {
    if (!this.#table.isFull) return null;
    const segment = newSegment(Math.max(Math.ceil(this.#table.count * SEGMENT_SHARE), SEGMENT_BLOBS), this.#seed);
    this.segments.push(segment);
    this.#table.addSegment(segment);
    return segment;
  }

  /** Passes on which packfiles of the store the threads built upon. */
  relyOn(numbers: readonly number[]): void {
    this.#writer.relyOn(numbers.map((number) => this.#packfiles[number] as PackfileId));
  }

  /** Gives its memory up: nothing is stored any more. */
  release(): void {
    this.segments.length = 0;
    this.#table.release();
  }

  #numberPackfiles(): ReadonlyMap<Uint32Array, number> {
    const firstOfBlock = new Map<Uint32Array, number>();
    for (const { table } of this.#writer.repository.view.layers) {
      for (const block of table.blocks) firstOfBlock.set(block, this.#packfiles.length);
      for (let number = 0; number < table.packfiles.count; number++) this.#packfiles.push(table.packfiles.mac(number) as PackfileId);
    }
    return firstOfBlock;
  }
}

function isContent(type: number): boolean {
  return type === SNAPSHOT_BLOB.chunk || type === SNAPSHOT_BLOB.object;
}
