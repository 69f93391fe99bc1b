import { about, type Infer } from '../codec/codec.js';
import * as mp from '../codec/msgpack.js';
import { map } from '../codec/msgpack-map.js';

/** CONFIG: written once when the store is made. @source 01-store 2.4 */

export const argon2idParams = map('argon2id', { SaltSize: mp.u32, Time: mp.u32, Memory: about(mp.u32, 'KiB'), Threads: mp.u8, KeyLen: mp.u32 });
export const scryptParams = map('scrypt', { SaltSize: mp.u32, N: mp.int, R: mp.int, P: mp.int, KeyLen: mp.int });
export const pbkdf2Params = map('pbkdf2', { SaltSize: mp.u32, Iterations: mp.int, KeyLen: mp.int, Hashing: mp.text });

export const kdfParams = map('kdf', {
  KDF: about(mp.text, 'ARGON2ID, SCRYPT or PBKDF2'),
  Salt: mp.bin,
  argon2id: mp.optional(argon2idParams),
  scrypt: mp.optional(scryptParams),
  pbkdf2: mp.optional(pbkdf2Params),
});

export const encryptionParams = map('encryption', {
  SubKeyAlgorithm: about(mp.text, 'AES256-KW or AES256-GCM'),
  DataAlgorithm: about(mp.text, 'AES256-GCM-SIV'),
  ChunkSize: about(mp.int, 'bytes of plaintext a sealed chunk holds'),
  KDFParams: kdfParams,
  Canary: about(mp.bin, 'an encrypted unit of 32 random bytes: opens only with the right secret'),
});

export const compressionParams = map('compression', {
  Algorithm: about(mp.text, 'LZ4, GZIP or ZSTD'),
  Level: about(mp.int, 'ignored'),
  WindowSize: about(mp.int, 'ignored'),
  ChunkSize: about(mp.int, 'ignored'),
  BlockSize: about(mp.int, 'ignored'),
  EnableCRC: about(mp.bool, 'ignored'),
});

export const config = map('CONFIG', {
  Timestamp: mp.timestamp,
  RepositoryID: mp.uuid,
  Packfile: map('packfile', { MinSize: mp.u64, AvgSize: mp.u64, MaxSize: about(mp.u64, 'a packfile is closed once its blobs exceed this') }),
  Chunking: map('chunking', { Algorithm: mp.text, MinSize: mp.u32, NormalSize: mp.u32, MaxSize: mp.u32 }),
  Hashing: map('hashing', { Algorithm: about(mp.text, 'BLAKE3 or SHA256'), Bits: mp.u32 }),
  Compression: about(mp.nilable(compressionParams), 'nil: none'),
  Encryption: about(mp.nilable(encryptionParams), 'nil: a plain store'),
});

export type Config = Infer<typeof config>;
export type EncryptionParams = Infer<typeof encryptionParams>;
export type KdfParams = Infer<typeof kdfParams>;
