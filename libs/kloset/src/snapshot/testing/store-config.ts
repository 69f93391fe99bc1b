import { uuidFromBytes } from '../../bytes/bytes.js';
import { encode, type Infer } from '../../codec/codec.js';
import { V1_0_0 } from '../../codec/version.js';
import { deriveKey } from '../../crypto/kdf.js';
import { configMac } from '../../crypto/mac.js';
import { config } from '../../format/config.js';
import { wrapEnvelope } from '../../format/envelope.js';
import { unitSealer } from '../../crypto/unit-cipher.js';
import type { Keystream } from './keystream.js';

/** Parameters of the key derivation; plakar's own are 262,144 KiB and 4 passes. */
export type WriterKdf = { readonly memoryKiB: number; readonly passes: number };

type Config = Infer<typeof config>;

/** CONFIG as plakar of that line would write it, and the secret of an encrypted store. */
export async function makeConfig(options: {
  readonly line: '1.0' | '1.1';
  readonly passphrase: string | undefined;
  readonly kdf: WriterKdf;
  readonly random: Keystream;
}): Promise<{ readonly file: Uint8Array; readonly config: Config; readonly secret: Uint8Array | null }> {
  const { random } = options;
  const is11 = options.line === '1.1';
  const plain: Config = {
    Timestamp: 1_700_000_000_000_000_000n,
    RepositoryID: uuidFromBytes(random.bytes(16)),
    Packfile: { MinSize: 0n, AvgSize: 0n, MaxSize: is11 ? 64n << 20n : 20n << 20n },
    Chunking: is11
      ? { Algorithm: 'fastcdc-v1.0.0', MinSize: 1 << 19, NormalSize: 1 << 20, MaxSize: 8 << 20 }
      : { Algorithm: 'FASTCDC', MinSize: 1 << 16, NormalSize: 1 << 20, MaxSize: 4 << 20 },
    Hashing: { Algorithm: 'BLAKE3', Bits: 256 },
    Compression: { Algorithm: 'LZ4', Level: 131072, WindowSize: -1, ChunkSize: -1, BlockSize: -1, EnableCRC: false },
    Encryption: null,
  };
  const { passphrase } = options;
  const sealed = passphrase === undefined ? null : await makeEncryption(passphrase, options.kdf, random);
  const made: Config = { ...plain, Encryption: sealed?.params ?? null };
  const secret = sealed?.secret ?? null;
  return { file: wrapEnvelope('config', encode(config, made), { version: V1_0_0, hash: configMac(secret) }), config: made, secret };
}

async function makeEncryption(passphrase: string, kdf: WriterKdf, random: Keystream) {
  const argon2id = { SaltSize: 16, Time: kdf.passes, Memory: kdf.memoryKiB, Threads: 1, KeyLen: 32 };
  const KDFParams = { KDF: 'ARGON2ID', Salt: random.bytes(16), argon2id, scrypt: null, pbkdf2: null };
  const secret = await deriveKey(KDFParams, passphrase);
  const bare = { SubKeyAlgorithm: 'AES256-KW', DataAlgorithm: 'AES256-GCM-SIV', ChunkSize: 65536, KDFParams, Canary: new Uint8Array(0) };
  const seal = unitSealer(bare, secret, (lengthBytes) => random.bytes(lengthBytes));
  return { secret, params: { ...bare, Canary: seal(random.bytes(32)) } };
}
