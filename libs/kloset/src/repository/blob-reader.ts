import type { Mac, PackfileId } from '@wardrobe/kloset-model';
import { DecodeError, IntegrityError, KlosetError, NotFoundError, StoreError, TooLargeError } from '../errors/errors.js';
import { HEADER_BYTES } from '../format/envelope.js';
import { BLOB_TYPE } from '../format/state.js';
import type { ReadOptions } from '../store/store.js';
import type { Keys } from './keys.js';
import { BLOB_LIMIT_BYTES } from './limits.js';
import { readAgainIfWrong } from './second-reading.js';

export type Location = { readonly packfile: PackfileId; readonly offset: number; readonly lengthBytes: number };
/** Places of a blob, best first. */
export type FindLocations = (type: number, id: Mac) => readonly Location[];

/** Types whose id is not the MAC of their bytes: decoding is all the proof there is. */
const UNHASHED = new Set<number>([BLOB_TYPE.snapshot, BLOB_TYPE.signature, BLOB_TYPE.padding]);

/**
 * One blob, decoded and verified. Each location is tried before an error is reported; then the first failure that says most is thrown.
 * @throws NotFoundError, IntegrityError, DecodeError, TooLargeError, StoreError
 */
export async function readBlob(
  keys: Keys,
  blob: { readonly type: number; readonly id: Mac; readonly locations: readonly Location[] },
  options: ReadOptions,
): Promise<Uint8Array> {
  const errors: KlosetError[] = [];
  for (const location of blob.locations) {
    try {
      return await readAgainIfWrong(keys.store, options, async (again) => openBlob(keys, blob, await readLocation(keys, location, again)));
    } catch (error) {
      if (options.signal?.aborted === true || !(error instanceof KlosetError)) throw error;
      errors.push(located(error, location));
    }
  }
  throw (
    errors.find((error) => !(error instanceof NotFoundError)) ?? errors[0] ?? new NotFoundError(blob.type === BLOB_TYPE.snapshot ? 'snapshot' : 'blob', blob.id)
  );
}

/** Plaintext of the stored bytes of a blob. @throws IntegrityError, DecodeError, TooLargeError */
export function openBlob(keys: Keys, blob: { readonly type: number; readonly id: Mac }, stored: Uint8Array): Uint8Array {
  if (blob.type === BLOB_TYPE.padding) return stored;
  const plain = keys.decodeUnit(stored);
  if (!UNHASHED.has(blob.type) && keys.mac(plain) !== blob.id)
    throw new IntegrityError(`blob ${blob.id}`, 'its MAC differs from its bytes', { kind: 'blob', file: blob.id });
  return plain;
}

async function readLocation(keys: Keys, location: Location, options: ReadOptions): Promise<Uint8Array> {
  if (location.lengthBytes > BLOB_LIMIT_BYTES) throw new TooLargeError('stored blob', location.lengthBytes, BLOB_LIMIT_BYTES);
  const start = location.offset + HEADER_BYTES;
  try {
    return await keys.ranges.read(location.packfile, { offset: start, lengthBytes: location.lengthBytes }, { ...options, alone: true });
  } catch (error) {
    if (!(error instanceof StoreError) || error.retryable) throw error;
    // A file that is too short is damage of the data, not a failure of the line.
    const sizeBytes = await keys.store.sizeBytes('packfile', location.packfile, options);
    if (start + location.lengthBytes <= sizeBytes) throw error;
    const detail = `it was cut to ${sizeBytes} bytes, a blob ends at ${start + location.lengthBytes}`;
    throw new IntegrityError('packfile', detail, { kind: 'packfile', file: location.packfile, offset: start }, { cause: error });
  }
}

/** The same failure with the packfile it lies in. */
export function located(error: KlosetError, location: Location): KlosetError {
  const place = { kind: 'packfile', file: location.packfile, offset: location.offset };
  if (error instanceof IntegrityError) return new IntegrityError(error.what, `${error.detail} (packfile ${location.packfile})`, place, { cause: error });
  if (error instanceof DecodeError) return new DecodeError(error.what, `${error.detail} (packfile ${location.packfile})`, place, { cause: error });
  return error;
}
