import { equalBytes, uuidToBytes } from '../bytes/bytes.js';
import { decode } from '../codec/codec.js';
import { V1_0_0, versionText } from '../codec/version.js';
import { deriveKey, SECRET_BYTES } from '../crypto/kdf.js';
import { configMac } from '../crypto/mac.js';
import { unitCipher } from '../crypto/unit-cipher.js';
import { DecodeError, IntegrityError, InvalidInputError, TooLargeError, UnsupportedVersionError, WrongPassphraseError } from '../errors/errors.js';
import { type Config, config as configTable } from '../format/config.js';
import { FOOTER_BYTES, HEADER_BYTES, readEnvelopeHeader } from '../format/envelope.js';
import type { ReadOptions, Store } from '../store/store.js';
import type { RepositoryConfig } from './types.js';

/** CONFIG as read: parsed, but not yet authenticated (that needs the secret). Survives structured clone, so that a worker can derive the secret. */
export type ConfigFile = { readonly config: Config; readonly file: Uint8Array };

const PLACE = { kind: 'config', file: 'CONFIG' };
/** A few hundred bytes in practice; archives allow 32 KiB. */
const CONFIG_LIMIT_BYTES = 32 << 10;

/** @throws NotAStoreError, DecodeError, UnsupportedVersionError (anything but 1.0.0), TooLargeError, StoreError */
export async function readConfig(store: Store, options: ReadOptions = {}): Promise<ConfigFile> {
  return parseConfig(await store.readConfig(options));
}

export function parseConfig(file: Uint8Array): ConfigFile {
  if (file.length > CONFIG_LIMIT_BYTES) throw new TooLargeError('CONFIG', file.length, CONFIG_LIMIT_BYTES);
  if (file.length < HEADER_BYTES + FOOTER_BYTES) throw new DecodeError('CONFIG', `${file.length} bytes are too few`, PLACE);
  const header = readEnvelopeHeader('config', file, PLACE);
  if (header.version !== V1_0_0) throw new UnsupportedVersionError('CONFIG', versionText(header.version), versionText(V1_0_0));
  return { config: decode(configTable, file.subarray(HEADER_BYTES, file.length - FOOTER_BYTES), PLACE), file };
}

/**
 * The secret of an encrypted store, proven with the canary. Takes about a second of the calling thread: run it in a worker where that matters.
 * @throws WrongPassphraseError, TooLargeError, DecodeError, InvalidInputError the store is plain
 */
export async function deriveSecret(configFile: ConfigFile, passphrase: string, derive = deriveKey): Promise<Uint8Array> {
  const encryption = configFile.config.Encryption;
  if (encryption === null) throw new InvalidInputError('the store is not encrypted: it has no secret');
  const secret = await derive(encryption.KDFParams, passphrase);
  proveSecret(configFile, secret);
  return secret;
}

/** @throws WrongPassphraseError when the canary does not open */
export function proveSecret(configFile: ConfigFile, secret: Uint8Array): void {
  const encryption = configFile.config.Encryption;
  if (encryption === null || secret.length !== SECRET_BYTES) throw new WrongPassphraseError();
  const decrypt = unitCipher(encryption, secret);
  try {
    decrypt(encryption.Canary);
  } catch (error) {
    if (error instanceof IntegrityError || error instanceof DecodeError) throw new WrongPassphraseError();
    throw error;
  }
}

/** @throws IntegrityError CONFIG was altered */
export function verifyConfig(configFile: ConfigFile, secret: Uint8Array | null): void {
  const { file } = configFile;
  const end = file.length - FOOTER_BYTES;
  if (!equalBytes(configMac(secret)(file.subarray(0, end)), file.subarray(end))) throw new IntegrityError('CONFIG', 'its footer differs from its bytes', PLACE);
}

/** What callers see of CONFIG. @throws DecodeError an algorithm that is not known */
export function describeConfig(config: Config): RepositoryConfig {
  const { Encryption: encryption, Compression: compression, Packfile: packfile } = config;
  return {
    repositoryId: config.RepositoryID,
    createdAtNs: config.Timestamp,
    hashing: oneOf('hashing algorithm', config.Hashing.Algorithm, ['BLAKE3', 'SHA256'] as const),
    compression: compression === null ? null : oneOf('compression', compression.Algorithm, ['LZ4', 'GZIP', 'ZSTD'] as const),
    encryption:
      encryption === null ? null : { dataAlgorithm: encryption.DataAlgorithm, subkeyAlgorithm: encryption.SubKeyAlgorithm, kdf: encryption.KDFParams.KDF },
    chunking: {
      algorithm: config.Chunking.Algorithm,
      minSize: config.Chunking.MinSize,
      normalSize: config.Chunking.NormalSize,
      maxSize: config.Chunking.MaxSize,
    },
    packfileMaxSize: packfile.MaxSize > BigInt(Number.MAX_SAFE_INTEGER) ? packfile.MaxSize : Number(packfile.MaxSize),
  };
}

export function repositoryIdBytes(config: Config): Uint8Array {
  return uuidToBytes(config.RepositoryID);
}

function oneOf<T extends string>(what: string, found: string, known: readonly T[]): T {
  const match = known.find((name) => name === found);
  if (match === undefined) throw new DecodeError('CONFIG', `unknown ${what} ${JSON.stringify(found.slice(0, 40))}`, PLACE);
  return match;
}
