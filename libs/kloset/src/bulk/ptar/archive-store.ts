import { createReadStream } from 'node:fs';
import { open, readFile, rm, stat } from 'node:fs/promises';
import type { Mac } from '@wardrobe/kloset-model';
import { InvalidInputError, NotAStoreError, NotFoundError, StoreError } from '../../errors/errors.js';
import { HEADER_BYTES } from '../../format/envelope.js';
import { packfileIndexRecord } from '../../format/packfile.js';
import { BLOB_TYPE } from '../../format/state.js';
import { openPackfileIndex, packfileRecords, readPackfileTail, TAIL_BYTES } from '../../packfile/packfile-tail.js';
import { INDEX_LIMIT_BYTES } from '../../repository/limits.js';
import type { Keys } from '../../repository/keys.js';
import type { ForeignFile, ListedItem, ResourceKind, WritableStore } from '../../store/store.js';
import type { ArchiveBody, TakenBlobs } from './archive-body.js';

type Taken = TakenBlobs & { readonly sizeBytes: number };

const PIECE_BYTES = 1 << 20;

/**
 * The store that an archive's snapshots are copied into. A packfile that is brought gives its blobs to the archive's own and is gone; it can be read like before but
 * for its records and padding. States and locks are held: they end with the process, and one state is made of all at the end.
 */
export class ArchiveStore implements WritableStore {
  readonly #small: Readonly<Record<'state' | 'lock', Map<Mac, Uint8Array>>> = { state: new Map(), lock: new Map() };
  readonly #packfiles = new Map<Mac, Taken>();
  #config: Uint8Array | null = null;
  #target: { readonly body: ArchiveBody; readonly keys: Keys; readonly readAt: (offset: number, lengthBytes: number) => Promise<Uint8Array> } | null = null;

  constructor(
    readonly location: string,
    readonly spoolDirectory: string,
  ) {}

  /** Where blobs go from now on. */
  begin(target: { readonly body: ArchiveBody; readonly keys: Keys; readonly readAt: (offset: number, lengthBytes: number) => Promise<Uint8Array> }): void {
    this.#target = target;
  }

  async readConfig(): Promise<Uint8Array> {
    if (this.#config === null) throw new NotAStoreError(this.location);
    return this.#config;
  }

  async *list(kind: ResourceKind): AsyncIterable<ListedItem> {
    if (kind === 'packfile') for (const [id, { sizeBytes }] of this.#packfiles) yield { id, sizeBytes };
    else for (const [id, bytes] of this.#small[kind]) yield { id, sizeBytes: bytes.length };
  }

  async *listForeign(): AsyncIterable<ForeignFile> {
    yield* [];
  }

  async sizeBytes(kind: ResourceKind, id: Mac): Promise<number> {
    return kind === 'packfile' ? this.#packfile(id).sizeBytes : this.#item(kind, id).length;
  }

  async *read(kind: ResourceKind, id: Mac): AsyncIterable<Uint8Array> {
    if (kind === 'packfile') throw new StoreError(`packfile ${id} is part of the archive by now: it can be read in ranges alone`);
    yield this.#item(kind, id).slice();
  }

  async readRange(kind: ResourceKind, id: Mac, ...range: [offset: number, lengthBytes: number]): Promise<Uint8Array> {
    const [offset, lengthBytes] = range;
    if (kind !== 'packfile') return cut(this.#item(kind, id), offset, lengthBytes);
    const { from, to, at } = this.#packfile(id);
    const start = offset - HEADER_BYTES;
    if (this.#target === null || start < from || start + lengthBytes > to)
      throw new StoreError(`packfile ${id}: nothing is kept of ${lengthBytes} bytes at ${offset}`);
    return this.#target.readAt(this.#target.body.fileOffset(start - from + at), lengthBytes);
  }

  async create(config: Uint8Array): Promise<void> {
    if (this.#config !== null) throw new InvalidInputError(`${this.location} is there already`);
    this.#config = config;
  }

  async write(kind: ResourceKind, id: Mac, bytes: Uint8Array): Promise<void> {
    if (kind === 'packfile') throw new StoreError('a packfile comes as a file');
    this.#small[kind].set(id, bytes.slice());
  }

  async adopt(kind: ResourceKind, id: Mac, localPath: string): Promise<void> {
    if (kind === 'packfile') this.#packfiles.set(id, await this.#take(id, localPath));
    else this.#small[kind].set(id, new Uint8Array(await readFile(localPath)));
    await rm(localPath, { force: true });
  }

  async remove(kind: ResourceKind, id: Mac): Promise<void> {
    if (kind === 'packfile' || !this.#small[kind].delete(id)) throw new NotFoundError(kind, id);
  }

  async close(): Promise<void> {
    this.#small.lock.clear();
  }

  async #take(id: Mac, path: string): Promise<Taken> {
    if (this.#target === null) throw new StoreError('the archive was not begun');
    const { size: sizeBytes } = await stat(path);
    const index = await readLocalIndex(path, { id, sizeBytes, keys: this.#target.keys });
    const { from, to } = withoutPadding(index);
    const pieces = createReadStream(path, { start: HEADER_BYTES + from, end: HEADER_BYTES + to - 1, highWaterMark: PIECE_BYTES });
    const taken = await this.#target.body.take(to > from ? (pieces as AsyncIterable<Uint8Array>) : none(), { from, to, index });
    return { ...taken, sizeBytes };
  }

  #item(kind: 'state' | 'lock', id: Mac): Uint8Array {
    const found = this.#small[kind].get(id);
    if (found === undefined) throw new NotFoundError(kind, id);
    return found;
  }

  #packfile(id: Mac): Taken {
    const found = this.#packfiles.get(id);
    if (found === undefined) throw new NotFoundError('packfile', id);
    return found;
  }
}

async function* none(): AsyncGenerator<Uint8Array> {
  yield* [];
}

async function readLocalIndex(path: string, packfile: { readonly id: Mac; readonly sizeBytes: number; readonly keys: Keys }): Promise<Uint8Array> {
  const { sizeBytes, keys } = packfile;
  const place = { kind: 'packfile', file: packfile.id };
  const file = await open(path, 'r');
  try {
    const at = async (offset: number, lengthBytes: number): Promise<Uint8Array> => {
      const bytes = new Uint8Array(lengthBytes);
      const { bytesRead } = await file.read(bytes, 0, lengthBytes, offset);
      if (bytesRead !== lengthBytes) throw new StoreError(`${path} ended while it was read`);
      return bytes;
    };
    const tailBytes = Math.min(TAIL_BYTES, sizeBytes);
    const tail = readPackfileTail(await at(sizeBytes - tailBytes, tailBytes), { fileBytes: sizeBytes, codec: keys, place });
    if (tail.indexBytes > INDEX_LIMIT_BYTES) throw new StoreError(`${path} has an index of ${tail.indexBytes} bytes`);
    return openPackfileIndex(await at(tail.indexAt, tail.indexBytes), tail, { codec: keys, place });
  } finally {
    await file.close();
  }
}

/** The part of the body that holds blobs: our packfiles have padding at both ends alone. */
function withoutPadding(index: Uint8Array): { readonly from: number; readonly to: number } {
  let [from, to] = [Number.POSITIVE_INFINITY, 0];
  for (const { type, offset, lengthBytes } of packfileRecords(index)) {
    if (type === BLOB_TYPE.padding) continue;
    from = Math.min(from, offset);
    to = Math.max(to, offset + lengthBytes);
  }
  return index.length < packfileIndexRecord.sizeBytes || to === 0 ? { from: 0, to: 0 } : { from, to };
}

function cut(bytes: Uint8Array, offset: number, lengthBytes: number): Uint8Array {
  if (offset + lengthBytes > bytes.length) throw new StoreError(`${lengthBytes} bytes at ${offset} were asked for, ${bytes.length} are there`);
  return bytes.slice(offset, offset + lengthBytes);
}
