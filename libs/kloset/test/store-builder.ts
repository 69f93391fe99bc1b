import { randomBytes } from 'node:crypto';
import { type Mac, parseMac, type RepositoryId, type SnapshotId, type StateId } from '@wardrobe/kloset-model';
import { lz4Compress } from '@wardrobe/kernel';
import { concatBytes, macFromBytes, macToBytes, uuidToBytes, NIL_UUID } from '../src/bytes/bytes.js';
import { ByteWriter } from '../src/codec/byte-writer.js';
import { encode } from '../src/codec/codec.js';
import { V1_0_0, V1_1_0 } from '../src/codec/version.js';
import { configMac, createMacAlgorithm } from '../src/crypto/mac.js';
import { config } from '../src/format/config.js';
import { wrapEnvelope } from '../src/format/envelope.js';
import { packfileFooter, packfileIndexRecord } from '../src/format/packfile.js';
import { colouredEntry, deleteEntry, ENTRY_TYPE, type LocationEntry, locationEntry, packfileEntry, stateMetadata } from '../src/format/state.js';

/** Writes files of a plain store from the same tables that the engine reads with. For tests: the product has its own writers. */
export type StoreBuilder = ReturnType<typeof storeBuilder>;

export type StateEntries = {
  readonly version?: '1.0.0' | '1.1.0';
  readonly timestampNs?: bigint;
  /** Of a 1.1.0 state; none when absent. */
  readonly parent?: StateId;
  readonly locations?: readonly Pick<LocationEntry, 'type' | 'blob' | 'packfile' | 'offset' | 'lengthBytes'>[];
  readonly coloured?: readonly { readonly type: number; readonly id: Mac; readonly whenNs: bigint }[];
  readonly packfiles?: readonly Mac[];
  readonly deletes?: readonly { readonly removes: number; readonly type: number; readonly blob: Mac; readonly packfile: Mac }[];
  /** Raw entries put in front: type and payload. */
  readonly raw?: readonly { readonly type: number; readonly payload: Uint8Array }[];
};

export const ZERO_MAC = '0'.repeat(64) as Mac;

export function randomMac(): Mac {
  return macFromBytes(randomBytes(32));
}

export function storeBuilder(
  options: { readonly compression?: 'LZ4' | 'GZIP' | null; readonly hashing?: 'BLAKE3' | 'SHA256'; readonly repositoryId?: RepositoryId } = {},
) {
  const repositoryId = options.repositoryId ?? ('e4fb64d0-2b5b-4790-858d-cfd6ea511593' as RepositoryId);
  const compression = options.compression ?? null;
  const hashing = options.hashing ?? 'BLAKE3';
  const algorithm = createMacAlgorithm(hashing, uuidToBytes(repositoryId), null);
  const hash = (bytes: Uint8Array) => algorithm.hash(bytes);
  const encodeUnit = (bytes: Uint8Array) => (compression === 'LZ4' ? lz4Compress(bytes) : bytes);
  return {
    hash,
    encodeUnit,
    mac: (bytes: Uint8Array) => macFromBytes(hash(bytes)),
    config: () => wrapEnvelope('config', encode(config, configValue({ repositoryId, hashing, compression })), { version: V1_0_0, hash: configMac(null) }),
    stateStream,
    state(id: StateId, entries: StateEntries): Uint8Array {
      return wrapEnvelope('state', encodeUnit(stateStream(id, entries)), { version: entries.version === '1.1.0' ? V1_1_0 : V1_0_0, hash });
    },
    packfile(blobs: readonly { readonly type: number; readonly id: Mac; readonly plain: Uint8Array }[], packedAtNs = 1_795_400_000_000_000_000n) {
      return packfile(blobs, { encodeUnit, hash, packedAtNs });
    },
  };
}

export function stateStream(id: StateId, entries: StateEntries): Uint8Array {
  const writer = new ByteWriter(1 << 16);
  const version = entries.version === '1.1.0' ? V1_1_0 : V1_0_0;
  if (version === V1_1_0) writer.bytes(macToBytes(entries.parent ?? ZERO_MAC));
  const put = (type: number, payload: Uint8Array) => {
    writer.u8(type);
    writer.u32(payload.length);
    writer.bytes(payload);
  };
  for (const entry of entries.raw ?? []) put(entry.type, entry.payload);
  for (const entry of entries.deletes ?? []) put(ENTRY_TYPE.delete, encode(deleteEntry, entry));
  for (const entry of entries.locations ?? []) put(ENTRY_TYPE.location, encode(locationEntry, { ...entry, version: V1_0_0, flags: 0 }));
  for (const entry of entries.coloured ?? []) put(ENTRY_TYPE.coloured, encode(colouredEntry, entry));
  for (const packfile of entries.packfiles ?? []) put(ENTRY_TYPE.packfile, encode(packfileEntry, { packfile, state: id, whenNs: 0n }));
  writer.u8(ENTRY_TYPE.metadata);
  stateMetadata.write(writer, { version, timestampNs: entries.timestampNs ?? 1n, serial: NIL_UUID });
  return writer.finish();
}

/** A snapshot's location for `StateEntries.locations`. */
export function snapshotIn(id: SnapshotId, packfile: Mac) {
  return { type: 5, blob: id, packfile, offset: 0, lengthBytes: 10 };
}

type PackOptions = { readonly encodeUnit: (bytes: Uint8Array) => Uint8Array; readonly hash: (bytes: Uint8Array) => Uint8Array; readonly packedAtNs: bigint };

function packfile(blobs: readonly { readonly type: number; readonly id: Mac; readonly plain: Uint8Array }[], options: PackOptions) {
  const { encodeUnit, hash } = options;
  let offset = 0;
  const parts: Uint8Array[] = [];
  const locations = blobs.map((blob) => {
    const stored = blob.type === 255 ? blob.plain : encodeUnit(blob.plain);
    parts.push(stored);
    const location = { type: blob.type, blob: blob.id, offset, lengthBytes: stored.length };
    offset += stored.length;
    return location;
  });
  const index = concatBytes(
    locations.map(({ type, blob, offset: at, lengthBytes }) =>
      encode(packfileIndexRecord, { type, version: V1_0_0, id: blob, offset: at, lengthBytes, flags: 0 }),
    ),
  );
  const footer = encodeUnit(
    encode(packfileFooter, { timestamp: options.packedAtNs, count: blobs.length, indexOffset: offset, indexMac: macFromBytes(hash(index)), flags: 0 }),
  );
  const length = new ByteWriter(4);
  length.u32(footer.length);
  const body = concatBytes([...parts, encodeUnit(index), footer, length.finish()]);
  const id = macFromBytes(hash(body));
  return { id, file: wrapEnvelope('packfile', body, { version: V1_0_0, hash }), locations: locations.map((location) => ({ ...location, packfile: id })) };
}

function configValue(options: { readonly repositoryId: RepositoryId; readonly hashing: string; readonly compression: string | null }) {
  return {
    Timestamp: 1_795_399_140_000_000_000n,
    RepositoryID: options.repositoryId,
    Packfile: { MinSize: 0n, AvgSize: 0n, MaxSize: 20n << 20n },
    Chunking: { Algorithm: 'FASTCDC', MinSize: 65536, NormalSize: 1 << 20, MaxSize: 4 << 20 },
    Hashing: { Algorithm: options.hashing, Bits: 256 },
    Compression:
      options.compression === null ? null : { Algorithm: options.compression, Level: 131072, WindowSize: -1, ChunkSize: -1, BlockSize: -1, EnableCRC: false },
    Encryption: null,
  };
}

/** A made-up id that reads well in failures: the digit repeated. */
export function idOf(digit: string): Mac {
  return parseMac(digit.repeat(64).slice(0, 64));
}
