import type { Mac } from '@wardrobe/kloset-model';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import { readStored } from '../../repository/read-many.js';
import type { Repository } from '../../repository/types.js';
import type { Abortable } from '../../snapshot/source.js';
import type { ChunkInfo } from '../../snapshot/types.js';
import { ByteBudget } from './byte-budget.js';
import { type FileMakers, type FileToMake, makeInShares, makeRequest } from './make-request.js';
import type { ReadAnswer } from './read-protocol.js';
import type { Readers, WantedBlob } from './readers.js';
import { SharedRooms } from './shared-rooms.js';

/** Of batches under way the objects are read; they lie between contents, so that more of them would come too early to be held. */
const BATCHES: FileMakers['batches'] = { sizeBytes: 8 << 20, underWay: 16, bytesUnderWay: 6 << 20 };
/** Contents that come over the line or wait for the thread. */
const AT_WORK_BYTES = 4 << 20;
const LARGEST_BYTES = 1 << 20;
const SHARE = { files: 128, bytes: 1 << 20 } as const;
const ROOM_BYTES = 1 << 20;

/**
 * Has files made of what comes over a line: the stored bytes are read on this thread, as ranges of packfiles, and handed to a thread that opens, proves and writes
 * them. So the line stays busy while files are made.
 */
export class LineFiles implements FileMakers {
  readonly largestBytes = LARGEST_BYTES;
  readonly batches = BATCHES;
  readonly #repository: Pick<Repository, 'keys' | 'view'>;
  readonly #readers: Readers;
  readonly #rooms = new SharedRooms(ROOM_BYTES);
  readonly #budget = new ByteBudget(AT_WORK_BYTES);

  constructor(repository: Pick<Repository, 'keys' | 'view'>, readers: Readers) {
    this.#repository = repository;
    this.#readers = readers;
  }

  get isStarted(): boolean {
    return this.#readers.isStarted;
  }

  start(): void {
    this.#readers.start();
  }

  make(files: readonly FileToMake[], options: Abortable): Promise<readonly boolean[]> {
    return makeInShares(files, SHARE, (share) => {
      const sizeBytes = share.reduce((sum, { object }) => sum + (object?.sizeBytes ?? 0), 0);
      return this.#budget.use(sizeBytes, () => this.#makeShare(share, options));
    });
  }

  async #makeShare(files: readonly FileToMake[], options: Abortable): Promise<ReadAnswer> {
    options.signal?.throwIfAborted();
    const { keys, view } = this.#repository;
    const ids = files.flatMap(({ object }) => (object?.chunks ?? []).flatMap(({ mac, lengthBytes }) => (lengthBytes > 0 ? mac : [])));
    const found = await readStored(keys, { type: SNAPSHOT_BLOB.chunk, ids, find: (type, id) => view.locations(type, id) }, options);
    const { stored, placeOf } = this.#together(found, ids);
    const answer = await this.#readers.ask(...makeRequest(files, { stored, placeOf }));
    this.#rooms.giveBack(stored);
    return answer;
  }

  /** Copied, for what was read is shared with other readers. A blob that is missing is asked for too: it does not open. */
  #together(found: ReadonlyMap<Mac, Uint8Array>, ids: readonly Mac[]) {
    let sizeBytes = 0;
    for (const bytes of found.values()) sizeBytes += bytes.length;
    const stored = this.#rooms.take(sizeBytes);
    const into = new Uint8Array(stored);
    const places = new Map<Mac, WantedBlob>();
    let position = 0;
    for (const mac of ids) {
      const bytes = found.get(mac);
      if (bytes === undefined || places.has(mac)) continue;
      into.set(bytes, position);
      places.set(mac, { file: '', position, lengthBytes: bytes.length, mac });
      position += bytes.length;
    }
    const placeOf = ({ mac }: ChunkInfo): WantedBlob => places.get(mac) ?? { file: '', position: 0, lengthBytes: 0, mac };
    return { stored, placeOf };
  }
}
