import { uuidFromBytes, macFromBytes } from '../bytes/bytes.js';
import { encode } from '../codec/codec.js';
import { V1_0_0, V1_1_0 } from '../codec/version.js';
import { deriveKey } from '../crypto/kdf.js';
import { configMac } from '../crypto/mac.js';
import { unitSealer } from '../crypto/unit-cipher.js';
import { type Config, config as configTable, type EncryptionParams } from '../format/config.js';
import { wrapEnvelope } from '../format/envelope.js';
import { StateBuilder } from '../state/state-builder.js';
import type { WritableStore } from '../store/store.js';
import { parseConfig } from './config-file.js';
import { makeKeys } from './keys.js';
import { systemEnvironment } from './system-environment.js';
import type { StoreLine, WriterEnvironment } from './writer-types.js';

export type CreateOptions = {
  /** `1.0`: both plakar lines can use it; `1.1`: declared for 1.1.x alone by an empty state of version 1.1.0. */
  readonly line: StoreLine;
  /** Null makes a plain store. */
  readonly passphrase: string | null;
  readonly hashing?: 'BLAKE3' | 'SHA256' | undefined;
  readonly compression?: 'LZ4' | 'GZIP' | null | undefined;
  /** Argon2id; default 262,144 KiB and 4 passes, as plakar's. */
  readonly kdf?: { readonly memoryKiB: number; readonly passes: number } | undefined;
  readonly environment?: Partial<WriterEnvironment> | undefined;
  readonly signal?: AbortSignal | undefined;
};

/** plakar's sizes of a new store. @source 01-store 2.4 */
const DEFAULTS = {
  '1.0': { packfileBytes: 20n << 20n, chunking: { Algorithm: 'FASTCDC', MinSize: 1 << 16, NormalSize: 1 << 20, MaxSize: 4 << 20 } },
  '1.1': { packfileBytes: 64n << 20n, chunking: { Algorithm: 'fastcdc-v1.0.0', MinSize: 1 << 19, NormalSize: 1 << 20, MaxSize: 8 << 20 } },
} as const;

/**
 * Makes an empty store; CONFIG is written last but for the declaration of a 1.1-only store. Deriving the key takes about a second of the calling thread.
 * @throws InvalidInputError something is there already; StoreError, DiskFullError, PermissionError
 * @source 01-store 2.4, 9.1
 */
export async function createStore(store: WritableStore, options: CreateOptions): Promise<void> {
  const environment = { ...systemEnvironment(), ...options.environment };
  const { config, secret } = await makeConfig(options, environment);
  const file = wrapEnvelope('config', encode(configTable, config), { version: V1_0_0, hash: configMac(secret) });
  await store.create(file, { signal: options.signal });
  if (options.line === '1.0') return;
  const keys = makeKeys(store, parseConfig(file), secret);
  const stream = new StateBuilder().finish({
    version: '1.1.0',
    timestampNs: BigInt(environment.nowMs()) * 1_000_000n,
    serial: uuidFromBytes(new Uint8Array(16)),
    parent: null,
  });
  const body = keys.encoder(environment.randomBytes)(stream);
  const state = wrapEnvelope('state', body, { version: V1_1_0, hash: (bytes) => keys.algorithm.hash(bytes) });
  await store.write('state', macFromBytes(environment.randomBytes(32)), state, { signal: options.signal });
}

async function makeConfig(options: CreateOptions, environment: WriterEnvironment): Promise<{ readonly config: Config; readonly secret: Uint8Array | null }> {
  const { packfileBytes, chunking } = DEFAULTS[options.line];
  const compression = options.compression === undefined ? 'LZ4' : options.compression;
  const sealed = options.passphrase === null ? null : await makeEncryption(options.passphrase, options, environment);
  const config: Config = {
    Timestamp: BigInt(environment.nowMs()) * 1_000_000n,
    RepositoryID: uuidFromBytes(randomUuid(environment)),
    Packfile: { MinSize: 0n, AvgSize: 0n, MaxSize: packfileBytes },
    Chunking: chunking,
    Hashing: { Algorithm: options.hashing ?? 'BLAKE3', Bits: 256 },
    Compression:
      compression === null
        ? null
        : { Algorithm: compression, Level: compression === 'LZ4' ? 131072 : -1, WindowSize: -1, ChunkSize: -1, BlockSize: -1, EnableCRC: false },
    Encryption: sealed?.params ?? null,
  };
  return { config, secret: sealed?.secret ?? null };
}

/** Version 4. */
function randomUuid(environment: WriterEnvironment): Uint8Array {
  const bytes = environment.randomBytes(16);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return bytes;
}

async function makeEncryption(
  passphrase: string,
  options: CreateOptions,
  environment: WriterEnvironment,
): Promise<{ readonly params: EncryptionParams; readonly secret: Uint8Array }> {
  const { memoryKiB, passes } = options.kdf ?? { memoryKiB: 262_144, passes: 4 };
  const argon2id = { SaltSize: 16, Time: passes, Memory: memoryKiB, Threads: 1, KeyLen: 32 };
  const KDFParams = { KDF: 'ARGON2ID', Salt: environment.randomBytes(16), argon2id, scrypt: null, pbkdf2: null };
  const secret = await deriveKey(KDFParams, passphrase);
  const bare = { SubKeyAlgorithm: 'AES256-KW', DataAlgorithm: 'AES256-GCM-SIV', ChunkSize: 65536, KDFParams, Canary: new Uint8Array(0) };
  const Canary = unitSealer(bare, secret, environment.randomBytes)(environment.randomBytes(32));
  return { params: { ...bare, Canary }, secret };
}
