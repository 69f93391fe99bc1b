import { KernelError } from './errors.js';
import { kernel } from './module.js';

const maxKeyBytes = 1 << 16;

/** AES-256 key wrap with the default initial value: 8 bytes longer than `key` (16 bytes or more, whole 8-byte words). @source RFC 3394 */
export function aesKwWrap(kek: Uint8Array, key: Uint8Array): Uint8Array {
  checkKek(kek);
  if (key.length < 16 || key.length % 8 !== 0 || key.length > maxKeyBytes) throw new KernelError('input', `a key of ${key.length} bytes cannot be wrapped`);
  const { bytes, at, call } = kernel();
  bytes.set(kek, at.arguments);
  bytes.set(key, at.input + 8);
  call.keyWrap(at.arguments, at.input, key.length / 8);
  return bytes.slice(at.input, at.input + 8 + key.length);
}

/** @throws KernelError `unwrap` when the integrity value differs (a wrong key, or damage), `input` for a length no wrapped key has. */
export function aesKwUnwrap(kek: Uint8Array, wrapped: Uint8Array): Uint8Array {
  checkKek(kek);
  const keyBytes = wrapped.length - 8;
  if (keyBytes < 16 || keyBytes % 8 !== 0 || keyBytes > maxKeyBytes) throw new KernelError('input', `${wrapped.length} bytes are no wrapped key`);
  const { bytes, at, call } = kernel();
  bytes.set(kek, at.arguments);
  bytes.set(wrapped, at.input);
  const intact = call.keyUnwrap(at.arguments, at.input, keyBytes / 8);
  const key = bytes.slice(at.input + 8, at.input + 8 + keyBytes);
  bytes.fill(0, at.input, at.input + wrapped.length);
  if (!intact) throw new KernelError('unwrap', 'the wrapped key does not unwrap under this key');
  return key;
}

function checkKek(kek: Uint8Array): void {
  if (kek.length !== 32) throw new KernelError('input', `a key-encryption key has 32 bytes, not ${kek.length}`);
}
