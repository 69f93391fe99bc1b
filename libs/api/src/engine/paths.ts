import { isExactText, nameText, percentDecode } from '@wardrobe/kloset-model';

/**
 * The path in a raw query value. `path=/srv/a%20b` is path text as it is; `path=%2Fsrv…` is path text encoded once more as a component:
 * paths are absolute, so that the first character tells which.
 */
export function pathOfQuery(raw: string): Uint8Array {
  if (raw === '') return percentDecode('/');
  if (raw.startsWith('/')) return percentDecode(raw);
  return percentDecode(nameText(percentDecode(raw.replaceAll('+', ' '))));
}

/** Bytes of one name and their text, as the contract carries them: base64 only where the text cannot give the bytes back. */
export function byteNameOf(bytes: Uint8Array): { text: string; bytes?: string } {
  const text = nameText(bytes);
  return isExactText(bytes) ? { text } : { text, bytes: Buffer.from(bytes).toString('base64') };
}
