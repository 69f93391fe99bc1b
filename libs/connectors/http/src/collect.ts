import { StoreError, TooLargeError } from '@wardrobe/store-connector';
import { isMac } from '@wardrobe/kloset-model';
import type { NamedItem } from './protocol.js';

/** A listing of a million items with sizes takes about 150 bytes for each. */
export const LIST_LIMIT_BYTES = 256 << 20;
export const CONFIG_LIMIT_BYTES = 1 << 20;

/** A whole body of bounded length. @throws TooLargeError before more than the limit is held */
export async function collect(body: AsyncIterable<Uint8Array>, limit: { readonly what: string; readonly bytes: number }): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let lengthBytes = 0;
  for await (const piece of body) {
    lengthBytes += piece.length;
    if (lengthBytes > limit.bytes) throw new TooLargeError(limit.what, lengthBytes, limit.bytes);
    pieces.push(piece);
  }
  return Buffer.concat(pieces, lengthBytes);
}

/** JSON of a server; what does not parse is its fault, not the store's. A base path that is wrong shows here: plakar's servers answer CONFIG for any path. */
export function parseAnswer(bytes: Buffer, at: { readonly location: string; readonly what: string }): unknown {
  if (isConfigText(bytes))
    throw new StoreError(
      `${at.location} answers with CONFIG where ${at.what} was asked for: there is no store server below this path, try the location without it`,
      {
        fault: 'server',
      },
    );
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new StoreError(`${at.location} answers with something that is no JSON where ${at.what} was asked for: is it a store server?`, {
      cause,
      fault: 'server',
    });
  }
}

export function isConfigText(bytes: Uint8Array): boolean {
  const magic = Buffer.from(bytes.subarray(0, 8)).toString('latin1');
  return magic === '_KLOSET_' || magic === '_PLAKAR_';
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Ids of a listing; what is none is passed over, as every reader of a store does. @source 04-remote-stores 11 */
export function namedItems(value: unknown, at: { readonly location: string; readonly what: string }): NamedItem[] {
  if (value === null) return [];
  if (!Array.isArray(value)) throw new StoreError(`${at.location} gives no list where ${at.what} was asked for`, { fault: 'server' });
  return value.flatMap((found: unknown) => {
    if (typeof found === 'string') return isMac(found.toLowerCase()) ? [{ id: found.toLowerCase() as NamedItem['id'], sizeBytes: null }] : [];
    return isRecord(found) ? sizedItem(found) : [];
  });
}

function sizedItem({ id, size, stamp }: Readonly<Record<string, unknown>>): NamedItem[] {
  if (typeof id !== 'string' || !isMac(id)) return [];
  const sizeBytes = typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? size : null;
  return [{ id, sizeBytes, ...(typeof stamp === 'string' ? { stamp } : {}) }];
}

export function foreignFiles(value: unknown): { readonly path: string; readonly sizeBytes: number }[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((found: unknown) => {
    if (!isRecord(found)) return [];
    const { path, size } = found;
    return typeof path === 'string' && typeof size === 'number' ? [{ path, sizeBytes: size }] : [];
  });
}
