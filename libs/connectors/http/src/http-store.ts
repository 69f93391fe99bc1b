import { createReadStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import type { Mac } from '@wardrobe/kloset-model';
import {
  type ForeignFile,
  InvalidInputError,
  type LineFigures,
  type ListedItem,
  NotAStoreError,
  NotFoundError,
  type ReadOptions,
  type ResourceKind,
  StoreError,
  type WritableStore,
  type WriteOptions,
} from '@wardrobe/store-connector';
import { MissingError } from './failures.js';
import type { Body, HttpLine } from './line.js';
import { findProtocol } from './probe.js';
import type { ItemName, NamedItem, Protocol } from './protocol.js';
import { pauseFor, pauseMs, withTries } from './retry.js';
import { SizeFinder } from './size-finder.js';

/** A packfile is streamed in ranges of this: each can be asked for again by itself, and the JSON protocol holds no more of it. */
const WINDOW_BYTES = 4 << 20;
/** Sizes of a listing that are asked for at once, where the server does not tell them. */
const SIZES_AT_ONCE = 8;

/** A store behind a store server of plakar or Wardrobe. Which protocol it talks is found out by the first call. @source 04-remote-stores 5, 6, 7 */
export class HttpStore implements WritableStore {
  readonly spoolDirectory = null;
  readonly #line: HttpLine;
  readonly #sizes: SizeFinder;
  readonly #patienceMs: number | undefined;
  #protocol: Promise<Protocol> | null = null;

  constructor(line: HttpLine, patienceMs?: number) {
    this.#line = line;
    this.#patienceMs = patienceMs;
    this.#sizes = new SizeFinder((item, options) => this.#try(options, (protocol) => protocol.size(item, options)), this);
  }

  get location(): string {
    return this.#line.location;
  }

  async readConfig(options: ReadOptions = {}): Promise<Uint8Array> {
    try {
      return await this.#try(options, (protocol) => protocol.config(options));
    } catch (error) {
      if (error instanceof MissingError) throw new NotAStoreError(this.location, { cause: error });
      throw error;
    }
  }

  async *list(kind: ResourceKind, options: ReadOptions = {}): AsyncIterable<ListedItem> {
    options.signal?.throwIfAborted();
    const named = await this.#named(kind, options);
    for (let at = 0; at < named.length; at += SIZES_AT_ONCE) {
      const group = named.slice(at, at + SIZES_AT_ONCE);
      for (const item of await Promise.all(group.map((one) => this.#sized(kind, one, options)))) if (item !== null) yield item;
    }
  }

  /** What `wardrobe server` says of its store; plakar's servers do not tell. */
  async *listForeign(options: ReadOptions = {}): AsyncIterable<ForeignFile> {
    yield* await this.#try(options, (protocol) => protocol.foreign(options));
  }

  async sizeBytes(kind: ResourceKind, id: Mac, options: ReadOptions = {}): Promise<number> {
    return this.#about({ kind, id }, () => this.#sizes.find({ kind, id }, options));
  }

  /** Goes on where it was when the line breaks. Bytes of states and packfiles never change under their id. */
  async *read(kind: ResourceKind, id: Mac, options: ReadOptions = {}): AsyncIterable<Uint8Array> {
    options.signal?.throwIfAborted();
    if (kind === 'packfile') yield* this.#windows({ kind, id }, options);
    else yield* this.#whole({ kind, id }, options);
  }

  async readRange(kind: ResourceKind, id: Mac, ...range: [offset: number, lengthBytes: number, options?: ReadOptions]): Promise<Uint8Array> {
    const [offset, lengthBytes, options = {}] = range;
    options.signal?.throwIfAborted();
    const item = { kind, id };
    const bytes = await this.#about(item, () =>
      kind === 'packfile' ? this.part(item, { offset, lengthBytes }, options) : this.#slice(item, { offset, lengthBytes }, options),
    );
    if (bytes.length === lengthBytes) return bytes;
    throw new StoreError(`${kind} ${id}: ${lengthBytes} bytes at ${offset} were asked for, ${bytes.length} are there`);
  }

  async create(config: Uint8Array, options: WriteOptions = {}): Promise<void> {
    try {
      await this.readConfig(options);
    } catch (error) {
      if (!(error instanceof NotAStoreError)) throw error;
      await this.#try(options, (protocol) => protocol.create(config, options));
      return;
    }
    throw new InvalidInputError(`there is a store at ${this.location} already`);
  }

  async write(kind: ResourceKind, id: Mac, bytes: Uint8Array, options: WriteOptions = {}): Promise<void> {
    await this.#put({ kind, id }, { lengthBytes: bytes.length, pieces: () => [bytes] }, options);
  }

  async adopt(kind: ResourceKind, id: Mac, localPath: string, options: WriteOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    const { size } = await this.#local(localPath, () => stat(localPath));
    const pieces = () => createReadStream(localPath, { highWaterMark: 1 << 18, end: Math.max(0, size - 1) });
    await this.#put({ kind, id }, { lengthBytes: size, pieces: size === 0 ? () => [] : pieces }, options);
    await this.#local(localPath, () => rm(localPath));
  }

  async remove(kind: ResourceKind, id: Mac, options: WriteOptions = {}): Promise<void> {
    const item = { kind, id };
    this.#sizes.forget(item);
    await this.#about(item, () =>
      this.#try(options, async (protocol, tried) => {
        try {
          await protocol.remove(item, options);
        } catch (error) {
          // An earlier try may have removed it without our hearing of it.
          if (!(error instanceof MissingError) || tried === 1) throw error;
        }
      }),
    );
  }

  line(): LineFigures {
    return this.#line.figures();
  }

  async close(): Promise<void> {
    this.#sizes.clear();
    this.#line.close();
  }

  /** A range of a packfile, short at its end. @throws MissingError */
  part(item: ItemName, range: { readonly offset: number; readonly lengthBytes: number }, options: ReadOptions): Promise<Uint8Array> {
    // A range of nothing cannot be asked for; that the item is there is answered all the same.
    const isEmpty = range.lengthBytes === 0;
    const asked = isEmpty ? { offset: range.offset, lengthBytes: 1 } : range;
    return this.#try(options, async (protocol) => {
      const bytes = await protocol.part(item, asked, options);
      return isEmpty ? bytes.subarray(0, 0) : bytes;
    });
  }

  /** All bytes of a state or lock, as they come. @throws MissingError */
  whole(item: ItemName, options: ReadOptions): AsyncIterable<Uint8Array> {
    return this.#wholeTries(item, options);
  }

  /** States and locks have no ranges in the older protocol. */
  async #slice(item: ItemName, { offset, lengthBytes }: { readonly offset: number; readonly lengthBytes: number }, options: ReadOptions): Promise<Uint8Array> {
    const kept = this.#sizes.take(item);
    const pieces: Uint8Array[] = [];
    let at = 0;
    for await (const piece of kept === null ? this.#wholeTries(item, options) : [kept]) {
      const part = piece.subarray(Math.max(0, offset - at), Math.max(0, offset + lengthBytes - at));
      if (part.length > 0) pieces.push(part);
      at += piece.length;
      if (at >= offset + lengthBytes) break;
    }
    return new Uint8Array(Buffer.concat(pieces));
  }

  async *#windows(item: ItemName, options: ReadOptions): AsyncGenerator<Uint8Array> {
    for (let offset = 0; ; offset += WINDOW_BYTES) {
      const bytes = await this.#about(item, () => this.part(item, { offset, lengthBytes: WINDOW_BYTES }, options));
      if (bytes.length > 0) yield bytes;
      options.signal?.throwIfAborted();
      if (bytes.length < WINDOW_BYTES) return;
    }
  }

  async *#whole(item: ItemName, options: ReadOptions): AsyncGenerator<Uint8Array> {
    try {
      for await (const piece of this.#wholeTries(item, options)) {
        yield new Uint8Array(piece);
        options.signal?.throwIfAborted();
      }
    } catch (error) {
      throw this.#named404(error, item);
    }
  }

  async *#wholeTries(item: ItemName, options: ReadOptions): AsyncGenerator<Uint8Array> {
    const protocol = await this.#found(options);
    let given = 0;
    for (let tried = 1; ; tried += 1) {
      try {
        let at = 0;
        for await (const piece of protocol.whole(item, options)) {
          const fresh = piece.subarray(Math.max(0, given - at));
          at += piece.length;
          if (at <= given) continue;
          given = at;
          yield fresh;
        }
        return;
      } catch (error) {
        // A lock is written anew all the time: two halves of it are not one.
        const pause = item.kind === 'lock' && given > 0 ? null : pauseMs(error, tried, Math.random);
        if (pause === null || options.signal?.aborted === true) throw error;
        await pauseFor(pause, options.signal);
        this.#line.countRetry();
      }
    }
  }

  async #put(item: ItemName, body: Body, options: WriteOptions): Promise<void> {
    this.#sizes.forget(item);
    await this.#about(item, () => this.#try(options, (protocol) => protocol.put(item, body, options)));
  }

  async #named(kind: ResourceKind, options: ReadOptions): Promise<readonly NamedItem[]> {
    try {
      return await this.#try(options, (protocol) => protocol.list(kind, options));
    } catch (error) {
      if (error instanceof MissingError) throw new StoreError(`${this.location} cannot list ${kind}s: ${error.message}`, { cause: error, fault: 'server' });
      throw error;
    }
  }

  async #sized(kind: ResourceKind, { id, sizeBytes, stamp }: NamedItem, options: ReadOptions): Promise<ListedItem | null> {
    if (sizeBytes !== null) return { id, sizeBytes, ...(stamp === undefined ? {} : { stamp }) };
    const known = await options.knownSize?.(id);
    if (known !== undefined) return { id, sizeBytes: known };
    try {
      return { id, sizeBytes: await this.#sizes.findListed({ kind, id }, options) };
    } catch (error) {
      // Gone since it was listed: locks come and go.
      if (error instanceof MissingError) return null;
      throw error;
    }
  }

  async #try<T>({ signal }: ReadOptions, work: (protocol: Protocol, tried: number) => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    const onRetry = () => this.#line.countRetry();
    return withTries(async (tried) => work(await this.#found({ signal }), tried), { signal, onRetry, patienceMs: this.#patienceMs });
  }

  /** Asked once; a failure is not kept. */
  #found(options: ReadOptions): Promise<Protocol> {
    if (this.#protocol === null) {
      const asked = findProtocol(this.#line, options);
      this.#protocol = asked;
      asked.catch(() => {
        if (this.#protocol === asked) this.#protocol = null;
      });
    }
    return this.#protocol;
  }

  async #about<T>(item: ItemName, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#named404(error, item);
    }
  }

  #named404(error: unknown, { kind, id }: ItemName): unknown {
    return error instanceof MissingError ? new NotFoundError(kind, id, { cause: error }) : error;
  }

  async #local<T>(path: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      throw new StoreError(`the local file ${path} cannot be used`, { cause });
    }
  }
}
