import type { Mac } from '@wardrobe/kloset-model';
import { equalBytes, macFromBytes } from '../../bytes/bytes.js';
import { entropyOf } from '../../chunking/entropy.js';
import { IntegrityError } from '../../errors/errors.js';
import type { Config } from '../../format/config.js';
import { parseConfig } from '../../repository/config-file.js';
import { type DecodeUnit, unitDecoder, unitEncoder } from '../../repository/unit-codec.js';
import { eachInBatch } from './blob-batch.js';
import { type BulkMemory, bulkMemory } from './bulk-memory.js';
import { DedupTable } from './dedup-table.js';
import type { WorkerStart } from './protocol.js';
import { randomBytes, UnitWriter } from './unit-writer.js';
import { type FinishedPackfile, type PackfileSettings, WorkerPackfile } from './worker-packfile.js';

/** One blob in so many is decoded again before it counts. */
const PROVE_ONE_IN = 256;
/** The same of those that others made: they are smaller, and trees hang on them. */
const PROVE_PACKED_ONE_IN = 64;
const BYTE_COUNTS = 256;
const NS_PER_MS = 1_000_000n;

type Placed = { readonly input: number; readonly lengthBytes: number; readonly mac: number };

/** What one thread stores: the shared table of what is known, and its own packfile. */
export class BlobStore {
  readonly config: Config;
  readonly memory: BulkMemory;
  readonly units: UnitWriter;
  readonly table: DedupTable;
  readonly #settings: PackfileSettings;
  readonly #decodeUnit: DecodeUnit;
  readonly #onPackfile: (packfile: FinishedPackfile) => void;
  readonly #counts: Uint32Array;
  readonly #zeros = new Map<number, Uint8Array>();
  #reliance = new Set<number>();
  #packfile: WorkerPackfile | null = null;
  #packfiles = 0;
  /** Blobs put into packfiles so far. */
  stored = 0;

  constructor(start: WorkerStart, onPackfile: (packfile: FinishedPackfile) => void) {
    const { config } = parseConfig(start.config);
    const segmentBytes = config.Encryption?.ChunkSize ?? 1 << 16;
    this.config = config;
    this.memory = bulkMemory({ maxChunkBytes: config.Chunking.MaxSize || 1 << 16, segmentBytes });
    this.units = new UnitWriter(this.memory, config, start.secret);
    this.table = new DedupTable(start.segments);
    this.#decodeUnit = unitDecoder(config, start.secret);
    this.#onPackfile = onPackfile;
    const { kernel } = this.memory;
    this.#counts = new Uint32Array(kernel.memory.buffer, kernel.at.byteCounts, BYTE_COUNTS);
    this.#settings = {
      folder: start.folder,
      namePrefix: start.namePrefix,
      packfileMaxBytes: start.packfileMaxBytes,
      paddingLimitBytes: config.Chunking.MinSize,
      segmentBytes,
      nowNs: () => BigInt(Date.now() + start.clockOffsetMs) * NS_PER_MS,
      encodeUnit: unitEncoder(config, start.secret, randomBytes),
    };
  }

  /** Puts the MAC of a chunk at `memory.at.mac` and returns its entropy. */
  identify(chunk: { readonly at: number; readonly lengthBytes: number; readonly isZero: boolean }): number {
    const { at, bytes, kernel } = this.memory;
    const known = chunk.isZero ? this.#zeros.get(chunk.lengthBytes) : undefined;
    if (known !== undefined) {
      bytes.set(known, at.mac);
      return 0;
    }
    this.units.mac(chunk.at, chunk.lengthBytes, at.mac);
    if (chunk.isZero) this.#zeros.set(chunk.lengthBytes, bytes.slice(at.mac, at.mac + 32));
    this.#counts.fill(0);
    kernel.call.addByteCounts(chunk.at, chunk.lengthBytes, kernel.at.byteCounts);
    return entropyOf(this.#counts, chunk.lengthBytes);
  }

  has(type: number, mac: number): boolean {
    return this.#known(this.table.find(type, this.memory.words, mac >>> 2));
  }

  /** Stores a blob unless it is known. @throws StoreError, DiskFullError */
  put(type: number, blob: Placed): void {
    if (this.#known(this.table.claim(type, this.memory.words, blob.mac >>> 2))) return;
    const packfile = this.#openPackfile();
    const placed = packfile.add(type, blob);
    if (this.stored++ % PROVE_ONE_IN === 0) this.#prove(blob, placed);
    if (packfile.isFull) this.endPackfile();
  }

  /** Stores a record made outside of this thread's memory. */
  putBytes(type: number, record: Uint8Array): Mac {
    const { at, bytes } = this.memory;
    if (record.length <= this.memory.recordBytes) {
      bytes.set(record, at.record);
      this.units.mac(at.record, record.length, at.mac);
      this.put(type, { input: at.record, lengthBytes: record.length, mac: at.mac });
    } else {
      const mac = this.units.algorithm.hash(record);
      bytes.set(mac, at.mac);
      if (!this.#known(this.table.claim(type, this.memory.words, at.mac >>> 2))) this.#putLong(type, mac, record);
    }
    return macFromBytes(bytes.subarray(at.mac, at.mac + 32));
  }

  /** No more contents are stored: the table of what is known is given up. @throws StoreError, DiskFullError */
  endContents(): void {
    this.endPackfile();
    this.table.release();
  }

  /** Stores a batch of blobs, known or not, and with `isEnd` ends the packfile; returns the bytes of the one in hand. @throws StoreError, DiskFullError */
  pack({ blobs, lengthBytes, isEnd }: { readonly blobs: SharedArrayBuffer; readonly lengthBytes: number; readonly isEnd: boolean }): number {
    const { at, bytes } = this.memory;
    bytes.set(new Uint8Array(blobs, 0, lengthBytes), at.window);
    eachInBatch(bytes, { start: at.window, lengthBytes }, (type, blob) => {
      const placed = this.#openPackfile().add(type, blob);
      if (this.stored++ % PROVE_PACKED_ONE_IN === 0) this.#prove(blob, placed);
    });
    if (isEnd) this.endPackfile();
    return this.#packfile?.bodyBytes ?? 0;
  }

  /** Numbers of known packfiles that were built upon since the last call. */
  takeReliance(): number[] {
    const taken = [...this.#reliance];
    if (taken.length > 0) this.#reliance = new Set();
    return taken;
  }

  /** Ends the packfile in hand, if there is one. @throws StoreError, DiskFullError */
  endPackfile(): void {
    const packfile = this.#packfile;
    this.#packfile = null;
    if (packfile !== null) this.#onPackfile(packfile.finish());
  }

  #putLong(type: number, mac: Uint8Array, record: Uint8Array): void {
    const packfile = this.#openPackfile();
    packfile.addEncoded(type, mac, this.#settings.encodeUnit(record));
    this.stored += 1;
    if (packfile.isFull) this.endPackfile();
  }

  /** What the table answered: null, new; -1, of this run; else the packfile that we build upon now. */
  #known(where: number | null): boolean {
    if (where !== null && where >= 0) this.#reliance.add(where);
    return where !== null;
  }

  #openPackfile(): WorkerPackfile {
    this.#packfile ??= new WorkerPackfile(this.memory, this.units, { ...this.#settings, number: this.#packfiles++ });
    return this.#packfile;
  }

  #prove(blob: Placed, placed: { readonly at: number; readonly lengthBytes: number }): void {
    const { bytes } = this.memory;
    const decoded = this.#decodeUnit(bytes.slice(placed.at, placed.at + placed.lengthBytes), blob.lengthBytes);
    if (!equalBytes(decoded, bytes.subarray(blob.input, blob.input + blob.lengthBytes)))
      throw new IntegrityError('blob', 'what was encoded does not decode to the same bytes');
  }
}
