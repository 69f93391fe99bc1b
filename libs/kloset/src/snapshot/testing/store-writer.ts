import { unitEncoder } from '../../repository/unit-codec.js';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Mac, PackfileId, StateId } from '@wardrobe/kloset-model';
import { concatBytes, macFromBytes, uuidToBytes, NIL_UUID } from '../../bytes/bytes.js';
import { ByteWriter } from '../../codec/byte-writer.js';
import { encode } from '../../codec/codec.js';
import { V1_0_0, V1_1_0 } from '../../codec/version.js';
import { createMacAlgorithm, type MacAlgorithm } from '../../crypto/mac.js';
import { wrapEnvelope } from '../../format/envelope.js';
import type { Config } from '../../format/config.js';
import { packfileFooter, packfileIndexRecord } from '../../format/packfile.js';
import { BLOB_TYPE, ENTRY_TYPE, type LocationEntry, locationEntry, packfileEntry, stateMetadata } from '../../format/state.js';
import { type Keystream, keystream } from './keystream.js';
import { makeConfig, type WriterKdf } from './store-config.js';
import type { BlobSink } from './tree-writer.js';

export type StoreWriterOptions = {
  readonly line: '1.0' | '1.1';
  /** The same seed gives the same files. */
  readonly seed: string;
  readonly passphrase?: string;
  readonly kdf?: WriterKdf;
  /** A packfile is closed once its blobs exceed this; default as the line does. */
  readonly packfileBytes?: number;
  /** First and last blob of each packfile; plakar itself wants 16 KiB at the end (01-store 4.5). */
  readonly paddingBytes?: number;
};

/** Writes a store into a folder, one packfile in memory at a time. For tests and benchmarks: no locks, no fsync, synchronous. */
export type StoreWriter = BlobSink & {
  readonly random: Keystream;
  readonly secret: Uint8Array | null;
  createMac(): { update(bytes: Uint8Array): void; digest(): Mac };
  /** Ends the packfile in hand; its id, or null when it has no blob. */
  closePackfile(): PackfileId | null;
  /** A location of the next state that no blob of this writer stands behind. */
  claim(location: Pick<LocationEntry, 'type' | 'blob' | 'packfile' | 'offset' | 'lengthBytes'>): void;
  /** Locations that the next state has so far. */
  readonly claimed: number;
  /** Of all files so far. */
  readonly bytesWritten: number;
  /** One state with all that came since the last. */
  writeState(id: StateId, timestampNs: bigint): void;
};

type Pending = { readonly type: number; readonly id: Mac; readonly stored: Uint8Array; readonly offset: number };

const DEFAULT_KDF: WriterKdf = { memoryKiB: 262_144, passes: 4 };

export async function createStoreWriter(root: string, options: StoreWriterOptions): Promise<StoreWriter> {
  const random = keystream(options.seed);
  const made = await makeConfig({ line: options.line, passphrase: options.passphrase, kdf: options.kdf ?? DEFAULT_KDF, random });
  makeFolders(root);
  writeFileSync(join(root, 'CONFIG'), made.file, { mode: 0o600 });
  const algorithm = createMacAlgorithm('BLAKE3', uuidToBytes(made.config.RepositoryID), made.secret);
  const packfileBytes = options.packfileBytes ?? Number(made.config.Packfile.MaxSize);
  return new Writer({ root, options: { ...options, packfileBytes }, algorithm, random, config: made.config, secret: made.secret });
}

class Writer implements StoreWriter {
  readonly random: Keystream;
  readonly secret: Uint8Array | null;
  readonly #root: string;
  readonly #options: StoreWriterOptions & { readonly packfileBytes: number };
  readonly #algorithm: MacAlgorithm;
  readonly #encodeUnit: (plain: Uint8Array) => Uint8Array;
  readonly #known = new Set<string>();
  #pending: Pending[] = [];
  #pendingBytes = 0;
  claimed = 0;
  bytesWritten = 0;
  #entries = new ByteWriter(1 << 16);
  #packfiles: PackfileId[] = [];

  constructor(parts: {
    root: string;
    options: StoreWriterOptions & { readonly packfileBytes: number };
    algorithm: MacAlgorithm;
    random: Keystream;
    config: Config;
    secret: Uint8Array | null;
  }) {
    this.random = parts.random;
    this.secret = parts.secret;
    this.#root = parts.root;
    this.#options = parts.options;
    this.#algorithm = parts.algorithm;
    this.#encodeUnit = unitEncoder(parts.config, parts.secret, (lengthBytes) => parts.random.bytes(lengthBytes));
  }

  mac(bytes: Uint8Array): Mac {
    return macFromBytes(this.#algorithm.hash(bytes));
  }

  createMac() {
    const inner = this.#algorithm.create();
    return { update: (bytes: Uint8Array) => inner.update(bytes), digest: () => macFromBytes(inner.digest()) };
  }

  /** A blob that is there already is not stored again. */
  put(type: number, bytes: Uint8Array, id = this.mac(bytes)): Mac {
    const key = `${type}:${id}`;
    if (this.#known.has(key)) return id;
    this.#known.add(key);
    if (this.#pending.length === 0) this.#pad();
    this.#hold(type, id, this.#encodeUnit(bytes));
    if (this.#pendingBytes > this.#options.packfileBytes) this.closePackfile();
    return id;
  }

  closePackfile(): PackfileId | null {
    if (this.#pending.length === 0) return null;
    this.#pad();
    const pending = this.#pending;
    const index = concatBytes(
      pending.map(({ type, id, offset, stored }) => encode(packfileIndexRecord, { type, version: V1_0_0, id, offset, lengthBytes: stored.length, flags: 0 })),
    );
    const footer = { timestamp: 1_700_000_000_000_000_000n, count: pending.length, indexOffset: this.#pendingBytes, indexMac: this.mac(index), flags: 0 };
    const encodedFooter = this.#encodeUnit(encode(packfileFooter, footer));
    const length = new ByteWriter(4);
    length.u32(encodedFooter.length);
    const body = concatBytes([...pending.map((blob) => blob.stored), this.#encodeUnit(index), encodedFooter, length.finish()]);
    const packfile = this.mac(body) as PackfileId;
    this.#writeFile('packfiles', packfile, wrapEnvelope('packfile', body, { version: V1_0_0, hash: (bytes) => this.#algorithm.hash(bytes) }));
    for (const { type, id, offset, stored } of pending) this.claim({ type, blob: id, packfile, offset, lengthBytes: stored.length });
    this.#packfiles.push(packfile);
    this.#pending = [];
    this.#pendingBytes = 0;
    return packfile;
  }

  claim(location: Pick<LocationEntry, 'type' | 'blob' | 'packfile' | 'offset' | 'lengthBytes'>): void {
    this.claimed += 1;
    this.#entries.u8(ENTRY_TYPE.location);
    this.#entries.u32(locationEntry.sizeBytes);
    locationEntry.write(this.#entries, { ...location, version: V1_0_0, flags: 0 });
  }

  writeState(id: StateId, timestampNs: bigint): void {
    this.closePackfile();
    const version = this.#options.line === '1.1' ? V1_1_0 : V1_0_0;
    const entries = this.#entries;
    for (const packfile of this.#packfiles) {
      entries.u8(ENTRY_TYPE.packfile);
      entries.u32(packfileEntry.sizeBytes);
      packfileEntry.write(entries, { packfile, state: id, whenNs: timestampNs });
    }
    entries.u8(ENTRY_TYPE.metadata);
    stateMetadata.write(entries, { version, timestampNs, serial: NIL_UUID });
    const stream = version === V1_1_0 ? concatBytes([new Uint8Array(32), entries.finish()]) : entries.finish();
    this.#writeFile('states', id, wrapEnvelope('state', this.#encodeUnit(stream), { version, hash: (bytes) => this.#algorithm.hash(bytes) }));
    this.#entries = new ByteWriter(1 << 16);
    this.#packfiles = [];
    this.claimed = 0;
  }

  #pad(): void {
    this.#hold(BLOB_TYPE.padding, macFromBytes(this.random.bytes(32)), this.random.bytes(this.#options.paddingBytes ?? 16 << 10));
  }

  #hold(type: number, id: Mac, stored: Uint8Array): void {
    this.#pending.push({ type, id, stored, offset: this.#pendingBytes });
    this.#pendingBytes += stored.length;
  }

  #writeFile(folder: 'packfiles' | 'states', id: Mac, bytes: Uint8Array): void {
    const aside = join(this.#root, folder, `tmp.${id.slice(0, 16)}`);
    writeFileSync(aside, bytes, { mode: 0o600 });
    this.bytesWritten += bytes.length;
    renameSync(aside, join(this.#root, folder, id.slice(0, 2), id));
  }
}

/** The folders plakar makes. @source 01-store 3.1 */
function makeFolders(root: string): void {
  mkdirSync(join(root, 'locks'), { recursive: true, mode: 0o700 });
  for (const folder of ['packfiles', 'states'])
    for (let bucket = 0; bucket < 256; bucket += 1) mkdirSync(join(root, folder, bucket.toString(16).padStart(2, '0')), { recursive: true, mode: 0o700 });
}
