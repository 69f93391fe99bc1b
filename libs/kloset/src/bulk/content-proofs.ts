import { WordReader } from '../codec/word-reader.js';
import { packfileIndexRecord } from '../format/packfile.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import type { Repository } from '../repository/types.js';
import { BlobRows } from './blob-rows.js';
import { entriesAt } from './pipeline/read-protocol.js';
import type { Readers } from './pipeline/readers.js';
import { LARGE_STORE_BLOBS } from './pipeline/readers-for.js';
import { ProvenEntries } from './proven-entries.js';

/** What is asked of a thread at a time: so many stored bytes, so that all threads end at about the same time. */
const PART_STORED_BYTES = 8 << 20;

/**
 * What a check of the whole store shares between its files and its snapshots; undefined where it would take too much memory: the indexes of packfiles lie there while
 * their contents are proven.
 */
export function contentProofs(repository: Pick<Repository, 'view' | 'store'>): ContentProofs | undefined {
  return repository.view.counts.locations > LARGE_STORE_BLOBS ? undefined : new ContentProofs(repository);
}

/** `rows`: of its records, in their order. */
export type ProvenPackfile = { readonly path: string; readonly index: Uint8Array; readonly rows: Uint32Array };

/**
 * Contents that were proven with their objects when the packfile that holds both had been, and entries: two bytes a blob of the store, four more and 13 for each
 * entry. Of the states as they are now, for one check: first of the store's files, then of its snapshots, which need not read these again.
 */
export class ContentProofs {
  readonly rows: BlobRows;
  readonly #view: Repository['view'];
  /** By the rows of objects, one more than the length of the content; 0: not proven. */
  readonly #lengths: Uint16Array;
  readonly entries: ProvenEntries;

  constructor(repository: Pick<Repository, 'view' | 'store'>) {
    this.#view = repository.view;
    this.rows = new BlobRows(repository);
    this.#lengths = new Uint16Array(this.rows.count);
    this.entries = new ProvenEntries(this.rows);
  }

  /** Whether rows of these states are meant. */
  isOf({ view }: Pick<Repository, 'view'>): boolean {
    return view === this.#view;
  }

  /** Length of the content of an object, in one chunk; -1: it is not proven. */
  lengthBytes(row: number): number {
    return (this.#lengths[row] as number) - 1;
  }

  /** Proves what it can of a packfile that is sound, and whose blobs all have their only place there. */
  async prove(readers: Readers, { path, index, rows }: ProvenPackfile): Promise<void> {
    await Promise.all(
      Array.from(partsOf(index), async ({ first, end }) => {
        const part = index.slice(first * packfileIndexRecord.sizeBytes, end * packfileIndexRecord.sizeBytes).buffer as ArrayBuffer;
        const { bytes } = await readers.ask({ kind: 'contents', path, index: part }, [part]);
        if (bytes !== null) this.#keep(bytes, rows.subarray(first, end));
      }),
    );
  }

  #keep(answer: ArrayBuffer, rows: Uint32Array): void {
    const lengths = new Uint16Array(answer, 0, rows.length);
    for (let record = 0; record < rows.length; record++) {
      const length = lengths[record] as number;
      if (length !== 0) this.#lengths[rows[record] as number] = length;
    }
    this.entries.add(new Uint8Array(answer, entriesAt(rows.length)), rows);
  }
}

/** Records that are looked at together; parts without an object or an entry are left out. */
function* partsOf(index: Uint8Array): Generator<{ readonly first: number; readonly end: number }> {
  const { sizeBytes, offsets } = packfileIndexRecord;
  const reader = new WordReader(index);
  const count = index.length / sizeBytes;
  let first = 0;
  let isWorthIt = false;
  let storedBytes = 0;
  for (let record = 0; record < count; record++) {
    const type = reader.u32(record * sizeBytes + offsets.type);
    isWorthIt ||= type === SNAPSHOT_BLOB.object || type === SNAPSHOT_BLOB.vfsEntry;
    storedBytes += reader.u32(record * sizeBytes + offsets.lengthBytes);
    if (storedBytes < PART_STORED_BYTES && record + 1 < count) continue;
    if (isWorthIt) yield { first, end: record + 1 };
    first = record + 1;
    isWorthIt = false;
    storedBytes = 0;
  }
}
