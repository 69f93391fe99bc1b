import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { Sealer } from './config.js';

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * AES-256-GCM under a key derived from the key file's bytes: version, nonce, ciphertext, tag. `about` is additional data.
 * @param keyFile at least 32 random bytes
 */
export function createSealer(keyFile: Uint8Array): Sealer {
  if (keyFile.length < 32) throw new RangeError('the key file holds fewer than 32 bytes');
  const key = new Uint8Array(hkdfSync('sha256', keyFile, new Uint8Array(), 'wardrobe sealed values v1', 32));
  return {
    seal(plain, about) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      cipher.setAAD(Buffer.from(about, 'utf8'));
      return new Uint8Array(Buffer.concat([Uint8Array.of(VERSION), nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]));
    },
    open(sealed, about) {
      if (sealed[0] !== VERSION || sealed.length < 1 + NONCE_BYTES + TAG_BYTES) throw new Error(`a sealed value (${about.split(':')[0]}) has an unknown form`);
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 1 + NONCE_BYTES));
      decipher.setAAD(Buffer.from(about, 'utf8'));
      decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
      return new Uint8Array(Buffer.concat([decipher.update(sealed.subarray(1 + NONCE_BYTES, sealed.length - TAG_BYTES)), decipher.final()]));
    },
  };
}
