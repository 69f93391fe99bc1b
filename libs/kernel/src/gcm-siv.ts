import { createCipheriv } from 'node:crypto';
import { KernelError } from './errors.js';
import { kernel } from './module.js';

const tagBytes = 16;
/** From this length on the processor's own AES (through node:crypto) makes up for what a call to it costs. */
const nodeFromBytes = 768;
/** Piece in which longer texts pass through the module; a multiple of 16. */
const pieceBytes = 1 << 20;

/** AES-256-GCM-SIV without additional data: ciphertext and 16-byte tag. @throws KernelError `input` for a key or nonce of the wrong length. @source RFC 8452 */
export function gcmSivSeal(key: Uint8Array, nonce: Uint8Array, plain: Uint8Array): Uint8Array {
  start(key, nonce);
  const { bytes, at, call } = kernel();
  for (const from of pieces(plain.length)) authenticate(plain.subarray(from, from + pieceBytes));
  call.sivTag(BigInt(plain.length));
  const out = new Uint8Array(plain.length + tagBytes);
  const tag = bytes.slice(at.sivTag, at.sivTag + tagBytes);
  bytes.set(tag, at.arguments);
  const crypt = cryptWith(plain.length);
  for (const from of pieces(plain.length)) out.set(crypt(plain.subarray(from, from + pieceBytes), from), from);
  out.set(tag, plain.length);
  return out;
}

/** The reverse; `sealed` = ciphertext and tag. @throws KernelError `tag` when the tag differs, `input` for a key, nonce or text of the wrong length. */
export function gcmSivOpen(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): Uint8Array {
  if (sealed.length < tagBytes) throw new KernelError('input', `a sealed text has at least ${tagBytes} bytes, not ${sealed.length}`);
  start(key, nonce);
  const { bytes, at, call } = kernel();
  const length = sealed.length - tagBytes;
  bytes.set(sealed.subarray(length), at.arguments);
  const out = new Uint8Array(length);
  const crypt = cryptWith(length);
  for (const from of pieces(length)) {
    const end = Math.min(from + pieceBytes, length);
    // The plain piece is still in the input window after it was copied out, so it is authenticated there.
    out.set(crypt(sealed.subarray(from, end), from), from);
    call.sivAuthenticate(at.input, end - from);
  }
  call.sivTag(BigInt(length));
  if (call.sivTagMatches(at.arguments)) return out;
  out.fill(0);
  throw new KernelError('tag', 'the authentication tag differs: another key, or the bytes were changed');
}

function start(key: Uint8Array, nonce: Uint8Array): void {
  if (key.length !== 32) throw new KernelError('input', `an AES-256-GCM-SIV key has 32 bytes, not ${key.length}`);
  if (nonce.length !== 12) throw new KernelError('input', `an AES-256-GCM-SIV nonce has 12 bytes, not ${nonce.length}`);
  const { bytes, at, call } = kernel();
  bytes.set(key, at.arguments + 64);
  bytes.set(nonce, at.arguments + 96);
  call.sivStart(at.arguments + 64, at.arguments + 96);
}

function* pieces(length: number): Generator<number> {
  for (let from = 0; from < length; from += pieceBytes) yield from;
}

function authenticate(piece: Uint8Array): void {
  const { bytes, at, call } = kernel();
  bytes.set(piece, at.input);
  call.sivAuthenticate(at.input, piece.length);
}

/** Encrypts or decrypts one piece in the input window under the tag at `arguments`; the result is a view of that window. */
function cryptWith(length: number): (piece: Uint8Array, from: number) => Uint8Array {
  const { bytes, at, call } = kernel();
  let aes: ReturnType<typeof createCipheriv> | undefined;
  return (piece, from) => {
    bytes.set(piece, at.input);
    if (length < nodeFromBytes) call.sivCryptShort(at.arguments, at.input, piece.length);
    else {
      aes ??= createCipheriv('aes-256-ecb', bytes.subarray(at.sivMessageKey, at.sivMessageKey + 32), null).setAutoPadding(false);
      const blocks = Math.ceil(piece.length / 16);
      call.sivCounters(at.arguments, from / 16, blocks, at.output);
      bytes.set(aes.update(bytes.subarray(at.output, at.output + blocks * 16)), at.output);
      call.xorInto(at.input, at.output, piece.length);
    }
    return bytes.subarray(at.input, at.input + piece.length);
  };
}
