import { ARCHIVE_PACKFILE_ID, ARCHIVE_STATE_ID, type Mac } from '@wardrobe/kloset-model';
import {
  type ForeignFile,
  type LineFigures,
  type ListedItem,
  NotAStoreError,
  NotFoundError,
  type ReadOptions,
  ReadOnlyError,
  type ResourceKind,
  StoreError,
  type WritableStore,
} from '@wardrobe/store-connector';
import { type ArchiveFile, NoFileError } from './archive-file.js';
import { type ArchiveParts, checkHead, type Extent, HEAD_BYTES, readTrailer, TRAILER_BYTES } from './trailer.js';
import { DecodeTrailerError } from './trailer-error.js';

const PIECE_BYTES = 1 << 20;

/**
 * A single-file archive as a store: one state, one packfile that answers to any id (the id that the state names is found nowhere else), no locks. What lies behind the
 * packfile's end is not given out: ranges are exact.
 * @source 04-remote-stores 8
 */
export class PtarStore implements WritableStore {
  readonly spoolDirectory = null;
  readonly line?: () => LineFigures;
  readonly #file: ArchiveFile;
  #parts: Promise<ArchiveParts> | null = null;

  constructor(
    readonly location: string,
    file: ArchiveFile,
  ) {
    this.#file = file;
    const { line } = file;
    if (line !== undefined) this.line = () => line.call(file);
  }

  async readConfig(options: ReadOptions = {}): Promise<Uint8Array> {
    options.signal?.throwIfAborted();
    try {
      const { config } = await this.#found(options);
      return await this.#file.readAt(config.offset, config.lengthBytes, options);
    } catch (error) {
      if (error instanceof NoFileError) throw new NotAStoreError(this.location, { cause: error });
      throw error;
    }
  }

  async *list(kind: ResourceKind, options: ReadOptions = {}): AsyncIterable<ListedItem> {
    options.signal?.throwIfAborted();
    if (kind === 'lock') return;
    const parts = await this.#parted(options);
    yield kind === 'state' ? { id: ARCHIVE_STATE_ID, sizeBytes: parts.state.lengthBytes } : { id: ARCHIVE_PACKFILE_ID, sizeBytes: parts.packfile.lengthBytes };
  }

  /** There are none: an archive with anything else in it is refused. */
  async *listForeign(): AsyncIterable<ForeignFile> {
    yield* [];
  }

  async sizeBytes(kind: ResourceKind, id: Mac, options: ReadOptions = {}): Promise<number> {
    return (await this.#extent(kind, id, options)).lengthBytes;
  }

  async *read(kind: ResourceKind, id: Mac, options: ReadOptions = {}): AsyncIterable<Uint8Array> {
    const { offset, lengthBytes } = await this.#extent(kind, id, options);
    for (let at = 0; at < lengthBytes; at += PIECE_BYTES) {
      options.signal?.throwIfAborted();
      yield await this.#file.readAt(offset + at, Math.min(PIECE_BYTES, lengthBytes - at), options);
    }
  }

  async readRange(kind: ResourceKind, id: Mac, ...range: [offset: number, lengthBytes: number, options?: ReadOptions]): Promise<Uint8Array> {
    const [offset, lengthBytes, options = {}] = range;
    const extent = await this.#extent(kind, id, options);
    if (offset < 0 || offset + lengthBytes > extent.lengthBytes)
      throw new StoreError(`${kind} ${id}: ${lengthBytes} bytes at ${offset} were asked for, it has ${extent.lengthBytes}`);
    return this.#file.readAt(extent.offset + offset, lengthBytes, options);
  }

  create(): Promise<never> {
    return this.#refuse();
  }

  write(): Promise<never> {
    return this.#refuse();
  }

  adopt(): Promise<never> {
    return this.#refuse();
  }

  remove(): Promise<never> {
    return this.#refuse();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #refuse(): Promise<never> {
    throw new ReadOnlyError(`the archive ${this.location}`);
  }

  async #extent(kind: ResourceKind, id: Mac, options: ReadOptions): Promise<Extent> {
    options.signal?.throwIfAborted();
    const parts = await this.#parted(options);
    if (kind === 'lock' || (kind === 'state' && id !== ARCHIVE_STATE_ID)) throw new NotFoundError(kind, id);
    return kind === 'state' ? parts.state : parts.packfile;
  }

  async #parted(options: ReadOptions): Promise<ArchiveParts> {
    try {
      return await this.#found(options);
    } catch (error) {
      if (error instanceof NoFileError) throw new StoreError(`the archive ${this.location} is not there any more`, { cause: error, retryable: true });
      throw error;
    }
  }

  /** Asked once; a failure is not kept. */
  #found(options: ReadOptions): Promise<ArchiveParts> {
    if (this.#parts === null) {
      const asked = this.#look(options);
      this.#parts = asked;
      asked.catch(() => {
        if (this.#parts === asked) this.#parts = null;
      });
    }
    return this.#parts;
  }

  async #look(options: ReadOptions): Promise<ArchiveParts> {
    const sizeBytes = await this.#file.sizeBytes(options);
    try {
      if (sizeBytes < HEAD_BYTES) throw new DecodeTrailerError(`it is no ptar archive: it has ${sizeBytes} bytes`);
      checkHead(await this.#file.readAt(0, HEAD_BYTES, options));
      if (sizeBytes < HEAD_BYTES + TRAILER_BYTES) throw new DecodeTrailerError('it was cut, or never finished');
      return readTrailer(await this.#file.readAt(sizeBytes - TRAILER_BYTES, TRAILER_BYTES, options), sizeBytes);
    } catch (error) {
      if (!(error instanceof DecodeTrailerError)) throw error;
      await this.#file.close();
      throw new StoreError(`${this.location} cannot be opened: ${error.message}`, { cause: error });
    }
  }
}
