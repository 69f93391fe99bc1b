import type { Mac } from '@wardrobe/kloset-model';
import { macFromBytes } from '../bytes/bytes.js';
import { createMacAlgorithm, type MacAlgorithm } from '../crypto/mac.js';
import type { Store } from '../store/store.js';
import { type ConfigFile, describeConfig, repositoryIdBytes } from './config-file.js';
import { type PackedRanges, packedRanges } from './packed-ranges.js';
import type { RepositoryConfig } from './types.js';
import { type DecodePieces, type DecodeUnit, type EncodeUnit, unitDecoder, unitEncoder, unitPieces, unitStream } from './unit-codec.js';
import type { PieceEncoder, RandomBytes } from '../crypto/unit-cipher.js';

/** Everything derived when a store is opened: what the parts of a repository need of CONFIG and the secret. */
export type Keys = {
  readonly store: Store;
  /** Where blobs are read from. */
  readonly ranges: PackedRanges;
  readonly config: RepositoryConfig;
  /** CONFIG as it was read and proven, for threads that derive the same from it. */
  readonly configFile: Uint8Array;
  readonly secret: Uint8Array | null;
  readonly algorithm: MacAlgorithm;
  readonly decodeUnit: DecodeUnit;
  /** The same for one unit of any size. */
  readonly decodePieces: DecodePieces;
  /** The writing side, for a writer's own source of random bytes. */
  encoder(random: RandomBytes): EncodeUnit;
  /** The same for one unit of any size. */
  encodeStream(random: RandomBytes): PieceEncoder;
  mac(bytes: Uint8Array): Mac;
};

/** @throws DecodeError an algorithm that is not known */
export function makeKeys(store: Store, configFile: ConfigFile, secret: Uint8Array | null): Keys {
  const { config } = configFile;
  const described = describeConfig(config);
  const algorithm = createMacAlgorithm(described.hashing, repositoryIdBytes(config), secret);
  return {
    store,
    ranges: packedRanges(store),
    config: described,
    configFile: configFile.file,
    secret,
    algorithm,
    decodeUnit: unitDecoder(config, secret),
    decodePieces: unitPieces(config, secret),
    encoder: (random) => unitEncoder(config, secret, random),
    encodeStream: (random) => unitStream(config, secret, random),
    mac: (bytes) => macFromBytes(algorithm.hash(bytes)),
  };
}
