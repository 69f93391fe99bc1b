import { type Cipher, createCipheriv } from 'node:crypto';
import { keepShape } from '../bytes/keep-shape.js';

/** AES-256 of single blocks, as counter mode takes it: whole blocks in, as many out. */
export function blockCipher(key: Uint8Array): Cipher {
  return createCipheriv('aes-256-ecb', key, null).setAutoPadding(false);
}

keepShape(blockCipher(new Uint8Array(32)));
