import type { Mac, RepositoryId } from '@wardrobe/kloset-model';

/** Hex text of 32 bytes. The caller guarantees the length (a shorter view gives a shorter text, which is not a MAC). */
export function macFromBytes(bytes: Uint8Array): Mac {
  return hexFromBytes(bytes) as Mac;
}

export function macToBytes(mac: Mac): Uint8Array {
  return bytesFromHex(mac);
}

export function hexFromBytes(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('hex');
}

/** Bytes of an even number of hex digits; the caller has checked the text. */
export function bytesFromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

/** A Buffer over the same memory: no copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** 16 raw bytes as canonical lowercase UUID text. */
export function uuidFromBytes(bytes: Uint8Array): RepositoryId {
  const hex = hexFromBytes(bytes);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}` as RepositoryId;
}

/** The UUID of 16 zero bytes: no identity, no serial. */
export const NIL_UUID = '00000000-0000-0000-0000-000000000000' as RepositoryId;

export function uuidToBytes(id: RepositoryId): Uint8Array {
  return bytesFromHex(id.replaceAll('-', ''));
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && asBuffer(a).equals(b);
}

/** Order of unsigned bytes, shorter first on a common prefix: negative, 0 or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return asBuffer(a).compare(b);
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let lengthBytes = 0;
  for (const part of parts) lengthBytes += part.length;
  const whole = new Uint8Array(lengthBytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
