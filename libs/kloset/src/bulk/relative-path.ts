import { concatBytes, SLASH } from '@wardrobe/kloset-model';

/** A name below a relative path; the empty path is the top itself. */
export function belowRelative(relative: Uint8Array, name: Uint8Array): Uint8Array {
  return relative.length === 0 ? name : concatBytes(relative, Uint8Array.of(SLASH), name);
}
