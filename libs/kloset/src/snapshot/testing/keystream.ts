import { createCipheriv, createHash } from 'node:crypto';

/** Bytes that look random and are the same everywhere for the same seed: an AES-256-CTR keystream keyed by the seed's SHA-256. */
export type Keystream = {
  bytes(lengthBytes: number): Uint8Array;
  /** Unsigned 32 bits. */
  u32(): number;
  /** Integer in [min, max]. */
  between(min: number, max: number): number;
};

export function keystream(seed: string): Keystream {
  const cipher = createCipheriv('aes-256-ctr', createHash('sha256').update(seed).digest(), new Uint8Array(16));
  const bytes = (lengthBytes: number): Uint8Array => new Uint8Array(cipher.update(new Uint8Array(lengthBytes)));
  let words = new DataView<ArrayBufferLike>(new ArrayBuffer(0));
  let at = 0;
  function u32(): number {
    if (at >= words.byteLength) {
      words = new DataView(bytes(4096).buffer);
      at = 0;
    }
    at += 4;
    return words.getUint32(at - 4, true);
  }
  return { bytes, u32, between: (min, max) => min + (u32() % (max - min + 1)) };
}
