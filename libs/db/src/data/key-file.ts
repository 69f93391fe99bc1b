import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { reasonOf } from './data-folder.js';
import { StartError } from './start-error.js';

const HEADER = 'wardrobe-key-1 ';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SEALED_VERSION = 1;

/** The sealed bytes are damaged, of another key file, or of another context. */
export class UnsealError extends Error {
  override readonly name = 'UnsealError';
}

/**
 * Seals small secrets under the key file (AES-256-GCM). The context names what is sealed and for whom, e.g. `store 7 passphrase`; it is
 * authenticated, so that a sealed value moved to another row does not open.
 */
export interface Sealer {
  /** version (1 byte), nonce (12), ciphertext, tag (16) */
  seal(plain: Uint8Array, context: string): Uint8Array<ArrayBuffer>;
  /** @throws UnsealError */
  open(sealed: Uint8Array, context: string): Uint8Array<ArrayBuffer>;
}

export type KeyRing = {
  readonly sealer: Sealer;
  /** Password of one of the database's roles. */
  readonly databasePassword: (role: string) => string;
  /** A key of its own for another purpose. */
  readonly derive: (purpose: string) => Uint8Array;
};

/** The key file when nothing is said. */
export function defaultKeyFile(dataFolder: string): string {
  return join(dataFolder, 'wardrobe.key');
}

/**
 * Reads the key file, or makes one (0600) when there is none and `mayCreate`. Refused when other users can read it.
 * @throws StartError
 */
export function openKeyFile(path: string, options: { readonly mayCreate: boolean }): KeyRing {
  if (!existsSync(path)) {
    if (!options.mayCreate) {
      throw new StartError(
        `The key file ${path} is missing, but the data folder is in use: its store passphrases and its database were sealed with that key. Put the file back, or name its place with WARDROBE_KEY_FILE.`,
      );
    }
    createKeyFile(path);
  }
  return keyRing(readKeyFile(path));
}

function createKeyFile(path: string): void {
  const temporary = `${path}.${process.pid}.new`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const file = openSync(temporary, 'wx', 0o600);
    try {
      writeSync(file, `${HEADER}${randomBytes(KEY_BYTES).toString('base64')}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    // A link never replaces a key that somebody else made meanwhile.
    linkSync(temporary, path);
  } catch (error) {
    throw new StartError(`The key file ${path} cannot be made: ${reasonOf(error)}.`, { cause: error });
  } finally {
    if (existsSync(temporary)) unlinkSync(temporary);
  }
}

function readKeyFile(path: string): Uint8Array {
  let text: string;
  try {
    const info = statSync(path);
    if (process.platform !== 'win32' && (info.mode & 0o077) !== 0) {
      throw new StartError(`The key file ${path} can be read by other users (mode ${(info.mode & 0o777).toString(8)}). Run: chmod 600 ${path}`);
    }
    text = readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(`The key file ${path} cannot be read: ${reasonOf(error)}.`, { cause: error });
  }
  const key = text.startsWith(HEADER) ? Buffer.from(text.slice(HEADER.length), 'base64') : Buffer.alloc(0);
  if (key.length !== KEY_BYTES) throw new StartError(`${path} is not a Wardrobe key file. Put the right file back, or name its place with WARDROBE_KEY_FILE.`);
  return key;
}

/** Separate keys from one: HKDF-SHA256 with the purpose as info. */
export function keyRing(key: Uint8Array): KeyRing {
  const derive = (purpose: string): Uint8Array => new Uint8Array(hkdfSync('sha256', key, 'wardrobe key file 1', purpose, KEY_BYTES));
  return { derive, sealer: createSealer(derive('seal')), databasePassword: (role) => Buffer.from(derive(`database role ${role}`)).toString('base64url') };
}

export function createSealer(key: Uint8Array): Sealer {
  return {
    seal(plain, context) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      cipher.setAAD(Buffer.from(context));
      const body = Buffer.concat([cipher.update(plain), cipher.final()]);
      return new Uint8Array([SEALED_VERSION, ...nonce, ...body, ...cipher.getAuthTag()]);
    },
    open(sealed, context) {
      if (sealed.length < 1 + NONCE_BYTES + TAG_BYTES || sealed[0] !== SEALED_VERSION) throw new UnsealError(`${context}: not a sealed value of this version`);
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 1 + NONCE_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(context));
      decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
      try {
        return new Uint8Array(Buffer.concat([decipher.update(sealed.subarray(1 + NONCE_BYTES, sealed.length - TAG_BYTES)), decipher.final()]));
      } catch (error) {
        throw new UnsealError(`${context}: damaged, or sealed with another key file`, { cause: error });
      }
    },
  };
}
