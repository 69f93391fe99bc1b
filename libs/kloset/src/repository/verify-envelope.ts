import type { Mac } from '@wardrobe/kloset-model';
import { concatBytes, equalBytes } from '../bytes/bytes.js';
import { IntegrityError } from '../errors/errors.js';
import { FOOTER_BYTES, HEADER_BYTES, readEnvelopeHeader } from '../format/envelope.js';
import type { ReadOptions } from '../store/store.js';
import type { Keys } from './keys.js';

/** `onBody`: told the body, piece by piece, in views that are good until it returns. */
type Enveloped = { readonly kind: 'state' | 'packfile'; readonly id: Mac; readonly sizeBytes: number; readonly onBody?: (bytes: Uint8Array) => void };

/**
 * Reads a wrapped file from end to end without holding it, and proves header and footer.
 * @throws IntegrityError its footer is not that of its bytes, or it has another size; DecodeError, UnsupportedVersionError its header
 * @source 01-store 2.1
 */
export async function verifyEnvelope(keys: Keys, { kind, id, sizeBytes, onBody }: Enveloped, options: ReadOptions): Promise<void> {
  const place = { kind, file: id };
  const whole = keys.algorithm.create();
  const header: Uint8Array[] = [];
  const footer: Uint8Array[] = [];
  let at = 0;
  for await (const piece of keys.store.read(kind, id, options)) {
    const covered = piece.subarray(0, Math.max(0, sizeBytes - FOOTER_BYTES - at));
    if (at < HEADER_BYTES) header.push(covered.slice(0, HEADER_BYTES - at));
    footer.push(piece.slice(covered.length));
    whole.update(covered);
    onBody?.(covered.subarray(Math.max(0, HEADER_BYTES - at)));
    at += piece.length;
  }
  readEnvelopeHeader(kind, concatBytes(header), place);
  if (at !== sizeBytes || !equalBytes(whole.digest(), concatBytes(footer))) throw new IntegrityError(kind, 'its footer differs from its bytes', place);
}
