import { createHash, createHmac } from 'node:crypto';
import { blake3Hash, createBlake3, isBlake3 } from '@wardrobe/kernel';
import { equalBytes } from '../bytes/bytes.js';
import { DecodeError } from '../errors/errors.js';

/** The keyed hash of a repository. @source 01-store 2.3 */
export interface MacAlgorithm {
  readonly name: 'BLAKE3' | 'SHA256';
  /** 32 bytes. */
  hash(bytes: Uint8Array): Uint8Array;
  /** Whether `mac` is that of the bytes. */
  proves(bytes: Uint8Array, mac: Uint8Array): boolean;
  create(): IncrementalMac;
}

/** `digest` ends it. */
export interface IncrementalMac {
  update(bytes: Uint8Array): void;
  digest(): Uint8Array;
}

/**
 * MAC of a store: keyed with its secret, or for a plain store with the unkeyed hash of the repository id.
 * @throws DecodeError an algorithm that is not known
 */
export function createMacAlgorithm(algorithm: string, repositoryId: Uint8Array, secret: Uint8Array | null): MacAlgorithm {
  if (algorithm === 'BLAKE3') return blake3Mac(secret ?? blake3Hash(repositoryId));
  if (algorithm === 'SHA256') return sha256Mac(secret ?? createHash('sha256').update(repositoryId).digest());
  throw new DecodeError('CONFIG', `unknown hashing algorithm ${JSON.stringify(algorithm.slice(0, 40))}`);
}

/** Hash of CONFIG's footer: always BLAKE3, keyed only when the store is encrypted. */
export function configMac(secret: Uint8Array | null): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => (secret === null ? blake3Hash(bytes) : blake3Hash(bytes, secret));
}

function blake3Mac(key: Uint8Array): MacAlgorithm {
  return {
    name: 'BLAKE3',
    hash: (bytes) => blake3Hash(bytes, key),
    proves: (bytes, mac) => isBlake3(bytes, mac, key),
    create() {
      const hasher = createBlake3(key);
      return { update: (bytes) => void hasher.update(bytes), digest: () => hasher.digest() };
    },
  };
}

function sha256Mac(key: Uint8Array): MacAlgorithm {
  const hash = (bytes: Uint8Array): Uint8Array => createHmac('sha256', key).update(bytes).digest();
  return {
    name: 'SHA256',
    hash,
    proves: (bytes, mac) => equalBytes(hash(bytes), mac),
    create() {
      const hasher = createHmac('sha256', key);
      return { update: (bytes) => void hasher.update(bytes), digest: () => hasher.digest() };
    },
  };
}
